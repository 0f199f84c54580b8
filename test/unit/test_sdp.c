#include "provider/janus/sdp.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HEAD "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\na=fingerprint:sha-256 AA:BB\r\n"
#define LINE(kind, mid, way) "m=" kind " 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=mid:" mid "\r\na=" way "\r\n"
#define AUDIO LINE("audio", "0", "sendonly")
#define VIDEO LINE("video", "1", "sendonly")
#define SCREEN LINE("video", "2", "sendonly")

struct offer {
    const char *name, *sdp;
    struct media_track tracks[4];
    size_t count;
    const char *why;
};

static const struct offer offers[] = {
    {"mic and camera", HEAD AUDIO VIDEO, {{"0", "mic"}, {"1", "camera"}}, 2, NULL},
    {"tracks in any order", HEAD AUDIO VIDEO SCREEN, {{"2", "screen"}, {"0", "mic"}, {"1", "camera"}}, 3, NULL},
    {"bare line ends", "v=0\nm=audio 9 UDP/TLS/RTP/SAVPF 111\na=mid:0\na=sendrecv\n", {{"0", "mic"}}, 1, NULL},
    {"direction of the session", "v=0\r\na=sendonly\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\n", {{"0", "mic"}}, 1, NULL},
    {"a screen that stopped", HEAD AUDIO VIDEO LINE("video", "2", "inactive"), {{"0", "mic"}, {"1", "camera"}}, 2, NULL},
    {"port 0 sends nothing", HEAD AUDIO "m=video 0 UDP/TLS/RTP/SAVPF 96\r\na=mid:1\r\na=sendonly\r\n", {{"0", "mic"}}, 1, NULL},
    {"port 0 in a bundle does",
     HEAD AUDIO "m=video 0 UDP/TLS/RTP/SAVPF 96\r\na=bundle-only\r\na=mid:1\r\na=sendonly\r\n",
     {{"0", "mic"}, {"1", "camera"}},
     2,
     NULL},
    {"nothing is sent", HEAD LINE("audio", "0", "recvonly"), {{"", ""}}, 0, NULL},
    {"data channel", HEAD AUDIO "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:1\r\n", {{"0", "mic"}}, 1, "data channels"},
    {"four senders",
     HEAD AUDIO VIDEO SCREEN LINE("video", "3", "sendonly"),
     {{"0", "mic"}, {"1", "camera"}, {"2", "screen"}, {"3", "screen"}},
     4,
     "more than three"},
    {"a track too few", HEAD AUDIO VIDEO, {{"0", "mic"}}, 1, "do not pair up"},
    {"a track too many", HEAD AUDIO, {{"0", "mic"}, {"1", "camera"}}, 2, "do not pair up"},
    {"mid of nobody", HEAD AUDIO, {{"7", "mic"}}, 1, "no sending m-line"},
    {"mic as video", HEAD AUDIO VIDEO, {{"1", "mic"}, {"0", "camera"}}, 2, "does not fit"},
    {"kind twice", HEAD VIDEO SCREEN, {{"1", "camera"}, {"2", "camera"}}, 2, "named twice"},
    {"mid twice in tracks", HEAD VIDEO SCREEN, {{"1", "camera"}, {"1", "screen"}}, 2, "named twice"},
    {"unknown kind", HEAD AUDIO, {{"0", "flute"}}, 1, "neither mic"},
    {"mid twice in the offer", HEAD AUDIO LINE("video", "0", "sendonly"), {{"0", "mic"}}, 1, "same mid"},
    {"no mid", "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=sendonly\r\n", {{"0", "mic"}}, 1, "has no mid"},
    {"long mid", HEAD LINE("audio", "01234567890123456", "sendonly"), {{"0", "mic"}}, 1, "empty or too long"},
    {"no m-line", HEAD, {{"", ""}}, 0, "no m-line"},
    {"empty", "", {{"", ""}}, 0, "begin with v=0"},
    {"not an sdp", "{\"a\":1}", {{"", ""}}, 0, "begin with v=0"},
    {"port too large", "v=0\r\nm=audio 65536 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\n", {{"0", "mic"}}, 1, "no valid port"},
    {"port is no number", "v=0\r\nm=audio 9x UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\n", {{"0", "mic"}}, 1, "no valid port"},
    {"no formats", "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF\r\na=mid:0\r\n", {{"0", "mic"}}, 1, "SAVPF"},
    {"plain rtp", "v=0\r\nm=audio 9 RTP/AVP 0\r\na=mid:0\r\n", {{"0", "mic"}}, 1, "SAVPF"},
    {"text line", HEAD "hello\r\n" AUDIO, {{"0", "mic"}}, 1, "x=…"},
    {"control character", HEAD "a=x\001\r\n" AUDIO, {{"0", "mic"}}, 1, "control characters"},
};

static void each_offer_is_judged(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof offers / sizeof *offers; i++) {
        const struct offer *o = &offers[i];
        struct err e = {0};
        bool good = sdp_check_offer(o->sdp, o->tracks, o->count, &e);
        if (good != !o->why || (o->why && !strstr(e.text, o->why))) fail_msg("%s: %s", o->name, good ? "accepted" : e.text);
        if (!good) assert_int_equal(e.kind, ERR_CALLER);
    }
}

/* In a call of a hundred, each sends three tracks and gets all those of the others. */
static void answer_of_a_full_call_fits(void **state)
{
    (void)state;
    struct sdp s;
    struct err e = {0};
    size_t lines = 99 * 3, size = 1024 + lines * 800;
    char *text = malloc(size), *at = text;
    at += sprintf(at, HEAD);
    for (size_t i = 0; i < lines; i++)
        at += sprintf(at, "m=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na=mid:%zu\r\na=recvonly\r\na=x:%0600d\r\n", i, 0);
    if (!sdp_parse(text, &s, &e)) fail_msg("%s", e.text);
    assert_int_equal(s.count, lines);
    free(text);
}

static void limits_hold(void **state)
{
    (void)state;
    struct sdp s;
    size_t size = SDP_LARGEST + 100;
    char *text = malloc(size), *at = text;
    at += sprintf(at, "v=0\r\n");
    for (int i = 0; i <= SDP_LINES; i++) at += sprintf(at, "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:%d\r\na=inactive\r\n", i);
    assert_false(sdp_parse(text, &s, NULL));
    memset(at, 'a', size - (size_t)(at - text) - 1);
    text[size - 1] = 0;
    assert_false(sdp_parse(text, &s, NULL));
    assert_false(sdp_parse(NULL, &s, NULL));
    free(text);
}

static void fingerprint_is_read(void **state)
{
    (void)state;
    char text[40];
    sdp_fingerprint(HEAD AUDIO, text, sizeof text);
    assert_string_equal(text, "a=fingerprint:sha-256 AA:BB");
    sdp_fingerprint(HEAD, text, 8);
    assert_string_equal(text, "a=finge");
    sdp_fingerprint("v=0\r\n", text, sizeof text);
    assert_string_equal(text, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_offer_is_judged), cmocka_unit_test(answer_of_a_full_call_fits), cmocka_unit_test(limits_hold), cmocka_unit_test(fingerprint_is_read)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

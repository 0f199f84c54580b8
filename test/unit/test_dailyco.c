/* libdailyco: tokens and signatures against vectors made elsewhere (Python's hmac and base64), and the client against a server that says what it is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "dailyco.h"
#include "server_fixture.h"
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct dailyco_memory *m;
static struct dailyco_error e;

/* ---- signatures */

static const char SECRET[] = "NQrSA5z0FkJ44QPrFerW7uCc5kdNLv3l2FDEKDanL1U=", OTHER_SECRET[] = "cm9vbWQtdGVzdC1zZWNyZXQ=";
static const char JOINED[] = "{\"version\":\"1.0.0\",\"type\":\"participant.joined\",\"id\":\"ptcpt-join-6497c79b-f326-4942-aef8-c36a29140ad1-1708972279961\",\"payload\":{\"room\":\"caf\xc3\xa9-\xe6\x95\x99\xe5\xae\xa4\",\"user_id\":\"6497c79b-f326-4942-aef8-c36a29140ad1\",\"user_name\":\"Zo\xc3\xab \xf0\x9f\x98\x80\",\"session_id\":\"0c0d2dda-f21d-4cf9-ab56-86bf3c407ffa\",\"joined_at\":1708972279.96,\"will_eject_at\":1708972299.541,\"owner\":false,\"permissions\":{\"hasPresence\":true,\"canSend\":true,\"canReceive\":{\"base\":true},\"canAdmin\":false}},\"event_ts\":1708972279.961}";
static const char FAILED[] = "{\"version\":\"1.0.0\",\"type\":\"recording.error\",\"id\":\"rec-err-c3df927c-f738-4471-a2b7-066fa7e95a6b-1693402871\",\"payload\":{\"action\":\"cloud-recording-error\",\"error_msg\":\"x\",\"instance_id\":\"c3df927c-f738-4471-a2b7-066fa7e95a6b\",\"room_name\":\"r\",\"timestamp\":\"1693402871\"},\"event_ts\":1693402871.203}";
static const char INDENTED[] = "{\r\n  \"version\": \"1.0.0\",\r\n  \"type\": \"meeting.started\",\r\n  \"id\": \"met-sta-x-1\",\r\n  \"payload\": {\"start_ts\": 1708526032.672, \"meeting_id\": \"x\", \"room\": \"r\"},\r\n  \"event_ts\": 1708526033.049\r\n}";

static const struct { const char *secret, *timestamp, *body, *signature; } signatures[] = {
    {SECRET, "1700000000", "{\"test\":\"test\"}", "xZ+/Pu3T7zd0NRtOACK2HkHYYBVFXKMzpHKhjsRn6dQ="}, {SECRET, "1708972280123", JOINED, "dZ/xxCNZSXbUCZznztdDqlfomR9tPSU9aK8ioYCUzx8="},
    {OTHER_SECRET, "1693402871", FAILED, "bP2eTwAdgR7nRlLLU6pDIVTb3Kbwd+Nrx5dCQl/We3k="}, {SECRET, "1700000000", "", "SxTmSWkBB4O3Hhc/xUkHV7hbgC3dYkcHrOuYkWwX3mk="},
    {SECRET, "1700000000", "{\"test\":\"test\"}\n", "lh9KloZZM4bBOeB2h19XpOsMqV+CEMGqsLT38LkoB4U="}, {SECRET, "1708526033050", INDENTED, "u7zElx2OvSy072gqgdpzf75zljuUgDjOKK2jyKNgT8A="}};

static void test_signatures(void **state)
{
    char out[45];
    (void)state;
    for (size_t i = 0; i < sizeof signatures / sizeof *signatures; i++) {
        const char *body = signatures[i].body;
        assert_true(dailyco_verify_webhook_signature(body, strlen(body), signatures[i].signature, signatures[i].timestamp, signatures[i].secret));
        assert_false(dailyco_verify_webhook_signature(body, strlen(body), signatures[(i + 1) % 6].signature, signatures[i].timestamp, signatures[i].secret));
        assert_true(dailyco_sign_webhook(body, strlen(body), signatures[i].timestamp, signatures[i].secret, out));
        assert_string_equal(out, signatures[i].signature);
    }
    assert_false(dailyco_sign_webhook("", 0, "1", "no base64!", out));
}

static enum dailyco_code verified(const char *body, const char *signature, const char *timestamp, const char *secret, int64_t window_s, int64_t now_s)
{
    bool ok = dailyco_verify_webhook(body, strlen(body), signature, timestamp, secret, window_s, now_s, &e);
    assert_int_equal(ok, e.code == DAILYCO_OK);
    return e.code;
}

static void test_signatures_that_are_refused(void **state)
{
    const char *body = "{\"test\":\"test\"}", *good = signatures[0].signature, *at = "1700000000";
    (void)state;
    assert_int_equal(verified(body, "O6687Yu9sjNAASnspnspHILcGxKhKyZkOlHlAFz2AdI=", at, SECRET, 0, 0), DAILYCO_SIGNATURE); /* keyed with the base64 text */
    assert_int_equal(verified(body, "c59fbf3eedd3ef3774351b4e0022b61e41d86015455ca333a472a18ec467e9d4", at, SECRET, 0, 0), DAILYCO_SIGNATURE); /* hex */
    assert_int_equal(verified(INDENTED, "s3d+TrWl+BErj+cCTb76j/m8FTgbrjmWM3HvZyhzK/g=", "1708526033050", SECRET, 0, 0), DAILYCO_SIGNATURE); /* of the body written anew */
    assert_int_equal(verified(body, "BvCvzKiX72FYX7LO9Pz2lGGCFKmSXUSr9vlrlrng9bI=", at, SECRET, 0, 0), DAILYCO_SIGNATURE); /* of " 1700000000" */
    assert_int_equal(verified(body, "", at, SECRET, 0, 0), DAILYCO_SIGNATURE);
    assert_int_equal(verified(body, NULL, at, SECRET, 0, 0), DAILYCO_SIGNATURE);
    assert_int_equal(verified(body, good, NULL, SECRET, 0, 0), DAILYCO_SIGNATURE);
    assert_int_equal(verified(body, good, at, "", 0, 0), DAILYCO_BAD_ARGUMENT);
    assert_int_equal(verified(body, good, at, NULL, 0, 0), DAILYCO_BAD_ARGUMENT);
    assert_int_equal(verified(body, good, at, "whsec_abc", 0, 0), DAILYCO_BAD_ARGUMENT);
}

static void test_age(void **state)
{
    (void)state;
    for (int64_t away = -300; away <= 300; away += 300) {
        assert_int_equal(verified("{\"test\":\"test\"}", signatures[0].signature, "1700000000", SECRET, DAILYCO_WINDOW_S, 1700000000 + away), DAILYCO_OK);
        assert_int_equal(verified(JOINED, signatures[1].signature, "1708972280123", SECRET, DAILYCO_WINDOW_S, 1708972280 + away * 299 / 300), DAILYCO_OK); /* milliseconds */
    }
    assert_int_equal(verified("{\"test\":\"test\"}", signatures[0].signature, "1700000000", SECRET, DAILYCO_WINDOW_S, 1700000301), DAILYCO_TOO_OLD);
    assert_int_equal(verified("{\"test\":\"test\"}", signatures[0].signature, "1700000000", SECRET, DAILYCO_WINDOW_S, 1699999699), DAILYCO_TOO_OLD);
    assert_int_equal(verified("{\"test\":\"test\"}", signatures[0].signature, "1700000000", SECRET, 0, 5), DAILYCO_OK);
}

/* ---- events */

static struct dailyco_event *event_of(const char *text)
{
    struct dailyco_event *event = dailyco_event_parse(text, strlen(text), m, &e);
    if (!event) fail_msg("%s: %s", text, e.message);
    return event;
}

static const char *room_of(const char *payload)
{
    char text[512];
    snprintf(text, sizeof text, "{\"type\":\"x.y\",\"id\":\"1\",\"payload\":%s}", payload);
    return dailyco_extract_room_name(event_of(text), m);
}

static void test_rooms_of_events(void **state)
{
    (void)state;
    assert_string_equal(room_of("{\"room\":\"a\"}"), "a");
    assert_string_equal(room_of("{\"room_name\":\"b\"}"), "b");
    assert_string_equal(room_of("{\"room\":\"a\",\"room_name\":\"b\"}"), "b");
    assert_string_equal(room_of("{\"room\":\"a\",\"room_name\":\"\"}"), "a");
    assert_string_equal(room_of("{\"room\":\"a\",\"room_name\":5}"), "a");
    assert_null(room_of("{\"room\":null}"));
    assert_null(room_of("{}"));
    assert_null(room_of("[]"));
    assert_null(room_of("null"));
}

static void test_probe(void **state)
{
    (void)state;
    assert_true(dailyco_is_probe("{\"test\":\"test\"}", 15));
    assert_true(dailyco_is_probe(" { \"test\" : \"test\" } ", 21));
    assert_false(dailyco_is_probe("{\"test\":\"test\",\"type\":\"x\"}", 26));
    assert_false(dailyco_is_probe("{\"test\":1}", 10));
    assert_false(dailyco_is_probe("", 0));
}

static const char *identity(const char *text)
{
    return dailyco_event_identity(event_of(text), m);
}

static void test_identity(void **state)
{
    (void)state;
    assert_string_equal(identity("{\"type\":\"participant.left\",\"id\":\"1\",\"payload\":{\"session_id\":\"s\"}}"), identity("{\"type\":\"participant.left\",\"id\":\"2\",\"payload\":{\"session_id\":\"s\"}}"));
    assert_string_not_equal(identity("{\"type\":\"recording.error\",\"id\":\"1\",\"payload\":{\"room_name\":\"a\"}}"), identity("{\"type\":\"recording.error\",\"id\":\"1\",\"payload\":{\"room_name\":\"b\"}}"));
}

static void test_payloads(void **state)
{
    struct dailyco_payload p;
    (void)state;
    struct dailyco_event *event = event_of(JOINED);
    assert_true(event->event_ts > 1708972279.9609 && event->event_ts < 1708972279.9611);
    const struct dailyco_participant_payload *joined = dailyco_parse_participant_joined(event, m, &e);
    assert_string_equal(joined->user_name, "Zo\xc3\xab \xf0\x9f\x98\x80");
    assert_false(joined->owner);
    assert_string_equal(joined->permissions->canReceive, "{\"base\":true}");
    assert_null(dailyco_parse_participant_left(event, m, &e));
    assert_int_equal(e.code, DAILYCO_BAD_ARGUMENT);
    const struct dailyco_recording_error_payload *failed = dailyco_parse_recording_error(event_of(FAILED), m, &e);
    assert_string_equal(failed->error_msg, "x");
    assert_true(failed->timestamp > 1693402870 && failed->timestamp < 1693402872);
    failed = dailyco_parse_recording_error(event_of("{\"type\":\"recording.error\",\"payload\":{\"error\":\"old\"}}"), m, &e);
    assert_string_equal(failed->error_msg, "old");
    assert_true(dailyco_parse_webhook_payload(event_of("{\"type\":\"of.tomorrow\",\"payload\":{\"a\":1}}"), &p, m, &e));
    assert_true(!p.meeting && !p.participant && !p.recording_ready);
    assert_false(dailyco_parse_webhook_payload(event_of("{\"type\":\"meeting.ended\",\"payload\":\"x\"}"), &p, m, &e));
    assert_int_equal(e.code, DAILYCO_MALFORMED);
    assert_null(dailyco_event_parse("{\"id\":\"1\"}", 10, m, &e));
    assert_int_equal(e.code, DAILYCO_MALFORMED);
}

/* Daily's own samples, with what is odd in each. */
static void test_sample_payloads(void **state)
{
    struct dailyco_payload p;
    (void)state;
    assert_true(dailyco_parse_webhook_payload(event_of("{\"version\":\"1.0.0\",\"type\":\"recording.ready-to-download\",\"id\":\"rec-rtd\",\"payload\":{\"recording_id\":\"08fa0b24-9220-44c5-846c-3f116cf8e738\",\"room_name\":\"Xcm97xRZ08b2dePKb78g\",\"start_ts\":1692124183,\"status\":\"finished\",\"max_participants\":1,\"duration\":9,\"share_token\":\"ntDCL5k98Ulq\",\"s3_key\":\"api-test/1692124183028\"},\"event_ts\":1692124192}"), &p, m, &e));
    assert_false(DAILYCO_HAS(p.recording_ready, dailyco_recording_ready_payload, type)); /* not told */
    assert_int_equal((int)p.recording_ready->duration, 9);
    assert_int_equal(p.recording_ready->tracks.count, 0);
    assert_true(dailyco_parse_webhook_payload(event_of("{\"type\":\"recording.ready-to-download\",\"payload\":{\"type\":\"raw-tracks\",\"recording_id\":\"1\",\"tracks\":[{\"type\":\"audio\",\"s3Key\":\"k1\",\"size\":10},{\"type\":\"video\",\"s3key\":\"k2\",\"size\":20}]}}"), &p, m, &e));
    assert_int_equal(p.recording_ready->tracks.count, 2);
    assert_string_equal(p.recording_ready->tracks.items[1].s3Key, "k2");
    assert_int_equal(p.recording_ready->tracks.items[1].size, 20);
    assert_true(dailyco_parse_webhook_payload(event_of("{\"type\":\"recording.ready-to-download\",\"payload\":{\"tracks\":null}}"), &p, m, &e));
    assert_true(DAILYCO_IS_NULL(p.recording_ready, dailyco_recording_ready_payload, tracks));
    assert_true(dailyco_parse_webhook_payload(event_of("{\"type\":\"participant.left\",\"payload\":{\"room\":\"test\",\"will_eject_at\":null,\"joined_at\":1708972291.567,\"duration\":11.419000148773193}}"), &p, m, &e));
    assert_true(p.participant->duration > 11.419 && p.participant->duration < 11.42 && DAILYCO_IS_NULL(p.participant, dailyco_participant_payload, will_eject_at));
    assert_true(dailyco_parse_webhook_payload(event_of("{\"version\":\"1.1.0\",\"type\":\"transcript.ready-to-download\",\"payload\":{\"id\":\"68f6\",\"out_params\":{\"s3\":{\"key\":\"d/r/1.vtt\"}},\"room_id\":\"9e3c\",\"room_id\":\"my-transcript-room\",\"duration\":124.405}}"), &p, m, &e));
    assert_string_equal(p.transcript->room_id, "my-transcript-room"); /* twice */
    assert_true(dailyco_parse_webhook_payload(event_of("{\"type\":\"dialin.connected\",\"payload\":{\"room\":\"r\",\"timestamp\":\"1728036610\",\"sip_headers\":{\"X-New-Hdr\":\"myhdr\"}}}"), &p, m, &e));
    assert_string_equal(p.dialin->sip_headers, "{\"X-New-Hdr\":\"myhdr\"}");
    assert_true(dailyco_parse_webhook_payload(event_of("{\"type\":\"waiting-participant.joined\",\"payload\":{\"room\":\"knocking\",\"duration\":0}}"), &p, m, &e) && p.participant);
    assert_true(dailyco_parse_webhook_payload(event_of("{\"type\":\"streaming.started\",\"payload\":{\"layout\":{\"preset\":\"active-participant\"}}}"), &p, m, &e) && p.streaming->layout);
    assert_true(dailyco_parse_webhook_payload(event_of("{\"type\":\"batch-processor.error\",\"payload\":{\"id\":\"1\"}}"), &p, m, &e) && p.batch);
    assert_true(dailyco_parse_webhook_payload(event_of("{\"type\":\"dialout.stopped\",\"payload\":{\"origin\":\"+1\"}}"), &p, m, &e) && p.dialout);
    assert_true(dailyco_parse_webhook_payload(event_of("{\"type\":\"calltransfer.completed\",\"payload\":{\"to_endpoint\":\"a\"}}"), &p, m, &e) && p.calltransfer);
    assert_true(dailyco_parse_webhook_payload(event_of("{\"type\":\"meeting.ended\",\"payload\":{\"start_ts\":1708526032,\"end_ts\":1708526104.671}}"), &p, m, &e) && p.meeting);
}

static void test_track_names(void **state)
{
    struct dailyco_track_name t;
    (void)state;
    assert_true(dailyco_track_name_parse("igormonadical/daily-private-igor-20260110042117/1768018896877-890c0eae-e186-4534-a7bd-7c794b7d6d7f-cam-audio-1768018914565", &t));
    assert_int_equal(t.recording_ms, 1768018896877);
    assert_int_equal(t.track_ms, 1768018914565);
    assert_string_equal(t.participant_id, "890c0eae-e186-4534-a7bd-7c794b7d6d7f");
    assert_true(!strcmp(t.source, "cam") && !strcmp(t.kind, "audio"));
    assert_true(dailyco_track_name_parse("1768018896877-890c0eae-e186-4534-a7bd-7c794b7d6d7f-screen-video-1768018914565.webm", &t) && !strcmp(t.source, "screen"));
    static const char *const bad[] = {"", "a/b", "17-890c0eae-e186-4534-a7bd-7c794b7d6d7f-cam-audio-1768018914565", "1768018896877-890c0eae-cam-audio-1768018914565",
        "1768018896877-890c0eae-e186-4534-a7bd-7c794b7d6d7f-mic-audio-1768018914565", "1768018896877-890c0eae-e186-4534-a7bd-7c794b7d6d7f-cam-audio-1768018914565x"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) assert_false(dailyco_track_name_parse(bad[i], &t));
}

/* ---- meeting tokens */

static const char KEY[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", DOMAIN[] = "30f866c3-9123-452a-8723-ff58322d09c5";
static const char TOKEN_1[] = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJyIjoiYWxnZWJyYS0xIiwiZCI6IjMwZjg2NmMzLTkxMjMtNDUyYS04NzIzLWZmNTgzMjJkMDljNSIsImlhdCI6MTcwMDAwMDAwMCwiZXhwIjo0MTAyNDQ0ODAwLCJvIjp0cnVlLCJ1IjoiQW5uIiwidWQiOiJ0ZWFjaGVyLTEiLCJzcyI6dHJ1ZX0.jXk3fB2IBBtQnrgmC7xKb3zk7GihdJEgETA8Neq8ovA";
static const char TOKEN_2[] = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJuYmYiOjE3MDAwMDAwMDAsImV4cCI6MTcwMDAwMzYwMCwiciI6ImFsZ2VicmEtMSIsImQiOiIzMGY4NjZjMy05MTIzLTQ1MmEtODcyMy1mZjU4MzIyZDA5YzUiLCJpYXQiOjE3MDAwMDAwMDAsInVkIjoic3R1ZGVudC03IiwidSI6Ilpvw6siLCJlanQiOnRydWUsImVyIjoiY2xvdWQiLCJ2byI6dHJ1ZSwicCI6eyJocCI6dHJ1ZSwiY3MiOiJhLHYiLCJjciI6eyJiIjp0cnVlfSwiY2EiOmZhbHNlfX0.0VJH7UwtA5lLTm_AsXo754PDU29X-fHgE9nydyiYEXs";
static const char *const good_tokens[] = {
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJyIjoidGVzdCIsImlhdCI6MTYxMDU5NjQxMywiZCI6IjMwZjg2NmMzLTkxMjMtNDUyYS04NzIzLWZmNTgzMjJkMDljNSJ9.abK7wWfUaa8GsouK6AUMGOUoQ22P4TmG5zuhKTUdy1s",
    "eyJhbGciOiJIUzI1NiJ9.eyJyIjoiYWxnZWJyYS0xIiwiZCI6IjMwZjg2NmMzLTkxMjMtNDUyYS04NzIzLWZmNTgzMjJkMDljNSIsImlhdCI6MTcwMDAwMDAwMCwiZXhwIjo0MTAyNDQ0ODAwfQ.lcA4ybMkHivg2aFHDMQDk95mF7DiL2rmbfcnBoZrXQQ",
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJyIjoiYWxnZWJyYS0xIiwiZCI6IjMwZjg2NmMzLTkxMjMtNDUyYS04NzIzLWZmNTgzMjJkMDljNSIsImlhdCI6MTcwMDAwMDAwMC41LCJleHAiOjQxMDI0NDQ4MDAuMjUsInp6IjoxfQ.5oMs4DPz_8BwwBuIUIBqTHuO8zmqbUusnQQ5gwY9j58"};
static const char *const bad_tokens[] = {
    "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.eyJyIjoiYWxnZWJyYS0xIiwiZCI6IjMwZjg2NmMzLTkxMjMtNDUyYS04NzIzLWZmNTgzMjJkMDljNSIsImlhdCI6MTcwMDAwMDAwMCwiZXhwIjo0MTAyNDQ0ODAwfQ.",
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJyIjoidGVzdCIsImlhdCI6MTYxMDU5NjQxMywiZCI6IjMwZjg2NmMzLTkxMjMtNDUyYS04NzIzLWZmNTgzMjJkMDljNSJ9.we7J5udcDNqcruzOEqq4rMfUKmwvDoLRarMFkRl3Zeg", "", "a.b.c", "..."};

static char *properties_of(const char *token, int64_t now_s)
{
    const struct dailyco_token_properties *p = dailyco_token_verify(KEY, DOMAIN, token, false, now_s, m, &e);
    return p ? DAILYCO_SERIALISE(dailyco_token_properties, p, m) : NULL;
}

static void test_tokens_of_others(void **state)
{
    (void)state;
    assert_string_equal(properties_of(TOKEN_1, 1800000000), "{\"room_name\":\"algebra-1\",\"exp\":4102444800,\"is_owner\":true,\"user_name\":\"Ann\",\"user_id\":\"teacher-1\",\"enable_screenshare\":true}");
    assert_string_equal(properties_of(TOKEN_2, 1700000001), "{\"room_name\":\"algebra-1\",\"eject_at_token_exp\":true,\"nbf\":1700000000,\"exp\":1700003600,\"user_name\":\"Zo\xc3\xab\",\"user_id\":\"student-7\",\"start_video_off\":true,\"enable_recording\":\"cloud\",\"permissions\":{\"hasPresence\":true,\"canSend\":[\"audio\",\"video\"],\"canReceive\":{\"base\":true},\"canAdmin\":false}}");
    assert_null(properties_of(TOKEN_2, 1700003601));
    assert_int_equal(e.code, DAILYCO_TOKEN_EXPIRED);
    assert_null(properties_of(TOKEN_2, 1699999999));
    assert_int_equal(e.code, DAILYCO_TOKEN_NOT_YET);
    assert_non_null(dailyco_token_verify(KEY, DOMAIN, TOKEN_2, true, 1699999999, m, &e));
    assert_null(dailyco_token_verify(KEY, "another", TOKEN_1, false, 1800000000, m, &e));
    assert_int_equal(e.code, DAILYCO_TOKEN_DOMAIN);
    for (size_t i = 0; i < sizeof good_tokens / sizeof *good_tokens; i++) assert_non_null(properties_of(good_tokens[i], 1800000000));
    for (size_t i = 0; i < sizeof bad_tokens / sizeof *bad_tokens; i++) {
        assert_null(properties_of(bad_tokens[i], 1800000000));
        assert_int_equal(e.code, DAILYCO_TOKEN_SIGNATURE);
    }
}

static void test_tokens_of_ours(void **state)
{
    static const char all[] = "{\"room_name\":\"r\",\"eject_at_token_exp\":true,\"eject_after_elapsed\":60,\"nbf\":1700000000,\"exp\":1700003600.5,\"is_owner\":true,\"user_name\":\"Ann\",\"user_id\":7,\"enable_screenshare\":false,\"start_video_off\":true,"
        "\"start_audio_off\":true,\"enable_recording\":[\"cloud\",\"local\"],\"enable_recording_ui\":true,\"knocking\":true,\"start_cloud_recording\":true,\"start_cloud_recording_opts\":{\"width\":1280},\"auto_start_transcription\":true,"
        "\"close_tab_on_exit\":true,\"redirect_on_meeting_exit\":\"https://example.org/\",\"lang\":\"de\",\"permissions\":{\"hasPresence\":false,\"canSend\":[\"video\",\"screenAudio\"],\"canReceive\":{\"base\":{\"video\":true,\"customAudio\":{\"*\":false}},"
        "\"byUserId\":{\"u\":true,\"v\":{\"screenVideo\":false}},\"byParticipantId\":{\"*\":false}},\"canAdmin\":[\"participants\",\"transcription\"]}}";
    (void)state;
    struct dailyco_token_properties *p = DAILYCO_PARSE(dailyco_token_properties, all, sizeof all - 1, m, &e);
    char *token = dailyco_token_sign(KEY, DOMAIN, p, 1700000000, m, &e);
    assert_non_null(token);
    assert_string_equal(properties_of(token, 1700000001), all);
    token[strlen(token) - 3] ^= 1;
    assert_null(properties_of(token, 1700000001));
    DAILYCO_SET(p, dailyco_token_properties, enable_prejoin_ui, true);
    assert_null(dailyco_token_sign(KEY, DOMAIN, p, 1700000000, m, &e));
    assert_int_equal(e.code, DAILYCO_BAD_ARGUMENT);
    assert_null(dailyco_token_sign("", DOMAIN, p, 0, m, &e));
    struct dailyco_token_properties few = {0};
    assert_null(dailyco_token_sign(KEY, NULL, &few, 0, m, &e));
    DAILYCO_SET(&few, dailyco_token_properties, room_name, "hello");
    assert_string_equal(properties_of(dailyco_token_sign(KEY, DOMAIN, &few, 0, m, &e), 0), "{\"room_name\":\"hello\"}");
}

/* ---- checking what is to be sent */

static void test_validation(void **state)
{
    struct dailyco_room_create r = {0};
    struct dailyco_room_properties p = {0};
    (void)state;
    assert_true(DAILYCO_VALIDATE(dailyco_room_create, &r, &e));
    DAILYCO_SET(&r, dailyco_room_create, name, "two words");
    assert_false(DAILYCO_VALIDATE(dailyco_room_create, &r, &e));
    DAILYCO_SET(&r, dailyco_room_create, name, "my-room");
    DAILYCO_SET(&r, dailyco_room_create, properties, &p);
    DAILYCO_SET(&p, dailyco_room_properties, lang, "klingon");
    assert_false(DAILYCO_VALIDATE(dailyco_room_create, &r, &e));
    assert_int_equal(e.code, DAILYCO_BAD_ARGUMENT);
    assert_string_equal(e.message, "dailyco_room_create: \"properties.lang\" is none of the words");
    DAILYCO_SET(&p, dailyco_room_properties, lang, NULL);
    assert_false(DAILYCO_VALIDATE(dailyco_room_create, &r, &e)); /* said to be there, and is not */
    DAILYCO_SET_NULL(&p, dailyco_room_properties, lang);
    DAILYCO_SET(&p, dailyco_room_properties, more, "{\"of_tomorrow\":1}");
    assert_true(DAILYCO_VALIDATE(dailyco_room_create, &r, &e));
    assert_string_equal(DAILYCO_SERIALISE(dailyco_room_create, &r, m), "{\"name\":\"my-room\",\"properties\":{\"lang\":null,\"of_tomorrow\":1}}");
    DAILYCO_SET(&r, dailyco_room_create, name, "\xff");
    assert_false(DAILYCO_VALIDATE(dailyco_room_create, &r, &e));
    struct dailyco_recording_start start = {0};
    DAILYCO_SET(&start, dailyco_recording_start, width, 1281);
    assert_false(DAILYCO_VALIDATE(dailyco_recording_start, &start, &e));
    DAILYCO_SET(&start, dailyco_recording_start, width, 1280);
    DAILYCO_SET(&start, dailyco_recording_start, instanceId, "c3df927c-f738-4471-a2b7-066fa7e95a6b");
    assert_false(DAILYCO_VALIDATE(dailyco_recording_start, &start, &e));
    DAILYCO_SET(&start, dailyco_recording_start, instanceId, "0b5d5f2e-6c0a-4b52-9a0e-5a4f4d6c7b8a");
    assert_true(DAILYCO_VALIDATE(dailyco_recording_start, &start, &e));
    struct dailyco_webhook_create hook = {0};
    assert_false(DAILYCO_VALIDATE(dailyco_webhook_create, &hook, &e)); /* no url */
    DAILYCO_SET(&hook, dailyco_webhook_create, url, "https://example.org/");
    DAILYCO_SET(&hook, dailyco_webhook_create, hmac, "whsec_1");
    assert_false(DAILYCO_VALIDATE(dailyco_webhook_create, &hook, &e));
    struct dailyco_eject nobody = {0};
    assert_false(DAILYCO_VALIDATE(dailyco_eject, &nobody, &e));
    assert_false(dailyco_validate("dailyco_nothing", &nobody, &e));
}

/* ---- a server that says what it is told */

enum { REQUEST = 8192, ANSWERS = 16 };
static char base[80], requests[ANSWERS][REQUEST];
static const char *answers[ANSWERS]; /* "200 {…}", "429+1 {…}": with Retry-After; "drop" and "cut": hangs up before and after the request is read; the last goes on */
static atomic_int request_count, answer_count;
static struct dailyco *client;

static bool answer(int fd, const char *what)
{
    char text[REQUEST], after[32] = "";
    const char *body = strchr(what, ' ');
    if (!strcmp(what, "cut")) return false;
    if (strchr(what, '+') && (!body || strchr(what, '+') < body)) snprintf(after, sizeof after, "Retry-After: %d\r\n", atoi(strchr(what, '+') + 1));
    body = body ? body + 1 : "";
    int n = snprintf(text, sizeof text, "HTTP/1.1 %.3s X\r\n%sContent-Length: %zu\r\n\r\n%s", what, after, strlen(body), body);
    return server_send(fd, text, (size_t)n);
}

static void talk(int fd)
{
    char in[REQUEST];
    for (bool go_on = true; go_on && server_read(fd, in, sizeof in);) {
        int i = request_count;
        if (i < ANSWERS) memcpy(requests[i], in, sizeof in);
        request_count++;
        go_on = answer(fd, answers[i < answer_count ? i : answer_count - 1]);
    }
}

static void say(const char *first, ...)
{
    va_list args;
    va_start(args, first);
    answer_count = request_count = 0;
    memset(requests, 0, sizeof requests);
    for (const char *a = first; a; a = va_arg(args, const char *)) answers[answer_count++] = a;
    va_end(args);
}

static void expect_request(int i, const char *beginning, const char *body)
{
    if (strncmp(requests[i], beginning, strlen(beginning)) != 0) fail_msg("request %d was %.100s, not %s", i, requests[i], beginning);
    if (body) assert_string_equal(strstr(requests[i], "\r\n\r\n") + 4, body);
}

static int start_server(void **state)
{
    (void)state;
    if (server_start(talk, true)) return -1;
    snprintf(base, sizeof base, "%s/v1/", origin);
    return 0;
}

/* With no connection kept: over such a one a lost reply is asked for again by libcurl. */
static void make_client(void)
{
    dailyco_destroy(client);
    client = dailyco_create(&(struct dailyco_options){.api_key = "the-key-of-the-test", .base_url = base, .deadline_ms = 5000, .pause_ms = 1}, &e);
}

static int setup(void **state)
{
    (void)state;
    m = dailyco_memory_create();
    make_client();
    return client ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    dailyco_destroy(client);
    client = NULL;
    dailyco_memory_destroy(m);
    return 0;
}

static void expect_code(const void *reply, enum dailyco_code code, int tries)
{
    if (e.code != code) fail_msg("%s, not %s: %s", dailyco_code_name(e.code), dailyco_code_name(code), e.message);
    assert_int_equal(reply != NULL, code == DAILYCO_OK);
    assert_int_equal(e.tries, tries);
}

#define ROOM "{\"id\":\"1\",\"name\":\"my-room\",\"api_created\":true,\"privacy\":\"private\",\"url\":\"https://x.daily.co/my-room\",\"created_at\":\"2019-01-26T09:01:22.000Z\",\"config\":{\"exp\":1700000000.5,\"of_tomorrow\":1}}"

static void test_what_goes_out(void **state)
{
    struct dailyco_room_create r = {0};
    struct dailyco_meetings_query q = {0};
    (void)state;
    say("200 " ROOM, "200 {\"total_count\":0,\"data\":[]}", "200 {\"domain_name\":\"x\"}", NULL);
    DAILYCO_SET(&r, dailyco_room_create, name, "my-room");
    struct dailyco_room *room = dailyco_create_room(client, &r, m, &e);
    expect_code(room, DAILYCO_OK, 1);
    assert_string_equal(room->config->more, "{\"of_tomorrow\":1}");
    expect_request(0, "POST /v1/rooms HTTP/1.1\r\n", "{\"name\":\"my-room\"}");
    assert_non_null(strstr(requests[0], "\r\nAuthorization: Bearer the-key-of-the-test\r\n"));
    assert_non_null(strstr(requests[0], "\r\nContent-Type: application/json\r\n"));
    DAILYCO_SET(&q, dailyco_meetings_query, room, "a&b");
    DAILYCO_SET(&q, dailyco_meetings_query, ongoing, true);
    DAILYCO_SET(&q, dailyco_meetings_query, limit, 5);
    assert_non_null(dailyco_list_meetings(client, &q, m, &e));
    expect_request(1, "GET /v1/meetings?limit=5&room=a%26b&ongoing=true HTTP/1.1\r\n", "");
    assert_string_equal(dailyco_get_domain(client, m, &e)->domain_name, "x");
    expect_request(2, "GET /v1/ HTTP/1.1\r\n", "");
}

static void test_bad_arguments_are_not_sent(void **state)
{
    struct dailyco_room_create r = {0};
    (void)state;
    say("200 {}", NULL);
    DAILYCO_SET(&r, dailyco_room_create, name, "two words");
    expect_code(dailyco_create_room(client, &r, m, &e), DAILYCO_BAD_ARGUMENT, 0);
    expect_code(dailyco_get_room(client, "", m, &e), DAILYCO_BAD_ARGUMENT, 0);
    expect_code(dailyco_get_room(client, "..", m, &e), DAILYCO_BAD_ARGUMENT, 0);
    assert_int_equal(request_count, 0);
    assert_non_null(dailyco_get_recording_link(client, "a/../b", NULL, m, NULL) ? NULL : &e);
    expect_request(0, "GET /v1/recordings/a%2F..%2Fb/access-link HTTP/1.1", NULL);
    assert_null(dailyco_create(&(struct dailyco_options){.api_key = ""}, &e));
    assert_null(dailyco_create(&(struct dailyco_options){.api_key = "a\r\nb"}, &e));
    assert_null(dailyco_create(&(struct dailyco_options){.api_key = "a", .base_url = "ftp://x"}, &e));
}

static void test_errors_have_kinds(void **state)
{
    static const struct { const char *answer; enum dailyco_code code; const char *error; } cases[] = {
        {"400 {\"error\":\"authorization-header-error\",\"info\":\"invalid authorization header\"}", DAILYCO_UNAUTHENTICATED, "authorization-header-error"}, {"401 {\"error\":\"authentication-error\"}", DAILYCO_UNAUTHENTICATED, "authentication-error"},
        {"401 ", DAILYCO_UNAUTHENTICATED, ""}, {"403 {\"error\":\"forbidden-error\"}", DAILYCO_FORBIDDEN, "forbidden-error"}, {"404 {\"error\":\"not-found\",\"info\":\"room x  not found\"}", DAILYCO_NOT_FOUND, "not-found"},
        {"400 {\"info\":\"a room named x already exists\\n\",\"error\":\"invalid-request-error\"}", DAILYCO_ALREADY_EXISTS, "invalid-request-error"}, {"400 {\"error\":\"invalid-request-error\",\"info\":\"exp was '1', which is in the past\"}", DAILYCO_INVALID_REQUEST, "invalid-request-error"},
        {"404 {\"error\":\"not-found\",\"info\":\"room x does not seem to be hosting a call currently\"}", DAILYCO_NOT_HOSTING, "not-found"}, {"400 {\"error\":\"invalid-request-error\",\"info\":\"x has an active stream\"}", DAILYCO_ALREADY_RECORDING, "invalid-request-error"},
        {"400 {\"error\":\"invalid-plan-type\",\"info\":\"paid accounts\"}", DAILYCO_PLAN, "invalid-plan-type"}, {"400 {\"error\":\"invalid-request-error\",\"info\":\"non-200 status code returned from webhook endpoint, recvd undefined\"}", DAILYCO_PROBE_FAILED, "invalid-request-error"},
        {"302 ", DAILYCO_BAD_REPLY, ""}, {"200 no JSON", DAILYCO_BAD_REPLY, ""}, {"200 {\"id\":\"no name\"}", DAILYCO_BAD_REPLY, ""}, {"418 <html>", DAILYCO_INVALID_REQUEST, ""}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        say(cases[i].answer, NULL);
        expect_code(dailyco_get_room(client, "x", m, &e), cases[i].code, 1);
        assert_string_equal(e.error, cases[i].error);
        assert_int_equal(e.status, atoi(cases[i].answer));
        assert_string_equal(e.operation, "get_room");
    }
}

static void test_no_secret_in_errors(void **state)
{
    (void)state;
    say("400 {\"error\":\"invalid-request-error\",\"info\":\"the-key-of-the-test and eyJhbGciOiJIUzI1NiJ9.e30.abc are wrong\"}", NULL);
    expect_code(dailyco_get_room(client, "x", m, &e), DAILYCO_INVALID_REQUEST, 1);
    assert_string_equal(e.info, "*** and *** are wrong");
    assert_null(strstr(e.message, "the-key") ? e.message : strstr(e.message, "eyJ"));
}

/* ---- again, or not */

static void test_reading_is_tried_again(void **state)
{
    (void)state;
    static const char *const faults[] = {"500 {\"error\":\"server-error\"}", "503 ", "429 {\"error\":\"rate-limit-error\"}", "cut"};
    for (size_t i = 0; i < 4; i++) {
        make_client();
        say(faults[i], faults[i], "200 " ROOM, NULL);
        expect_code(dailyco_get_room(client, "my-room", m, &e), DAILYCO_OK, 3);
        make_client();
        say(faults[i], NULL);
        assert_null(dailyco_get_room(client, "my-room", m, &e));
        assert_int_equal(e.tries, 3);
        assert_false(e.maybe_done);
    }
}

static void test_what_is_done_once_is_not_repeated(void **state)
{
    struct dailyco_webhook_create hook = {0};
    struct dailyco_room_create anonymous = {0};
    (void)state;
    DAILYCO_SET(&hook, dailyco_webhook_create, url, "https://example.org/");
    say("cut", NULL);
    expect_code(dailyco_create_webhook(client, &hook, m, &e), DAILYCO_UNREACHABLE, 1);
    assert_true(e.maybe_done);
    say("500 ", NULL);
    expect_code(dailyco_create_webhook(client, &hook, m, &e), DAILYCO_SERVER, 1);
    assert_true(e.maybe_done);
    assert_non_null((say("200 " ROOM, "cut", "200 {\"uuid\":\"1\"}", NULL), dailyco_get_room(client, "x", m, &e))); /* a connection is kept, and not used */
    expect_code(dailyco_create_webhook(client, &hook, m, &e), DAILYCO_UNREACHABLE, 1);
    assert_int_equal(request_count, 2);
    say("429 ", "200 {\"uuid\":\"1\"}", NULL);
    expect_code(dailyco_create_webhook(client, &hook, m, &e), DAILYCO_OK, 2);
    say("cut", "200 " ROOM, NULL);
    expect_code(dailyco_create_room(client, &anonymous, m, &e), DAILYCO_UNREACHABLE, 1); /* a room that has no name yet could be two */
}

static void test_a_room_whose_answer_was_lost(void **state)
{
    struct dailyco_room_create r = {0};
    (void)state;
    DAILYCO_SET(&r, dailyco_room_create, name, "my-room");
    say("cut", "400 {\"error\":\"invalid-request-error\",\"info\":\"a room named my-room already exists\"}", "200 " ROOM, NULL);
    const struct dailyco_room *room = dailyco_create_room(client, &r, m, &e);
    assert_non_null(room);
    assert_string_equal(room->url, "https://x.daily.co/my-room");
    expect_request(2, "GET /v1/rooms/my-room HTTP/1.1", NULL);
    say("400 {\"error\":\"invalid-request-error\",\"info\":\"a room named my-room already exists\"}", NULL);
    expect_code(dailyco_create_room(client, &r, m, &e), DAILYCO_ALREADY_EXISTS, 1); /* somebody else's */
}

static void test_what_an_earlier_try_did(void **state)
{
    struct dailyco_recording_start start = {0};
    (void)state;
    say("500 ", "400 {\"error\":\"invalid-request-error\",\"info\":\"r has an active stream\"}", NULL);
    expect_code(dailyco_start_recording(client, "r", &start, m, &e), DAILYCO_OK, 2);
    say("503 ", "200 {\"status\":\"sent\"}", NULL);
    expect_code(dailyco_start_recording(client, "r", &start, m, &e), DAILYCO_OK, 2);
    make_client();
    say("cut", "400 {\"error\":\"invalid-request-error\",\"info\":\"no active recording\"}", NULL);
    expect_code(dailyco_stop_recording(client, "r", NULL, m, &e), DAILYCO_OK, 2);
    say("400 {\"error\":\"invalid-request-error\",\"info\":\"no active recording\"}", NULL);
    expect_code(dailyco_stop_recording(client, "r", NULL, m, &e), DAILYCO_INVALID_REQUEST, 1);
    say("404 {\"deleted\":true,\"error\":\"not-found\"}", NULL);
    assert_true(dailyco_delete_room(client, "r", m, &e)->deleted);
    say("404 {\"error\":\"not-found\"}", NULL);
    expect_code(dailyco_delete_webhook(client, "r", m, &e), DAILYCO_NOT_FOUND, 1);
    make_client();
    say("cut", "404 {\"error\":\"not-found\"}", NULL);
    expect_code(dailyco_delete_webhook(client, "r", m, &e), DAILYCO_OK, 2);
    say("200 ", NULL);
    expect_code(dailyco_delete_webhook(client, "r", m, &e), DAILYCO_OK, 1); /* without a word */
}

static void test_patience(void **state)
{
    (void)state;
    say("429+3600 ", NULL);
    expect_code(dailyco_get_room(client, "x", m, &e), DAILYCO_RATE_LIMITED, 1); /* that long is past the deadline */
    assert_int_equal(e.retry_after_ms, 3600000);
    say("429+1 ", "200 " ROOM, NULL);
    expect_code(dailyco_get_room(client, "x", m, &e), DAILYCO_OK, 2);
    struct dailyco *elsewhere = dailyco_create(&(struct dailyco_options){.api_key = "k", .base_url = "http://127.0.0.1:1", .pause_ms = 1}, &e);
    struct dailyco_webhook_create hook = {0};
    DAILYCO_SET(&hook, dailyco_webhook_create, url, "https://example.org/");
    expect_code(dailyco_create_webhook(elsewhere, &hook, m, &e), DAILYCO_UNREACHABLE, 3); /* certainly not done */
    assert_false(e.maybe_done);
    dailyco_destroy(elsewhere);
}

static int told_before, told_after;
static bool before(void *context, const struct dailyco_try *t)
{
    told_before++;
    assert_int_equal(t->limit, DAILYCO_LIMIT_SLOW);
    return t->number < *(int *)context;
}

static void after(void *context, const struct dailyco_try *t)
{
    (void)context;
    told_after++;
    assert_int_equal(t->status, 500);
    assert_string_equal(t->operation, "list_recordings");
}

static void test_hooks(void **state)
{
    int last = 3;
    (void)state;
    struct dailyco *c = dailyco_create(&(struct dailyco_options){.api_key = "k", .base_url = base, .pause_ms = 1, .tries = 5, .before = before, .after = after, .context = &last}, &e);
    say("500 ", NULL);
    assert_null(dailyco_list_recordings(c, NULL, m, &e));
    assert_int_equal(e.code, DAILYCO_CANCELED);
    assert_int_equal(told_before, 3);
    assert_int_equal(told_after, 2);
    dailyco_destroy(c);
}

/* ---- lists and odd shapes */

static int seen;
static bool see_room(void *context, const struct dailyco_room *room)
{
    (void)context;
    assert_int_equal(room->name[0], 'a' + seen);
    return ++seen < 4;
}

static bool see_participant(void *context, const struct dailyco_meeting_participant *p)
{
    (void)context;
    assert_non_null(p->participant_id);
    seen++;
    return true;
}

static void test_lists_to_their_end(void **state)
{
    struct dailyco_page_query q = {0};
    (void)state;
    DAILYCO_SET(&q, dailyco_page_query, limit, 2);
    say("200 {\"total_count\":3,\"data\":[{\"id\":\"1\",\"name\":\"a\"},{\"id\":\"2\",\"name\":\"b\"}]}", "200 {\"total_count\":3,\"data\":[{\"id\":\"3\",\"name\":\"c\"}]}", "200 {\"total_count\":3,\"data\":[]}", NULL);
    seen = 0;
    assert_true(dailyco_each_room(client, &q, see_room, NULL, &e));
    assert_int_equal(seen, 3);
    expect_request(1, "GET /v1/rooms?limit=2&starting_after=2 HTTP", NULL);
    expect_request(2, "GET /v1/rooms?limit=2&starting_after=3 HTTP", NULL); /* a short page is no end */
    say("200 {\"data\":[{\"id\":\"1\",\"name\":\"a\"}]}", "200 {\"data\":[{\"id\":\"1\",\"name\":\"b\"}]}", NULL);
    seen = 0;
    assert_false(dailyco_each_room(client, NULL, see_room, NULL, &e)); /* it would go on for ever */
    assert_int_equal(e.code, DAILYCO_BAD_REPLY);
    say("200 {\"data\":[{\"id\":\"1\",\"name\":\"a\"},{\"id\":\"2\",\"name\":\"b\"},{\"id\":\"3\",\"name\":\"c\"},{\"id\":\"4\",\"name\":\"d\"},{\"id\":\"5\",\"name\":\"e\"}]}", NULL);
    seen = 0;
    assert_true(dailyco_each_room(client, NULL, see_room, NULL, &e));
    assert_int_equal(seen, 4);
    DAILYCO_SET(&q, dailyco_page_query, ending_before, "OLDEST");
    assert_false(dailyco_each_room(client, &q, see_room, NULL, &e));
}

static void test_participants_end_with_404(void **state)
{
    (void)state;
    say("200 {\"data\":[{\"participant_id\":\"1\"},{\"participant_id\":\"2\",\"user_id\":null}]}", "404 {\"error\":\"not-found\"}", NULL);
    seen = 0;
    assert_true(dailyco_each_meeting_participant(client, "m", NULL, see_participant, NULL, &e));
    assert_int_equal(seen, 2);
    expect_request(1, "GET /v1/meetings/m/participants?joined_after=2 HTTP", NULL);
    say("404 {\"error\":\"not-found\"}", NULL);
    assert_false(dailyco_each_meeting_participant(client, "m", NULL, see_participant, NULL, &e));
    assert_int_equal(e.code, DAILYCO_NOT_FOUND);
}

static void test_odd_shapes(void **state)
{
    (void)state;
    say("200 {\"a\":[{\"id\":\"1\",\"room\":\"a\",\"userId\":null}],\"b\":[{\"id\":\"2\",\"room\":\"b\"},{\"id\":\"3\",\"room\":\"b\"}]}", "200 {}", "200 [{\"uuid\":\"1\",\"state\":\"FAILED\",\"failedCount\":3,\"lastMomentPushed\":null}]", "200 [{\"uuid\":\"1\"}]",
        "200 {\"download_link\":\"the recording is not there yet\"}", "200 {\"link\":\"https://example.org/t.vtt?a=%2F\"}", NULL);
    assert_int_equal(dailyco_get_presence(client, m, &e)->data.count, 3);
    assert_int_equal(dailyco_get_presence(client, m, &e)->data.count, 0);
    const struct dailyco_webhook_list *hooks = dailyco_list_webhooks(client, m, &e);
    assert_int_equal(hooks->data.count, 1);
    assert_int_equal(hooks->data.items[0].failedCount, 3);
    assert_string_equal(dailyco_get_webhook(client, "1", m, &e)->uuid, "1"); /* as a list of one */
    assert_null(dailyco_get_recording_link(client, "1", NULL, m, &e));
    assert_int_equal(e.code, DAILYCO_BAD_REPLY);
    assert_string_equal(e.info, "the recording is not there yet");
    assert_string_equal(dailyco_get_transcript_link(client, "1", m, &e)->download_link, "https://example.org/t.vtt?a=%2F");
}

/* ---- webhooks that are set up */

#define HOOK "{\"uuid\":\"u1\",\"url\":\"https://a.ngrok.io/x\",\"hmac\":\"c2VjcmV0\",\"eventTypes\":[\"meeting.ended\"],\"state\":\"FAILED\",\"failedCount\":3}"

static void test_finding_webhooks(void **state)
{
    (void)state;
    say("200 [" HOOK ",{\"uuid\":\"u2\",\"url\":\"https://b.example/x\"}]", NULL);
    const struct dailyco_webhook_list *list = dailyco_find_webhooks_by_pattern(client, "ngrok", m, &e);
    assert_int_equal(list->data.count, 1);
    assert_string_equal(list->data.items[0].uuid, "u1");
    assert_int_equal(dailyco_find_webhooks_by_pattern(client, "NGROK", m, &e)->data.count, 0);
    assert_string_equal(dailyco_find_webhook_by_url(client, "https://b.example/x", m, &e)->uuid, "u2");
    assert_null(dailyco_find_webhook_by_url(client, "https://b.example/", m, &e));
    assert_int_equal(e.code, DAILYCO_NOT_FOUND);
}

static void test_updating_webhooks(void **state)
{
    struct dailyco_webhook_update r = {0};
    (void)state;
    DAILYCO_SET(&r, dailyco_webhook_update, url, "https://new.example/");
    say("200 " HOOK, NULL);
    assert_non_null(dailyco_update_webhook(client, "u1", &r, m, &e));
    expect_request(0, "POST /v1/webhooks/u1 HTTP", "{\"url\":\"https://new.example/\"}");
    say("405 ", "200 " HOOK, NULL);
    assert_non_null(dailyco_update_webhook(client, "u1", &r, m, &e));
    expect_request(1, "PATCH /v1/webhooks/u1 HTTP", "{\"url\":\"https://new.example/\"}");
    say("404 ", "404 ", "200 [" HOOK "]", "200 ", "200 {\"uuid\":\"u9\"}", NULL);
    assert_string_equal(dailyco_update_webhook(client, "u1", &r, m, &e)->uuid, "u9");
    expect_request(3, "DELETE /v1/webhooks/u1 HTTP", NULL);
    expect_request(4, "POST /v1/webhooks HTTP", "{\"url\":\"https://new.example/\",\"eventTypes\":[\"meeting.ended\"],\"hmac\":\"c2VjcmV0\"}");
    say("404 ", "404 ", "200 []", NULL);
    assert_null(dailyco_update_webhook(client, "u1", &r, m, &e));
    assert_int_equal(e.code, DAILYCO_NOT_FOUND);
    say("404 ", "404 ", "200 [" HOOK "]", "200 ", "400 {\"error\":\"invalid-request-error\",\"info\":\"non-200 status code returned from webhook endpoint, recvd 500\"}", "200 {\"uuid\":\"u3\"}", NULL);
    assert_null(dailyco_update_webhook(client, "u1", &r, m, &e));
    assert_int_equal(e.code, DAILYCO_PROBE_FAILED);
    assert_non_null(strstr(e.message, "it is there again as it was"));
    expect_request(5, "POST /v1/webhooks HTTP", "{\"url\":\"https://a.ngrok.io/x\",\"eventTypes\":[\"meeting.ended\"],\"hmac\":\"c2VjcmV0\"}");
    say("200 [" HOOK "]", "200 ", "200 {\"uuid\":\"u4\",\"state\":\"ACTIVE\"}", NULL);
    assert_string_equal(dailyco_recreate_webhook(client, "u1", m, &e)->state, "ACTIVE");
}

/* As Daily answers: permissions in the short words. What comes in long ones stays. */
static void test_a_token_that_is_asked_about(void **state)
{
    (void)state;
    say("200 {\"room_name\":\"r\",\"permissions\":{\"hp\":false,\"cs\":\"v,a\",\"ca\":true,\"cr\":{\"b\":{\"sv\":false}}}}", "200 {\"permissions\":{\"cs\":\"v\",\"canSend\":false,\"ca\":\"p\"}}", "200 {}", NULL);
    const struct dailyco_token_properties *p = dailyco_validate_meeting_token(client, "t", NULL, m, &e);
    assert_non_null(p);
    assert_true(DAILYCO_HAS(p->permissions, dailyco_permissions, hasPresence) && !p->permissions->hasPresence);
    assert_string_equal(p->permissions->canSend, "[\"video\",\"audio\"]");
    assert_string_equal(p->permissions->canAdmin, "true");
    assert_string_equal(p->permissions->canReceive, "{\"base\":{\"screenVideo\":false}}");
    p = dailyco_validate_meeting_token(client, "t", NULL, m, &e);
    assert_string_equal(p->permissions->canSend, "false");
    assert_string_equal(p->permissions->canAdmin, "[\"participants\"]");
    p = dailyco_validate_meeting_token(client, "t", NULL, m, &e);
    assert_null(p->permissions);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_signatures), TEST(test_signatures_that_are_refused), TEST(test_age), TEST(test_rooms_of_events), TEST(test_probe), TEST(test_identity), TEST(test_payloads),
        TEST(test_sample_payloads), TEST(test_track_names), TEST(test_tokens_of_others), TEST(test_tokens_of_ours), TEST(test_validation), TEST(test_what_goes_out), TEST(test_bad_arguments_are_not_sent),
        TEST(test_errors_have_kinds), TEST(test_no_secret_in_errors), TEST(test_reading_is_tried_again), TEST(test_what_is_done_once_is_not_repeated), TEST(test_a_room_whose_answer_was_lost),
        TEST(test_what_an_earlier_try_did), TEST(test_patience), TEST(test_hooks), TEST(test_lists_to_their_end), TEST(test_participants_end_with_404), TEST(test_odd_shapes), TEST(test_a_token_that_is_asked_about), TEST(test_finding_webhooks), TEST(test_updating_webhooks)};
    return cmocka_run_group_tests(tests, start_server, NULL);
}

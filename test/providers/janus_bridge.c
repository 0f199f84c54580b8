/* janus_bridge - the media module on stdin and stdout, one JSON object a line, so that a test can drive it, kill it and start another.
 *
 *   janus_bridge RUN_DIR CONF_DIR PROGRAM
 *   in:  {"do":"create","room":…,"connection":…} publish (sdp, tracks) answer (sdp) ice (pc, candidate) mute (kind, muted) again renew destroy record (room, dir) close (room) stop (leave)
 *   BRIDGE_SECRET in the environment: the API secret
 *   out: {"on":"ready","adopted":…,"pid":…} lost adopt answer failed sub_offer ice up hangup recorded; "us" is the monotonic time */
#include "base/arena.h"
#include "base/clock.h"
#include "net/loop.h"
#include "provider/janus/media.h"
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

struct peer {
    struct peer *next;
    struct media_peer *media;
    char connection[65];
};

static struct loop *loop;
static struct media *media;
static struct peer *peers;
static struct loop_watch *input_watch;
static char input[1 << 20];
static size_t filled;

static void say(json_t *o)
{
    json_object_set_new(o, "us", json_integer(clock_monotonic_us()));
    json_dumpf(o, stdout, JSON_COMPACT);
    putchar('\n');
    fflush(stdout);
    json_decref(o);
}

static const char *text(json_t *o, const char *key)
{
    const char *t = json_string_value(json_object_get(o, key));
    return t ? t : "";
}

static struct peer *find(const char *connection)
{
    for (struct peer *p = peers; p; p = p->next)
        if (!strcmp(p->connection, connection)) return p;
    return NULL;
}

static struct peer *add(const char *connection)
{
    struct peer *p = xcalloc(1, sizeof *p);
    strncpy(p->connection, connection, sizeof p->connection - 1);
    p->next = peers;
    return peers = p;
}

static void drop(struct peer *p)
{
    struct peer **at = &peers;
    while (*at != p) at = &(*at)->next;
    *at = p->next;
    media_peer_destroy(p->media);
    free(p);
}

static void on_answer(void *ctx, const char *sdp)
{
    say(json_pack("{s:s,s:s,s:s}", "on", "answer", "connection", ((struct peer *)ctx)->connection, "sdp", sdp));
}

static void on_failed(void *ctx, const char *why)
{
    say(json_pack("{s:s,s:s,s:s}", "on", "failed", "connection", ((struct peer *)ctx)->connection, "why", why));
}

static void on_sub_offer(void *ctx, const char *sdp, const struct media_stream *streams, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, json_pack("{s:s,s:s?,s:s}", "mid", streams[i].mid, "connection", streams[i].connection, "kind", streams[i].kind));
    say(json_pack("{s:s,s:s,s:s,s:o}", "on", "sub_offer", "connection", ((struct peer *)ctx)->connection, "sdp", sdp, "streams", list));
}

static void on_ice(void *ctx, const char *pc, const char *candidate)
{
    say(json_pack("{s:s,s:s,s:s,s:s}", "on", "ice", "connection", ((struct peer *)ctx)->connection, "pc", pc, "candidate", candidate));
}

static void on_up(void *ctx, const char *pc)
{
    say(json_pack("{s:s,s:s,s:s}", "on", "up", "connection", ((struct peer *)ctx)->connection, "pc", pc));
}

static void on_hangup(void *ctx, const char *pc, const char *reason)
{
    say(json_pack("{s:s,s:s,s:s,s:s}", "on", "hangup", "connection", ((struct peer *)ctx)->connection, "pc", pc, "reason", reason));
}

static const struct media_peer_handler peer_handler = {on_answer, on_failed, on_sub_offer, on_ice, on_up, on_hangup};

static void on_ready(void *ctx, bool adopted)
{
    (void)ctx;
    say(json_pack("{s:s,s:b,s:i}", "on", "ready", "adopted", adopted, "pid", media_pid(media)));
}

static void on_lost(void *ctx)
{
    (void)ctx;
    say(json_pack("{s:s}", "on", "lost"));
    while (peers) drop(peers);
}

static bool on_adopt(void *ctx, struct media_peer *p, const char *room, const char *connection)
{
    (void)ctx;
    bool wanted = strncmp(connection, "unwanted", 8);
    say(json_pack("{s:s,s:s,s:s,s:b}", "on", "adopt", "room", room, "connection", connection, "wanted", wanted));
    if (!wanted) return false;
    struct peer *mine = add(connection);
    mine->media = p;
    media_peer_set_handler(p, &peer_handler, mine);
    return true;
}

static const struct media_handler handler = {on_ready, on_lost, on_adopt};

static void on_recorded(void *ctx, const struct err *e)
{
    (void)ctx;
    say(json_pack("{s:s,s:s}", "on", "recorded", "error", e ? e->text : ""));
}

static void publish(struct peer *p, json_t *o)
{
    struct media_track tracks[8] = {0};
    size_t i, count = 0;
    json_t *t;
    json_array_foreach(json_object_get(o, "tracks"), i, t)
    {
        if (count == 8) break;
        snprintf(tracks[count].mid, sizeof tracks[count].mid, "%s", text(t, "mid"));
        snprintf(tracks[count].kind, sizeof tracks[count].kind, "%s", text(t, "kind"));
        count++;
    }
    media_peer_publish(p->media, text(o, "sdp"), tracks, count);
}

static void end(void *arg)
{
    (void)arg;
    loop_stop(loop);
}

/* The closing handshakes get a moment, so that a leak that is reported is a leak. */
static void stop(bool leave)
{
    media_stop(media, leave);
    media = NULL;
    loop_timer_start(loop, 100, end, NULL);
}

static void of_peer(struct peer *p, const char *verb, json_t *o)
{
    if (!strcmp(verb, "publish")) publish(p, o);
    if (!strcmp(verb, "answer")) media_peer_sub_answer(p->media, text(o, "sdp"));
    if (!strcmp(verb, "ice")) media_peer_ice(p->media, text(o, "pc"), text(o, "candidate"));
    if (!strcmp(verb, "mute")) media_peer_mute(p->media, text(o, "kind"), json_is_true(json_object_get(o, "muted")));
    if (!strcmp(verb, "again")) media_peer_offer_again(p->media);
    if (!strcmp(verb, "renew")) media_peer_renew_down(p->media);
    if (!strcmp(verb, "destroy")) drop(p);
}

static void obey(json_t *o)
{
    const char *verb = text(o, "do"), *dir = json_string_value(json_object_get(o, "dir"));
    struct peer *p = find(text(o, "connection"));
    if (p) of_peer(p, verb, o);
    else if (!strcmp(verb, "create")) {
        p = add(text(o, "connection"));
        p->media = media_peer_create(media, text(o, "room"), p->connection, &peer_handler, p);
    } else if (!strcmp(verb, "record")) media_room_record(media, text(o, "room"), dir, on_recorded, NULL);
    else if (!strcmp(verb, "close")) media_room_close(media, text(o, "room"));
    else if (!strcmp(verb, "stop")) stop(json_is_true(json_object_get(o, "leave")));
}

static void on_input(void *arg, uint32_t events)
{
    (void)arg;
    (void)events;
    ssize_t n = read(0, input + filled, sizeof input - 1 - filled);
    if (n <= 0) {
        if (media) stop(false);
        loop_watch_stop(input_watch);
        input_watch = NULL;
        return;
    }
    filled += (size_t)n;
    input[filled] = 0;
    for (char *end; (end = memchr(input, '\n', filled));) {
        *end = 0;
        json_t *o = json_loads(input, 0, NULL);
        if (o && media) obey(o);
        json_decref(o);
        filled -= (size_t)(end + 1 - input);
        memmove(input, end + 1, filled);
    }
}

int main(int argc, char **argv)
{
    struct err e = {0};
    char log_path[512];
    const char *secret = getenv("BRIDGE_SECRET");
    if (argc != 4) return 2;
    signal(SIGPIPE, SIG_IGN);
    snprintf(log_path, sizeof log_path, "%s/janus.log", argv[2]);
    loop = loop_create();
    input_watch = loop_watch_start(loop, 0, EPOLLIN, on_input, NULL);
    struct media_options o = {.loop = loop,
                              .run_dir = argv[1],
                              .conf_dir = argv[2],
                              .api_secret = secret ? secret : "test-api-secret",
                              .admin_secret = "test-admin-secret",
                              .rtp_min = 41000,
                              .rtp_max = 41999,
                              .bitrate = 1000000,
                              .seats = 50,
                              .log_path = log_path,
                              .program = argv[3]};
    media = media_start(&o, &handler, NULL, &e);
    if (!media) fprintf(stderr, "%s\n", e.text);
    if (!media) return 1;
    loop_run(loop);
    loop_watch_stop(input_watch);
    for (struct peer *p; (p = peers);) {
        peers = p->next;
        free(p);
    }
    loop_destroy(loop);
    return 0;
}

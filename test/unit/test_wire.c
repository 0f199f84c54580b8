/* The wire against a fake Janus that answers late, twice, out of order, or not at all. The fake runs on a loop and thread of its own. */
#include "net/loop.h"
#include "net/ws.h"
#include "net/ws_handshake.h"
#include "provider/janus/wire.h"
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

enum { SHORT_MS = 60, LONG_MS = 5000 };

/* ---- the fake */

struct fake {
    struct loop *loop;
    int listener;
    pthread_t thread;
    char path[108];
    struct ws *_Atomic ws;
    json_t *kept;
};

static void reply(struct ws *ws, json_t *request, const char *what, json_t *more)
{
    json_t *o = json_pack("{s:s,s:O}", "janus", what, "transaction", json_object_get(request, "transaction"));
    if (more) json_object_update(o, more);
    json_decref(more);
    char *text = json_dumps(o, JSON_COMPACT);
    ws_send(ws, text, strlen(text));
    free(text);
    json_decref(o);
}

static void say(struct ws *ws, const char *text)
{
    ws_send(ws, text, strlen(text));
}

static void reply_kept(void *arg)
{
    struct fake *f = arg;
    if (f->kept && f->ws) reply(f->ws, f->kept, "success", NULL);
    json_decref(f->kept);
    f->kept = NULL;
}

static json_t *plugin(const char *data)
{
    return json_pack("{s:{s:o}}", "plugindata", "data", json_loads(data, 0, NULL));
}

static void behave(struct fake *f, json_t *r)
{
    const char *verb = wire_text(r, "janus");
    struct ws *ws = f->ws;
    if (!ws) return;
    if (!strcmp(verb, "late") || !strcmp(verb, "held")) f->kept = json_incref(r);
    if (!strcmp(verb, "late")) loop_timer_start(f->loop, 3 * SHORT_MS, reply_kept, f);
    if (!strcmp(verb, "plain") || !strcmp(verb, "twice") || !strcmp(verb, "overtake"))
        reply(ws, r, "success", json_pack("{s:O}", "secret", json_object_get(r, "apisecret")));
    if (!strcmp(verb, "twice")) reply(ws, r, "success", NULL);
    if (!strcmp(verb, "overtake")) reply_kept(f);
    if (!strcmp(verb, "acked") || !strcmp(verb, "async")) reply(ws, r, "ack", NULL);
    if (!strcmp(verb, "async")) say(ws, "{\"janus\":\"webrtcup\",\"sender\":7}");
    if (!strcmp(verb, "async")) reply(ws, r, "event", plugin("{\"videoroom\":\"joined\"}"));
    if (!strcmp(verb, "refused")) reply(ws, r, "error", json_pack("{s:{s:i,s:s}}", "error", "code", 459, "reason", "No such handle"));
    if (!strcmp(verb, "plugin")) reply(ws, r, "success", plugin("{\"error_code\":427,\"error\":\"Room exists\"}"));
    if (!strcmp(verb, "garbage")) {
        say(ws, "{\"janus\":");
        say(ws, "[]");
        say(ws, "{\"janus\":\"success\",\"transaction\":\"somebody-else\"}");
        reply(ws, r, "success", NULL);
    }
    if (!strcmp(verb, "hang up")) ws_close(ws, 1001, "");
}

static void fake_text(struct ws *ws, const char *text, size_t size, void *ctx)
{
    (void)ws;
    json_t *r = json_loadb(text, size, 0, NULL);
    behave(ctx, r);
    json_decref(r);
}

static void fake_close(struct ws *ws, int code, void *ctx)
{
    (void)ws;
    (void)code;
    ((struct fake *)ctx)->ws = NULL;
}

static const struct ws_handler fake_handler = {fake_text, fake_close};

static void fake_accept(void *arg, uint32_t events)
{
    struct fake *f = arg;
    char head[2048] = "", key[64] = "", accept_key[WS_ACCEPT_TEXT], answer[512];
    size_t n = 0;
    (void)events;
    int fd = accept(f->listener, NULL, NULL);
    while (n < sizeof head - 1 && !strstr(head, "\r\n\r\n")) {
        ssize_t got = read(fd, head + n, sizeof head - 1 - n);
        if (got <= 0) break;
        n += (size_t)got;
    }
    const char *at = strstr(head, "Sec-WebSocket-Key: ");
    if (at) sscanf(at + 19, "%63[^\r]", key);
    ws_accept_key(key, accept_key);
    int size = snprintf(
        answer, sizeof answer,
        "HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Protocol: janus-protocol\r\nSec-WebSocket-Accept: %s\r\n\r\n",
        accept_key);
    ssize_t sent = write(fd, answer, (size_t)size);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    if (sent == size) f->ws = ws_accept(f->loop, fd, NULL, 0, 1 << 20, &fake_handler, f, NULL, NULL);
}

static void *fake_run(void *arg)
{
    struct fake *f = arg;
    struct loop_watch *w = loop_watch_start(f->loop, f->listener, EPOLLIN, fake_accept, f);
    loop_run(f->loop);
    loop_watch_stop(w);
    return NULL;
}

static void fake_open(struct fake *f)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    *f = (struct fake){.loop = loop_create()};
    snprintf(f->path, sizeof f->path, "/tmp/test_wire.%d", (int)getpid());
    unlink(f->path);
    memcpy(a.sun_path, f->path, sizeof a.sun_path);
    f->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(f->listener, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(f->listener, 4), 0);
    pthread_create(&f->thread, NULL, fake_run, f);
}

static void fake_end(void *arg)
{
    struct fake *f = arg;
    if (f->ws) loop_timer_start(f->loop, 5, fake_end, f); /* its closing handshake first */
    else loop_stop(f->loop);
}

static void fake_close_all(struct fake *f)
{
    loop_post(f->loop, fake_end, f);
    pthread_join(f->thread, NULL);
    loop_destroy(f->loop);
    json_decref(f->kept);
    close(f->listener);
    unlink(f->path);
}

/* ---- the test's side */

struct told {
    int done, failed, code, events, strays, closed;
    char text[256], order[32];
};

static struct fake fake;
static struct loop *loop;
static struct wire *wire;
static struct told told;

static void on_event(void *ctx, json_t *event)
{
    (void)ctx;
    (void)event;
    told.events++;
}

static void on_stray(void *ctx, json_t *stray)
{
    (void)ctx;
    (void)stray;
    told.strays++;
}

static void on_closed(void *ctx)
{
    (void)ctx;
    told.closed++;
    wire_close(wire);
    wire = NULL;
    loop_stop(loop);
}

static const struct wire_handler handler = {on_event, on_stray, on_closed};

static void on_done(void *ctx, json_t *answer, const struct err *e)
{
    told.done++;
    told.failed += e != NULL;
    told.code = wire_error_code(answer);
    if (e) snprintf(told.text, sizeof told.text, "%s", e->text);
    else snprintf(told.text, sizeof told.text, "%s", wire_text(answer, "secret"));
    if (ctx) strncat(told.order, ctx, 1);
}

static void too_long(void *arg)
{
    (void)arg;
    fail_msg("nothing came within five seconds");
}

static void poll_until(void *arg)
{
    const int *at = ((int **)arg)[0], *least = ((int **)arg)[1];
    if (*at >= *least) loop_stop(loop);
}

/* Runs the loop until the counter is there. */
static void until(int *counter, int least)
{
    int *pair[2] = {counter, &least};
    struct loop_timer *limit = loop_timer_start(loop, 5000, too_long, NULL), *tick = loop_timer_every(loop, 2, poll_until, pair);
    loop_run(loop);
    loop_timer_stop(tick);
    loop_timer_stop(limit);
}

static void ask(const char *verb, enum wire_until what, int64_t deadline_ms, char *name)
{
    wire_request(wire, json_pack("{s:s}", "janus", verb), what, deadline_ms, on_done, name);
}

static int open_all(void **state)
{
    struct err e = {0};
    (void)state;
    memset(&told, 0, sizeof told);
    fake_open(&fake);
    loop = loop_create();
    struct wire_options o = {
        .loop = loop, .path = fake.path, .protocol = "janus-protocol", .secret_name = "apisecret", .secret = "s3cret", .handler = &handler};
    wire = wire_open(&o, &e);
    return wire ? 0 : -1;
}

static void stop_now(void *arg)
{
    (void)arg;
    loop_stop(loop);
}

static void stop_loop(void *arg)
{ /* the fake is told first, our own end of the closing handshake follows */
    (void)arg;
    loop_timer_start(loop, fake.ws ? 5 : 30, fake.ws ? stop_loop : stop_now, NULL);
}

static int close_all(void **state)
{
    (void)state;
    wire_close(wire);
    wire = NULL;
    stop_loop(NULL);
    loop_run(loop);
    loop_destroy(loop);
    fake_close_all(&fake);
    return 0;
}

static void a_plain_request_carries_the_secret(void **state)
{
    (void)state;
    ask("plain", WIRE_REPLY, LONG_MS, NULL);
    until(&told.done, 1);
    assert_int_equal(told.failed, 0);
    assert_string_equal(told.text, "s3cret");
}

static void ack_is_enough_for_some_only(void **state)
{
    (void)state;
    ask("acked", WIRE_ACK, LONG_MS, "a");
    until(&told.done, 1);
    ask("async", WIRE_REPLY, LONG_MS, "b");
    until(&told.done, 2);
    assert_string_equal(told.order, "ab");
    assert_int_equal(told.events, 1); /* the one without a transaction */
    assert_int_equal(told.failed, 0);
    ask("acked", WIRE_REPLY, SHORT_MS, "c");
    until(&told.done, 3);
    assert_int_equal(told.failed, 1);
}

static void a_doubled_reply_answers_once(void **state)
{
    (void)state;
    ask("twice", WIRE_REPLY, LONG_MS, NULL);
    until(&told.strays, 1);
    assert_int_equal(told.done, 1);
    assert_int_equal(told.failed, 0);
}

static void replies_find_their_requests_in_any_order(void **state)
{
    (void)state;
    ask("held", WIRE_REPLY, LONG_MS, "a");
    ask("overtake", WIRE_REPLY, LONG_MS, "b");
    until(&told.done, 2);
    assert_string_equal(told.order, "ba");
    assert_int_equal(told.failed, 0);
}

static void a_lost_reply_ends_at_its_deadline(void **state)
{
    (void)state;
    ask("lost", WIRE_REPLY, SHORT_MS, NULL);
    until(&told.done, 1);
    assert_int_equal(told.failed, 1);
    assert_non_null(strstr(told.text, "in time"));
}

static void a_late_reply_is_a_stray(void **state)
{
    (void)state;
    ask("late", WIRE_REPLY, SHORT_MS, NULL);
    until(&told.strays, 1);
    assert_int_equal(told.done, 1);
    assert_int_equal(told.failed, 1);
}

static void what_is_forgotten_is_not_answered(void **state)
{
    (void)state;
    char mine[] = "m";
    ask("plain", WIRE_REPLY, LONG_MS, mine);
    wire_forget(wire, mine);
    until(&told.strays, 1);
    assert_int_equal(told.done, 0);
}

static void errors_of_both_kinds_are_errors(void **state)
{
    (void)state;
    ask("refused", WIRE_ACK, LONG_MS, NULL);
    until(&told.done, 1);
    assert_int_equal(told.code, 459);
    assert_non_null(strstr(told.text, "No such handle"));
    ask("plugin", WIRE_REPLY, LONG_MS, NULL);
    until(&told.done, 2);
    assert_int_equal(told.code, 427);
    assert_int_equal(told.failed, 2);
}

static void garbage_does_not_end_the_reader(void **state)
{
    (void)state;
    ask("garbage", WIRE_REPLY, LONG_MS, NULL);
    until(&told.done, 1);
    assert_int_equal(told.failed, 0);
    assert_int_equal(told.strays, 1);
}

static void a_hang_up_is_told_once_and_nothing_else(void **state)
{
    (void)state;
    ask("lost", WIRE_REPLY, SHORT_MS, NULL);
    ask("hang up", WIRE_REPLY, LONG_MS, NULL);
    loop_run(loop); /* on_closed stops it */
    assert_int_equal(told.closed, 1);
    assert_int_equal(told.done, 0);
}

static void close_within_callback(void *ctx, json_t *answer, const struct err *e)
{
    on_done(ctx, answer, e);
    wire_close(wire);
    wire = NULL;
}

static void closing_inside_a_callback_is_fine(void **state)
{
    (void)state;
    ask("lost", WIRE_REPLY, LONG_MS, NULL);
    wire_request(wire, json_pack("{s:s}", "janus", "plain"), WIRE_REPLY, LONG_MS, close_within_callback, NULL);
    until(&told.done, 1);
    assert_int_equal(told.closed, 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, open_all, close_all)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_plain_request_carries_the_secret),       T(ack_is_enough_for_some_only),       T(a_doubled_reply_answers_once),
        T(replies_find_their_requests_in_any_order), T(a_lost_reply_ends_at_its_deadline), T(a_late_reply_is_a_stray),
        T(what_is_forgotten_is_not_answered),        T(errors_of_both_kinds_are_errors),   T(garbage_does_not_end_the_reader),
        T(a_hang_up_is_told_once_and_nothing_else),  T(closing_inside_a_callback_is_fine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

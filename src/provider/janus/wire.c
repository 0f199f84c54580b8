#include "provider/janus/wire.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/rand.h"
#include "net/ws.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WIRE_LARGEST = 8 << 20, HANDSHAKE_MS = 500, PREFIX = 8 };

struct request {
    struct request *next;
    struct wire *wire;
    uint64_t number;
    enum wire_until until;
    wire_done_fn *done;
    void *ctx;
    struct loop_timer *deadline;
};

struct wire {
    struct loop *loop;
    struct ws *ws;
    const struct wire_handler *handler;
    void *ctx;
    char *secret_name, *secret;
    char prefix[PREFIX + 1]; /* a roomd that takes over a session must not take late replies to its forerunner for its own */
    uint64_t last;
    struct request *requests;
    unsigned depth; /* callbacks under way: memory stays until they are back */
    bool closed;
};

static void on_text(struct ws *ws, const char *text, size_t size, void *ctx);
static void on_close(struct ws *ws, int code, void *ctx);
static const struct ws_handler ws_handler = {.on_text = on_text, .on_close = on_close};

static void wire_free(struct wire *w)
{
    free(w->secret_name);
    free(w->secret);
    free(w);
}

static void drop_all(struct wire *w)
{
    while (w->requests) {
        struct request *r = w->requests;
        w->requests = r->next;
        loop_timer_stop(r->deadline);
        free(r);
    }
}

static void leave(struct wire *w)
{
    if (!--w->depth && w->closed) wire_free(w);
}

static struct request **find(struct wire *w, const char *transaction)
{
    if (strncmp(transaction, w->prefix, PREFIX)) return NULL;
    uint64_t number = strtoull(transaction + PREFIX, NULL, 10);
    for (struct request **r = &w->requests; *r; r = &(*r)->next)
        if ((*r)->number == number) return r;
    return NULL;
}

static struct request *unlink_request(struct request **at)
{
    struct request *r = *at;
    *at = r->next;
    loop_timer_stop(r->deadline);
    return r;
}

json_t *wire_plugin_data(json_t *message)
{
    return json_object_get(json_object_get(message, "plugindata"), "data");
}

const char *wire_text(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

int wire_error_code(json_t *reply)
{
    json_t *code = json_object_get(json_object_get(reply, "error"), "code");
    if (!code) code = json_object_get(wire_plugin_data(reply), "error_code");
    return (int)json_integer_value(code);
}

static bool failed(json_t *reply, struct err *e)
{
    int code = wire_error_code(reply);
    if (!code && strcmp(wire_text(reply, "janus"), "error")) return false;
    const char *reason = wire_text(json_object_get(reply, "error"), "reason");
    if (!*reason) reason = wire_text(wire_plugin_data(reply), "error");
    err_set(e, ERR_DESTINATION, "janus", "janus answered %d: %s", code, reason);
    return true;
}

static void finish(struct request *r, json_t *reply)
{
    struct err e = {0};
    bool wrong = failed(reply, &e);
    if (r->done) r->done(r->ctx, reply, wrong ? &e : NULL);
    else if (wrong) log_warn("janus.refused", LOG_STR("why", e.text));
    free(r);
}

static void take(struct wire *w, json_t *message)
{
    bool ack = !strcmp(wire_text(message, "janus"), "ack");
    const char *transaction = wire_text(message, "transaction");
    struct request **at = find(w, transaction);
    if (at && (!ack || (*at)->until == WIRE_ACK)) finish(unlink_request(at), message);
    else if (ack) return;
    else if (!*transaction) w->handler->on_event(w->ctx, message);
    else if (w->handler->on_stray && !at) w->handler->on_stray(w->ctx, message);
}

static void on_text(struct ws *ws, const char *text, size_t size, void *ctx)
{
    struct wire *w = ctx;
    (void)ws;
    if (!w) return;
    json_error_t why;
    json_t *message = json_loadb(text, size, 0, &why);
    w->depth++;
    if (json_is_object(message)) take(w, message);
    else log_warn("janus.unreadable", LOG_STR("why", why.text));
    json_decref(message);
    leave(w);
}

static void on_close(struct ws *ws, int code, void *ctx)
{
    struct wire *w = ctx;
    (void)ws;
    (void)code;
    if (!w) return;
    w->ws = NULL;
    drop_all(w);
    w->depth++;
    w->handler->on_close(w->ctx);
    leave(w);
}

struct wire *wire_open(const struct wire_options *o, struct err *e)
{
    struct wire *w = xcalloc(1, sizeof *w);
    w->loop = o->loop;
    w->handler = o->handler;
    w->ctx = o->ctx;
    w->secret_name = xstrdup(o->secret_name);
    w->secret = xstrdup(o->secret);
    rand_text(w->prefix, PREFIX, RAND_ID);
    w->ws = ws_connect_unix(o->loop, o->path, o->protocol, WIRE_LARGEST, clock_monotonic_ms() + HANDSHAKE_MS, &ws_handler, w, e);
    if (w->ws) return w;
    wire_free(w);
    return NULL;
}

void wire_close(struct wire *w)
{
    if (!w) return;
    drop_all(w);
    w->closed = true;
    if (w->ws) {
        ws_set_context(w->ws, NULL);
        ws_close(w->ws, 1000, "");
    }
    if (!w->depth) wire_free(w);
}

static void too_late(void *arg)
{
    struct request *r = arg;
    struct wire *w = r->wire;
    struct err e = {0};
    for (struct request **at = &w->requests; *at; at = &(*at)->next)
        if (*at == r) {
            *at = r->next;
            break;
        }
    err_set(&e, ERR_DESTINATION, "janus_timeout", "janus did not answer in time");
    w->depth++;
    if (r->done) r->done(r->ctx, NULL, &e);
    free(r);
    leave(w);
}

void wire_request(struct wire *w, json_t *message, enum wire_until until, int64_t deadline_ms, wire_done_fn *done, void *ctx)
{
    char transaction[PREFIX + 24];
    struct request *r = xcalloc(1, sizeof *r);
    *r = (struct request){.next = w->requests, .wire = w, .number = ++w->last, .until = until, .done = done, .ctx = ctx};
    r->deadline = loop_timer_start(w->loop, deadline_ms, too_late, r);
    w->requests = r;
    snprintf(transaction, sizeof transaction, "%s%" PRIu64, w->prefix, r->number);
    json_object_set_new(message, "transaction", json_string(transaction));
    json_object_set_new(message, w->secret_name, json_string(w->secret));
    char *text = json_dumps(message, JSON_COMPACT);
    if (w->ws && text) ws_send(w->ws, text, strlen(text));
    free(text);
    json_decref(message);
}

void wire_forget(struct wire *w, const void *ctx)
{
    if (!w) return;
    for (struct request **at = &w->requests; *at;) {
        if ((*at)->ctx != ctx) at = &(*at)->next;
        else free(unlink_request(at));
    }
}

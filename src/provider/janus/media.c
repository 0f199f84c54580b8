#include "provider/janus/media_inner.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "net/crypto.h"
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CONNECT_EVERY_MS = 5, CONNECT_WITHIN_MS = 10000, PING_EVERY_MS = 1000, PING_WITHIN_MS = 900, PINGS_MISSED = 2 };

static void lost(struct media *m);

/* ---- requests */

void media_derive(const struct media *m, const char *what, const char *subject, char to[65])
{
    char text[256];
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    int n = snprintf(text, sizeof text, "%s:%s", what, subject);
    HMAC(EVP_sha256(), m->api_secret, (int)strlen(m->api_secret), (const unsigned char *)text, (size_t)n, sum, &size);
    hex_text(sum, size, to);
}

void media_request(struct media *m, uint64_t handle, json_t *message, enum wire_until until, wire_done_fn *done, void *ctx)
{
    json_object_set_new(message, "session_id", json_integer((json_int_t)m->session));
    if (handle) json_object_set_new(message, "handle_id", json_integer((json_int_t)handle));
    if (m->api) wire_request(m->api, message, until, REQUEST_MS, done, ctx);
    else json_decref(message);
}

void media_message(struct media *m, uint64_t handle, json_t *body, const char *sdp_type, const char *sdp, wire_done_fn *done, void *ctx)
{
    json_t *message = json_pack("{s:s,s:o}", "janus", "message", "body", body);
    if (sdp) json_object_set_new(message, "jsep", json_pack("{s:s,s:s}", "type", sdp_type, "sdp", sdp));
    media_request(m, handle, message, WIRE_REPLY, done, ctx);
}

void media_attach(struct media *m, const char *opaque_id, wire_done_fn *done, void *ctx)
{
    media_request(m, 0, json_pack("{s:s,s:s,s:s}", "janus", "attach", "plugin", "janus.plugin.videoroom", "opaque_id", opaque_id), WIRE_REPLY, done, ctx);
}

static void ignore(void *ctx, json_t *reply, const struct err *e)
{
    (void)ctx;
    (void)reply;
    (void)e;
}

void media_detach(struct media *m, uint64_t handle)
{
    if (handle) media_request(m, handle, json_pack("{s:s}", "janus", "detach"), WIRE_REPLY, ignore, NULL);
}

void media_give_up(struct media *m, const char *why)
{
    janus_child_kill(m->child, why);
}

/* ---- events */

static struct side *find_side(struct media *m, uint64_t id)
{
    for (struct media_peer *p = m->peers; p && id; p = p->next) {
        if (p->up.id == id) return &p->up;
        if (p->down.id == id) return &p->down;
    }
    return NULL;
}

void media_event(struct media *m, json_t *event)
{
    struct side *s = find_side(m, (uint64_t)json_integer_value(json_object_get(event, "sender")));
    if (s) peer_event(s, event);
}

static void on_event(void *ctx, json_t *event)
{
    struct media *m = ctx;
    if (!strcmp(wire_text(event, "janus"), "timeout")) media_give_up(m, "the session timed out");
    else if (!adopt_hold(m, event)) media_event(m, event);
}

/* An attach whose asker is gone still made a handle. */
static void on_stray(void *ctx, json_t *reply)
{
    struct media *m = ctx;
    uint64_t id = (uint64_t)json_integer_value(json_object_get(json_object_get(reply, "data"), "id"));
    bool attached = id && json_object_get(reply, "session_id") && !json_object_get(reply, "sender");
    if (attached && id != m->control && !find_side(m, id)) media_detach(m, id);
}

static void on_closed(void *ctx)
{
    struct media *m = ctx;
    media_give_up(m, "its connection closed"); /* mostly it is dying already; one that only cut us would keep our handles */
    lost(m);
}

static void on_admin_closed(void *ctx)
{
    struct media *m = ctx;
    struct wire *admin = m->admin;
    m->admin = NULL; /* only adoption needs it */
    wire_close(admin);
    if (m->adoption) media_give_up(m, "its admin connection closed");
}

static const struct wire_handler api_handler = {.on_event = on_event, .on_stray = on_stray, .on_close = on_closed};
static const struct wire_handler admin_handler = {.on_event = on_event, .on_close = on_admin_closed};

/* ---- getting ready */

static void on_pong(void *ctx, json_t *reply, const struct err *e)
{
    struct media *m = ctx;
    (void)reply;
    m->missed_pings = e ? m->missed_pings + 1 : 0;
    if (!e) janus_child_thrives(m->child);
    else if (m->missed_pings >= PINGS_MISSED) media_give_up(m, "it does not answer");
}

static void ping(void *arg)
{
    struct media *m = arg;
    wire_request(m->api, json_pack("{s:s}", "janus", "ping"), WIRE_REPLY, PING_WITHIN_MS, on_pong, m);
}

void media_now_ready(struct media *m)
{
    m->ready = true;
    log_info("janus.ready", LOG_INT("pid", janus_child_pid(m->child)), LOG_INT("after_ms", (clock_monotonic_us() - m->started_us) / 1000),
             LOG_STR("adopted", m->adopted ? "yes" : "no"));
    m->handler->on_ready(m->ctx, m->adopted);
    for (struct media_peer *p = m->peers, *next; p; p = next) {
        next = p->next;
        peer_advance(p);
    }
}

static void on_control(void *ctx, json_t *reply, const struct err *e)
{
    struct media *m = ctx;
    m->control = (uint64_t)json_integer_value(json_object_get(json_object_get(reply, "data"), "id"));
    if (e || !m->control) media_give_up(m, e ? e->text : "attach gave no handle");
    else media_now_ready(m);
}

static void on_session(void *ctx, json_t *reply, const struct err *e)
{
    struct media *m = ctx;
    m->session = (uint64_t)json_integer_value(json_object_get(json_object_get(reply, "data"), "id"));
    if (e || !m->session) media_give_up(m, e ? e->text : "create gave no session");
    else media_attach(m, "roomd.control", on_control, m);
}

void media_new_session(struct media *m)
{
    wire_request(m->api, json_pack("{s:s}", "janus", "create"), WIRE_REPLY, REQUEST_MS, on_session, m);
}

static struct wire *open_wire(struct media *m, bool api, struct err *e)
{
    char path[64];
    struct wire_options o = {.loop = m->loop, .ctx = m};
    o.path = janus_child_socket(m->child, api ? JANUS_API_SOCKET : JANUS_ADMIN_SOCKET, path, sizeof path);
    o.protocol = api ? "janus-protocol" : "janus-admin-protocol";
    o.secret_name = api ? "apisecret" : "admin_secret";
    o.secret = api ? m->api_secret : m->admin_secret;
    o.handler = api ? &api_handler : &admin_handler;
    return wire_open(&o, e);
}

static bool open_wires(struct media *m, struct err *e)
{
    if (!m->api) m->api = open_wire(m, true, e);
    if (m->api && !m->admin) m->admin = open_wire(m, false, e);
    return m->api && m->admin;
}

static void connect_tick(void *arg)
{
    struct media *m = arg;
    struct err e = {0};
    if (!open_wires(m, &e)) {
        if (janus_child_age_ms(m->child) > CONNECT_WITHIN_MS) {
            log_error("janus.unreachable", LOG_STR("why", e.text), LOG_STR("next", "its own log says more; see janus.log in the data folder"));
            media_give_up(m, "its sockets do not answer");
        }
        return;
    }
    loop_timer_stop(m->connect);
    m->connect = NULL;
    m->missed_pings = 0;
    m->ping = loop_timer_every(m->loop, PING_EVERY_MS, ping, m);
    if (m->adopted) adopt_begin(m);
    else media_new_session(m);
}

static void on_start(void *ctx, bool adopted)
{
    struct media *m = ctx;
    m->adopted = adopted;
    m->started_us = clock_monotonic_us();
    m->connect = loop_timer_every(m->loop, CONNECT_EVERY_MS, connect_tick, m);
}

/* ---- losing it */

static void disconnect(struct media *m)
{
    loop_timer_stop(m->connect);
    loop_timer_stop(m->ping);
    m->connect = m->ping = NULL;
    struct wire *api = m->api, *admin = m->admin;
    m->api = m->admin = NULL;
    wire_close(api);
    wire_close(admin);
    m->session = m->control = 0;
}

static void lost(struct media *m)
{
    bool was_ready = m->ready;
    m->ready = false;
    disconnect(m);
    adopt_abort(m);
    rooms_lost(m);
    if (!was_ready) return;
    for (struct media_peer *p = m->peers; p; p = p->next) p->dead = true;
    m->handler->on_lost(m->ctx);
}

static void on_child_exit(void *ctx)
{
    lost(ctx);
}

static const struct janus_child_handler child_handler = {.on_start = on_start, .on_exit = on_child_exit};

/* ---- start, stop */

static struct janus_child *make_child(struct media *m, const struct media_options *o, struct err *e)
{
    struct janus_child_options c = {.loop = o->loop, .program = o->program ? o->program : "janus", .run_dir = o->run_dir, .log_path = o->log_path};
    c.conf = (struct janus_conf){.conf_dir = o->conf_dir,
                                 .api_secret = o->api_secret,
                                 .admin_secret = o->admin_secret,
                                 .room_admin_key = m->admin_key,
                                 .rtp_min = o->rtp_min,
                                 .rtp_max = o->rtp_max,
                                 .nat_1_1 = o->nat_1_1,
                                 .stun = o->stun};
    return janus_child_create(&c, &child_handler, m, e);
}

static void media_free(struct media *m)
{
    free(m->api_secret);
    free(m->admin_secret);
    free(m);
}

struct media *media_start(const struct media_options *o, const struct media_handler *h, void *ctx, struct err *e)
{
    struct media *m = xcalloc(1, sizeof *m);
    *m = (struct media){.loop = o->loop, .handler = h, .ctx = ctx, .bitrate = o->bitrate, .seats = o->seats};
    m->api_secret = xstrdup(o->api_secret);
    m->admin_secret = xstrdup(o->admin_secret);
    media_derive(m, "key", "videoroom", m->admin_key);
    m->child = make_child(m, o, e);
    if (m->child) return m;
    media_free(m);
    return NULL;
}

void media_stop(struct media *m, bool leave_running)
{
    if (!m) return;
    disconnect(m);
    adopt_abort(m);
    while (m->peers) {
        struct media_peer *p = m->peers;
        m->peers = p->next;
        peer_free(p);
    }
    rooms_free(m);
    janus_child_destroy(m->child, leave_running);
    media_free(m);
}

bool media_is_ready(const struct media *m)
{
    return m && m->ready;
}

int media_pid(const struct media *m)
{
    return janus_child_pid(m->child);
}

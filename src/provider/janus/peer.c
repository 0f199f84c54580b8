#include "provider/janus/media_inner.h"
#include "base/arena.h"
#include "base/log.h"
#include "provider/janus/sdp.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RETRY_FIRST_MS = 40, RETRY_MOST_MS = 5000, NO_ROOM = 426, CANDIDATE_LARGEST = 2048 };

static const char *const kinds[] = {"mic", "camera", "screen"};

static void publish_next(struct media_peer *p);

/* ---- life */

struct media_peer *peer_new(struct media *m, const char *room, const char *connection)
{
    struct media_peer *p = xcalloc(1, sizeof *p);
    p->media = m;
    strncpy(p->room, room, sizeof p->room - 1);
    strncpy(p->connection, connection, sizeof p->connection - 1);
    p->up = (struct side){.peer = p, .name = "up"};
    p->down = (struct side){.peer = p, .name = "down"};
    p->next = m->peers;
    return m->peers = p;
}

static void drop_held(struct side *s)
{
    json_decref(s->to_janus);
    json_decref(s->to_page);
    s->to_janus = s->to_page = NULL;
}

void peer_free(struct media_peer *p)
{
    loop_timer_stop(p->retry);
    subscribe_reset(p);
    feeds_release(&p->known);
    feeds_release(&p->taken);
    drop_held(&p->up);
    drop_held(&p->down);
    free(p->next_offer);
    free(p);
}

static void free_later(void *arg)
{
    peer_free(arg);
}

struct media_peer *media_peer_create(struct media *m, const char *room, const char *connection, const struct media_peer_handler *h, void *ctx)
{
    struct media_peer *p = peer_new(m, room, connection);
    media_peer_set_handler(p, h, ctx);
    peer_advance(p);
    return p;
}

void media_peer_set_handler(struct media_peer *p, const struct media_peer_handler *h, void *ctx)
{
    p->handler = h;
    p->ctx = ctx;
}

void media_peer_destroy(struct media_peer *p)
{
    if (!p || p->destroyed) return;
    struct media *m = p->media;
    p->destroyed = true;
    if (!p->dead) {
        wire_forget(m->api, &p->up);
        wire_forget(m->api, &p->down);
        media_detach(m, p->up.id);
        media_detach(m, p->down.id);
    }
    for (struct media_peer **at = &m->peers; *at; at = &(*at)->next)
        if (*at == p) {
            *at = p->next;
            break;
        }
    loop_timer_stop(p->retry);
    p->retry = NULL;
    p->handler = NULL;
    p->dead = true;
    loop_post(m->loop, free_later, p); /* whoever called us back may still look at it */
}

/* ---- steps */

void peer_advance(struct media_peer *p)
{
    struct media *m = p->media;
    if (p->dead || !m->ready) return;
    struct media_room *r = room_get(m, p->room);
    if (r->state != ROOM_READY) room_make(r);
    else if (p->up.state == SIDE_NONE) side_attach(&p->up);
    else if (p->up.state == SIDE_JOINED) {
        publish_next(p);
        subscribe_more(p);
    }
}

static void retry_now(void *arg)
{
    struct media_peer *p = arg;
    p->retry = NULL;
    peer_advance(p);
}

void peer_retry(struct media_peer *p)
{
    if (p->dead || p->retry) return;
    p->retry_ms = p->retry_ms ? p->retry_ms * 2 : RETRY_FIRST_MS;
    if (p->retry_ms > RETRY_MOST_MS) p->retry_ms = RETRY_MOST_MS;
    p->retry = loop_timer_start(p->media->loop, p->retry_ms, retry_now, p);
}

static void tell_hangup(struct side *s, const char *reason)
{
    struct media_peer *p = s->peer;
    if (p->handler && p->handler->on_hangup) p->handler->on_hangup(p->ctx, s->name, reason);
}

static void publish_failed(struct media_peer *p, const char *why)
{
    if (p->handler && p->handler->on_publish_failed) p->handler->on_publish_failed(p->ctx, why);
}

static void side_clear(struct side *s)
{
    struct media_peer *p = s->peer;
    s->state = SIDE_NONE;
    s->id = 0;
    s->janus_ready = s->page_ready = false;
    drop_held(s);
    if (s == &p->down) {
        subscribe_reset(p);
        return;
    }
    bool unanswered = p->publishing && !p->next_offer;
    p->known.count = 0; /* joining tells it anew */
    p->publishing = p->published = false;
    if (unanswered) publish_failed(p, "the media engine dropped the connection; offer again");
}

static void on_detached(void *ctx, json_t *reply, const struct err *e)
{
    struct side *s = ctx;
    (void)reply;
    (void)e;
    side_clear(s);
    if (s->peer->retry_ms) peer_retry(s->peer);
    else peer_advance(s->peer);
}

void side_renew(struct side *s)
{
    struct media *m = s->peer->media;
    if (s->peer->dead || s->state == SIDE_DETACHING) return;
    wire_forget(m->api, s);
    s->state = SIDE_DETACHING;
    media_request(m, s->id, json_pack("{s:s}", "janus", "detach"), WIRE_REPLY, on_detached, s);
}

void side_failed(struct side *s, const char *what, const struct err *e)
{
    struct media_peer *p = s->peer;
    log_warn("janus.peer", LOG_STR("room", p->room), LOG_STR("connection", p->connection), LOG_STR("side", s->name), LOG_STR("what", what),
             LOG_STR("why", e->text));
    if (!p->retry_ms) p->retry_ms = RETRY_FIRST_MS / 2;
    bool page_has_it = s == &p->down && s->page_ready;
    if (s->id) {
        side_renew(s);
    } else {
        side_clear(s);
        peer_retry(p);
    }
    if (page_has_it) tell_hangup(s, "renewed");
}

static void on_joined(void *ctx, json_t *reply, const struct err *e)
{
    struct side *s = ctx;
    struct media_peer *p = s->peer;
    if (e && wire_error_code(reply) == NO_ROOM) room_get(p->media, p->room)->state = ROOM_NONE;
    if (e) {
        side_failed(s, "join", e);
        return;
    }
    s->state = SIDE_JOINED;
    p->retry_ms = 0;
    feeds_announce(&p->known, json_object_get(wire_plugin_data(reply), "publishers"));
    peer_advance(p);
}

static void join_up(struct side *s)
{
    const struct media_peer *p = s->peer;
    json_t *body = json_pack("{s:s,s:s,s:s,s:s,s:s}", "request", "join", "ptype", "publisher", "room", p->room, "id", p->connection, "display", p->connection);
    s->state = SIDE_JOINING;
    media_message(p->media, s->id, body, NULL, NULL, on_joined, s);
}

static void on_attached(void *ctx, json_t *reply, const struct err *e)
{
    struct side *s = ctx;
    s->id = (uint64_t)json_integer_value(json_object_get(json_object_get(reply, "data"), "id"));
    if (e) {
        side_failed(s, "attach", e);
        return;
    }
    s->state = SIDE_ATTACHED;
    if (s == &s->peer->up) join_up(s);
    else subscribe_more(s->peer);
}

void side_attach(struct side *s)
{
    char opaque[2 * ID_ROOM + 8];
    snprintf(opaque, sizeof opaque, "%s.%s.%s", s->peer->room, s->peer->connection, s->name);
    s->state = SIDE_ATTACHING;
    media_attach(s->peer->media, opaque, on_attached, s);
}

/* ---- publishing */

static void moderate(struct media_peer *p, const struct media_track *t, bool muted)
{
    char secret[65];
    room_secret(p->media, p->room, secret);
    json_t *body =
        json_pack("{s:s,s:s,s:s,s:s,s:s,s:b}", "request", "moderate", "room", p->room, "secret", secret, "id", p->connection, "mid", t->mid, "mute", muted);
    media_message(p->media, p->media->control, body, NULL, NULL, NULL, NULL);
}

static int kind_of(const char *kind)
{
    for (int i = 0; i < 3; i++)
        if (!strcmp(kinds[i], kind)) return i;
    return -1;
}

bool media_peer_sends(const struct media_peer *p, const char *kind)
{
    bool sends = false;
    for (size_t i = 0; i < p->count; i++) sends |= !strcmp(p->tracks[i].kind, kind);
    return sends;
}

void media_peer_mute(struct media_peer *p, const char *kind, bool muted)
{
    int k = kind_of(kind);
    unsigned bit = k < 0 ? 0 : 1u << k;
    if (p->dead || !bit || (!muted && !((p->muted | p->unsure) & bit))) return;
    p->muted = muted ? p->muted | bit : p->muted & ~bit;
    p->moderated |= bit;
    p->unsure &= ~bit;
    for (size_t i = 0; i < p->count && p->published; i++)
        if (!strcmp(p->tracks[i].kind, kind)) moderate(p, &p->tracks[i], muted);
}

/* Streams that are new in Janus are not muted there; an m-line that is used again is as it was left. */
static void mute_again(struct media_peer *p)
{
    for (size_t i = 0; i < p->count; i++) {
        int k = kind_of(p->tracks[i].kind);
        if (k >= 0 && p->moderated & 1u << k) moderate(p, &p->tracks[i], p->muted & 1u << k);
    }
}

static void on_published(void *ctx, json_t *reply, const struct err *e)
{
    struct side *s = ctx;
    struct media_peer *p = s->peer;
    const char *sdp = wire_text(json_object_get(reply, "jsep"), "sdp");
    p->publishing = false;
    if (e || !*sdp) {
        log_warn("janus.publish", LOG_STR("room", p->room), LOG_STR("connection", p->connection), LOG_STR("why", e ? e->text : "no answer came with it"));
        publish_failed(p, e ? e->text : "the media engine gave no answer");
        publish_next(p);
        return;
    }
    p->published = true;
    mute_again(p);
    s->janus_ready = true;
    side_flush_to_janus(s);
    if (p->handler && p->handler->on_answer) p->handler->on_answer(p->ctx, sdp);
    side_flush_to_page(s);
    publish_next(p);
}

static json_t *descriptions(const struct media_peer *p)
{
    json_t *list = json_array();
    for (size_t i = 0; i < p->count; i++) json_array_append_new(list, json_pack("{s:s,s:s}", "mid", p->tracks[i].mid, "description", p->tracks[i].kind));
    return list;
}

static void publish(struct media_peer *p, const char *sdp)
{
    json_t *body = json_pack("{s:s}", "request", p->published ? "configure" : "publish");
    p->count = p->next_count;
    memcpy(p->tracks, p->next_tracks, sizeof p->tracks);
    if (p->count) json_object_set_new(body, "descriptions", descriptions(p));
    p->publishing = true;
    media_message(p->media, p->up.id, body, "offer", sdp, on_published, &p->up);
}

/* Another fingerprint is another PeerConnection: it cannot take over the ICE and DTLS of the one before. */
static void publish_next(struct media_peer *p)
{
    char fingerprint[sizeof p->fingerprint];
    if (p->dead || !p->next_offer || p->publishing || p->up.state != SIDE_JOINED) return;
    sdp_fingerprint(p->next_offer, fingerprint, sizeof fingerprint);
    bool another = p->published && strcmp(fingerprint, p->fingerprint);
    memcpy(p->fingerprint, fingerprint, sizeof fingerprint);
    if (another) {
        side_renew(&p->up);
        return;
    }
    char *sdp = p->next_offer;
    p->next_offer = NULL;
    publish(p, sdp);
    free(sdp);
}

void media_peer_publish(struct media_peer *p, const char *sdp, const struct media_track *tracks, size_t count)
{
    struct err e = {0};
    if (p->dead) return;
    if (!sdp_check_offer(sdp, tracks, count, &e)) {
        publish_failed(p, e.text);
        return;
    }
    free(p->next_offer);
    p->next_offer = xstrdup(sdp);
    p->next_count = count;
    memcpy(p->next_tracks, tracks, count * sizeof *tracks);
    peer_advance(p);
}

/* ---- candidates */

static void trickle(struct side *s, json_t *candidate)
{
    media_request(s->peer->media, s->id, json_pack("{s:s,s:O}", "janus", "trickle", "candidate", candidate), WIRE_ACK, NULL, NULL);
}

static void hold(json_t **list, json_t *candidate)
{
    if (!*list) *list = json_array();
    if (json_array_size(*list) < HELD_CANDIDATES) json_array_append(*list, candidate);
}

void side_flush_to_janus(struct side *s)
{
    size_t i;
    json_t *candidate, *list = s->to_janus;
    s->to_janus = NULL;
    json_array_foreach(list, i, candidate) trickle(s, candidate);
    json_decref(list);
}

static void tell_candidate(struct side *s, json_t *candidate)
{
    struct media_peer *p = s->peer;
    char *text = json_is_true(json_object_get(candidate, "completed")) ? xstrdup("null") : json_dumps(candidate, JSON_COMPACT);
    if (text && p->handler && p->handler->on_ice) p->handler->on_ice(p->ctx, s->name, text);
    free(text);
}

void side_flush_to_page(struct side *s)
{
    size_t i;
    json_t *candidate, *list = s->to_page;
    s->to_page = NULL;
    s->page_ready = true;
    json_array_foreach(list, i, candidate) tell_candidate(s, candidate);
    json_decref(list);
}

/* Only the fields that Janus needs; NULL for what is no candidate. */
static json_t *read_candidate(const char *text)
{
    if (strnlen(text, CANDIDATE_LARGEST) == CANDIDATE_LARGEST) return NULL;
    json_t *from = json_loads(text, JSON_DECODE_ANY, NULL), *to = NULL;
    json_t *candidate = json_object_get(from, "candidate"), *mid = json_object_get(from, "sdpMid"), *line = json_object_get(from, "sdpMLineIndex");
    if (json_is_null(from) || (json_is_object(from) && (!candidate || !*wire_text(from, "candidate")))) to = json_pack("{s:b}", "completed", 1);
    else if (json_is_string(candidate)) to = json_pack("{s:O}", "candidate", candidate);
    if (to && json_is_string(mid)) json_object_set(to, "sdpMid", mid);
    if (to && json_is_integer(line)) json_object_set(to, "sdpMLineIndex", line);
    json_decref(from);
    return to;
}

void media_peer_ice(struct media_peer *p, const char *pc, const char *candidate_json)
{
    struct side *s = !strcmp(pc, "up") ? &p->up : !strcmp(pc, "down") ? &p->down : NULL;
    json_t *candidate = s && !p->dead ? read_candidate(candidate_json) : NULL;
    if (!candidate) return;
    if (s->janus_ready) trickle(s, candidate);
    else hold(&s->to_janus, candidate);
    json_decref(candidate);
}

/* ---- events of both sides */

static void up_event(struct media_peer *p, json_t *data)
{
    const char *left = wire_text(data, "leaving"), *unpublished = wire_text(data, "unpublished");
    feeds_announce(&p->known, json_object_get(data, "publishers"));
    if (*left) feeds_remove(&p->known, left);
    if (*unpublished) feeds_remove(&p->known, unpublished);
    subscribe_more(p);
}

static void hung_up(struct side *s, const char *reason)
{
    struct media_peer *p = s->peer;
    if (s->state == SIDE_DETACHING) return;
    if (s == &p->up) {
        p->published = s->janus_ready = s->page_ready = false;
        drop_held(s);
    } else {
        side_renew(s); /* this handle would wait for an answer for good */
    }
    tell_hangup(s, reason);
}

static void side_gone(struct side *s)
{
    struct media_peer *p = s->peer;
    if (s->state == SIDE_DETACHING || p->dead) return;
    wire_forget(p->media->api, s);
    side_clear(s);
    peer_retry(p);
}

void peer_event(struct side *s, json_t *event)
{
    struct media_peer *p = s->peer;
    const char *what = wire_text(event, "janus");
    if (!strcmp(what, "event") && s == &p->up) up_event(p, wire_plugin_data(event));
    else if (!strcmp(what, "event")) subscribe_event(p, event);
    else if (!strcmp(what, "trickle") && s->page_ready) tell_candidate(s, json_object_get(event, "candidate"));
    else if (!strcmp(what, "trickle")) hold(&s->to_page, json_object_get(event, "candidate"));
    else if (!strcmp(what, "webrtcup") && p->handler && p->handler->on_up) p->handler->on_up(p->ctx, s->name);
    else if (!strcmp(what, "hangup")) hung_up(s, wire_text(event, "reason"));
    else if (!strcmp(what, "detached")) side_gone(s);
}

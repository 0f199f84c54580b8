#include "provider/janus/media_inner.h"
#include "base/arena.h"
#include "base/log.h"
#include "provider/janus/sdp.h"
#include <stdlib.h>
#include <string.h>

/* The down side. What there is (`known`, as the up handle hears it) against what we have (`taken`, as Janus lists it): the
 * difference goes into one request. While an offer is at the page nothing is asked: a second one would break the
 * PeerConnection. Whole publishers that go away are taken out by Janus itself, with an offer that comes by itself. */

enum { NO_SUCH_FEED = 428 };

static void on_subscribed(void *ctx, json_t *reply, const struct err *e);

void subscribe_reset(struct media_peer *p)
{
    p->taken.count = 0;
    p->asking = p->answering = false;
    free(p->offer);
    json_decref(p->streams);
    p->offer = NULL;
    p->streams = NULL;
}

static json_t *difference(const struct media_peer *p, bool wanted)
{
    json_t *list = json_array();
    for (size_t i = 0; i < p->known.count; i++) {
        const struct feed *f = &p->known.items[i];
        bool taken = feeds_find(&p->taken, f->connection, f->mid);
        if (!strcmp(f->connection, p->connection) || f->off == wanted || taken == wanted) continue;
        json_array_append_new(list, json_pack("{s:s,s:s}", "feed", f->connection, "mid", f->mid));
    }
    if (json_array_size(list)) return list;
    json_decref(list);
    return NULL;
}

static void join_down(struct media_peer *p, json_t *wanted)
{
    p->down.state = SIDE_JOINING;
    p->asking = true;
    json_t *body = json_pack("{s:s,s:s,s:s,s:o}", "request", "join", "ptype", "subscriber", "room", p->room, "streams", wanted);
    media_message(p->media, p->down.id, body, NULL, NULL, on_subscribed, &p->down);
}

static void update(struct media_peer *p, json_t *wanted, json_t *unwanted)
{
    json_t *body = json_pack("{s:s}", "request", "update");
    if (wanted) json_object_set(body, "subscribe", wanted);
    if (unwanted) json_object_set(body, "unsubscribe", unwanted);
    p->asking = true;
    media_message(p->media, p->down.id, body, NULL, NULL, on_subscribed, &p->down);
}

void subscribe_more(struct media_peer *p)
{
    if (p->dead || !p->media->ready || p->asking || p->offer || p->up.state != SIDE_JOINED) return;
    json_t *wanted = difference(p, true), *unwanted = difference(p, false);
    if (wanted && p->down.state == SIDE_NONE) side_attach(&p->down);
    else if (wanted && p->down.state == SIDE_ATTACHED) join_down(p, json_incref(wanted));
    else if ((wanted || unwanted) && p->down.state == SIDE_JOINED) update(p, wanted, unwanted);
    json_decref(wanted);
    json_decref(unwanted);
}

/* ---- offers to the page */

static struct media_stream stream_of(const struct media_peer *p, json_t *s)
{
    struct media_stream to = {.mid = wire_text(s, "mid"), .kind = feed_kind(s, "feed_description")};
    const char *connection = wire_text(s, "feed_id");
    const struct feed *known = feeds_find(&p->known, connection, wire_text(s, "feed_mid"));
    if (*connection && json_is_true(json_object_get(s, "active")) && known && !known->off) to.connection = connection;
    return to;
}

static void tell_offer(struct media_peer *p)
{
    size_t count = json_array_size(p->streams);
    struct media_stream *streams = xcalloc(count ? count : 1, sizeof *streams);
    for (size_t i = 0; i < count; i++) streams[i] = stream_of(p, json_array_get(p->streams, i));
    if (p->handler && p->handler->on_sub_offer) p->handler->on_sub_offer(p->ctx, p->offer, streams, count);
    free(streams);
    side_flush_to_page(&p->down);
}

static void take_offer(struct media_peer *p, json_t *message)
{
    const char *sdp = wire_text(json_object_get(message, "jsep"), "sdp");
    json_t *streams = json_object_get(wire_plugin_data(message), "streams");
    if (json_is_array(streams)) {
        feeds_from_streams(&p->taken, streams);
        json_decref(p->streams);
        p->streams = json_incref(streams);
    }
    if (!*sdp) return;
    free(p->offer);
    p->offer = xstrdup(sdp);
    tell_offer(p);
}

void subscribe_event(struct media_peer *p, json_t *event)
{
    if (json_object_get(event, "jsep")) take_offer(p, event);
}

/* "No such feed (ID)", "No such mid 'M' in feed (ID)": somebody left between the announcement and our request. */
static bool forget_missing(struct media_peer *p, json_t *reply)
{
    char connection[ID_ROOM];
    const char *at = strrchr(wire_text(wire_plugin_data(reply), "error"), '(');
    size_t n = at ? strcspn(at + 1, ")") : 0;
    if (wire_error_code(reply) != NO_SUCH_FEED || !n || n >= sizeof connection) return false;
    memcpy(connection, at + 1, n);
    connection[n] = 0;
    size_t before = p->known.count;
    feeds_remove(&p->known, connection);
    return p->known.count < before;
}

static void on_subscribed(void *ctx, json_t *reply, const struct err *e)
{
    struct side *s = ctx;
    struct media_peer *p = s->peer;
    bool joining = s->state == SIDE_JOINING;
    p->asking = false;
    if (e && forget_missing(p, reply)) {
        if (joining) s->state = SIDE_ATTACHED;
        subscribe_more(p);
        return;
    }
    if (e) {
        side_failed(s, "subscribe", e);
        return;
    }
    s->state = SIDE_JOINED;
    p->retry_ms = 0;
    take_offer(p, reply);
    subscribe_more(p);
}

/* ---- answers of the page */

static void on_answered(void *ctx, json_t *reply, const struct err *e)
{
    struct side *s = ctx;
    struct media_peer *p = s->peer;
    (void)reply;
    p->answering = false;
    if (e) {
        side_failed(s, "start", e);
        return;
    }
    free(p->offer);
    p->offer = NULL;
    s->janus_ready = true;
    side_flush_to_janus(s);
    subscribe_more(p);
}

void media_peer_sub_answer(struct media_peer *p, const char *sdp)
{
    struct sdp answer;
    struct err e = {0};
    if (p->dead || !p->offer || p->answering || p->down.state != SIDE_JOINED) return;
    if (!sdp_parse(sdp, &answer, &e)) {
        log_warn("janus.peer", LOG_STR("room", p->room), LOG_STR("connection", p->connection), LOG_STR("what", "answer"), LOG_STR("why", e.text));
        return;
    }
    p->answering = true;
    media_message(p->media, p->down.id, json_pack("{s:s}", "request", "start"), "answer", sdp, on_answered, &p->down);
}

void media_peer_offer_again(struct media_peer *p)
{
    if (p->dead || !p->offer || p->answering) return;
    tell_offer(p);
}

void media_peer_renew_down(struct media_peer *p)
{
    if (!p->dead && p->down.state == SIDE_JOINED) side_renew(&p->down);
}

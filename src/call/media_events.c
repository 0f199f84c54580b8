/* media_events.c - what the media engine tells of itself and of a peer's media, passed on to the pages. */
#include "base/metric.h"
#include "call/parts.h"
#include <string.h>

/* ---- what a peer's media tells */

static void on_answer(void *ctx, const char *sdp)
{
    struct peer *p = ctx;
    struct call_answer m = {0};
    SET(&m, call_answer, sdp, sdp);
    SEND(p->caller, answer, &m);
}

static void on_publish_failed(void *ctx, const char *why)
{
    struct peer *p = ctx;
    struct err e;
    err_set(&e, ERR_DESTINATION, "media_unavailable", "%s", why);
    if (p->caller) message_error(p->caller, &e, "publish");
}

static void on_sub_offer(void *ctx, const char *sdp, const struct media_stream *streams, size_t count)
{
    struct peer *p = ctx;
    struct call_sub_offer m = {0};
    struct call_stream *list = arena_array(&p->room->hub->arena, struct call_stream, count + 1);
    for (size_t i = 0; i < count; i++) {
        int kind = streams[i].kind ? enumeration_find(&track_kind_words, streams[i].kind) : -1;
        SET(&list[i], call_stream, mid, streams[i].mid);
        if (!streams[i].connection || kind < 0) continue;
        SET(&list[i], call_stream, connection, streams[i].connection);
        SET(&list[i], call_stream, kind, kind);
    }
    SET(&m, call_sub_offer, sdp, sdp);
    SET(&m, call_sub_offer, streams, ((struct list){list, count}));
    SEND(p->caller, sub_offer, &m);
    arena_reset(&p->room->hub->arena);
}

static void on_ice(void *ctx, const char *pc, const char *candidate)
{
    struct peer *p = ctx;
    struct call_ice m = {0};
    SET(&m, call_ice, pc, enumeration_find(&peer_connection_words, pc));
    if (strcmp(candidate, "null") != 0) SET(&m, call_ice, candidate, candidate);
    SEND(p->caller, ice, &m);
}

static void set_sending(struct peer *p, const char *pc, bool sending)
{
    if (strcmp(pc, "up") != 0) return;
    usage_count(p);
    p->sending = sending;
}

static void on_up(void *ctx, const char *pc)
{
    struct peer *p = ctx;
    set_sending(p, pc, true);
    log_debug("call.media_up", LOG_STR("connection", p->connection), LOG_STR("pc", pc));
}

static void on_hangup(void *ctx, const char *pc, const char *reason)
{
    struct peer *p = ctx; /* the page sees it too, and asks for a media_restart */
    set_sending(p, pc, false);
    log_info("call.media_hangup", LOG_STR("connection", p->connection), LOG_STR("pc", pc), LOG_STR("reason", reason));
}

const struct media_peer_handler peer_media_handler = {on_answer, on_publish_failed, on_sub_offer, on_ice, on_up, on_hangup};

/* ---- what the media engine tells */

static void each_peer(struct hub *h, void (*fn)(struct peer *p))
{
    for (struct room *r = h->rooms; r; r = r->next)
        for (struct peer *p = r->peers; p; p = p->next) fn(p);
}

static void lose_media(struct peer *p)
{
    if (p->room->elsewhere) return;
    peer_stop_media(p);
    SEND(p->caller, media_lost, &(struct call_media_lost){0});
}

static void offer_media(struct peer *p)
{
    if (p->media || !p->caller || p->room->elsewhere) return;
    peer_start_media(p);
    SEND(p->caller, media_ready, &(struct call_media_ready){0});
}

static void on_lost(void *ctx)
{
    struct hub *h = ctx;
    log_warn("media.lost");
    metric_add(media_restarts_total, 1);
    metric_set(media_up, 0);
    h->media_ready = false;
    each_peer(h, lose_media);
}

static void on_ready(void *ctx, bool adopted)
{
    struct hub *h = ctx;
    log_info("media.ready", LOG_INT("adopted", adopted), LOG_INT("pid", media_pid(h->media)));
    metric_set(media_up, 1);
    h->media_ready = true;
    recorder_take_up(h, 0);
    each_peer(h, offer_media);
    door_open(h);
}

static bool on_adopt(void *ctx, struct media_peer *media, const char *room, const char *connection)
{
    struct hub *h = ctx;
    struct peer *p = peer_find(h, connection);
    if (!p || p->media || strcmp(p->room->session.room_name, room) != 0) return false;
    p->media = media;
    set_sending(p, "up", true);
    media_peer_set_handler(media, &peer_media_handler, p);
    for (int k = 0; k < TRACKS; k++) p->tracks[k].there = media_peer_sends(media, track_kind_words.words[k]); /* what is muted the page says when it is back */
    p->host_muted[track_kind_screen] = !p->screenshare;
    if (!p->screenshare) media_peer_mute(media, track_kind_words.words[track_kind_screen], true);
    log_info("call.media_adopted", LOG_STR("connection", connection));
    return true;
}

const struct media_handler media_handler = {on_ready, on_lost, on_adopt, recorder_wants};

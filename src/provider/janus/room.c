#include "provider/janus/media_inner.h"
#include "base/arena.h"
#include "base/log.h"
#include <stdlib.h>
#include <string.h>

enum { NO_SUCH_ROOM = 426, ROOM_EXISTS = 427 };

static void follow(struct media_room *r);

void room_secret(const struct media *m, const char *name, char to[65])
{
    media_derive(m, "room", name, to);
}

static json_t *request(const struct media_room *r, const char *verb)
{
    char secret[65];
    room_secret(r->media, r->name, secret);
    return json_pack("{s:s,s:s,s:s}", "request", verb, "room", r->name, "secret", secret);
}

static void ask(struct media_room *r, json_t *body, wire_done_fn *done)
{
    media_message(r->media, r->media->control, body, NULL, NULL, done, r);
}

static struct media_room *find(struct media *m, const char *name)
{
    for (struct media_room *r = m->rooms; r; r = r->next)
        if (!strcmp(r->name, name)) return r;
    return NULL;
}

struct media_room *room_get(struct media *m, const char *name)
{
    struct media_room *r = find(m, name);
    if (r) return r;
    r = xcalloc(1, sizeof *r);
    r->media = m;
    r->next = m->rooms;
    strncpy(r->name, name, sizeof r->name - 1);
    return m->rooms = r;
}

/* Who is told may close the room: it is not looked at any more, here or in the caller. */
static void tell_waiters(struct media_room *r, const struct err *e)
{
    struct record_waiter *list = r->waiters;
    r->waiters = NULL;
    for (struct record_waiter *w = list, *next; w; w = next) {
        next = w->next;
        if (w->done) w->done(w->ctx, e);
        free(w);
    }
}

static void room_free(struct media_room *r)
{
    free(r->want_dir);
    free(r->have_dir);
    free(r);
}

static void forget(struct media_room *r)
{
    struct media_room **at = &r->media->rooms;
    while (*at != r) at = &(*at)->next;
    *at = r->next;
    room_free(r);
}

static void set(char **to, const char *from)
{
    char *fresh = from ? xstrdup(from) : NULL;
    free(*to);
    *to = fresh;
}

static bool same(const char *a, const char *b)
{
    return a == b || (a && b && !strcmp(a, b));
}

static void advance_peers(struct media_room *r)
{
    for (struct media_peer *p = r->media->peers, *next; p; p = next) {
        next = p->next;
        if (!strcmp(p->room, r->name)) peer_advance(p);
    }
}

static void retry_peers(struct media_room *r)
{
    for (struct media_peer *p = r->media->peers; p; p = p->next)
        if (!strcmp(p->room, r->name)) peer_retry(p);
}

/* ---- destroy */

static bool has_peers(const struct media_room *r)
{
    for (struct media_peer *p = r->media->peers; p; p = p->next)
        if (!p->dead && !strcmp(p->room, r->name)) return true;
    return false;
}

static void on_destroyed(void *ctx, json_t *reply, const struct err *e)
{
    struct media_room *r = ctx;
    if (e && wire_error_code(reply) != NO_SUCH_ROOM) log_warn("janus.room_not_closed", LOG_STR("room", r->name), LOG_STR("why", e->text));
    r->state = ROOM_NONE;
    r->closed = false;
    struct media_room told = {.waiters = r->waiters}; /* who asked meanwhile: as in a room that is not there */
    r->waiters = NULL;
    if (has_peers(r) || r->want_dir) advance_peers(r);
    else forget(r);
    tell_waiters(&told, NULL);
}

static void destroy(struct media_room *r)
{
    r->state = ROOM_CLOSING;
    ask(r, request(r, "destroy"), on_destroyed);
}

void media_room_close(struct media *m, const char *name)
{
    struct media_room *r = find(m, name);
    if (!r) return;
    set(&r->want_dir, NULL);
    set(&r->have_dir, NULL);
    struct media_room told = {.waiters = r->waiters};
    r->waiters = NULL;
    if (r->state == ROOM_NONE) forget(r);
    else if (r->state == ROOM_READY && !r->switching) destroy(r);
    else r->closed = r->state != ROOM_CLOSING;
    tell_waiters(&told, NULL);
}

/* ---- create */

static void on_made(void *ctx, json_t *reply, const struct err *e)
{
    struct media_room *r = ctx;
    bool exists = wire_error_code(reply) == ROOM_EXISTS;
    if (e && !exists) {
        log_warn("janus.room_not_made", LOG_STR("room", r->name), LOG_STR("why", e->text));
        r->state = ROOM_NONE;
        retry_peers(r);
        tell_waiters(r, e);
        return;
    }
    r->state = ROOM_READY;
    if (exists) set(&r->have_dir, ""); /* where it records is unknown: off first, so that nobody is recorded unasked */
    if (r->closed) {
        destroy(r);
        return;
    }
    follow(r);
    advance_peers(r);
}

void room_make(struct media_room *r)
{
    const struct media *m = r->media;
    if (r->state != ROOM_NONE) return;
    json_t *body = request(r, "create");
    json_t *rest = json_pack("{s:s,s:i,s:i,s:b,s:b,s:b,s:b,s:b,s:s,s:s,s:b,s:b}", "admin_key", m->admin_key, "publishers", m->seats, "bitrate", m->bitrate,
                             "bitrate_cap", 1, "is_private", 1, "notify_joining", 0, "lock_record", 1, "record", r->want_dir != NULL, "audiocodec", "opus",
                             "videocodec", "vp8", "opus_fec", 1, "opus_dtx", 0);
    if (r->want_dir) json_object_set_new(rest, "rec_dir", json_string(r->want_dir));
    json_object_update(body, rest);
    json_decref(rest);
    set(&r->have_dir, r->want_dir);
    r->state = ROOM_MAKING;
    ask(r, body, on_made);
}

/* ---- recording: off, other folder, on. Janus takes a folder only for files that it opens later. */

static void settled(struct media_room *r, const struct err *e)
{
    r->switching = false;
    if (e) log_error("janus.recording", LOG_STR("room", r->name), LOG_STR("why", e->text));
    if (r->closed) destroy(r);
    else if (e) tell_waiters(r, e);
    else follow(r);
}

static void on_recording(void *ctx, json_t *reply, const struct err *e)
{
    (void)reply;
    settled(ctx, e);
}

static void record(struct media_room *r, bool on)
{
    json_t *body = request(r, "enable_recording");
    json_object_set_new(body, "record", json_boolean(on));
    if (!on) set(&r->have_dir, NULL);
    ask(r, body, on_recording);
}

static void on_edited(void *ctx, json_t *reply, const struct err *e)
{
    struct media_room *r = ctx;
    (void)reply;
    if (e) set(&r->have_dir, NULL);
    if (e) settled(r, e);
    else record(r, true);
}

static void follow(struct media_room *r)
{
    if (r->state != ROOM_READY || r->switching) return;
    if (same(r->want_dir, r->have_dir)) {
        tell_waiters(r, NULL);
        return;
    }
    r->switching = true;
    if (r->have_dir || !r->want_dir) {
        record(r, false);
        return;
    }
    set(&r->have_dir, r->want_dir);
    json_t *body = request(r, "edit");
    json_object_set_new(body, "new_rec_dir", json_string(r->want_dir));
    ask(r, body, on_edited);
}

void media_room_record(struct media *m, const char *name, const char *dir, void (*done)(void *, const struct err *), void *ctx)
{
    struct err e = {0};
    char *real = dir ? realpath(dir, NULL) : NULL; /* Janus runs in another folder */
    if (dir && !real) {
        err_sys(&e, ERR_INTERNAL, "record_dir", "recording folder \"%s\" cannot be used", dir);
        if (done) done(ctx, &e);
        return;
    }
    struct media_room *r = room_get(m, name);
    struct record_waiter *w = xcalloc(1, sizeof *w);
    set(&r->want_dir, real);
    free(real);
    *w = (struct record_waiter){.done = done, .ctx = ctx};
    struct record_waiter **at = &r->waiters;
    while (*at) at = &(*at)->next;
    *at = w;
    if (r->state == ROOM_NONE) tell_waiters(r, NULL); /* it will be made so */
    else follow(r);
}

/* ---- coming and going of Janus */

void room_adopt(struct media *m, json_t *listed)
{
    struct media_room *r = room_get(m, wire_text(listed, "room"));
    r->state = ROOM_READY;
    if (!json_is_true(json_object_get(listed, "record"))) return;
    set(&r->have_dir, wire_text(listed, "rec_dir"));
    if (!r->want_dir) set(&r->want_dir, r->have_dir);
}

/* Whoever ran before us may have died between the wish to stop and Janus. */
void rooms_hand_over(struct media *m)
{
    for (struct media_room *r = m->rooms, *next; r; r = next) {
        next = r->next;
        if (r->have_dir && m->handler->on_adopt_recording && !m->handler->on_adopt_recording(m->ctx, r->name)) media_room_record(m, r->name, NULL, NULL, NULL);
    }
}

void rooms_lost(struct media *m)
{
    for (struct media_room *r = m->rooms, *next; r; r = next) {
        next = r->next;
        r->state = ROOM_NONE;
        r->switching = r->closed = false;
        set(&r->have_dir, NULL);
        tell_waiters(r, NULL); /* what is wanted is kept and holds as soon as the room is made again */
    }
}

void rooms_free(struct media *m)
{
    while (m->rooms) {
        struct media_room *r = m->rooms;
        m->rooms = r->next;
        tell_waiters(r, NULL);
        room_free(r);
    }
}

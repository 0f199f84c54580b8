#include "provider/janus/media_inner.h"
#include "base/arena.h"
#include "base/log.h"
#include "provider/janus/sdp.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Taking over a Janus that our forerunner left running: find its session by the admin API, claim it, then read who owns which
 * handle (opaque ids), what is published and who is subscribed to what. It is read after the claim: from then on what
 * changes comes as events, which are held until their owners are known. */

struct probe {
    struct probe *next;
    struct media *media;
    uint64_t id;
};

struct adoption {
    json_t *held;
    struct probe *probes; /* contexts of requests under way: theirs is the adoption's life */
    size_t pending;
    json_t *sessions;
    uint64_t best;
    size_t best_handles;
    struct feeds streams; /* of all publishers; `off` where the page's offer says that nothing is sent */
};

static void admin(struct media *m, const char *verb, uint64_t session, uint64_t handle, wire_done_fn *done, void *ctx)
{
    json_t *message = json_pack("{s:s}", "janus", verb);
    if (session) json_object_set_new(message, "session_id", json_integer((json_int_t)session));
    if (handle) json_object_set_new(message, "handle_id", json_integer((json_int_t)handle));
    wire_request(m->admin, message, WIRE_REPLY, REQUEST_MS, done, ctx);
}

static struct probe *probe(struct media *m, uint64_t id)
{
    struct probe *x = xcalloc(1, sizeof *x);
    *x = (struct probe){.next = m->adoption->probes, .media = m, .id = id};
    m->adoption->pending++;
    return m->adoption->probes = x;
}

static void adoption_free(struct adoption *a)
{
    while (a->probes) {
        struct probe *x = a->probes;
        a->probes = x->next;
        free(x);
    }
    feeds_release(&a->streams);
    json_decref(a->held);
    json_decref(a->sessions);
    free(a);
}

bool adopt_hold(struct media *m, json_t *event)
{
    if (m->adoption) json_array_append(m->adoption->held, event);
    return m->adoption;
}

void adopt_abort(struct media *m)
{
    if (!m->adoption) return;
    adoption_free(m->adoption);
    m->adoption = NULL;
    for (struct media_peer **at = &m->peers; *at;) {
        struct media_peer *p = *at;
        if (!p->found) at = &p->next;
        else *at = p->next, peer_free(p);
    }
}

static void fail(struct media *m, const char *step, const struct err *e)
{
    log_warn("janus.not_adopted", LOG_STR("step", step), LOG_STR("why", e->text));
    media_give_up(m, "it cannot be taken over");
}

static void start_fresh(struct media *m)
{
    adopt_abort(m);
    m->session = 0;
    media_new_session(m);
}

/* ---- the last step: hand over */

static void hand_over(struct media *m)
{
    for (struct media_peer *p = m->peers, *next; p; p = next) {
        next = p->next;
        if (!p->found) continue;
        p->found = false;
        if (!m->handler->on_adopt || !m->handler->on_adopt(m->ctx, p, p->room, p->connection)) media_peer_destroy(p);
    }
}

static void finish(struct media *m)
{
    struct adoption *a = m->adoption;
    size_t i;
    json_t *event;
    m->adoption = NULL;
    hand_over(m);
    rooms_hand_over(m);
    media_now_ready(m);
    json_array_foreach(a->held, i, event) media_event(m, event);
    adoption_free(a);
}

static bool last(struct media *m)
{
    return --m->adoption->pending == 0;
}

/* ---- who is publishing (a handle whose ICE is still under way is not: an event will tell) */

static void know(struct media *m, const struct media_peer *publisher)
{
    const struct feeds *streams = &m->adoption->streams;
    for (struct media_peer *p = m->peers; p; p = p->next) {
        if (p == publisher || !p->found || strcmp(p->room, publisher->room)) continue;
        for (size_t i = 0; i < streams->count; i++) {
            const struct feed *f = &streams->items[i];
            if (!strcmp(f->connection, publisher->connection)) feeds_add(&p->known, f->connection, f->mid, f->kind, f->off);
        }
    }
}

static void on_participants(void *ctx, json_t *reply, const struct err *e)
{
    struct media *m = ((struct probe *)ctx)->media;
    json_t *data = wire_plugin_data(reply), *x;
    size_t i;
    if (e) log_warn("janus.participants", LOG_STR("why", e->text));
    json_array_foreach(json_object_get(data, "participants"), i, x)
    {
        for (struct media_peer *p = m->peers; p && json_is_true(json_object_get(x, "publisher")); p = p->next)
            if (p->found && !strcmp(p->room, wire_text(data, "room")) && !strcmp(p->connection, wire_text(x, "id"))) know(m, p);
    }
    if (last(m)) finish(m);
}

static bool first_of_room(const struct media *m, const struct media_peer *p)
{
    for (const struct media_peer *q = m->peers; q != p; q = q->next)
        if (q->found && !strcmp(q->room, p->room)) return false;
    return p->found;
}

static void ask_participants(struct media *m)
{
    m->adoption->pending = 1;
    for (struct media_peer *p = m->peers; p; p = p->next)
        if (first_of_room(m, p))
            media_message(m, m->control, json_pack("{s:s,s:s}", "request", "listparticipants", "room", p->room), NULL, NULL, on_participants, probe(m, 0));
    if (last(m)) finish(m);
}

/* ---- handles */

static struct media_peer *owner(struct media *m, const char *room, const char *connection)
{
    for (struct media_peer *p = m->peers; p; p = p->next)
        if (p->found && !strcmp(p->room, room) && !strcmp(p->connection, connection)) return p;
    struct media_peer *p = peer_new(m, room, connection);
    p->found = true;
    return p;
}

/* "<room>.<connection>.<side>" */
static struct side *side_of(struct media *m, const char *opaque)
{
    char room[ID_ROOM], connection[ID_ROOM], name[8];
    if (sscanf(opaque, "%64[^.].%64[^.].%7s", room, connection, name) != 3) return NULL;
    bool up = !strcmp(name, "up");
    if (!up && strcmp(name, "down")) return NULL;
    struct media_peer *p = owner(m, room, connection);
    return up ? &p->up : &p->down;
}

/* Janus lists m-lines that stopped sending (a screen that was shared) like the others; the page's last offer tells them apart. */
static bool sends(const struct sdp *offer, const char *mid)
{
    for (size_t i = 0; i < offer->count; i++)
        if (!strcmp(offer->lines[i].mid, mid)) return sdp_line_sends(&offer->lines[i]);
    return !offer->count;
}

static void read_stream(struct media_peer *p, json_t *stream, const struct sdp *offer)
{
    const char *mid = wire_text(stream, "mid"), *kind = feed_kind(stream, "description");
    bool off = !sends(offer, mid);
    feeds_add(&p->media->adoption->streams, p->connection, mid, kind, off);
    if (off || p->count == TRACKS) return;
    struct media_track *t = &p->tracks[p->count++];
    strncpy(t->mid, mid, sizeof t->mid - 1);
    strncpy(t->kind, kind, sizeof t->kind - 1);
}

static void read_up(struct media_peer *p, json_t *plugin, json_t *sdps)
{
    const char *remote = wire_text(sdps, "remote");
    json_t *stream, *streams = json_object_get(plugin, "streams");
    struct sdp offer;
    size_t i;
    if (!sdp_parse(remote, &offer, NULL)) offer.count = 0;
    json_array_foreach(streams, i, stream) read_stream(p, stream, &offer);
    p->published = p->up.janus_ready = json_array_size(streams) > 0;
    p->up.page_ready = true;
    p->unsure = ~0u;
    sdp_fingerprint(remote, p->fingerprint, sizeof p->fingerprint);
}

/* An offer that was out when roomd died is offered again: the page may have seen it or not, answering it twice does no harm. */
static void read_down(struct media_peer *p, json_t *plugin, json_t *sdps)
{
    const char *offer = wire_text(sdps, "local");
    p->streams = json_incref(json_object_get(plugin, "streams"));
    feeds_from_streams(&p->taken, p->streams);
    p->down.page_ready = true;
    p->down.janus_ready = *wire_text(sdps, "remote");
    if (json_is_true(json_object_get(plugin, "answered"))) return;
    if (*offer && json_array_size(p->streams)) p->offer = xstrdup(offer);
    else side_renew(&p->down);
}

static void read_handle(struct media *m, uint64_t id, json_t *info)
{
    json_t *plugin = json_object_get(info, "plugin_specific"), *sdps = json_object_get(info, "sdps");
    const char *type = wire_text(plugin, "type");
    struct side *s = *wire_text(plugin, "room") ? side_of(m, wire_text(info, "opaque_id")) : NULL;
    bool fits = s && !s->id && !strcmp(type, s == &s->peer->up ? "publisher" : "subscriber");
    if (!fits) {
        media_detach(m, id);
        return;
    }
    s->id = id;
    s->state = SIDE_JOINED;
    if (s == &s->peer->up) read_up(s->peer, plugin, sdps);
    else read_down(s->peer, plugin, sdps);
}

static void on_info(void *ctx, json_t *reply, const struct err *e)
{
    struct probe *x = ctx;
    if (!e) read_handle(x->media, x->id, json_object_get(reply, "info"));
    if (last(x->media)) ask_participants(x->media);
}

static void on_handles(void *ctx, json_t *reply, const struct err *e)
{
    struct media *m = ctx;
    size_t i;
    json_t *id;
    if (e) {
        fail(m, "list_handles", e);
        return;
    }
    m->adoption->pending = 1;
    json_array_foreach(json_object_get(reply, "handles"), i, id)
    {
        uint64_t handle = (uint64_t)json_integer_value(id);
        if (handle != m->control) admin(m, "handle_info", m->session, handle, on_info, probe(m, handle));
    }
    if (last(m)) ask_participants(m);
}

/* ---- the session */

static void on_rooms(void *ctx, json_t *reply, const struct err *e)
{
    struct media *m = ctx;
    size_t i;
    json_t *room;
    if (e) {
        fail(m, "list", e);
        return;
    }
    json_array_foreach(json_object_get(wire_plugin_data(reply), "list"), i, room) room_adopt(m, room);
    admin(m, "list_handles", m->session, 0, on_handles, m);
}

static void on_control(void *ctx, json_t *reply, const struct err *e)
{
    struct media *m = ctx;
    m->control = (uint64_t)json_integer_value(json_object_get(json_object_get(reply, "data"), "id"));
    if (e) fail(m, "attach", e);
    else media_message(m, m->control, json_pack("{s:s,s:s}", "request", "list", "admin_key", m->admin_key), NULL, NULL, on_rooms, m);
}

static void on_claimed(void *ctx, json_t *reply, const struct err *e)
{
    struct media *m = ctx;
    (void)reply;
    if (e) start_fresh(m); /* its time had run out */
    else media_attach(m, "roomd.control", on_control, m);
}

static void claim_best(struct media *m)
{
    const struct adoption *a = m->adoption;
    size_t i;
    json_t *id;
    json_array_foreach(a->sessions, i, id)
    {
        uint64_t session = (uint64_t)json_integer_value(id);
        if (session != a->best) admin(m, "destroy_session", session, 0, NULL, NULL);
    }
    if (!a->best) {
        start_fresh(m);
        return;
    }
    m->session = a->best;
    media_request(m, 0, json_pack("{s:s}", "janus", "claim"), WIRE_REPLY, on_claimed, m);
}

static void on_counted(void *ctx, json_t *reply, const struct err *e)
{
    struct probe *x = ctx;
    struct adoption *a = x->media->adoption;
    size_t handles = json_array_size(json_object_get(reply, "handles"));
    if (!e && (!a->best || handles > a->best_handles)) {
        a->best = x->id;
        a->best_handles = handles;
    }
    if (last(x->media)) claim_best(x->media);
}

static void on_sessions(void *ctx, json_t *reply, const struct err *e)
{
    struct media *m = ctx;
    size_t i;
    json_t *id;
    if (e) {
        fail(m, "list_sessions", e); /* other secrets: not ours */
        return;
    }
    m->adoption->sessions = json_incref(json_object_get(reply, "sessions"));
    m->adoption->pending = 1;
    json_array_foreach(m->adoption->sessions, i, id)
    {
        uint64_t session = (uint64_t)json_integer_value(id);
        admin(m, "list_handles", session, 0, on_counted, probe(m, session));
    }
    if (last(m)) claim_best(m);
}

void adopt_begin(struct media *m)
{
    m->adoption = xcalloc(1, sizeof *m->adoption);
    m->adoption->held = json_array();
    admin(m, "list_sessions", 0, 0, on_sessions, m);
}

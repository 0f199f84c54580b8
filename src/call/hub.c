#include "base/clock.h"
#include "base/metric.h"
#include "base/pool.h"
#include "call/parts.h"
#include "core/errand.h"
#include "core/idempotency.h"
#include "core/terms.h"
#include <stdlib.h>
#include <string.h>

enum { TICK_MS = 1000, ASKERS = 4, ALIVE_TICKS = 2, DISK_TICKS = 5, USAGE_TICKS = 10, SETTLE_TICKS = 3, AUDIT_TICKS = 60 };

/* ---- rooms */

struct room *room_find(struct hub *h, int64_t session_id)
{
    for (struct room *r = h->rooms; r; r = r->next)
        if (r->session_id == session_id) return r;
    return NULL;
}

static void read_recording(struct room *r)
{
    struct scope s = hub_scope(r->hub, &r->arena, 0);
    struct recording rec;
    struct err e;
    r->recorded = recording_running(&s, r->session_id, &rec, &e) == DB_ROW;
    if (r->recorded) r->recording = (enum recording_status)rec.status;
}

static bool read_room(struct room *r)
{
    struct err e;
    arena_reset(&r->arena);
    struct scope s = hub_scope(r->hub, &r->arena, 0);
    if (session_by_id(&s, r->session_id, &r->session, &e) != DB_ROW) return false;
    r->elsewhere = is_elsewhere(r->hub, &r->session);
    read_recording(r);
    return true;
}

struct room *room_open(struct hub *h, const struct session *session)
{
    struct room *r = room_find(h, session->id);
    if (r) return r;
    r = xcalloc(1, sizeof *r);
    *r = (struct room){.hub = h, .next = h->rooms, .session_id = session->id};
    arena_init(&r->arena);
    h->rooms = r;
    read_room(r);
    if (r->elsewhere) outside_show(r);
    return r;
}

void room_refresh(struct room *r)
{
    if (read_room(r)) tell_room(r);
}

static struct peer *first_outside(const struct room *r)
{
    struct peer *p = r->peers;
    while (p && !p->outside) p = p->next;
    return p;
}

static bool has_pages(const struct room *r)
{
    for (const struct peer *p = r->peers; p; p = p->next)
        if (!p->outside) return true;
    return false;
}

static void unlink_peer(struct peer *p);

/* Who is in by another client alone needs no room here. */
static void room_forget_if_empty(struct room *r)
{
    if (has_pages(r)) return;
    for (struct peer *p; (p = first_outside(r));) {
        unlink_peer(p);
        free(p->name);
        free(p);
    }
    for (struct room **at = &r->hub->rooms; *at; at = &(*at)->next)
        if (*at == r) {
            *at = r->next;
            break;
        }
    if (!r->recorded && !r->elsewhere && r->hub->media) media_room_close(r->hub->media, r->session.room_name);
    arena_release(&r->arena);
    free(r);
}

void count_people(struct hub *h)
{
    int64_t people = 0, rooms = 0;
    for (struct room *r = h->rooms; r; r = r->next, rooms++)
        for (struct peer *p = r->peers; p; p = p->next) people++;
    metric_set(call_connections, people);
    metric_set(call_rooms, rooms);
}

/* ---- peers */

struct peer *peer_in(struct room *r, const char *connection)
{
    for (struct peer *p = r->peers; p; p = p->next)
        if (!strcmp(p->connection, connection)) return p;
    return NULL;
}

struct peer *peer_find(struct hub *h, const char *connection)
{
    struct peer *p = NULL;
    for (struct room *r = h->rooms; r && !p; r = r->next) p = peer_in(r, connection);
    return p;
}

struct peer *peer_add(struct room *r, const struct span *span, const struct participant *person, const struct join_pass *pass)
{
    struct peer *p = xcalloc(1, sizeof *p), **end = &r->peers;
    *p = (struct peer){.room = r, .participant_id = person->id, .user_id = HAS(person, participant, user_id) ? person->user_id : 0, .joined_at = span->joined_at, .token_id = pass->token_id,
                       .name = xstrdup(person->name), .role = (enum participant_role)person->role, .screenshare = person->screenshare,
                       .consented = HAS(person, participant, consented_at)};
    snprintf(p->connection, sizeof p->connection, "%s", span->connection);
    usage_begin(p, NULL);
    while (*end) end = &(*end)->next;
    *end = p;
    return p;
}

void peer_start_media(struct peer *p)
{
    if (p->room->elsewhere) elsewhere_grant(p);
    else if (!p->media && media_is_ready(p->room->hub->media)) p->media = media_peer_create(p->room->hub->media, p->room->session.room_name, p->connection, &peer_media_handler, p);
}

void peer_stop_media(struct peer *p)
{
    usage_count(p);
    p->sending = false;
    media_peer_destroy(p->media);
    p->media = NULL;
}

void peer_set_away(struct peer *p)
{
    p->away_since = clock_now_ms();
    p->away_until = clock_monotonic_ms() + core_config(p->room->hub->core)->RECONNECT_SECONDS * 1000;
}

void peer_detach_caller(struct peer *p)
{
    usage_count(p);
    if (p->caller) p->caller->peer = NULL;
    p->caller = NULL;
}

static void unlink_peer(struct peer *p)
{
    for (struct peer **at = &p->room->peers; *at; at = &(*at)->next)
        if (*at == p) {
            *at = p->next;
            break;
        }
}

void peer_remove(struct peer *p, const char *reason, int64_t at, const char *over, const char *message)
{
    struct room *r = p->room;
    struct caller *c = p->caller;
    struct call_peer_left m = {0};
    peer_stop_media(p);
    stay_close(r->hub, p->connection, reason, at, &p->use);
    if (r->elsewhere && strcmp(reason, "replaced") != 0) elsewhere_cut(p); /* a newcomer of the same name puts the older one out by itself */
    log_info("call.left", LOG_INT("session", r->session_id), LOG_STR("connection", p->connection), LOG_STR("reason", reason));
    unlink_peer(p);
    SET(&m, call_peer_left, connection, p->connection);
    SET(&m, call_peer_left, reason, reason);
    message_broadcast(r, NULL, "peer_left", &call_peer_left_model, &m);
    peer_detach_caller(p);
    if (c && over) caller_end(c, over, message);
    free(p->name);
    free(p);
    count_people(r->hub);
    room_forget_if_empty(r);
}

void peer_forget(struct peer *p)
{
    struct room *r = p->room;
    peer_stop_media(p);
    peer_detach_caller(p);
    unlink_peer(p);
    free(p->name);
    free(p);
    count_people(r->hub);
    room_forget_if_empty(r);
}

/* ---- WebSockets */

void caller_release(struct caller *c)
{
    if (--c->references) return;
    free(c->token);
    free(c->connection);
    free(c->waiting_name);
    free(c);
}

void caller_end(struct caller *c, const char *reason, const char *message)
{
    struct call_over m = {0};
    if (!c->ws) return;
    SET(&m, call_over, reason, reason);
    SET(&m, call_over, message, message);
    SEND(c, over, &m);
    ws_close(c->ws, 4001, reason);
}

static void on_text(struct ws *ws, const char *text, size_t size, void *ctx)
{
    (void)ws;
    message_receive(ctx, text, size);
}

static void on_close(struct ws *ws, int code, void *ctx)
{
    struct caller *c = ctx;
    struct hub *h = c->hub;
    struct peer *p = c->peer;
    (void)ws;
    c->ws = NULL;
    for (struct caller **at = &h->callers; *at; at = &(*at)->next)
        if (*at == c) {
            *at = c->next;
            break;
        }
    if (c->waiting[0]) knock_gone(c);
    if (p && !h->stopping) {
        peer_detach_caller(p);
        peer_set_away(p);
        if (code == 1001) peer_remove(p, "left", 0, NULL, NULL); /* the tab was closed */
        else tell_person(p);
    }
    arena_reset(&h->arena);
    caller_release(c);
}

static const struct ws_handler ws_handler = {on_text, on_close};

struct arrival { struct hub *hub; int fd; void *early; size_t early_size; void (*release)(void *); void *handle; char client[46]; };

static void arrive(void *arg)
{
    struct arrival *a = arg;
    struct caller *c = xcalloc(1, sizeof *c);
    *c = (struct caller){.hub = a->hub, .next = a->hub->callers, .references = 1, .allowance = BURST * 1000, .allowance_at = clock_monotonic_ms()};
    snprintf(c->client, sizeof c->client, "%s", a->client);
    c->ws = ws_accept(a->hub->loop, a->fd, a->early, a->early_size, LARGEST_MESSAGE, &ws_handler, c, a->release, a->handle);
    a->hub->callers = c;
    if (a->hub->stopping) ws_close(c->ws, 1012, "restarting");
    free(a->early);
    free(a);
}

void hub_accept(struct hub *h, int fd, const void *early, size_t early_size, void (*release)(void *), void *handle, const char *client)
{
    struct arrival *a = xcalloc(1, sizeof *a);
    *a = (struct arrival){.hub = h, .fd = fd, .early_size = early_size, .release = release, .handle = handle};
    a->early = xmalloc(early_size);
    if (early_size) memcpy(a->early, early, early_size);
    snprintf(a->client, sizeof a->client, "%s", client);
    loop_post(h->loop, arrive, a);
}

/* ---- time */

/* One at a time: removing may free the room that the walk stands on. */
static struct peer *find_gone(struct hub *h, int64_t now)
{
    for (struct room *r = h->rooms; r; r = r->next)
        for (struct peer *p = r->peers; p; p = p->next)
            if (!p->caller && !p->outside && p->away_until <= now && !door_expects(p)) return p;
    return NULL;
}

static bool end_due(struct scope *s, void *arg, struct err *e)
{
    (void)arg;
    return session_end_due(s, e) && terms_enforce(s, e) && idempotency_sweep(s, e) && errand_sweep(s, e);
}

static void sweep(void *arg);
struct sweep { struct hub *hub; bool more; };

static bool sweep_audit(struct scope *s, void *arg, struct err *e)
{
    struct sweep *w = arg;
    return audit_sweep(s, &w->more, e);
}

static void audit_swept(void *arg, const struct err *e)
{
    struct sweep *w = arg;
    if (!e && w->more) loop_post(w->hub->loop, sweep, w->hub);
}

/* Again at once where one batch was not all: each is a transaction of its own, and others come between. */
static void sweep(void *arg)
{
    struct hub *h = arg;
    if (h->stopping) return;
    struct task *t = task_create(h->core);
    struct sweep *w = arena_new(&t->arena, struct sweep);
    *w = (struct sweep){.hub = h};
    t->run = sweep_audit;
    t->done = audit_swept;
    t->arg = w;
    task_submit(t);
}

static void submit(struct hub *h, bool (*run)(struct scope *, void *, struct err *))
{
    struct task *t = task_create(h->core);
    t->run = run;
    task_submit(t);
}

static void on_tick(void *arg)
{
    struct hub *h = arg;
    clock_watch(h);
    for (struct peer *p; (p = find_gone(h, clock_monotonic_ms()));) peer_remove(p, "lost", p->away_since, NULL, NULL);
    stays_close_again(h);
    h->ticks++;
    if (h->ticks == SETTLE_TICKS) door_open(h); /* the media engine may never come: people can talk to each other about it */
    if ((h->rooms || db_is_shared(h->core->db)) && h->ticks % ALIVE_TICKS == 0) tell_alive(h);
    if (db_is_shared(h->core->db)) look_after_others(h);
    if (h->ticks % USAGE_TICKS == 0) usage_save_all(h);
    if (h->ticks % DISK_TICKS == 0) recorder_watch_disk(h);
    submit(h, end_due);
    if (h->ticks % AUDIT_TICKS == 1) sweep(h);
    arena_reset(&h->arena);
}

/* ---- start and end */

struct hub *hub_create(struct core *core, struct loop *loop, struct err *e)
{
    struct hub *h = xcalloc(1, sizeof *h);
    h->core = core;
    h->loop = loop;
    h->settling = true;
    arena_init(&h->arena);
    h->db = db_reader(core->db, e);
    if (!h->db) {
        hub_destroy(h);
        return NULL;
    }
    if (core->provider_count > 1) h->askers = pool_create(ASKERS, "call");
    notice_listen(h);
    return h;
}

bool hub_start(struct hub *h, const struct media_options *options, struct err *e)
{
    h->alive_ms = clock_monotonic_ms();
    if (!calls_take_up(h, 0, e)) return false;
    arena_reset(&h->arena);
    if (options) h->media = media_start(options, &media_handler, h, e);
    else h->without_media = true;
    if (options && !h->media) return false;
    if (!options) door_open(h); /* no media of ours lives on that should be heard of first */
    h->tick = loop_timer_every(h->loop, TICK_MS, on_tick, h);
    return true;
}

bool hub_ready(const struct hub *h, const char **why)
{
    *why = "the media engine is starting";
    return h->media_ready || h->without_media;
}

bool hub_is_quiet(const struct hub *h)
{
    return !h->rooms;
}

bool hub_said_goodbye(const struct hub *h)
{
    return !h->callers;
}

void hub_stop(struct hub *h, bool for_good)
{
    h->stopping = true;
    usage_save_all(h);
    loop_timer_stop(h->tick);
    h->tick = NULL;
    for (struct caller *c = h->callers; c; c = c->next)
        if (c->ws) ws_close(c->ws, 1012, "restarting");
    media_stop(h->media, !for_good);
    h->media = NULL;
}

void hub_settle(struct hub *h)
{
    if (!h) return;
    pool_destroy(h->askers);
    h->askers = NULL;
}

void hub_destroy(struct hub *h)
{
    if (!h) return;
    stays_forget(h);
    for (struct room *r = h->rooms, *next; r; r = next) {
        next = r->next;
        for (struct peer *p = r->peers, *following; p; p = following) {
            following = p->next;
            free(p->name);
            free(p);
        }
        arena_release(&r->arena);
        free(r);
    }
    arena_release(&h->arena);
    db_conn_close(h->db);
    free(h);
}

#include "core/errand.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/rand.h"
#include "core/dial_in_rule.h"
#include "core/job.h"
#include "core/participant.h"
#include "core/seat_name.h"
#include "core/session.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char SQL_ROOM[] = "SELECT {} FROM provider_rooms WHERE session_id = $1";
static const char SQL_ROOM_BY_ID[] = "SELECT {} FROM provider_rooms WHERE id = $1";
static const char SQL_TAKE[] = "UPDATE provider_rooms SET session_id = $2, url = $3 WHERE id = $1";
static const char SQL_REOPEN[] = "UPDATE provider_rooms SET closed_at = NULL, url = $3, expires_at = $2 WHERE id = $1";
static const char SQL_CLOSED[] = "UPDATE provider_rooms SET closed_at = $2 WHERE id = $1 AND session_id IS NOT NULL";
static const char SQL_FORGET[] = "DELETE FROM provider_rooms WHERE id = $1 AND session_id IS NULL";
static const char SQL_UNUSED[] = "SELECT {} FROM provider_rooms WHERE session_id IS NULL AND created_at <= $1 AND closed_at IS NULL ORDER BY created_at LIMIT 100";
static const char SQL_SWEPT[] = "UPDATE provider_rooms SET closed_at = $2 WHERE id = $1"; /* of an unused one: there is a job for it */
static const char SQL_GRANT[] = "SELECT {} FROM provider_grants WHERE participant_id = $1";
static const char SQL_KEEP[] =
    "INSERT INTO provider_grants (participant_id, generation, token, expires_at) VALUES ($1, $2, $3, $4) "
    "ON CONFLICT (participant_id) DO UPDATE SET generation = excluded.generation, token = excluded.token, expires_at = excluded.expires_at";
static const char SQL_SEAT[] = "SELECT {} FROM participants WHERE id = $1 AND session_id = $2";

enum { ROOM_MARGIN_MS = 60000, TOKEN_MARGIN_MS = 600000, UNUSED_MS = 90000, ERRANDS_AT_MOST = 6 };

static const struct { enum error error; const char *name; } errand_rows[] = {
    [ERRAND_OPEN] = {error_provider_room_create, "room_open"}, [ERRAND_CLOSE] = {error_provider_room_delete, "room_close"},
    [ERRAND_GRANT] = {error_provider_token, "join_grant"}, [ERRAND_RECORD_START] = {error_provider_record_start, "record_start"},
    [ERRAND_RECORD_STOP] = {error_provider_record_stop, "record_stop"}, [ERRAND_MUTE] = {error_provider_act, "mute"}, [ERRAND_PERMIT] = {error_provider_act, "permit"},
    [ERRAND_DIAL_IN] = {error_provider_dial_in, "dial_in"}};

static bool is_done(const struct scope *s, enum errand kind)
{
    return s->errands && s->errands->done >> kind & 1;
}

/* Always false: the work fails here, and is run again when it is done. */
static bool want(struct scope *s, const struct provider *p, enum errand kind, const char *room_name, struct err *e)
{
    if (s->errands) {
        s->errands->provider = p;
        s->errands->wanted = kind;
        s->errands->room_name = room_name;
    }
    return err_fail(e, errand_rows[kind].error);
}

/* ---- rooms */

static enum db_found room_of(struct scope *s, const struct session *session, struct provider_room *out, struct err *e)
{
    return db_one(s->db, SQL_ROOM, provider_room, out, s->arena, e, INT_(session->id));
}

/* A token's life, or until the session must be over, whichever is later: the room outlives both. */
static bool want_room(struct scope *s, const struct provider *p, const struct session *session, int64_t room_id, struct err *e)
{
    int64_t least = s->now + core_config(s->core)->JOIN_TOKEN_EXPIRE_MINUTES * 60000;
    bool planned = HAS(session, session, expires_at) && session->expires_at > least;
    if (s->errands) {
        s->errands->room_id = room_id;
        s->errands->room = (struct provider_room_plan){session->room_name, session->max_participants, session->enable_recording, session->enable_chat, planned ? session->expires_at : least};
    }
    return want(s, p, ERRAND_OPEN, session->room_name, e);
}

bool errand_room_open(struct scope *s, struct session *session, struct err *e)
{
    const struct provider *p = provider_remote(s->core, session->provider);
    if (!p || p->ops->capabilities & PROVIDER_OUR_PAGE) return true;
    if (!is_done(s, ERRAND_OPEN)) return want_room(s, p, session, 0, e);
    SET(session, session, room_name, s->errands->room.name);
    return true;
}

static bool take_room(struct scope *s, const struct session *session, struct err *e)
{
    s->errands->taken = true;
    return db_run(s->db, SQL_TAKE, e, INT_(s->errands->room_id), INT_(session->id), TEXT_(s->errands->url));
}

bool errand_room_taken(struct scope *s, const struct session *session, struct err *e)
{
    return !provider_remote(s->core, session->provider) || errand_on_our_page(s, session) || take_room(s, session, e);
}

bool errand_room_close(struct scope *s, const struct session *session, struct err *e)
{
    const struct provider *p = provider_remote(s->core, session->provider);
    struct provider_room room;
    enum db_found found = p ? room_of(s, session, &room, e) : DB_NONE;
    if (found != DB_ROW) return found == DB_NONE;
    if (HAS(&room, provider_room, closed_at)) return true;
    if (!s->errands) return job_add(s, "room_close", room.id, s->now, e);
    if (!is_done(s, ERRAND_CLOSE)) return want(s, p, ERRAND_CLOSE, session->room_name, e);
    return errand_closed(s, room.id, e);
}

bool errand_room_over(struct scope *s, const struct session *session, struct err *e)
{
    struct provider_room room;
    enum db_found found = provider_remote(s->core, session->provider) ? room_of(s, session, &room, e) : DB_NONE;
    if (found != DB_ROW || HAS(&room, provider_room, closed_at)) return found != DB_FAILED;
    return job_add(s, "room_close", room.id, s->now, e);
}

const char *errand_room_url(struct scope *s, const struct session *session)
{
    struct provider_room room;
    struct err e;
    if (is_done(s, ERRAND_OPEN) && !strcmp(s->errands->room.name, session->room_name)) return s->errands->url;
    return room_of(s, session, &room, &e) == DB_ROW && HAS(&room, provider_room, url) ? room.url : "";
}

bool errand_close_due(struct scope *s, int64_t room_id, struct provider_room *out, bool *due, struct err *e)
{
    struct session session;
    enum db_found found = db_one(s->db, SQL_ROOM_BY_ID, provider_room, out, s->arena, e, INT_(room_id));
    *due = found == DB_ROW;
    if (found != DB_ROW || !HAS(out, provider_room, session_id)) return found != DB_FAILED;
    found = session_by_id(s, out->session_id, &session, e);
    bool alive = found == DB_ROW && !session_is_over(&session); /* put back into life meanwhile */
    *due = !alive && !HAS(out, provider_room, closed_at);
    return found != DB_FAILED;
}

bool errand_closed(struct scope *s, int64_t room_id, struct err *e)
{
    return db_run(s->db, SQL_CLOSED, e, INT_(room_id), INT_(s->now)) && db_run(s->db, SQL_FORGET, e, INT_(room_id));
}

bool errand_sweep(struct scope *s, struct err *e)
{
    struct list unused;
    if (!db_all(s->db, SQL_UNUSED, provider_room, &unused, s->arena, e, INT_(s->now - UNUSED_MS))) return false;
    for (size_t i = 0; i < unused.count; i++) {
        int64_t id = ((const struct provider_room *)unused.items)[i].id;
        if (!job_add(s, "room_close", id, s->now, e) || !db_run(s->db, SQL_SWEPT, e, INT_(id), INT_(s->now))) return false;
    }
    return true;
}

/* ---- tokens */

static const char SEAT_PREFIX[] = "seat-";
enum { USER_ID_LONGEST = 36, PREFIX_SIZE = sizeof SEAT_PREFIX - 1 };

static bool is_number(const char *text)
{
    return *text && strspn(text, "0123456789") == strlen(text);
}

const char *errand_user_id(const struct provider *p, struct arena *a, const struct participant *seat)
{
    size_t n = strlen(p->ops->name);
    bool stranger = seat->identity && !strncmp(seat->identity, p->ops->name, n) && seat->identity[n] == ':'; /* a telephone: the provider's own name of them (core/fact.c) */
    if (p->ops->capabilities & PROVIDER_OUR_PAGE) return stranger ? seat->identity + n + 1 : seat_name_stem(a, seat->id);
    if (HAS(seat, participant, user_id)) return arena_printf(a, "%lld", (long long)seat->user_id);
    bool plain = strlen(seat->identity) <= USER_ID_LONGEST && !is_number(seat->identity) && strncmp(seat->identity, SEAT_PREFIX, PREFIX_SIZE) != 0;
    return plain ? seat->identity : arena_printf(a, "%s%lld", SEAT_PREFIX, (long long)seat->id);
}

enum db_found errand_seat(struct scope *s, int64_t session_id, const char *user_id, struct participant *out, struct err *e)
{
    if (is_number(user_id)) return strlen(user_id) > 18 ? DB_NONE : participant_of_user(s, session_id, strtoll(user_id, NULL, 10), out, e);
    if (strncmp(user_id, SEAT_PREFIX, PREFIX_SIZE) != 0) return participant_of_identity(s, session_id, user_id, out, e);
    if (!is_number(user_id + PREFIX_SIZE) || strlen(user_id) > PREFIX_SIZE + 18) return DB_NONE;
    return db_one(s->db, SQL_SEAT, participant, out, s->arena, e, INT_(strtoll(user_id + PREFIX_SIZE, NULL, 10)), INT_(session_id));
}

static struct provider_seat_plan seat_plan(const struct session *session, const struct participant *seat, const char *user_id, int64_t expires_at)
{
    return (struct provider_seat_plan){.room = session->room_name, .user_id = user_id, .user_name = seat->name, .owner = seat->role == participant_role_teacher,
                                       .screenshare = seat->screenshare, .watches = seat->role == participant_role_viewer, .identity = seat->identity, .expires_at = expires_at};
}

/* Is the room there? One that was closed, or that the provider has forgotten since, is opened again. */
static bool room_is_open(struct scope *s, const struct provider *p, const struct session *session, struct err *e)
{
    struct provider_room room = {0};
    if (is_done(s, ERRAND_OPEN)) {
        return s->errands->taken || take_room(s, session, e);
    }
    enum db_found found = room_of(s, session, &room, e);
    if (found == DB_FAILED) return false;
    bool lasts = !(p->ops->capabilities & PROVIDER_OUR_PAGE); /* else it may have gone meanwhile, and asking costs little */
    if (found == DB_ROW && !HAS(&room, provider_room, closed_at) && lasts && room.expires_at > s->now + ROOM_MARGIN_MS) return true;
    return want_room(s, p, session, found == DB_ROW ? room.id : 0, e);
}

static bool kept(struct scope *s, const struct participant *p, const char **token, struct err *e)
{
    struct provider_grant g;
    size_t size;
    *token = NULL;
    enum db_found found = db_one(s->db, SQL_GRANT, provider_grant, &g, s->arena, e, INT_(p->id));
    if (found == DB_ROW && g.generation == p->token_generation && g.expires_at > s->now + TOKEN_MARGIN_MS)
        *token = unseal_text(s->arena, &s->core->grant_key, g.token, &size);
    return found != DB_FAILED;
}

static bool keep(struct scope *s, const struct participant *p, const char **token, struct err *e)
{
    const struct errands *done = s->errands;
    *token = done->token;
    return db_run(s->db, SQL_KEEP, e, INT_(p->id), INT_(p->token_generation),
                  TEXT_(seal_text(s->arena, &s->core->grant_key, done->token, strlen(done->token) + 1)), INT_(done->seat.expires_at));
}

static bool want_token(struct scope *s, const struct provider *p, const struct session *session, int64_t participant_id, struct err *e)
{
    struct participant seat;
    if (!participant_in(s, session->id, participant_id, &seat, e)) return false;
    if (s->errands)
        s->errands->seat = seat_plan(session, &seat, errand_user_id(p, s->arena, &seat), s->now + core_config(s->core)->JOIN_TOKEN_EXPIRE_MINUTES * 60000);
    return want(s, p, ERRAND_GRANT, session->room_name, e);
}

bool errand_token(struct scope *s, const struct session *session, const struct participant *seat, const char **token, struct err *e)
{
    const struct provider *p = provider_remote(s->core, session->provider);
    *token = NULL;
    if (session_is_over(session)) return true;
    if (!room_is_open(s, p, session, e)) return false;
    if (is_done(s, ERRAND_GRANT)) return keep(s, seat, token, e);
    if (!kept(s, seat, token, e)) return false;
    return *token || want_token(s, p, session, seat->id, e);
}

/* ---- where calls are on our page */

bool errand_on_our_page(struct scope *s, const struct session *session)
{
    const struct provider *p = provider_remote(s->core, session->provider);
    return p && p->ops->capabilities & PROVIDER_OUR_PAGE;
}

bool errand_grant(struct scope *s, const struct session *session, const struct participant *seat, int64_t token_id, int64_t expires_at, struct grant *out, struct err *e)
{
    const struct provider *p = provider_remote(s->core, session->provider);
    struct err why = {0};
    if (session_is_over(session)) return err_fail(e, error_session_not_active); /* a stay may end later than its session: nothing is opened for it */
    if (!room_is_open(s, p, session, e)) return false;
    *out = (struct grant){.server_url = p->server_url, .identity = seat_name(s->core, s->arena, seat, token_id)};
    struct provider_seat_plan plan = seat_plan(session, seat, out->identity, expires_at);
    return p->ops->join_grant(p->ctx, s->arena, &plan, &out->token, &why) || err_fail(e, error_provider_token);
}

/* Of somebody who is in: what was asked of the provider is done there before it is changed here. */
static bool want_of_seat(struct scope *s, const struct session *session, const struct participant *seat, enum errand kind, struct err *e)
{
    const struct provider *p = provider_remote(s->core, session->provider);
    if (is_done(s, kind)) return true;
    if (s->errands) s->errands->seat = seat_plan(session, seat, errand_user_id(p, s->arena, seat), 0);
    return want(s, p, kind, session->room_name, e);
}

bool errand_mute(struct scope *s, const struct session *session, const struct participant *seat, enum track_kind kind, struct err *e)
{
    const struct provider *p = provider_remote(s->core, session->provider);
    if (!p || !p->ops->mute) return err_fail(e, error_provider_cannot);
    if (s->errands) s->errands->kind = kind;
    return want_of_seat(s, session, seat, ERRAND_MUTE, e);
}

bool errand_permit(struct scope *s, const struct session *session, const struct participant *seat, struct err *e)
{
    const struct provider *p = provider_remote(s->core, session->provider);
    return !p || !p->ops->permit || !s->errands || want_of_seat(s, session, seat, ERRAND_PERMIT, e);
}

bool errand_dial_in(struct scope *s, const struct session *session, const char *pin, struct err *e)
{
    const struct provider *p = provider_remote(s->core, session->provider);
    bool there;
    if (!p || !(p->ops->capabilities & PROVIDER_DIAL_IN) || is_done(s, ERRAND_DIAL_IN)) return true;
    if (!dial_in_rule_there(s, session->id, pin, &there, e) || there) return there;
    if (s->errands) s->errands->session_id = session->id, s->errands->pin = pin;
    return want(s, p, ERRAND_DIAL_IN, session->room_name, e);
}

/* ---- recordings and removal */

bool errand_record_start(struct scope *s, const struct session *session, char uuid[37], struct err *e)
{
    const struct provider *p = provider_remote(s->core, session->provider);
    if (p && !is_done(s, ERRAND_RECORD_START)) {
        if (s->errands) s->errands->record = (struct provider_record){session->room_name, arena_strdup(s->arena, uuid), NULL};
        return want(s, p, ERRAND_RECORD_START, session->room_name, e);
    }
    if (p) memcpy(uuid, s->errands->record.uuid, 37);
    return true;
}

bool errand_record_begun(struct scope *s, const struct session *session, int64_t recording_id, struct err *e)
{
    if (!is_done(s, ERRAND_RECORD_START)) return true;
    return fact_record_begun(s, session->provider, recording_id, s->errands->record.external, e);
}

/* Also of a deleted session: its recording may be stopped. `out` is NULL where there is nobody to ask. */
static bool remote_of(struct scope *s, int64_t session_id, struct session *session, const struct provider **out, struct err *e)
{
    enum db_found found = session_even_deleted(s, session_id, session, e);
    *out = found == DB_ROW ? provider_remote(s->core, session->provider) : NULL;
    return found != DB_FAILED;
}

bool errand_record_over(struct scope *s, const struct recording *r, struct err *e)
{
    struct session session;
    const struct provider *p;
    if (!remote_of(s, r->session_id, &session, &p, e)) return false;
    return !p || !(p->ops->capabilities & PROVIDER_ANY_ROOM) || job_add(s, "record_end", r->id, s->now, e);
}

bool errand_is_remote(struct scope *s, int64_t session_id, bool *remote, struct err *e)
{
    struct session session;
    const struct provider *p;
    if (!remote_of(s, session_id, &session, &p, e)) return false;
    *remote = p != NULL;
    return true;
}

bool errand_record_stopped(const struct scope *s)
{
    return is_done(s, ERRAND_RECORD_STOP);
}

bool errand_record_stop(struct scope *s, const struct recording *r, struct err *e)
{
    struct session session;
    const struct provider *p;
    if (!remote_of(s, r->session_id, &session, &p, e)) return false;
    if (!p || is_done(s, ERRAND_RECORD_STOP)) return true;
    if (s->errands) s->errands->record = (struct provider_record){session.room_name, r->uuid, fact_external(s, r->id)};
    return want(s, p, ERRAND_RECORD_STOP, session.room_name, e);
}

bool errand_remove(struct scope *s, const struct session *session, const struct participant *p, struct err *e)
{
    return !provider_remote(s->core, session->provider) || job_add(s, "provider_remove", p->id, s->now, e);
}

/* ---- doing them */

void errand_begin(struct errands *w)
{
    w->wanted = ERRAND_NONE;
    w->taken = false;
}

/* The session may have ended while the provider was asked: then its room was not open, and nothing else would close it. */
static bool note_open_again(struct scope *s, const struct errands *w, struct err *e)
{
    struct provider_room room;
    bool due;
    return db_run(s->db, SQL_REOPEN, e, INT_(w->room_id), INT_(w->room.expires_at), TEXT_(w->url)) && errand_close_due(s, w->room_id, &room, &due, e) &&
           (!due || job_add(s, "room_close", w->room_id, s->now, e));
}

static bool note_room(struct scope *s, void *arg, struct err *e)
{
    struct errands *w = arg;
    struct provider_room row = {0};
    if (w->room_id) return note_open_again(s, w, e);
    SET(&row, provider_room, provider, w->provider->ops->name);
    SET(&row, provider_room, room_name, w->room.name);
    SET(&row, provider_room, expires_at, w->room.expires_at);
    SET(&row, provider_room, created_at, s->now);
    if (!db_insert(s->db, "provider_rooms", provider_room, &row, e)) return false;
    w->room_id = row.id;
    return true;
}

/* One that a session has is marked only when it is open; a new one is noted before, so that it cannot be forgotten. */
static bool open_room(struct errands *w, struct core *core, struct arena *a, struct err *e)
{
    const struct provider *p = w->provider;
    if (w->room_id) return p->ops->room_open(p->ctx, a, &w->room, &w->url, e) && FAULT_POINT(room_made) && core_write(core, note_room, w, e);
    return core_write(core, note_room, w, e) && FAULT_POINT(room_noted) && p->ops->room_open(p->ctx, a, &w->room, &w->url, e) && FAULT_POINT(room_opened);
}

static bool make_dial_in(const struct errands *w, struct core *core, struct arena *a, struct err *e)
{
    struct dial_in_wish wish = {0};
    SET(&wish, dial_in_wish, session_id, w->session_id);
    SET(&wish, dial_in_wish, provider, w->provider->ops->name);
    SET(&wish, dial_in_wish, room_name, w->room_name);
    SET(&wish, dial_in_wish, pin, w->pin);
    return dial_in_make(core, a, &wish, e);
}

static bool run_errand(struct errands *w, struct core *core, struct arena *a, struct err *e)
{
    const struct provider_ops *o = w->provider->ops;
    void *ctx = w->provider->ctx;
    switch (w->wanted) {
    case ERRAND_OPEN: return open_room(w, core, a, e);
    case ERRAND_CLOSE: return o->room_close(ctx, a, w->room_name, e);
    case ERRAND_GRANT: return o->join_grant(ctx, a, &w->seat, &w->token, e);
    case ERRAND_RECORD_START: return o->record_start(ctx, a, &w->record, e) && FAULT_POINT(record_begun);
    case ERRAND_RECORD_STOP: return o->record_stop(ctx, a, &w->record, e) && FAULT_POINT(record_stopped);
    case ERRAND_MUTE: return o->mute(ctx, a, w->room_name, w->seat.user_id, w->kind, e);
    case ERRAND_PERMIT: return o->permit(ctx, a, &w->seat, e);
    case ERRAND_DIAL_IN: return make_dial_in(w, core, a, e);
    case ERRAND_NONE: break;
    }
    return err_fail(e, error_internal);
}

/* A row of spec/errors.def, which the provider's part chose itself. */
static bool is_for_the_caller(const struct err *why)
{
    for (int id = 0; id < error_count; id++)
        if (err_is(why, (enum error)id)) return true;
    return false;
}

static bool give(struct err *e, const struct err *why)
{
    if (e) *e = *why;
    return false;
}

bool errand_do(struct errands *w, struct core *core, struct arena *a, struct err *e)
{
    struct err why = {0};
    enum errand kind = w->wanted;
    int64_t began = clock_monotonic_ms();
    if (++w->count > ERRANDS_AT_MOST) return err_set(e, ERR_INTERNAL, "errands", "one request asked the provider for more than %d things", ERRANDS_AT_MOST);
    bool ok = run_errand(w, core, a, &why);
    log_at(ok ? LOG_DEBUG : LOG_WARN, "provider", LOG_STR("provider", w->provider->ops->name), LOG_STR("errand", errand_rows[kind].name), LOG_STR("room", w->room_name),
           LOG_STR("error", why.text), LOG_INT("ms", clock_monotonic_ms() - began));
    w->wanted = ERRAND_NONE;
    if (ok) w->done |= 1U << kind;
    return ok || (is_for_the_caller(&why) ? give(e, &why) : err_fail(e, errand_rows[kind].error));
}

static bool close_unused(struct scope *s, void *arg, struct err *e)
{
    return job_add(s, "room_close", *(const int64_t *)arg, s->now, e);
}

void errand_abandon(struct errands *w, struct core *core)
{
    struct task *t = task_create(core);
    int64_t *id = arena_new(&t->arena, int64_t);
    *id = w->room_id; /* one that a session has after all is left alone: errand_close_due */
    t->run = close_unused;
    t->arg = id;
    task_submit(t);
    w->room_id = 0;
}

/* ---- for threads of jobs */

struct writing { struct errands errands; struct arena *arena; bool (*run)(struct scope *s, void *arg, struct err *e); void *arg; };

/* What an errand is given outlives the run. */
static bool write_once(struct scope *s, void *arg, struct err *e)
{
    struct writing *w = arg;
    struct scope own = *s;
    own.arena = w->arena;
    own.errands = &w->errands;
    errand_begin(&w->errands);
    return w->run(&own, w->arg, e);
}

bool errand_write(struct core *core, struct arena *a, bool (*run)(struct scope *s, void *arg, struct err *e), void *arg, struct err *e)
{
    struct writing w = {.arena = a, .run = run, .arg = arg};
    bool ok = core_write(core, write_once, &w, e);
    while (!ok && w.errands.wanted != ERRAND_NONE) ok = errand_do(&w.errands, core, a, e) && core_write(core, write_once, &w, e);
    if (w.errands.room_id && !(ok && w.errands.taken)) errand_abandon(&w.errands, core);
    return ok;
}

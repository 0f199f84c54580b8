#include "core/fact.h"
#include "core/errand.h"
#include "core/event.h"
#include "core/job.h"
#include "core/meeting.h"
#include "core/participant.h"
#include "core/seat_name.h"
#include "core/session.h"
#include "core/token.h"
#include <stdlib.h>
#include <string.h>

static const char SQL_ROOM[] = "SELECT {} FROM sessions WHERE room_name = $1 AND provider = $2"; /* deleted ones too: who was in is told of afterwards */
static const char SQL_SPAN[] = "SELECT {} FROM connection_spans WHERE connection = $1";
static const char SQL_OPEN_SPANS[] = "SELECT {} FROM connection_spans WHERE session_id = $1 AND left_at IS NULL ORDER BY id";
static const char SQL_SPANS_AT[] =
    "SELECT {} FROM connection_spans WHERE session_id = $1 AND participant_id = $2 AND joined_at <= $3 + $4 AND (left_at IS NULL OR left_at + $4 >= $3)";
static const char SQL_OPEN_COUNT[] = "SELECT count(*) FROM connection_spans WHERE session_id = $1 AND left_at IS NULL";
static const char SQL_LAST_LEFT[] = "SELECT max(left_at) FROM connection_spans WHERE session_id = $1";
static const char SQL_SEAT_OPEN[] = "SELECT count(*) FROM connection_spans WHERE session_id = $1 AND participant_id = $2 AND left_at IS NULL";
static const char SQL_SEAT_JOINED[] = "SELECT min(joined_at) FROM connection_spans WHERE session_id = $1 AND participant_id = $2";
static const char SQL_SEAT_LEFT[] = "SELECT min(left_at) FROM connection_spans WHERE session_id = $1 AND participant_id = $2";
static const char SQL_EMPTY[] = "UPDATE sessions SET empty_since = $2 WHERE id = $1";
static const char SQL_STARTED[] = "UPDATE sessions SET actual_start = $2 WHERE id = $1 AND actual_start > $2";
static const char SQL_ABSENCE[] = "SELECT {} FROM absences WHERE connection = $1";
static const char SQL_ABSENT_COUNT[] = "SELECT count(*) FROM absences WHERE session_id = $1 AND told = 0";
static const char SQL_ADD_ABSENCE[] = "INSERT INTO absences (connection, session_id, since, told, reason) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (connection) DO NOTHING";
static const char SQL_END_ABSENCE[] = "DELETE FROM absences WHERE connection = $1";
static const char SQL_NOT_MISSING[] = "DELETE FROM absences WHERE connection = $1 AND told = 0";

enum { HISTORY_SOON_MS = 1000, HISTORY_AFTER_MS = 30000 /* its books are some seconds behind */ };
enum { SURE_MS = 5000, LONGEST_CONNECTION = 40, PAGE_CONNECTION = 16, CLOCKS_APART_MS = 5000 };
static const char UNSEEN[] = "unseen", ROOM_EMPTY[] = "room_empty"; /* reasons of a closing that the person's own `left` may correct */

static int64_t past(const struct scope *s, int64_t told, int64_t otherwise)
{
    int64_t at = told ? told : otherwise ? otherwise : s->now;
    return at < s->now ? at : s->now; /* the provider's clock may be ahead of ours */
}

static bool is_unsure(const struct span *span)
{
    return HAS(span, span, reason) && (!strcmp(span->reason, UNSEEN) || !strcmp(span->reason, ROOM_EMPTY));
}

/* ---- whose stay it is */

/* Somebody without a token of ours: named by the provider alone, or not at all. */
static bool stranger(struct scope *s, const char *provider, const struct session *session, const struct fact_person *p, struct participant *out, struct err *e)
{
    const char *who = p->identity && *p->identity && strlen(p->identity) <= 100 ? p->identity : p->connection;
    const char *identity = arena_printf(s->arena, "%s:%s", provider, who);
    enum db_found found = participant_of_identity(s, session->id, identity, out, e);
    if (found != DB_NONE) return found == DB_ROW;
    return participant_seen(s, session, identity, p->name && *p->name ? p->name : "Guest", out, e);
}

/* Whose stay it is, and by what right. */
struct visitor { struct participant seat; struct join_pass pass; bool stale; }; /* stale: by a name that was given out before they were removed */

static bool by_seat_name(struct scope *s, const struct session *session, const struct seat_name *name, struct visitor *out, struct err *e)
{
    if (!participant_in(s, session->id, name->participant_id, &out->seat, e)) return false;
    out->stale = name->generation != out->seat.token_generation;
    return !name->token_id || join_pass_by_id(s, name->token_id, &out->pass, e);
}

static bool visitor_of(struct scope *s, const char *provider, const struct session *session, const struct fact_person *p, struct visitor *out, struct err *e)
{
    struct seat_name name;
    enum db_found found = DB_NONE;
    *out = (struct visitor){0};
    if (errand_on_our_page(s, session)) {
        if (p->identity && seat_name_read(s->core, p->identity, &name)) return by_seat_name(s, session, &name, out, e);
    } else if (p->identity && *p->identity) found = errand_seat(s, session->id, p->identity, &out->seat, e);
    if (found != DB_NONE) return found == DB_ROW;
    return stranger(s, provider, session, p, &out->seat, e);
}

bool fact_is_of_page(const char *connection)
{
    return strlen(connection) == PAGE_CONNECTION && !strpbrk(connection, "_-");
}

/* Was that seat's person in by our page at that time? */
static bool is_covered(struct scope *s, const struct session *session, int64_t participant_id, int64_t at, bool *covered, struct err *e)
{
    struct list rows;
    *covered = false;
    if (!errand_on_our_page(s, session)) return true;
    if (!db_all(s->db, SQL_SPANS_AT, span, &rows, s->arena, e, INT_(session->id), INT_(participant_id), INT_(at), INT_(CLOCKS_APART_MS))) return false;
    const struct span *spans = rows.items;
    for (size_t i = 0; i < rows.count; i++) *covered |= fact_is_of_page(spans[i].connection);
    return true;
}

/* ---- what follows for the seat and the session: worked out from the spans */

static bool seat_follows(struct scope *s, const struct span *span, struct participant *p, struct err *e)
{
    int64_t open, joined, left;
    enum db_found any_left = db_number(s->db, SQL_SEAT_LEFT, &left, e, INT_(span->session_id), INT_(span->participant_id));
    if (any_left == DB_FAILED || db_number(s->db, SQL_SEAT_OPEN, &open, e, INT_(span->session_id), INT_(span->participant_id)) != DB_ROW ||
        db_number(s->db, SQL_SEAT_JOINED, &joined, e, INT_(span->session_id), INT_(span->participant_id)) != DB_ROW) return false;
    if (!participant_in(s, span->session_id, span->participant_id, p, e)) return false;
    SET(p, participant, joined_at, joined);
    if (p->connection_status != connection_status_kicked) {
        SET(p, participant, connection_status, open ? connection_status_joined : connection_status_left);
        if (any_left == DB_ROW) SET(p, participant, left_at, left);
    }
    return db_update(s->db, "participants", participant, p, e);
}

/* Since when nobody is in: as long as nobody ever was, that is not ours to say. */
static bool emptiness_follows(struct scope *s, int64_t session_id, struct err *e)
{
    int64_t open, last = 0;
    struct session session;
    if (db_number(s->db, SQL_OPEN_COUNT, &open, e, INT_(session_id)) != DB_ROW) return false;
    if (!open && db_number(s->db, SQL_LAST_LEFT, &last, e, INT_(session_id)) == DB_FAILED) return false;
    enum db_found found = session_by_id(s, session_id, &session, e);
    if (found != DB_ROW) return found == DB_NONE;
    if (!open && HAS(&session, session, actual_start) && session.actual_start > last) last = session.actual_start;
    bool same = open ? !HAS(&session, session, empty_since) : HAS(&session, session, empty_since) && session.empty_since == last;
    return same || db_run(s->db, SQL_EMPTY, e, INT_(session_id), OPT_(!open, last));
}

/* The teacher opens the session, by whichever of their stays was the first. */
static bool opens(struct scope *s, struct session *session, const struct span *span, struct err *e)
{
    if (session->status == session_status_scheduled && !session_set_status(s, session, session_status_active, NULL, e)) return false;
    return db_run(s->db, SQL_STARTED, e, INT_(session->id), INT_(span->joined_at));
}

/* Somebody is in who may not be: removed, or the session is over. */
static bool is_welcome(const struct visitor *v)
{
    return v->seat.connection_status != connection_status_kicked && !v->stale && !v->pass.revoked;
}

static bool put_out(struct scope *s, const struct session *session, const struct visitor *v, struct err *e)
{
    if (session_is_over(session)) return errand_room_over(s, session, e);
    return is_welcome(v) || errand_remove(s, session, &v->seat, e);
}

static bool is_host(const struct visitor *v)
{
    return (v->pass.token_id ? v->pass.role : (enum participant_role)v->seat.role) == participant_role_teacher;
}

static bool arrived(struct scope *s, struct session *session, const struct span *span, const struct visitor *v, struct err *e)
{
    bool stays = !HAS(span, span, left_at);
    if (is_host(v) && is_welcome(v) && !opens(s, session, span, e)) return false;
    if (stays && !put_out(s, session, v, e)) return false;
    return !(stays && is_welcome(v) && !session_is_over(session) && session->enable_recording) || job_want(s, "record_begin", session->id, e);
}

/* Providers that keep books are asked for them: what neither an event nor a listing told is in there. */
static bool want_history(struct scope *s, const struct session *session, int64_t after_ms, struct err *e)
{
    const struct provider *p = provider_remote(s->core, session->provider);
    return !p || !p->ops->history || job_plan(s, "history", session->id, after_ms, e);
}

/* ---- coming and going */

static bool tell_left(struct scope *s, const struct span *span, bool empty, struct err *e)
{
    return EMIT(s, participant_left, span->session_id, e, .participant_id = span->participant_id, .connection = span->connection, .reason = span->reason) &&
           (!empty || EMIT(s, call_ended, span->session_id, e, .connection = span->connection));
}

/* A call that began with it has ended with it; that of any other goes on, or its end was told. */
static bool tell_over(struct scope *s, const struct span *span, struct err *e)
{
    struct meeting own;
    enum db_found found = meeting_find(s, span->id, &own, e);
    return found != DB_FAILED && tell_left(s, span, found == DB_ROW, e);
}

static bool follow(struct scope *s, const struct span *span, struct participant *p, struct err *e)
{
    return seat_follows(s, span, p, e) && emptiness_follows(s, span->session_id, e);
}

static bool open_span(struct scope *s, const struct session *session, const struct fact_person *who, const struct visitor *v, struct span *span, struct err *e)
{
    SET(span, span, connection, who->connection);
    SET(span, span, session_id, session->id);
    SET(span, span, participant_id, v->seat.id);
    return db_insert(s->db, "connection_spans", span, span, e) && meeting_arrival(s, span, e) && (!v->pass.token_id || join_pass_use(s, &v->pass, span->connection, e)) &&
           EMIT(s, participant_joined, session->id, e, .participant_id = v->seat.id, .connection = span->connection, .name = v->seat.name) &&
           (!HAS(span, span, left_at) || tell_over(s, span, e));
}

/* `seen_at`: a time at which they were in. */
static bool begin_stay(struct scope *s, const char *provider, struct session *session, const struct fact_person *who, int64_t seen_at, struct span *span, struct err *e)
{
    struct visitor v;
    bool covered;
    if (!visitor_of(s, provider, session, who, &v, e) || !is_covered(s, session, v.seat.id, seen_at, &covered, e)) return false;
    if (covered) return HAS(span, span, left_at) || put_out(s, session, &v, e);
    return open_span(s, session, who, &v, span, e) && seat_follows(s, span, &v.seat, e) && arrived(s, session, span, &v, e) && emptiness_follows(s, session->id, e);
}

static bool end_stay(struct scope *s, struct span *span, int64_t at, const char *reason, struct err *e)
{
    struct participant p;
    int64_t inside;
    bool was_open = !HAS(span, span, left_at);
    SET(span, span, left_at, at < span->joined_at ? span->joined_at : at);
    SET(span, span, reason, reason);
    if (!db_update(s->db, "connection_spans", span, span, e)) return false;
    if (!(was_open ? meeting_departure(s, span, &inside, e) && tell_left(s, span, !inside, e) : meeting_mend(s, span->session_id, span->id, e))) return false;
    return db_run(s->db, SQL_END_ABSENCE, e, TEXT_(span->connection)) && follow(s, span, &p, e);
}

/* They are in after all: a listing had left them out. */
static bool stay_goes_on(struct scope *s, struct session *session, struct span *span, struct err *e)
{
    struct participant p;
    CLEAR(span, span, left_at);
    CLEAR(span, span, reason);
    return db_update(s->db, "connection_spans", span, span, e) && meeting_mend(s, span->session_id, span->id, e) && EMIT(s, participant_joined, session->id, e, .participant_id = span->participant_id, .connection = span->connection) &&
           follow(s, span, &p, e);
}

/* An earlier beginning is the truer one: a listing may not have said it. */
static bool began_earlier(struct scope *s, struct session *session, struct span *span, const struct fact_person *who, struct err *e)
{
    struct participant p;
    if (!who->joined_at || who->joined_at + (who->rough ? 999 : 0) >= span->joined_at) return true;
    SET(span, span, joined_at, who->joined_at);
    return db_update(s->db, "connection_spans", span, span, e) && meeting_mend(s, span->session_id, span->id, e) && seat_follows(s, span, &p, e) && (p.role != participant_role_teacher || opens(s, session, span, e));
}

static bool left_before(struct scope *s, const char *connection, struct span *span, struct err *e)
{
    struct absence a;
    enum db_found found = db_one(s->db, SQL_ABSENCE, absence, &a, s->arena, e, TEXT_(connection));
    if (found != DB_ROW) return found == DB_NONE;
    SET(span, span, left_at, a.since < span->joined_at ? span->joined_at : a.since);
    SET(span, span, reason, HAS(&a, absence, reason) ? a.reason : "left");
    return db_run(s->db, SQL_END_ABSENCE, e, TEXT_(connection));
}

static bool joined(struct scope *s, const char *provider, struct session *session, const struct fact_person *who, int64_t at, bool listed, struct err *e)
{
    struct span span;
    enum db_found found = db_one(s->db, SQL_SPAN, span, &span, s->arena, e, TEXT_(who->connection));
    if (found == DB_FAILED || (found == DB_ROW && span.session_id != session->id)) return found == DB_ROW;
    if (found == DB_ROW && !began_earlier(s, session, &span, who, e)) return false;
    if (found == DB_ROW) return !listed || !HAS(&span, span, left_at) || !is_unsure(&span) || stay_goes_on(s, session, &span, e);
    if (listed && !want_history(s, session, HISTORY_SOON_MS, e)) return false; /* something was not told */
    span = (struct span){0};
    SET(&span, span, joined_at, past(s, who->joined_at, at));
    return left_before(s, who->connection, &span, e) && begin_stay(s, provider, session, who, listed ? at : span.joined_at, &span, e);
}

static bool left(struct scope *s, const char *provider, struct session *session, const struct fact_person *who, int64_t at, struct err *e)
{
    struct span span;
    const char *reason = who->reason ? who->reason : "left";
    int64_t left_at = past(s, who->left_at, at);
    enum db_found found = db_one(s->db, SQL_SPAN, span, &span, s->arena, e, TEXT_(who->connection));
    if (found == DB_FAILED || (found == DB_ROW && span.session_id != session->id)) return found == DB_ROW;
    if (found == DB_ROW && !began_earlier(s, session, &span, who, e)) return false;
    if (found == DB_ROW) return (HAS(&span, span, left_at) && !is_unsure(&span)) || end_stay(s, &span, left_at, reason, e);
    if (!who->joined_at) return db_run(s->db, SQL_ADD_ABSENCE, e, TEXT_(who->connection), INT_(session->id), INT_(left_at), INT_(1), TEXT_(reason));
    span = (struct span){0};
    SET(&span, span, joined_at, past(s, who->joined_at, 0));
    SET(&span, span, left_at, left_at < span.joined_at ? span.joined_at : left_at);
    SET(&span, span, reason, reason);
    return begin_stay(s, provider, session, who, span.joined_at, &span, e);
}

/* Nobody is in at `at`; who came since is not meant. */
static bool room_empty(struct scope *s, const struct session *session, int64_t at, struct err *e)
{
    struct list open;
    if (!db_all(s->db, SQL_OPEN_SPANS, span, &open, s->arena, e, INT_(session->id))) return false;
    struct span *spans = (struct span *)(uintptr_t)open.items;
    for (size_t i = 0; i < open.count; i++)
        if (spans[i].joined_at <= at && !fact_is_of_page(spans[i].connection) && !end_stay(s, &spans[i], at, ROOM_EMPTY, e)) return false;
    return want_history(s, session, HISTORY_AFTER_MS, e);
}

static bool fits(const struct fact_person *p)
{
    return p->connection && *p->connection && strlen(p->connection) <= LONGEST_CONNECTION;
}

bool fact_apply(struct scope *s, const char *provider, const struct fact *f, struct err *e)
{
    struct session session;
    if (f->kind == FACT_PUBLISHED) return fact_of_published(s, provider, f, e);
    if (f->kind == FACT_RECORDING) return fact_of_recording(s, provider, f, e);
    if (!f->room || (f->kind != FACT_EMPTY && !fits(&f->person))) return true;
    enum db_found found = db_one(s->db, SQL_ROOM, session, &session, s->arena, e, TEXT_(f->room), TEXT_(provider));
    if (found != DB_ROW) return found == DB_NONE;
    if (f->kind == FACT_EMPTY) return room_empty(s, &session, past(s, f->at, 0), e);
    if (f->kind == FACT_JOINED) return joined(s, provider, &session, &f->person, f->at, false, e);
    return left(s, provider, &session, &f->person, f->at, e);
}

bool fact_apply_all(struct scope *s, const char *provider, const struct facts *facts, struct err *e)
{
    for (size_t i = 0; i < facts->count; i++)
        if (!fact_apply(s, provider, &facts->items[i], e)) return false;
    return true;
}

/* ---- who is there, by the provider's own list */

static bool is_listed(const struct fact_listing *l, const char *connection)
{
    for (size_t i = 0; i < l->count; i++)
        if (l->people[i].connection && !strcmp(l->people[i].connection, connection)) return true;
    return false;
}

static bool was_lost(struct scope *s, const struct session *session, struct span *span, int64_t at, struct err *e)
{
    return end_stay(s, span, at, UNSEEN, e) && want_history(s, session, HISTORY_SOON_MS, e);
}

int64_t fact_sure_ms(const struct scope *s)
{
    int64_t interval = core_config(s->core)->RECONCILE_SECONDS * 1000;
    return interval < SURE_MS ? interval : SURE_MS;
}

/* Where listings lag, missing once may mean nothing: what is told twice is believed, with the time of the first. */
static bool missing(struct scope *s, const struct session *session, const struct fact_listing *l, struct span *span, struct err *e)
{
    struct absence a;
    if (span->joined_at > l->asked_at - l->lag_ms - CLOCKS_APART_MS) return true;
    if (!l->lag_ms) return was_lost(s, session, span, l->asked_at, e);
    enum db_found found = db_one(s->db, SQL_ABSENCE, absence, &a, s->arena, e, TEXT_(span->connection));
    if (found == DB_ROW) return a.since + fact_sure_ms(s) > l->asked_at || was_lost(s, session, span, a.since, e);
    return found == DB_NONE && db_run(s->db, SQL_ADD_ABSENCE, e, TEXT_(span->connection), INT_(span->session_id), INT_(l->asked_at), INT_(0), TEXT_(NULL));
}

static bool removed_again(struct scope *s, const char *provider, const struct session *session, const struct fact_person *who, struct err *e)
{
    struct visitor v;
    return visitor_of(s, provider, session, who, &v, e) && put_out(s, session, &v, e);
}

static bool present(struct scope *s, const char *provider, struct session *session, const struct fact_listing *l, bool any_missing, struct err *e)
{
    for (size_t i = 0; i < l->count; i++) {
        if (!fits(&l->people[i])) continue;
        if (any_missing && !db_run(s->db, SQL_NOT_MISSING, e, TEXT_(l->people[i].connection))) return false;
        if (!joined(s, provider, session, &l->people[i], l->asked_at, true, e) || !removed_again(s, provider, session, &l->people[i], e)) return false;
    }
    return true;
}

bool fact_listed(struct scope *s, const char *provider, const struct fact_listing *l, struct err *e)
{
    struct session session;
    struct list open;
    int64_t absent;
    enum db_found found = db_one(s->db, SQL_ROOM, session, &session, s->arena, e, TEXT_(l->room), TEXT_(provider));
    if (found != DB_ROW) return found == DB_NONE;
    if (db_number(s->db, SQL_ABSENT_COUNT, &absent, e, INT_(session.id)) != DB_ROW || !present(s, provider, &session, l, absent > 0, e) ||
        !db_all(s->db, SQL_OPEN_SPANS, span, &open, s->arena, e, INT_(session.id))) return false;
    struct span *spans = (struct span *)(uintptr_t)open.items;
    for (size_t i = 0; i < open.count; i++) {
        bool ours = fact_is_of_page(spans[i].connection);
        if (!ours && !is_listed(l, spans[i].connection) && !missing(s, &session, l, &spans[i], e)) return false;
    }
    return true;
}

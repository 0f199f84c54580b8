#include "core/session.h"
#include "base/rand.h"
#include "core/dial_in_rule.h"
#include "core/errand.h"
#include "core/event.h"
#include "core/outside_call.h"
#include "core/participant.h"
#include "core/recording.h"
#include "core/token.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static const char SQL_BY_ID[] = "SELECT {} FROM sessions WHERE id = $1 AND deleted_at IS NULL";
static const char SQL_EVEN_DELETED[] = "SELECT {} FROM sessions WHERE id = $1";
static const char SQL_BY_UUID[] = "SELECT {} FROM sessions WHERE uuid = $1 AND deleted_at IS NULL";
static const char SQL_BY_ROOM_NAME[] = "SELECT {} FROM sessions WHERE room_name = $1 AND deleted_at IS NULL";
static const char SQL_RELEASE_NAME[] =
    "UPDATE sessions SET room_name = room_name || '~' || CAST(id AS TEXT) WHERE room_name = $1 AND (deleted_at IS NOT NULL OR status IN ('ended', 'cancelled'))";
static const char SQL_BY_CODE[] = "SELECT {} FROM sessions WHERE room_code = $1 AND deleted_at IS NULL";
static const char SQL_ANY_OPEN[] = "SELECT 1 FROM sessions WHERE provider = $1 AND status IN ('scheduled', 'active') AND deleted_at IS NULL LIMIT 1";
static const char SQL_ALL_COUNT[] = "INSERT INTO facts (name, number) VALUES ('sessions', $1) ON CONFLICT (name) DO UPDATE SET number = facts.number + excluded.number";
static const char SQL_CODE_TAKEN[] = "SELECT 1 FROM sessions WHERE room_code = $1";
static const char SQL_LIST[] =
    "SELECT {s} FROM participants p JOIN sessions s ON s.id = p.session_id "
    "WHERE p.user_id = $1 AND s.deleted_at IS NULL AND ($2 IS NULL OR s.status = $2) ORDER BY p.session_id LIMIT $3 OFFSET $4";
/* How many sessions of each status a person takes part in is kept, not counted: a list's first page costs the same with a million. */
static const char SQL_COUNT[] = "SELECT CAST(coalesce(sum(total), 0) AS BIGINT) FROM session_counts WHERE user_id = $1 AND (CAST($2 AS TEXT) IS NULL OR status = $2)";
static const char SQL_COUNT_OUT[] = "UPDATE session_counts SET total = total - 1 WHERE status = $2 AND user_id IN (SELECT user_id FROM participants WHERE session_id = $1)";
static const char SQL_COUNT_IN[] =
    "INSERT INTO session_counts (user_id, status, total) SELECT user_id, CAST($2 AS TEXT), 1 FROM participants WHERE session_id = $1 AND user_id IS NOT NULL "
    "ON CONFLICT (user_id, status) DO UPDATE SET total = session_counts.total + 1";
static const char SQL_COUNT_SEAT[] =
    "INSERT INTO session_counts (user_id, status, total) VALUES ($1, $2, 1) ON CONFLICT (user_id, status) DO UPDATE SET total = session_counts.total + 1";
static const char SQL_EXPIRED[] =
    "SELECT {} FROM sessions WHERE expires_at IS NOT NULL AND expires_at <= $1 AND status IN ('scheduled', 'active') AND deleted_at IS NULL ORDER BY expires_at LIMIT 20";
/* Events of a remote provider may be lost: nobody is believed to be in there only when it was asked since (core/reconcile.h). */
#define NOT_SEEN_EMPTY(s) "coalesce((SELECT f.number FROM facts f WHERE f.name = 'looked ' || x.provider), 0) <= " s ".empty_since"
static const char SQL_LEFT[] =
    "SELECT {} FROM sessions WHERE status = 'active' AND empty_since IS NOT NULL AND deleted_at IS NULL AND empty_since <= $1 "
    "AND (empty_since <= $2 OR EXISTS (SELECT 1 FROM connection_spans c WHERE c.session_id = sessions.id)) "
    "AND NOT EXISTS (SELECT 1 FROM rooms r WHERE r.session_id = sessions.id) "
    "AND NOT EXISTS (SELECT 1 FROM users u WHERE u.id = sessions.teacher_id AND u.email = '" OUTSIDE_CALLS "') " /* lives as long as it is recorded */
    "AND NOT EXISTS (SELECT 1 FROM session_terms t WHERE t.session_id = sessions.id) " /* stays until somebody deletes it, or its terms end it */
    "AND NOT EXISTS (SELECT 1 FROM provider_rooms x WHERE x.session_id = sessions.id AND " NOT_SEEN_EMPTY("sessions") ") ORDER BY empty_since LIMIT 20";
static const char SQL_ROOMS_LEFT[] = /* rooms (core/room.h) have timeouts of their own */
    "SELECT {s} FROM sessions s JOIN rooms r ON r.session_id = s.id WHERE s.status = 'active' AND s.empty_since IS NOT NULL AND s.deleted_at IS NULL "
    "AND NOT EXISTS (SELECT 1 FROM session_terms t WHERE t.session_id = s.id) "
    "AND NOT EXISTS (SELECT 1 FROM provider_rooms x WHERE x.session_id = s.id AND " NOT_SEEN_EMPTY("s") ") AND s.empty_since + 1000 * CASE WHEN EXISTS (SELECT 1 FROM connection_spans c WHERE c.session_id = s.id) "
    "THEN coalesce(r.departure_timeout, $2) ELSE coalesce(r.empty_timeout, $3) END <= $1 ORDER BY s.empty_since LIMIT 20";

enum { CODE_LENGTH = 6, MINUTE_MS = 60000 };

bool session_any_open(struct scope *s, const char *provider, bool *any, struct err *e)
{
    int64_t one;
    enum db_found found = db_number(s->db, SQL_ANY_OPEN, &one, e, TEXT_(provider));
    *any = found == DB_ROW;
    return found != DB_FAILED;
}

bool session_is_over(const struct session *session)
{
    return session->status == session_status_ended || session->status == session_status_cancelled;
}

bool session_is_host(const struct scope *s, const struct session *session)
{
    return s->actor && (s->actor->id == session->teacher_id || s->actor->is_superuser);
}

bool session_allows(struct scope *s, enum access need, const struct session *session, struct err *e)
{
    if (session_is_host(s, session)) return true;
    struct participant seat;
    if (need == ACCESS_MEMBER && s->actor) {
        enum db_found found = participant_of_user(s, session->id, s->actor->id, &seat, e);
        if (found != DB_NONE) return found == DB_ROW;
    }
    return err_fail(e, error_forbidden);
}

static bool found_or(enum db_found found, enum error missing, struct err *e)
{
    return found == DB_NONE ? err_fail(e, missing) : found == DB_ROW;
}

enum db_found session_by_id(struct scope *s, int64_t id, struct session *out, struct err *e)
{
    return db_one(s->db, SQL_BY_ID, session, out, s->arena, e, INT_(id));
}

enum db_found session_even_deleted(struct scope *s, int64_t id, struct session *out, struct err *e)
{
    return db_one(s->db, SQL_EVEN_DELETED, session, out, s->arena, e, INT_(id));
}

enum db_found session_by_room_name(struct scope *s, const char *room_name, struct session *out, struct err *e)
{
    return db_one(s->db, SQL_BY_ROOM_NAME, session, out, s->arena, e, TEXT_(room_name));
}

bool session_release_name(struct scope *s, const char *room_name, struct err *e)
{
    return db_run(s->db, SQL_RELEASE_NAME, e, TEXT_(room_name));
}

char *session_plain_name(struct arena *a, const char *room_name)
{
    return arena_strndup(a, room_name, strcspn(room_name, "~"));
}

bool session_access_id(struct scope *s, int64_t id, enum access need, struct session *out, struct err *e)
{
    return found_or(session_by_id(s, id, out, e), error_session_not_found, e) && session_allows(s, need, out, e);
}

/* 0, which no session has, for what is no plain number: "1abc" is not session 1. */
static int64_t number_of(const char *name)
{
    return name[strspn(name, "0123456789")] ? 0 : strtoll(name, NULL, 10);
}

void session_key(struct arena *a, const char *name, struct session_key *out)
{
    *out = (struct session_key){NULL, 0};
    if (strlen(name) != 36) {
        out->id = number_of(name);
        return;
    }
    char *uuid = arena_strdup(a, name);
    for (char *c = uuid; *c; c++) *c = (char)tolower((unsigned char)*c);
    out->uuid = uuid;
}

bool session_named(struct scope *s, const char *name, struct session *out, struct err *e)
{
    struct session_key key;
    session_key(s->arena, name, &key);
    enum db_found found = key.uuid ? db_one(s->db, SQL_BY_UUID, session, out, s->arena, e, TEXT_(key.uuid)) : session_by_id(s, key.id, out, e);
    return found_or(found, error_session_not_found, e);
}

bool session_access(struct scope *s, const char *name, enum access need, struct session *out, struct err *e)
{
    return session_named(s, name, out, e) && session_allows(s, need, out, e);
}

bool session_by_code(struct scope *s, const char *code, struct session *out, struct err *e)
{
    char plain[CODE_LENGTH + 1] = "";
    size_t n = 0;
    while (isspace((unsigned char)*code)) code++;
    while (*code && !isspace((unsigned char)*code) && n < CODE_LENGTH) plain[n++] = (char)toupper((unsigned char)*code++);
    while (isspace((unsigned char)*code)) code++;
    if (n < CODE_LENGTH || *code) return err_fail(e, error_session_not_found);
    return found_or(db_one(s->db, SQL_BY_CODE, session, out, s->arena, e, TEXT_(plain)), error_session_not_found, e);
}

bool session_list(struct scope *s, int64_t user_id, const char *status, int64_t skip, int64_t limit, struct list *out, int64_t *total, struct err *e)
{
    return db_all(s->db, SQL_LIST, session, out, s->arena, e, INT_(user_id), TEXT_(status), INT_(limit), INT_(skip)) &&
           db_number(s->db, SQL_COUNT, total, e, INT_(user_id), TEXT_(status)) == DB_ROW;
}

bool session_count_seat(struct scope *s, const struct session *session, int64_t user_id, struct err *e)
{
    return db_run(s->db, SQL_COUNT_SEAT, e, INT_(user_id), TEXT_(session_status_words.words[session->status]));
}

static bool count_out(struct scope *s, int64_t session_id, enum session_status status, struct err *e)
{
    return db_run(s->db, SQL_COUNT_OUT, e, INT_(session_id), TEXT_(session_status_words.words[status]));
}

static bool count_in(struct scope *s, int64_t session_id, enum session_status status, struct err *e)
{
    return db_run(s->db, SQL_COUNT_IN, e, INT_(session_id), TEXT_(session_status_words.words[status]));
}

/* ---- making one */

/* A wish for a free code: 36^6 of them, and guessing is throttled. */
static bool free_code(struct scope *s, char code[CODE_LENGTH + 1], struct err *e)
{
    int64_t taken;
    enum db_found found;
    do {
        rand_text(code, CODE_LENGTH, RAND_CODE);
        found = db_number(s->db, SQL_CODE_TAKEN, &taken, e, TEXT_(code));
    } while (found == DB_ROW);
    return found == DB_NONE;
}

/* Not before it could have been used: a session that is put back into life gets its full time again. */
static void set_expiry(struct scope *s, struct session *session, bool reopened)
{
    int64_t length = (session->duration_minutes + core_config(s->core)->GRACE_MINUTES) * MINUTE_MS;
    if (!HAS(session, session, scheduled_start)) {
        CLEAR(session, session, expires_at);
        return;
    }
    int64_t from = session->scheduled_start;
    if (reopened && from + length <= s->now) from = s->now;
    SET(session, session, expires_at, from + length);
}

bool session_make(struct scope *s, struct session *out, const char *room_name, struct participant *teacher, struct err *e)
{
    char uuid[37], code[CODE_LENGTH + 1];
    rand_uuid(uuid);
    if (!free_code(s, code, e)) return false;
    SET(out, session, uuid, arena_strdup(s->arena, uuid));
    SET(out, session, teacher_id, s->actor->id);
    SET(out, session, status, session_status_scheduled);
    SET(out, session, provider, core_config(s->core)->PROVIDER);
    SET(out, session, room_name, room_name);
    SET(out, session, room_code, arena_strdup(s->arena, code));
    SET(out, session, locked, false);
    SET(out, session, created_at, s->now);
    SET(out, session, updated_at, s->now);
    set_expiry(s, out, false);
    return errand_room_open(s, out, e) && db_insert(s->db, "sessions", session, out, e) && errand_room_taken(s, out, e) && db_run(s->db, SQL_ALL_COUNT, e, INT_(1)) &&
           EMIT(s, session_created, out->id, e, 0) &&
           participant_add(s, out, s->actor, participant_role_teacher, teacher, e);
}

bool session_schedule(struct scope *s, const struct session_create *in, struct session *out, struct participant *teacher, struct err *e)
{
    char room[32] = "session-";
    rand_text(room + 8, 16, "0123456789abcdef");
    *out = (struct session){0};
    COPY(session, out, session_create, in);
    return session_make(s, out, arena_strdup(s->arena, room), teacher, e);
}

/* ---- changing one */

static enum event_type status_event(enum session_status from, enum session_status to)
{
    bool was_over = from == session_status_ended || from == session_status_cancelled;
    if (to == session_status_ended) return event_session_ended;
    if (to == session_status_cancelled) return event_session_cancelled;
    return was_over ? event_session_reopened : to == session_status_active ? event_session_started : event_session_updated;
}

bool session_set_status(struct scope *s, struct session *session, enum session_status status, const char *why, struct err *e)
{
    enum session_status before = (enum session_status)session->status;
    if (status == before) return true;
    bool was_over = session_is_over(session);
    SET(session, session, status, (int)status);
    SET(session, session, updated_at, s->now);
    if (status == session_status_active) {
        if (!HAS(session, session, actual_start)) SET(session, session, actual_start, s->now);
        SET(session, session, empty_since, s->now);
    }
    if (status == session_status_ended && !HAS(session, session, ended_at)) SET(session, session, ended_at, s->now);
    if (was_over && !session_is_over(session)) set_expiry(s, session, true);
    if (session_is_over(session) && (!recording_stop_of(s, session->id, e) || !errand_room_over(s, session, e))) return false;
    return db_update(s->db, "sessions", session, session, e) && count_out(s, session->id, before, e) && count_in(s, session->id, status, e) && dial_in_changed(s, session, e) &&
           event_emit(s, status_event(before, status), session->id, &(struct event_details){.reason = why, .status = session_status_words.words[status]}, e);
}

bool session_change(struct scope *s, struct session *session, const struct session_update *change, struct err *e)
{
    enum session_status status = HAS(change, session_update, status) ? (enum session_status)change->status : (enum session_status)session->status;
    struct session_update plain = *change;
    bool screens = session->enable_screenshare;
    CLEAR(&plain, session_update, status);
    plain.bits_null &= (uint64_t)1 << session_update_f_description | (uint64_t)1 << session_update_f_scheduled_start; /* null elsewhere changes nothing */
    COPY(session, session, session_update, &plain);
    SET(session, session, updated_at, s->now);
    if (HAS(change, session_update, scheduled_start) || IS_NULL(change, session_update, scheduled_start) || HAS(change, session_update, duration_minutes))
        set_expiry(s, session, false);
    return db_update(s->db, "sessions", session, session, e) && EMIT(s, session_updated, session->id, e, 0) &&
           (session->enable_screenshare == screens || participant_allow_all(s, session->id, !screens, e)) &&
           session_set_status(s, session, status, session_is_over(session) ? NULL : "host", e);
}

bool session_renew_code(struct scope *s, struct session *session, struct err *e)
{
    char code[CODE_LENGTH + 1];
    if (!free_code(s, code, e)) return false;
    SET(session, session, room_code, arena_strdup(s->arena, code));
    SET(session, session, updated_at, s->now);
    return db_update(s->db, "sessions", session, session, e) && EMIT(s, session_code_renewed, session->id, e, 0);
}

bool session_set_locked(struct scope *s, struct session *session, bool locked, struct err *e)
{
    if (session->locked == locked) return true;
    SET(session, session, locked, locked);
    SET(session, session, updated_at, s->now);
    return db_update(s->db, "sessions", session, session, e) &&
           event_emit(s, locked ? event_session_locked : event_session_unlocked, session->id, &(struct event_details){0}, e);
}

bool session_delete(struct scope *s, struct session *session, struct err *e)
{
    if (!errand_room_close(s, session, e)) return false;
    if (!session_is_over(session) && !session_set_status(s, session, session_status_cancelled, "deleted", e)) return false;
    SET(session, session, deleted_at, s->now);
    return db_update(s->db, "sessions", session, session, e) && count_out(s, session->id, (enum session_status)session->status, e) &&
           db_run(s->db, SQL_ALL_COUNT, e, INT_(-1)) && EMIT(s, session_deleted, session->id, e, 0);
}

/* ---- the end that nobody asked for */

static bool end_all(struct scope *s, const struct list *due, const char *why, struct err *e)
{
    struct session *sessions = (struct session *)(uintptr_t)due->items;
    for (size_t i = 0; i < due->count; i++)
        if (!session_set_status(s, &sessions[i], session_status_ended, why, e)) return false;
    return true;
}

bool session_end_due(struct scope *s, struct err *e)
{
    const struct config *c = core_config(s->core);
    struct list expired, left, rooms;
    return db_all(s->db, SQL_EXPIRED, session, &expired, s->arena, e, INT_(s->now)) && end_all(s, &expired, "expired", e) &&
           db_all(s->db, SQL_LEFT, session, &left, s->arena, e, INT_(s->now - c->DEPARTURE_TIMEOUT_SECONDS * 1000), INT_(s->now - c->EMPTY_TIMEOUT_SECONDS * 1000)) &&
           end_all(s, &left, "departed", e) &&
           db_all(s->db, SQL_ROOMS_LEFT, session, &rooms, s->arena, e, INT_(s->now), INT_(c->DEPARTURE_TIMEOUT_SECONDS), INT_(c->EMPTY_TIMEOUT_SECONDS)) &&
           end_all(s, &rooms, "departed", e) && outside_call_end_due(s, e);
}

static char *with_token(struct scope *s, const char *url, const char *token)
{
    return token ? arena_printf(s->arena, "%s?t=%s", url, token) : arena_strdup(s->arena, url);
}

char *session_room_url(struct scope *s, const struct session *session, const char *token)
{
    if (provider_remote(s->core, session->provider) && !errand_on_our_page(s, session)) return with_token(s, errand_room_url(s, session), token);
    const char *base = core_config(s->core)->PUBLIC_URL;
    size_t size = strlen(base) + sizeof "/room/" + strlen(session->room_name) + (token ? strlen("?t=") + strlen(token) : 0);
    char *url = arena_alloc(s->arena, size), *end = stpcpy(stpcpy(stpcpy(url, base), "/room/"), session->room_name);
    if (token) stpcpy(stpcpy(end, "?t="), token);
    return url;
}

bool session_seat_token(struct scope *s, const struct session *session, const struct participant *seat, const char **token, struct err *e)
{
    if (provider_remote(s->core, session->provider) && !errand_on_our_page(s, session)) return errand_token(s, session, seat, token, e);
    *token = join_token_sign(s, seat);
    return true;
}

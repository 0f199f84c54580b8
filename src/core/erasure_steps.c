/* erasure_steps.c - what is done to forget somebody, in this order. Each run of a step looks at some rows past `reached` and says when there are no more. */
#include "core/copy.h"
#include "core/course.h"
#include "core/erasure.h"
#include "core/event.h"
#include "core/job.h"
#include "core/provider.h"
#include "core/recording.h"
#include "core/session.h"
#include <string.h>

enum { AT_ONCE = 100, AUDIT_WINDOW = 5000, PATIENCE_MS = 600000, ECHO_MS = 60000 };

#define THEIR_SESSIONS "(SELECT p.session_id FROM participants p WHERE p.user_id = $2 UNION SELECT o.id FROM sessions o WHERE o.teacher_id = $2)"

/* ---- sessions that they were to hold */

static const char SQL_HELD[] = "SELECT {} FROM sessions WHERE id > $1 AND teacher_id = $2 AND status IN ('scheduled', 'active') AND deleted_at IS NULL ORDER BY id LIMIT 1";

static bool end_sessions(struct scope *s, struct forgetting *f, bool *finished, struct err *e)
{
    struct session session;
    enum db_found found = db_one(s->db, SQL_HELD, session, &session, s->arena, e, INT_(f->row.reached), INT_(f->row.user_id));
    *finished = found == DB_NONE;
    if (found != DB_ROW) return found == DB_NONE;
    f->row.reached = session.id;
    return session_set_status(s, &session, session.status == session_status_active ? session_status_ended : session_status_cancelled, "host", e);
}

/* ---- out of every call, before the name is gone that a remote provider knows them by */

static const char SQL_OPEN[] = "SELECT {p} FROM participants p JOIN connection_spans c ON c.participant_id = p.id WHERE p.user_id = $1 AND c.left_at IS NULL";
static const char SQL_REMOVALS[] =
    "SELECT count(*) FROM jobs j JOIN participants p ON p.id = j.subject_id WHERE j.kind = 'provider_remove' AND j.status IN ('waiting', 'running') AND p.user_id = $1";

bool erasure_seats_in(struct scope *s, int64_t user_id, struct list *out, struct err *e)
{
    return db_all(s->db, SQL_OPEN, participant, out, s->arena, e, INT_(user_id));
}

/* A command beside the server cannot tell its calls. */
static bool tell_calls(struct scope *s, struct forgetting *f, const struct list *open, struct err *e)
{
    const struct participant *p = open->items;
    if (HAS(&f->row, erasure, requested_by) || f->row.reached) return true;
    f->row.reached = 1;
    for (size_t i = 0; i < open->count; i++)
        if (!EMIT(s, participant_kicked, p[i].session_id, e, .participant_id = p[i].id)) return false;
    return true;
}

static bool await_removal(struct scope *s, struct forgetting *f, bool *finished, struct err *e)
{
    int64_t left;
    struct list open;
    if (!erasure_seats_in(s, f->row.user_id, &open, e) || !tell_calls(s, f, &open, e)) return false;
    if (db_number(s->db, SQL_REMOVALS, &left, e, INT_(f->row.user_id)) != DB_ROW) return false;
    *finished = (!left && !open.count) || s->now > f->row.requested_at + PATIENCE_MS;
    if (!*finished) f->why = "they are still being put out of a call";
    return true;
}

/* A remote provider names them once more after they have left, and may not have told yet that they came: what it tells until then is cleaned with the rest. */
static const char SQL_IN_LATELY[] =
    "SELECT {s} FROM sessions s WHERE s.id IN (SELECT p.session_id FROM participants p WHERE p.user_id = $1) AND (($3 = 1 AND (s.status = 'active' OR s.ended_at > $2)) "
    "OR EXISTS (SELECT 1 FROM connection_spans c JOIN participants p ON p.id = c.participant_id WHERE c.session_id = s.id AND p.user_id = $1 AND c.left_at > $2))";

static bool await_echoes(struct scope *s, struct forgetting *f, bool *finished, struct err *e)
{
    struct list sessions;
    if (!db_all(s->db, SQL_IN_LATELY, session, &sessions, s->arena, e, INT_(f->row.user_id), INT_(s->now - ECHO_MS), INT_(s->now < f->row.requested_at + ECHO_MS))) return false;
    const struct session *in = sessions.items;
    for (size_t i = 0; i < sessions.count && !f->why; i++)
        if (provider_remote(s->core, in[i].provider)) f->why = "a provider may still tell of a call that they were in";
    *finished = !f->why;
    return true;
}

/* ---- recordings */

static const char SQL_RECORDING[] =
    "SELECT {r} FROM recordings r WHERE r.id > $1 AND r.deleted_at IS NULL AND " RECORDING_TOOK_PART("p.user_id = $2") " ORDER BY r.id LIMIT 1";
static const char SQL_OTHERS[] =
    "SELECT count(*) FROM recordings r WHERE r.id = $1 AND " RECORDING_HAS_OTHERS("p.user_id = $2");
static const char SQL_TRACKS[] =
    "SELECT {f} FROM recording_files f WHERE f.recording_id = $1 AND f.kind = 'track' AND EXISTS (SELECT 1 FROM participants p WHERE p.user_id = $2 AND p.session_id = $3 "
    "AND (f.name LIKE 'p' || CAST(p.id AS TEXT) || '-%' OR f.name LIKE '%-seat-' || CAST(p.id AS TEXT) || '-%' OR f.name LIKE 'seat-' || CAST(p.id AS TEXT) || '-%'))";
static const char SQL_FILE_GONE[] = "DELETE FROM recording_files WHERE id = $1";

/* The film is others' record too; what is theirs alone goes: each source as they sent it. */
static bool drop_track(struct scope *s, const struct recording_file *file, struct err *e)
{
    return copy_erase_file(s, file, e) && db_run(s->db, SQL_FILE_GONE, e, INT_(file->id));
}

static bool drop_tracks(struct scope *s, struct forgetting *f, const struct recording *r, struct err *e)
{
    struct list files;
    if (!db_all(s->db, SQL_TRACKS, recording_file, &files, s->arena, e, INT_(r->id), INT_(f->row.user_id), INT_(r->session_id))) return false;
    for (size_t i = 0; i < files.count; i++)
        if (!drop_track(s, (const struct recording_file *)files.items + i, e)) return false;
    f->row.recordings_kept++;
    return job_add(s, "forget_files", r->id, s->now, e); /* what no row names any more goes from the folder */
}

static bool judge_recordings(struct scope *s, struct forgetting *f, bool *finished, struct err *e)
{
    struct recording r;
    int64_t others;
    enum db_found found = db_one(s->db, SQL_RECORDING, recording, &r, s->arena, e, INT_(f->row.reached), INT_(f->row.user_id));
    *finished = found == DB_NONE;
    if (found != DB_ROW) return found == DB_NONE;
    if (r.kept) {
        f->why = arena_printf(s->arena, "an administrator keeps recording %lld", (long long)r.id);
        return true;
    }
    if (r.status != recording_status_ready && r.status != recording_status_failed) {
        f->why = arena_printf(s->arena, "recording %lld is still running or being made", (long long)r.id);
        return true;
    }
    if (db_number(s->db, SQL_OTHERS, &others, e, INT_(r.id), INT_(f->row.user_id)) != DB_ROW) return false;
    f->row.reached = r.id;
    if (others && f->row.media == erasure_media_own) return drop_tracks(s, f, &r, e);
    f->row.recordings_deleted++;
    return recording_delete_for(s, &r, "somebody in it is forgotten", e);
}

/* ---- texts */

struct place { const char *select, *update; size_t columns; };

#define ROWS(id, a, b, c) "SELECT " id ", " a ", " b ", " c
#define NO "CAST(NULL AS TEXT)"
static const struct place places[] = {
    {ROWS("id", "body", "answer", "error") " FROM webhook_deliveries WHERE id > $1 AND (session_id IS NULL OR session_id IN " THEIR_SESSIONS ") ORDER BY id LIMIT 100",
     "UPDATE webhook_deliveries SET body = $2, answer = $3, error = $4 WHERE id = $1", 3},
    {ROWS("a.id", "a.answer", "a.error", NO) " FROM webhook_attempts a JOIN webhook_deliveries d ON d.id = a.delivery_id WHERE a.id > $1 AND (d.session_id IS NULL OR d.session_id IN " THEIR_SESSIONS ") ORDER BY a.id LIMIT 100",
     "UPDATE webhook_attempts SET answer = $2, error = $3 WHERE id = $1", 2},
    {ROWS("id", "body", "error", NO) " FROM inbox WHERE id > $1 AND (room_name IS NULL OR room_name IN (SELECT t.room_name FROM sessions t WHERE t.id IN " THEIR_SESSIONS ")) ORDER BY id LIMIT 100",
     "UPDATE inbox SET body = $2, error = $3 WHERE id = $1", 2},
    {ROWS("id", "title", "description", NO) " FROM sessions WHERE id > $1 AND id IN " THEIR_SESSIONS " ORDER BY id LIMIT 100", "UPDATE sessions SET title = $2, description = $3 WHERE id = $1", 2},
    {ROWS("id", "kept", "shared", NO) " FROM session_terms WHERE id > $1 AND session_id IN " THEIR_SESSIONS " ORDER BY id LIMIT 100", "UPDATE session_terms SET kept = $2, shared = $3 WHERE id = $1", 2},
    {ROWS("x.id", "x.detail", NO, NO) " FROM provider_recordings x JOIN recordings r ON r.id = x.recording_id WHERE x.id > $1 AND r.session_id IN " THEIR_SESSIONS " ORDER BY x.id LIMIT 100",
     "UPDATE provider_recordings SET detail = $2 WHERE id = $1", 1},
    {ROWS("id", "name", "description", NO) " FROM services WHERE id > $1 AND owner_id = $2 ORDER BY id LIMIT 100", "UPDATE services SET name = $2, description = $3 WHERE id = $1", 2},
    {ROWS("id", "description", NO, NO) " FROM webhook_endpoints WHERE id > $1 AND user_id = $2 ORDER BY id LIMIT 100", "UPDATE webhook_endpoints SET description = $2 WHERE id = $1", 1},
    {ROWS("id", "error", NO, NO) " FROM jobs WHERE id > $1 AND error IS NOT NULL AND CAST($2 AS BIGINT) IS NOT NULL ORDER BY id LIMIT 100", "UPDATE jobs SET error = $2 WHERE id = $1", 1},
};

static bool clean_row(struct scope *s, struct forgetting *f, const struct place *at, const struct text_row *row, struct err *e)
{
    const char *before[] = {HAS(row, text_row, a) ? row->a : NULL, HAS(row, text_row, b) ? row->b : NULL, HAS(row, text_row, c) ? row->c : NULL};
    struct db_value v[4] = {INT_(row->id)};
    bool changed = false;
    for (size_t i = 0; i < at->columns; i++) {
        const char *after = needles_out(s->arena, f, before[i]);
        changed |= after != before[i];
        v[i + 1] = TEXT_(after);
    }
    f->row.rows_changed += changed;
    return !changed || db_run_values(s->db, at->update, e, v, at->columns + 1);
}

/* Which place it is in and the row there are one number: `reached` = row × places + place. */
static bool clean_texts(struct scope *s, struct forgetting *f, bool *finished, struct err *e)
{
    const int64_t count = sizeof places / sizeof *places;
    int64_t which = f->row.reached % count, after = f->row.reached / count;
    struct list rows;
    if (!db_all(s->db, places[which].select, text_row, &rows, s->arena, e, INT_(after), INT_(f->row.user_id))) return false;
    const struct text_row *row = rows.items;
    for (size_t i = 0; i < rows.count; i++)
        if (!clean_row(s, f, &places[which], &row[i], e)) return false;
    bool more = rows.count == AT_ONCE;
    *finished = !more && which + 1 == count;
    f->row.reached = more ? row[rows.count - 1].id * count + which : which + 1;
    return true;
}

/* ---- events */

static const char SQL_EVENTS[] = "SELECT {e} FROM events e WHERE e.id > $1 AND (e.user_id = $2 OR e.session_id IN " THEIR_SESSIONS ") ORDER BY e.id LIMIT 100";
static const char SQL_THEIRS[] = "SELECT 1 FROM participants WHERE id = $1 AND user_id = $2";
static const char SQL_EVENT[] = "UPDATE events SET event_data = $2 WHERE id = $1";

static bool is_about(struct scope *s, const struct forgetting *f, const json_t *data, bool *theirs, struct err *e)
{
    int64_t one, seat = json_integer_value(json_object_get(data, "participant_id"));
    enum db_found found = seat ? db_number(s->db, SQL_THEIRS, &one, e, INT_(seat), INT_(f->row.user_id)) : DB_NONE;
    *theirs = found == DB_ROW;
    return found != DB_FAILED;
}

/* Their own: another name, and what they said is gone. Others': only where they are named beyond doubt. */
static const char *clean_event(struct scope *s, const struct forgetting *f, const struct event *row, json_t *data, bool theirs)
{
    if (!theirs) return needles_out(s->arena, f, row->event_data);
    if (json_object_get(data, "name")) json_object_set_new(data, "name", json_string(f->row.pseudonym));
    if (!strcmp(row->event_type, "chat.message")) json_object_set_new(data, "text", json_string(""));
    return needles_out(s->arena, f, json_text(s->arena, data));
}

static bool forget_event(struct scope *s, struct forgetting *f, const struct event *row, struct err *e)
{
    json_t *data = HAS(row, event, event_data) ? json_loads(row->event_data, 0, NULL) : NULL;
    bool theirs = false;
    if (!data) return true;
    bool ok = is_about(s, f, data, &theirs, e);
    const char *after = ok ? clean_event(s, f, row, data, theirs) : NULL;
    json_decref(data);
    if (!ok || !strcmp(after, row->event_data)) return ok;
    f->row.rows_changed++;
    return db_run(s->db, SQL_EVENT, e, INT_(row->id), TEXT_(after));
}

static bool clean_events(struct scope *s, struct forgetting *f, bool *finished, struct err *e)
{
    struct list rows;
    if (!db_all(s->db, SQL_EVENTS, event, &rows, s->arena, e, INT_(f->row.reached), INT_(f->row.user_id))) return false;
    const struct event *row = rows.items;
    for (size_t i = 0; i < rows.count; i++)
        if (!forget_event(s, f, &row[i], e)) return false;
    *finished = rows.count < AT_ONCE;
    if (rows.count) f->row.reached = row[rows.count - 1].id;
    return true;
}

/* ---- the audit log: from where they came */

#define OTHERS_NAMES(user) "(SELECT p.identity FROM participants p WHERE p.user_id = " user " AND p.identity <> 'user-' || CAST(" user " AS TEXT))"
static const char SQL_AUDIT[] =
    "UPDATE audit SET ip = NULL, user_agent = NULL, name = NULL WHERE id > $1 AND id <= $2 AND (user_id = $3 OR participant_id IN (SELECT p.id FROM participants p WHERE p.user_id = $3))";
/* What another app calls them stands in the paths of its requests. */
static const char SQL_AUDIT_SUBJECT[] =
    "UPDATE audit SET subject_id = $4 WHERE id > $1 AND id <= $2 AND subject_id IN " OTHERS_NAMES("$3");
static const char SQL_AUDIT_END[] = "SELECT max(id) FROM audit";

static bool clean_audit(struct scope *s, struct forgetting *f, bool *finished, struct err *e)
{
    int64_t last = 0, from = f->row.reached;
    if (db_number(s->db, SQL_AUDIT_END, &last, e) == DB_FAILED || !db_run(s->db, SQL_AUDIT, e, INT_(from), INT_(from + AUDIT_WINDOW), INT_(f->row.user_id))) return false;
    f->row.rows_changed += db_changes(s->db);
    if (!db_run(s->db, SQL_AUDIT_SUBJECT, e, INT_(from), INT_(from + AUDIT_WINDOW), INT_(f->row.user_id), TEXT_(f->row.pseudonym))) return false;
    f->row.reached = from + AUDIT_WINDOW;
    *finished = f->row.reached >= last;
    return true;
}

/* ---- seats: attendance is kept, under another name */

static const char *const SQL_SEATS[] = {
    "UPDATE consents SET ip = NULL, user_agent = NULL WHERE participant_id IN (SELECT p.id FROM participants p WHERE p.user_id = $1)",
    "DELETE FROM provider_grants WHERE participant_id IN (SELECT p.id FROM participants p WHERE p.user_id = $1)",
    "DELETE FROM knocks WHERE participant_id IN (SELECT p.id FROM participants p WHERE p.user_id = $1)",
    "UPDATE bookings SET notes = NULL WHERE customer_id = $1",
};
/* Whom another app has told of by its own id, and what it calls an account. */
static const char SQL_PEOPLE[] =
    "UPDATE people SET name = $2, identity = CASE WHEN identity = $3 THEN identity ELSE 'erased-' || CAST(id AS TEXT) END "
    "WHERE identity = $3 OR identity IN " OTHERS_NAMES("$1") " OR 'student:' || identity IN " OTHERS_NAMES("$1");
static const char SQL_INSTRUCTORS[] = "UPDATE course_sessions SET instructor = $2 WHERE instructor IN " OTHERS_NAMES("$1");
static const char SQL_SEAT_NAMES[] = "UPDATE participants SET name = $2, identity = 'erased-' || CAST(id AS TEXT) WHERE user_id = $1";

static bool rename_seats(struct scope *s, struct forgetting *f, bool *finished, struct err *e)
{
    for (size_t i = 0; i < sizeof SQL_SEATS / sizeof *SQL_SEATS; i++)
        if (!db_run(s->db, SQL_SEATS[i], e, INT_(f->row.user_id))) return false;
    if (!db_run(s->db, SQL_PEOPLE, e, INT_(f->row.user_id), TEXT_(f->row.pseudonym), TEXT_(account_uuid(s->arena, f->row.user_id))) ||
        !db_run(s->db, SQL_INSTRUCTORS, e, INT_(f->row.user_id), TEXT_(f->row.pseudonym))) return false;
    if (!db_run(s->db, SQL_SEAT_NAMES, e, INT_(f->row.user_id), TEXT_(f->row.pseudonym))) return false;
    f->row.rows_changed += db_changes(s->db);
    *finished = true;
    return true;
}

const char erasure_tables[] =
    "users, api_keys, api_key_seals, idempotency_keys, participants, consents, provider_grants, knocks, bookings, people, course_sessions, events, audit, inbox, webhook_deliveries, "
    "webhook_attempts, webhook_endpoints, sessions, session_terms, services, recording_files, recording_copies, provider_recordings, jobs, erasures";

const struct erasure_step erasure_steps[] = {
    {erasure_stage_sessions, end_sessions}, {erasure_stage_removal, await_removal}, {erasure_stage_echoes, await_echoes}, {erasure_stage_recordings, judge_recordings},
    {erasure_stage_events, clean_events}, {erasure_stage_texts, clean_texts}, {erasure_stage_audit, clean_audit}, {erasure_stage_seats, rename_seats}, {0}};

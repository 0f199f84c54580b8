#include "core/presence.h"
#include "base/fault.h"
#include "base/rand.h"
#include "core/event.h"
#include "core/node.h"
#include "core/errand.h"
#include "core/meeting.h"
#include "core/participant.h"
#include "core/recording.h"
#include "core/session.h"
#include "core/terms.h"
#include <string.h>

static const char SQL_OPEN_OF[] = "SELECT {} FROM connection_spans WHERE session_id = $1 AND participant_id = $2 AND left_at IS NULL";
static const char SQL_BY_CONNECTION[] = "SELECT {} FROM connection_spans WHERE connection = $1";
static const char SQL_OPEN[] = "SELECT {} FROM connection_spans WHERE left_at IS NULL AND session_id = $1 ORDER BY id";
static const char SQL_OPEN_HERE[] =
    "SELECT {c} FROM connection_spans c JOIN session_nodes p ON p.session_id = c.session_id WHERE c.left_at IS NULL AND p.node_id = $1 ORDER BY c.id";
static const char SQL_FIRST_HERE[] =
    "SELECT {c} FROM connection_spans c JOIN session_nodes p ON p.session_id = c.session_id WHERE c.left_at IS NULL AND p.node_id = $1 "
    "AND NOT EXISTS (SELECT 1 FROM connection_spans o WHERE o.session_id = c.session_id AND o.left_at IS NULL AND o.id < c.id)";
static const char SQL_OTHERS_COUNT[] = "SELECT count(*) FROM connection_spans WHERE session_id = $1 AND participant_id <> $2 AND left_at IS NULL";
static const char SQL_EMPTY[] = "UPDATE sessions SET empty_since = $2 WHERE id = $1";
static const char SQL_SHIFT[] = "UPDATE connection_spans SET joined_at = joined_at + $1 WHERE left_at IS NULL AND session_id IN (SELECT session_id FROM session_nodes WHERE node_id = $2)";
static const char SQL_WAS_HERE[] = "SELECT 1 FROM connection_spans WHERE session_id = $1 AND participant_id = $2 LIMIT 1";
static const char SQL_BY_ID[] = "SELECT {} FROM participants WHERE id = $1";

/* ---- leaving */

static bool mark_left(struct scope *s, const struct span *span, struct err *e)
{
    struct participant p;
    if (!participant_in(s, span->session_id, span->participant_id, &p, e)) return false;
    if (p.connection_status != connection_status_joined) return true;
    SET(&p, participant, connection_status, connection_status_left);
    if (!HAS(&p, participant, left_at)) SET(&p, participant, left_at, span->left_at);
    return db_update(s->db, "participants", participant, &p, e);
}

/* `inside`: who is in still. */
static bool close_span(struct scope *s, struct span *span, const char *reason, int64_t at, int64_t *inside, struct err *e)
{
    SET(span, span, left_at, at < span->joined_at ? span->joined_at : at);
    SET(span, span, reason, reason);
    return db_update(s->db, "connection_spans", span, span, e) && FAULT_POINT(stay_closed) && meeting_departure(s, span, inside, e) &&
           EMIT(s, participant_left, span->session_id, e, .participant_id = span->participant_id, .connection = span->connection, .reason = reason);
}

bool presence_leave(struct scope *s, const char *connection, const char *reason, int64_t at, struct err *e)
{
    struct span span;
    int64_t inside;
    enum db_found found = db_one(s->db, SQL_BY_CONNECTION, span, &span, s->arena, e, TEXT_(connection));
    if (found != DB_ROW || HAS(&span, span, left_at)) return found != DB_FAILED;
    if (!node_decides(s, span.session_id)) return true; /* it was taken over while we were silent: they may be in there */
    if (!close_span(s, &span, reason, at ? at : s->now, &inside, e) || !mark_left(s, &span, e)) return false;
    return inside || (db_run(s->db, SQL_EMPTY, e, INT_(span.session_id), INT_(s->now)) && EMIT(s, call_ended, span.session_id, e, .connection = span.connection));
}

/* ---- coming */

/* A token may open the stay with another role than the seat's. */
static bool as_host(const struct entry *in)
{
    return (in->pass.token_id ? in->pass.role : (enum participant_role)in->participant.role) == participant_role_teacher;
}

/* A link alone is no stay: who has one but was never in the call is new to a locked room. */
static bool passes_lock(struct scope *s, const struct entry *in, struct err *e)
{
    int64_t one;
    if (!in->session.locked || as_host(in)) return true;
    enum db_found found = db_number(s->db, SQL_WAS_HERE, &one, e, INT_(in->session.id), INT_(in->participant.id));
    return found == DB_NONE ? err_fail(e, error_session_locked) : found == DB_ROW;
}

static bool may_come_in(struct scope *s, const struct entry *in, struct err *e)
{
    int64_t count;
    if (session_is_over(&in->session)) return err_fail(e, error_session_not_active);
    if (in->pass.used_up) return err_fail(e, error_token_used_up);
    if (!passes_lock(s, in, e) || !terms_admit(s, in->session.id, e)) return false;
    if (db_number(s->db, SQL_OTHERS_COUNT, &count, e, INT_(in->session.id), INT_(in->participant.id)) != DB_ROW) return false;
    return count < in->session.max_participants || err_fail(e, error_session_full);
}

static bool must_wait(const struct entry *in)
{
    return in->session.waiting_room && !as_host(in) && !in->participant.admitted;
}

/* The newest browser of a person is the one that counts. */
static bool replace_older(struct scope *s, struct entry *in, struct err *e)
{
    struct list open;
    int64_t inside; /* whoever is: they are coming */
    if (!db_all(s->db, SQL_OPEN_OF, span, &open, s->arena, e, INT_(in->session.id), INT_(in->participant.id))) return false;
    struct span *spans = (struct span *)(uintptr_t)open.items;
    for (size_t i = 0; i < open.count; i++) {
        in->replaced = spans[i].connection;
        if (!close_span(s, &spans[i], "replaced", s->now, &inside, e)) return false;
    }
    return true;
}

static bool open_span(struct scope *s, struct entry *in, struct err *e)
{
    char connection[17];
    rand_text(connection, 16, RAND_ID);
    in->span = (struct span){0};
    SET(&in->span, span, connection, arena_strdup(s->arena, connection));
    SET(&in->span, span, session_id, in->session.id);
    SET(&in->span, span, participant_id, in->participant.id);
    SET(&in->span, span, joined_at, s->now);
    return db_insert(s->db, "connection_spans", span, &in->span, e) && FAULT_POINT(stay_opened) && meeting_arrival(s, &in->span, e) &&
           EMIT(s, participant_joined, in->session.id, e, .participant_id = in->participant.id, .connection = in->span.connection, .name = in->participant.name);
}

static bool note_arrival(struct scope *s, struct entry *in, struct err *e)
{
    struct participant *p = &in->participant;
    SET(p, participant, connection_status, connection_status_joined);
    if (!HAS(p, participant, joined_at)) SET(p, participant, joined_at, s->now);
    if (!db_update(s->db, "participants", participant, p, e)) return false;
    if (as_host(in) && in->session.status == session_status_scheduled &&
        !session_set_status(s, &in->session, session_status_active, NULL, e)) return false;
    CLEAR(&in->session, session, empty_since);
    if (!db_run(s->db, SQL_EMPTY, e, INT_(in->session.id), OPT_(false, 0))) return false;
    return !in->session.enable_recording || recording_begin_automatic(s, &in->session, e);
}

static bool resume(struct scope *s, const char *connection, struct entry *out, struct err *e)
{
    enum db_found found = db_one(s->db, SQL_BY_CONNECTION, span, &out->span, s->arena, e, TEXT_(connection));
    out->resumed = found == DB_ROW && out->span.participant_id == out->participant.id && !HAS(&out->span, span, left_at);
    return found != DB_FAILED;
}

/* Consent: asked of everybody who comes into a call that is recorded or will be; kept with the seat. */
static bool settle_consent(struct scope *s, struct entry *out, bool consent, struct err *e)
{
    bool recorded;
    if (!recording_runs(s, out->session.id, &recorded, e)) return false;
    recorded |= out->session.enable_recording;
    if (recorded && !consent && !HAS(&out->participant, participant, consented_at)) out->outcome = ENTRY_CONSENT;
    return !recorded || !consent || participant_consent(s, &out->participant, consent_way_door, true, e);
}

static bool come_in(struct scope *s, struct entry *out, struct err *e)
{
    return node_claim(s, out->session.id, &out->taken_over, e) && replace_older(s, out, e) && open_span(s, out, e) && join_pass_use(s, &out->pass, out->span.connection, e) &&
           terms_begin_stay(s, &out->span, out->pass.token_id, e) && note_arrival(s, out, e) && terms_record(s, &out->session, &out->participant, out->pass.token_id, e);
}

static bool decide(struct scope *s, const char *connection, bool consent, struct entry *out, struct err *e)
{
    if (connection && !resume(s, connection, out, e)) return false;
    if (!node_elsewhere(s, out->session.id, &out->elsewhere, e)) return false;
    if (out->elsewhere) out->outcome = ENTRY_ELSEWHERE;
    if (out->elsewhere) return true;
    if (out->resumed) return (!session_is_over(&out->session) || err_fail(e, error_session_not_active)) && node_claim(s, out->session.id, &out->taken_over, e);
    if (!may_come_in(s, out, e)) return false;
    if (must_wait(out)) out->outcome = ENTRY_WAIT;
    if (out->outcome == ENTRY_IN && !settle_consent(s, out, consent, e)) return false;
    return out->outcome != ENTRY_IN || come_in(s, out, e); /* who must wait keeps what they had */
}

bool presence_enter(struct scope *s, const char *token, const char *connection, bool consent, struct entry *out, struct err *e)
{
    *out = (struct entry){.outcome = ENTRY_IN};
    if (!join_token_check(s, token, &out->session, &out->participant, &out->pass, e)) return false;
    if (provider_remote(s->core, out->session.provider) && !errand_on_our_page(s, &out->session)) return err_fail(e, error_provider_cannot);
    if (!decide(s, connection, consent, out, e)) return false;
    join_pass_apply(&out->pass, &out->session, &out->participant);
    return true;
}

/* Who is in and loads the page anew comes in with the use that was counted. */
static bool forgive_use(struct scope *s, struct entry *out, struct err *e)
{
    bool present = false;
    if (out->pass.used_up && !participant_present(s, out->participant.id, &present, e)) return false;
    out->pass.used_up &= !present;
    return true;
}

bool presence_admit(struct scope *s, const char *token, bool consent, struct entry *out, struct err *e)
{
    *out = (struct entry){.outcome = ENTRY_IN};
    if (!join_token_check(s, token, &out->session, &out->participant, &out->pass, e) || !forgive_use(s, out, e) || !may_come_in(s, out, e)) return false;
    if (must_wait(out)) out->outcome = ENTRY_WAIT;
    if (out->outcome == ENTRY_IN && !settle_consent(s, out, consent, e)) return false;
    join_pass_apply(&out->pass, &out->session, &out->participant);
    return true;
}

/* ---- who is there */

bool presence_open(struct scope *s, int64_t session_id, struct list *spans, struct err *e)
{
    if (session_id) return db_all(s->db, SQL_OPEN, span, spans, s->arena, e, INT_(session_id));
    return db_all(s->db, SQL_OPEN_HERE, span, spans, s->arena, e, INT_(s->core->node_id));
}

bool presence_person(struct scope *s, const char *connection, struct span *span, struct session *session, struct participant *p, struct join_pass *pass, struct err *e)
{
    if (db_one(s->db, SQL_BY_CONNECTION, span, span, s->arena, e, TEXT_(connection)) != DB_ROW || HAS(span, span, left_at) ||
        session_by_id(s, span->session_id, session, e) != DB_ROW || db_one(s->db, SQL_BY_ID, participant, p, s->arena, e, INT_(span->participant_id)) != DB_ROW ||
        !join_pass_of(s, connection, pass, e)) return false;
    join_pass_apply(pass, session, p);
    return true;
}

bool presence_shift(struct scope *s, int64_t jump_ms, struct err *e)
{
    struct list first;
    if (!db_run(s->db, SQL_SHIFT, e, INT_(jump_ms), INT_(s->core->node_id)) || !db_all(s->db, SQL_FIRST_HERE, span, &first, s->arena, e, INT_(s->core->node_id))) return false;
    const struct span *spans = first.items;
    for (size_t i = 0; i < first.count; i++)
        if (!meeting_mend(s, spans[i].session_id, spans[i].id, e)) return false;
    return true;
}

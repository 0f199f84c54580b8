#include "core/terms.h"
#include "core/errand.h"
#include "core/event.h"
#include "core/participant.h"
#include "core/recording.h"
#include "core/session.h"

static const char SQL_FIND[] = "SELECT {} FROM session_terms WHERE session_id = $1";
static const char SQL_OF_TOKEN[] = "SELECT {} FROM token_terms WHERE token_id = $1";
static const char SQL_DUE[] =
    "SELECT n.id, n.connection, n.session_id, c.participant_id FROM stay_ends n JOIN connection_spans c ON c.connection = n.connection "
    "WHERE n.told_at IS NULL AND n.ends_at <= $1 AND c.left_at IS NULL ORDER BY n.ends_at LIMIT 50";
static const char SQL_TOLD[] = "UPDATE stay_ends SET told_at = $2 WHERE id = $1";
static const char SQL_CLOSED[] =
    "SELECT {s} FROM session_terms t JOIN sessions s ON s.id = t.session_id WHERE t.closes_at IS NOT NULL AND t.closes_at <= $1 AND s.status IN ('scheduled', 'active') "
    "AND s.deleted_at IS NULL AND NOT EXISTS (SELECT 1 FROM connection_spans c WHERE c.session_id = s.id AND c.left_at IS NULL) ORDER BY t.closes_at LIMIT 20";
static const char SQL_PERSON[] = "SELECT {} FROM participants WHERE id = $1";

enum db_found terms_find(struct scope *s, int64_t session_id, struct session_terms *out, struct err *e)
{
    return db_one(s->db, SQL_FIND, session_terms, out, s->arena, e, INT_(session_id));
}

bool terms_save(struct scope *s, struct session_terms *terms, struct err *e)
{
    return terms->id ? db_update(s->db, "session_terms", session_terms, terms, e) : db_insert(s->db, "session_terms", session_terms, terms, e);
}

bool terms_of_token(struct scope *s, struct token_terms *terms, struct err *e)
{
    return db_insert(s->db, "token_terms", token_terms, terms, e);
}

bool terms_admit(struct scope *s, int64_t session_id, struct err *e)
{
    struct session_terms t;
    enum db_found found = terms_find(s, session_id, &t, e);
    if (found != DB_ROW) return found == DB_NONE;
    if (HAS(&t, session_terms, opens_at) && s->now < t.opens_at) return err_fail(e, error_session_not_open);
    return !HAS(&t, session_terms, closes_at) || s->now < t.closes_at || err_fail(e, error_session_closed);
}

/* ---- the end of a stay */

static void sooner(struct stay_end *end, bool has, int64_t at)
{
    if (has && (!HAS(end, stay_end, ends_at) || at < end->ends_at)) SET(end, stay_end, ends_at, at);
}

static bool by_token(struct scope *s, int64_t token_id, int64_t joined_at, struct stay_end *end, struct err *e)
{
    struct token_terms t;
    enum db_found found = token_id ? db_one(s->db, SQL_OF_TOKEN, token_terms, &t, s->arena, e, INT_(token_id)) : DB_NONE;
    if (found != DB_ROW) return found == DB_NONE;
    sooner(end, HAS(&t, token_terms, eject_at), t.eject_at);
    sooner(end, HAS(&t, token_terms, stay_seconds), joined_at + t.stay_seconds * 1000);
    return true;
}

static bool by_session(struct scope *s, int64_t session_id, int64_t joined_at, struct stay_end *end, struct err *e)
{
    struct session_terms t;
    enum db_found found = terms_find(s, session_id, &t, e);
    if (found != DB_ROW) return found == DB_NONE;
    sooner(end, t.eject_at_close && HAS(&t, session_terms, closes_at), t.closes_at);
    sooner(end, HAS(&t, session_terms, stay_seconds), joined_at + t.stay_seconds * 1000);
    return true;
}

bool terms_begin_stay(struct scope *s, const struct span *span, int64_t token_id, struct err *e)
{
    struct stay_end end = {0};
    if (!by_token(s, token_id, span->joined_at, &end, e)) return false;
    if (!HAS(&end, stay_end, ends_at) && !by_session(s, span->session_id, span->joined_at, &end, e)) return false;
    if (!HAS(&end, stay_end, ends_at)) return true;
    SET(&end, stay_end, connection, span->connection);
    SET(&end, stay_end, session_id, span->session_id);
    return db_insert(s->db, "stay_ends", stay_end, &end, e);
}

bool terms_record(struct scope *s, const struct session *session, struct participant *p, int64_t token_id, struct err *e)
{
    struct token_terms t;
    struct recording r;
    bool runs;
    enum db_found found = token_id ? db_one(s->db, SQL_OF_TOKEN, token_terms, &t, s->arena, e, INT_(token_id)) : DB_NONE;
    if (found != DB_ROW) return found == DB_NONE;
    if (!t.starts_recording) return true;
    return participant_consent(s, p, consent_way_token, true, e) && recording_runs(s, session->id, &runs, e) && (runs || recording_begin(s, session, &r, e));
}

/* ---- putting out */

bool terms_eject(struct scope *s, const struct session *session, int64_t participant_id, const char *connection, const char *why, struct err *e)
{
    struct participant p;
    if (db_one(s->db, SQL_PERSON, participant, &p, s->arena, e, INT_(participant_id)) != DB_ROW) return false;
    return errand_remove(s, session, &p, e) && EMIT(s, participant_ejected, session->id, e, .participant_id = participant_id, .connection = connection, .reason = why);
}

static bool put_out(struct scope *s, const struct stay_due *due, struct err *e)
{
    struct session session;
    enum db_found found = session_by_id(s, due->session_id, &session, e);
    if (found == DB_FAILED || !db_run(s->db, SQL_TOLD, e, INT_(due->id), INT_(s->now))) return false;
    return found == DB_NONE || terms_eject(s, &session, due->participant_id, due->connection, "expired", e);
}

bool terms_enforce(struct scope *s, struct err *e)
{
    struct list due, closed;
    if (!db_all(s->db, SQL_DUE, stay_due, &due, s->arena, e, INT_(s->now))) return false;
    for (size_t i = 0; i < due.count; i++)
        if (!put_out(s, (const struct stay_due *)due.items + i, e)) return false;
    if (!db_all(s->db, SQL_CLOSED, session, &closed, s->arena, e, INT_(s->now))) return false;
    struct session *sessions = (struct session *)(uintptr_t)closed.items;
    for (size_t i = 0; i < closed.count; i++)
        if (!session_set_status(s, &sessions[i], session_status_ended, "expired", e)) return false;
    return true;
}

#include "core/reconcile.h"
#include "core/fact.h"
#include "core/inbox.h"
#include "core/job.h"
#include "core/recording.h"
#include "core/session.h"

static const char SQL_ROOMS[] =
    "SELECT {x} FROM provider_rooms x JOIN sessions s ON s.id = x.session_id WHERE x.provider = $1 AND x.id > $2 AND "
    "((x.closed_at IS NULL AND x.expires_at > $3 AND s.status IN ('scheduled', 'active')) OR EXISTS (SELECT 1 FROM connection_spans c WHERE c.session_id = s.id AND c.left_at IS NULL)) "
    "ORDER BY x.id LIMIT $4";
static const char SQL_INSIDE[] = "SELECT count(*) FROM connection_spans WHERE session_id = $1 AND left_at IS NULL";
static const char SQL_PENDING[] =
    "SELECT r.id, r.uuid, p.external_id, s.room_name, r.started_at, r.ended_at, r.status FROM recordings r JOIN sessions s ON s.id = r.session_id LEFT JOIN provider_recordings p ON p.recording_id = r.id "
    "WHERE s.provider = $1 AND r.deleted_at IS NULL AND (r.status IN ('recording', 'paused') OR (r.status = 'processing' AND coalesce(p.told, 0) < 2)) ORDER BY coalesce(p.told_at, 0), r.id LIMIT 50";
static const char SQL_LOOKED[] = "INSERT INTO facts (name, number) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET number = excluded.number";
static const char SQL_LAST_LOOK[] = "SELECT max(number) FROM facts WHERE name LIKE 'looked %'";
static const char SQL_GAP[] =
    "INSERT INTO jobs (kind, subject_id, status, due_at, attempts, created_at, updated_at) SELECT 'history', s.id, 'waiting', CAST($2 AS BIGINT), 0, CAST($2 AS BIGINT), CAST($2 AS BIGINT) "
    "FROM sessions s JOIN provider_rooms x ON x.session_id = s.id WHERE x.provider = $1 AND s.deleted_at IS NULL AND (x.closed_at IS NULL OR x.closed_at > $3) AND s.actual_start IS NOT NULL "
    "ON CONFLICT (kind, subject_id) DO UPDATE SET status = 'waiting', due_at = excluded.due_at, attempts = 0, error = NULL, lease_until = NULL, updated_at = excluded.updated_at";
static const char SQL_FIRST_STAY[] = "SELECT min(joined_at) FROM connection_spans WHERE session_id = $1";
static const char SQL_NUMBER[] = "SELECT number FROM facts WHERE name = $1";
static const char SQL_MISSING[] =
    "SELECT 1 FROM absences a JOIN connection_spans c ON c.connection = a.connection WHERE a.told = 0 AND c.left_at IS NULL LIMIT 1";
static const char SQL_SOONER[] = "UPDATE jobs SET due_at = $1 WHERE kind = 'reconcile' AND subject_id = 0 AND status = 'waiting' AND due_at > $1";

enum { RING_GAP_MS = 3000, EXPIRED_MS = 600000, LOST_MS = 2 * 3600000, TEND_MS = 60000, GAP_MS = 24 * 3600000, BEFORE_MS = 900000 };

static bool any_to_ask(const struct core *core)
{
    for (size_t i = 0; i < core->provider_count; i++)
        if (core->providers[i]->ops->participants) return true;
    return false;
}

bool reconcile_begin(struct scope *s, struct err *e)
{
    for (size_t i = 0; i < s->core->provider_count; i++)
        if (s->core->providers[i]->ops->inbound && !inbox_take_up(s, s->core->providers[i]->ops->name, e)) return false;
    return !any_to_ask(s->core) || job_add(s, "reconcile", 0, s->now, e);
}

bool reconcile_ring(struct scope *s, struct err *e)
{
    int64_t last;
    enum db_found found = db_number(s->db, SQL_LAST_LOOK, &last, e);
    if (found == DB_FAILED) return false;
    int64_t due = found == DB_ROW && last + RING_GAP_MS > s->now ? last + RING_GAP_MS : s->now;
    return db_run(s->db, SQL_SOONER, e, INT_(due));
}

/* Whoever is missing for the first time is looked for once more before the next round would have come. */
bool reconcile_next(struct scope *s, struct err *e)
{
    int64_t one, wait = core_config(s->core)->RECONCILE_SECONDS * 1000;
    if (!any_to_ask(s->core)) return true;
    enum db_found found = db_number(s->db, SQL_MISSING, &one, e);
    if (found == DB_ROW) wait = fact_sure_ms(s);
    return found != DB_FAILED && job_add(s, "reconcile", 0, s->now + wait, e);
}

bool reconcile_rooms(struct scope *s, const char *provider, int64_t after_id, int64_t limit, struct list *out, struct err *e)
{
    return db_all(s->db, SQL_ROOMS, provider_room, out, s->arena, e, TEXT_(provider), INT_(after_id), INT_(s->now - EXPIRED_MS), INT_(limit));
}

bool reconcile_inside(struct scope *s, int64_t session_id, int64_t *count, struct err *e)
{
    return db_number(s->db, SQL_INSIDE, count, e, INT_(session_id)) == DB_ROW;
}

bool reconcile_recordings(struct scope *s, const char *provider, struct list *out, struct err *e)
{
    return db_all(s->db, SQL_PENDING, pending_recording, out, s->arena, e, TEXT_(provider));
}

bool reconcile_lost(struct scope *s, const struct pending_recording *r, struct err *e)
{
    if (r->status != recording_status_processing || !HAS(r, pending_recording, ended_at) || r->ended_at + LOST_MS > s->now) return true;
    return recording_failed(s, r->id, "the provider never told of its files", e);
}

bool reconcile_history(struct scope *s, int64_t session_id, struct session *out, int64_t *since, bool *due, struct err *e)
{
    enum db_found found = session_by_id(s, session_id, out, e);
    *due = found == DB_ROW && provider_remote(s->core, out->provider);
    if (!*due) return found != DB_FAILED;
    *since = HAS(out, session, actual_start) ? out->actual_start : out->created_at;
    int64_t first;
    found = db_number(s->db, SQL_FIRST_STAY, &first, e, INT_(session_id));
    if (found == DB_ROW && first < *since) *since = first;
    *since -= BEFORE_MS; /* a meeting may have begun without anybody whom we know of */
    return found != DB_FAILED;
}

bool reconcile_gap(struct scope *s, const char *provider, struct err *e)
{
    return db_run(s->db, SQL_GAP, e, TEXT_(provider), INT_(s->now), INT_(s->now - GAP_MS));
}

bool reconcile_tend(struct scope *s, const char *provider, bool *due, struct err *e)
{
    int64_t last;
    const char *name = arena_printf(s->arena, "tended %s", provider);
    enum db_found found = db_number(s->db, SQL_NUMBER, &last, e, TEXT_(name));
    *due = found == DB_NONE || (found == DB_ROW && last + TEND_MS <= s->now);
    return found != DB_FAILED && (!*due || db_run(s->db, SQL_LOOKED, e, TEXT_(name), INT_(s->now)));
}

bool reconcile_looked(struct scope *s, const char *provider, int64_t asked_at, struct err *e)
{
    return db_run(s->db, SQL_LOOKED, e, TEXT_(arena_printf(s->arena, "looked %s", provider)), INT_(asked_at));
}

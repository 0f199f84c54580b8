#include "core/job.h"
#include "core/event.h"
#include "core/node.h"

static const char SQL_ADD[] =
    "INSERT INTO jobs (kind, subject_id, status, due_at, attempts, created_at, updated_at) VALUES ($1, $2, 'waiting', $3, 0, $4, $4) "
    "ON CONFLICT (kind, subject_id) DO UPDATE SET status = 'waiting', due_at = excluded.due_at, attempts = 0, error = NULL, lease_until = NULL, updated_at = excluded.updated_at";
static const char SQL_HURRY[] = "UPDATE jobs SET due_at = $3 WHERE kind = $1 AND subject_id = $2 AND status = 'waiting' AND due_at > $3";
/* What another node has the files for is left to it while it lives. */
static const char SQL_DUE[] =
    "SELECT {} FROM jobs WHERE ($4 IS NULL OR CASE WHEN $4 LIKE '%,' || kind || ',%' THEN 0 ELSE 1 END = $5) AND ((status = 'waiting' AND due_at <= $1 AND (node_id IS NULL OR node_id = $2 OR NOT EXISTS (SELECT 1 FROM nodes n WHERE n.id = jobs.node_id AND n.seen_at > $3))) "
    "OR (status = 'running' AND lease_until <= $1)) ORDER BY due_at LIMIT 1";
static const char SQL_PREFER[] = "UPDATE jobs SET node_id = $3 WHERE kind = $1 AND subject_id = $2";
/* Only what still runs: what was asked for anew meanwhile stays asked for. And only under the lease that we have: who fell silent with it has lost it to another node. */
#define HELD "id = $1 AND status = 'running' AND node_id = $2 AND attempts = $3"
static const char SQL_EXTEND[] = "UPDATE jobs SET lease_until = $4 WHERE " HELD;
static const char SQL_DONE[] = "UPDATE jobs SET status = 'done', lease_until = NULL, error = NULL, updated_at = $4 WHERE " HELD;
static const char SQL_AGAIN[] = "UPDATE jobs SET status = $4, due_at = $5, error = $6, updated_at = $7, lease_until = NULL WHERE " HELD;
static const char SQL_WANT[] =
    "INSERT INTO jobs (kind, subject_id, status, due_at, attempts, created_at, updated_at) VALUES ($1, $2, 'waiting', $3, 0, $3, $3) "
    "ON CONFLICT (kind, subject_id) DO UPDATE SET status = 'waiting', due_at = excluded.due_at, attempts = 0, error = NULL, lease_until = NULL, updated_at = excluded.updated_at "
    "WHERE jobs.status <> 'waiting' OR jobs.due_at > excluded.due_at";
static const char SQL_LATER[] = "UPDATE jobs SET status = 'waiting', due_at = $3, attempts = 0, lease_until = NULL, error = NULL WHERE kind = $1 AND subject_id = $2 AND status = 'running'";
static const char SQL_PLAN[] =
    "INSERT INTO jobs (kind, subject_id, status, due_at, attempts, created_at, updated_at) VALUES ($1, $2, 'waiting', $3, 0, $4, $4) "
    "ON CONFLICT (kind, subject_id) DO UPDATE SET status = 'waiting', due_at = excluded.due_at, attempts = 0, error = NULL, lease_until = NULL, updated_at = excluded.updated_at "
    "WHERE jobs.status <> 'waiting'";
static const char SQL_RELEASE[] = "UPDATE jobs SET status = 'waiting', due_at = $4, attempts = attempts - 1, lease_until = NULL WHERE " HELD;
static const char SQL_RELEASE_ALL[] = "UPDATE jobs SET status = 'waiting', lease_until = NULL WHERE status = 'running' AND (node_id IS NULL OR node_id = $1)";

bool job_add(struct scope *s, const char *kind, int64_t subject_id, int64_t due_at, struct err *e)
{
    return db_run(s->db, SQL_ADD, e, TEXT_(kind), INT_(subject_id), INT_(due_at), INT_(s->now));
}

bool job_prefer(struct scope *s, const char *kind, int64_t subject_id, int64_t node_id, struct err *e)
{
    return !node_id || db_run(s->db, SQL_PREFER, e, TEXT_(kind), INT_(subject_id), INT_(node_id));
}

bool job_want(struct scope *s, const char *kind, int64_t subject_id, struct err *e)
{
    return db_run(s->db, SQL_WANT, e, TEXT_(kind), INT_(subject_id), INT_(s->now));
}

bool job_plan(struct scope *s, const char *kind, int64_t subject_id, int64_t after_ms, struct err *e)
{
    return db_run(s->db, SQL_PLAN, e, TEXT_(kind), INT_(subject_id), INT_(s->now + after_ms), INT_(s->now));
}

bool job_hurry(struct scope *s, const char *kind, int64_t subject_id, struct err *e)
{
    return db_run(s->db, SQL_HURRY, e, TEXT_(kind), INT_(subject_id), INT_(s->now));
}

enum db_found job_take(struct scope *s, const struct job_lane *lane, int64_t lease_ms, struct job *out, struct err *e)
{
    enum db_found found = db_one(s->db, SQL_DUE, job, out, s->arena, e, INT_(s->now), INT_(s->core->node_id), INT_(s->now - NODE_DEAD_MS),
                                 TEXT_(lane ? lane->kinds : NULL), INT_(lane && lane->others));
    if (found != DB_ROW) return found;
    SET(out, job, status, job_status_running);
    SET(out, job, node_id, s->core->node_id);
    SET(out, job, attempts, out->attempts + 1);
    SET(out, job, lease_until, s->now + lease_ms);
    SET(out, job, updated_at, s->now);
    return db_update(s->db, "jobs", job, out, e) ? DB_ROW : DB_FAILED;
}

#define HELD_(j) INT_((j)->id), INT_((j)->node_id), INT_((j)->attempts)

bool job_extend(struct scope *s, const struct job *j, int64_t lease_ms, struct err *e)
{
    return db_run(s->db, SQL_EXTEND, e, HELD_(j), INT_(s->now + lease_ms));
}

bool job_later(struct scope *s, const char *kind, int64_t subject_id, int64_t due_at, struct err *e)
{
    return db_run(s->db, SQL_LATER, e, TEXT_(kind), INT_(subject_id), INT_(due_at));
}

bool job_done(struct scope *s, const struct job *j, struct err *e)
{
    return db_run(s->db, SQL_DONE, e, HELD_(j), INT_(s->now));
}

static int64_t backoff_ms(int64_t attempts)
{
    int64_t ms = 5000;
    while (--attempts > 0 && ms < 3600000) ms *= 4;
    return ms < 3600000 ? ms : 3600000;
}

bool job_again(struct scope *s, const struct job *j, const char *why, int attempts_at_most, bool *given_up, struct err *e)
{
    bool last = j->attempts >= attempts_at_most;
    if (!db_run(s->db, SQL_AGAIN, e, HELD_(j), TEXT_(job_status_words.words[last ? job_status_failed : job_status_waiting]), INT_(s->now + backoff_ms(j->attempts)), TEXT_(why), INT_(s->now)))
        return false;
    *given_up = last && db_changes(s->db);
    return true;
}

bool job_release(struct scope *s, const struct job *j, struct err *e)
{
    return db_run(s->db, SQL_RELEASE, e, HELD_(j), INT_(s->now));
}

bool job_release_all(struct scope *s, struct err *e)
{
    return db_run(s->db, SQL_RELEASE_ALL, e, INT_(s->core->node_id));
}

#include "jobs/runner.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "core/reconcile.h"
#include "core/retention.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { LEASE_MS = 60000, LOOK_MS = 1000, INBOX_PAUSE_MS = 200, EXTEND_MS = 15000, NS_A_MS = 1000000, NS_A_S = 1000000000 };

/* What takes long has a thread of its own, and so has what asks others: what providers tell does not wait for it.
 * The inbox's has a pause instead of LOOK_MS, a shorter one, and has it after each job too: what came meanwhile shares commits, and leaves the writer to who waits
 * for an answer. */
struct lane_kind { struct job_lane jobs; int64_t pause_ms; };
static const struct lane_kind lanes[] = {
    {{"compose", ",compose,", false}, 0}, {{"fetch", ",fetch,", false}, 0}, {{"publish", ",publish,unpublish,release,", false}, 0}, {{"inbox", ",inbox,", false}, INBOX_PAUSE_MS},
    {{"reconcile", ",reconcile,", false}, 0}, {{"jobs", ",compose,fetch,publish,unpublish,release,inbox,reconcile,", true}, 0}};
enum { LANES = sizeof lanes / sizeof *lanes };

struct lane {
    struct runner *runner;
    const struct lane_kind *kind;
    pthread_t thread;
    int64_t extended_at;
};

struct runner {
    struct core *core;
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    bool stopping;
    struct lane lanes[LANES];
    int running;
};

/* Of a newer roomd: on this database too, or before somebody went back to this one. It is left to one that knows it. */
static enum work_result is_unknown(struct work_context *w, struct err *e)
{
    err_set(e, ERR_INTERNAL, "job_kind", "this program knows no job \"%s\"", w->job->kind);
    return WORK_AGAIN;
}

static const struct work_kind unknown = {"", 20, is_unknown, NULL};

static const struct work_kind *kind_of(const char *name)
{
    for (const struct work_kind *k = work_kinds; k->name; k++)
        if (!strcmp(k->name, name)) return k;
    return &unknown;
}

static bool stopping(struct runner *r)
{
    pthread_mutex_lock(&r->mutex);
    bool stop = r->stopping;
    pthread_mutex_unlock(&r->mutex);
    return stop;
}

/* ---- steps on the writer */

struct taking { const struct job_lane *jobs; struct arena *arena; struct job job; enum db_found found; };

static bool take(struct scope *s, void *arg, struct err *e)
{
    struct taking *t = arg;
    struct scope own = *s;
    own.arena = t->arena;
    t->found = job_take(&own, t->jobs, LEASE_MS, &t->job, e);
    return t->found != DB_FAILED;
}

static bool extend(struct scope *s, void *arg, struct err *e)
{
    return job_extend(s, arg, LEASE_MS, e);
}

struct outcome { const struct job *job; const struct work_kind *kind; enum work_result result; const char *why; };

static bool settle(struct scope *s, void *arg, struct err *e)
{
    const struct outcome *o = arg;
    bool given_up = o->result == WORK_GIVEN_UP;
    if (o->result == WORK_DONE) return job_done(s, o->job, e);
    if (o->result == WORK_STOPPED) return job_release(s, o->job, e);
    if (!job_again(s, o->job, o->why, given_up ? 0 : o->kind->attempts, &given_up, e)) return false;
    return !given_up || !o->kind->give_up || o->kind->give_up(s, o->job->subject_id, o->why, e);
}

struct scope work_scope(const struct work_context *w)
{
    return (struct scope){.core = w->core, .db = w->db, .arena = w->arena};
}

bool runner_go_on(struct work_context *w)
{
    int64_t now = clock_monotonic_ms();
    struct job job = *w->job;
    if (stopping(w->lane->runner)) return false;
    if (now - w->lane->extended_at < EXTEND_MS) return true;
    w->lane->extended_at = now;
    core_write(w->core, extend, &job, NULL);
    return true;
}

/* ---- the loop */

static void work(struct lane *lane, struct db_conn *db, struct arena *a, const struct job *job)
{
    struct err e = {0};
    const struct work_kind *kind = kind_of(job->kind);
    struct core *core = lane->runner->core;
    struct work_context w = {lane, core, db, a, job};
    int64_t began = lane->extended_at = clock_monotonic_ms();
    enum work_result result = kind->run(&w, &e);
    struct outcome o = {job, kind, result, e.text};
    log_at(result == WORK_DONE ? LOG_INFO : LOG_WARN, "job", LOG_STR("kind", job->kind), LOG_INT("subject", job->subject_id), LOG_INT("attempt", job->attempts),
           LOG_STR("error", e.text), LOG_INT("ms", clock_monotonic_ms() - began));
    FAULT_POINT(job_worked);
    struct err unsettled = {0}; /* not `e`: that is what `o` tells */
    if (!core_write(core, settle, &o, &unsettled)) log_error("job.not_settled", LOG_STR("error", unsettled.text));
    FAULT_POINT(job_settled);
}

/* By the monotonic clock: on the other, one that is set back by an hour makes this an hour. */
static void wait_for_work(struct runner *r, int64_t ms)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    int64_t ns = until.tv_nsec + fault_wait_ms(ms) * NS_A_MS;
    until.tv_sec += ns / NS_A_S;
    until.tv_nsec = ns % NS_A_S;
    pthread_mutex_lock(&r->mutex);
    while (!r->stopping && pthread_cond_timedwait(&r->wake, &r->mutex, &until) == 0) {}
    pthread_mutex_unlock(&r->mutex);
}

/* A connection of its own from the first job on: each costs memory. */
static bool have_database(struct lane *lane, struct db_conn **db, const struct job *job)
{
    struct err e = {0};
    if (*db || (*db = db_reader(lane->runner->core->db, &e))) return true;
    log_error("runner.no_database", LOG_STR("error", e.text));
    struct outcome o = {job, kind_of(job->kind), WORK_STOPPED, e.text};
    core_write(lane->runner->core, settle, &o, NULL);
    return false;
}

static void *run(void *arg)
{
    struct lane *lane = arg;
    struct runner *r = lane->runner;
    struct db_conn *db = NULL;
    int64_t pause_ms = lane->kind->pause_ms;
    while (!stopping(r)) {
        struct arena a;
        arena_init(&a);
        struct taking t = {.jobs = &lane->kind->jobs, .arena = &a};
        bool found = core_write(r->core, take, &t, NULL) && t.found == DB_ROW && have_database(lane, &db, &t.job);
        if (found && FAULT_POINT(job_taken)) work(lane, db, &a, &t.job);
        arena_release(&a);
        if (!found || pause_ms) wait_for_work(r, pause_ms ? pause_ms : LOOK_MS);
    }
    db_conn_close(db);
    return NULL;
}

static bool release_all(struct scope *s, void *arg, struct err *e)
{
    (void)arg;
    return job_release_all(s, e) && FAULT_POINT(jobs_released) && reconcile_begin(s, e) && retention_begin(s, e);
}

static bool start_lane(struct runner *r, struct err *e)
{
    struct lane *lane = &r->lanes[r->running];
    *lane = (struct lane){.runner = r, .kind = &lanes[r->running]};
    if (pthread_create(&lane->thread, NULL, run, lane)) return err_set(e, ERR_INTERNAL, "thread", "cannot start the job threads");
    pthread_setname_np(lane->thread, lane->kind->jobs.name);
    r->running++;
    return true;
}

struct runner *runner_start(struct core *core, struct err *e)
{
    if (!core_write(core, release_all, NULL, e)) return NULL;
    struct runner *r = xcalloc(1, sizeof *r);
    r->core = core;
    pthread_mutex_init(&r->mutex, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&r->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    while (r->running < LANES && start_lane(r, e)) {}
    if (r->running == LANES) return r;
    runner_stop(r);
    return NULL;
}

void runner_stop(struct runner *r)
{
    if (!r) return;
    pthread_mutex_lock(&r->mutex);
    r->stopping = true;
    pthread_cond_broadcast(&r->wake);
    pthread_mutex_unlock(&r->mutex);
    for (int i = 0; i < r->running; i++) pthread_join(r->lanes[i].thread, NULL);
    pthread_cond_destroy(&r->wake);
    pthread_mutex_destroy(&r->mutex);
    free(r);
}

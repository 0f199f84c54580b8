/* writer.c - opening the database, and the thread that shares commits. */
#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "db/conn.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BATCH = 1024, QUICK_US = 3000 }; /* jobs in a commit at most; a commit that is not worth a change of threads */

struct db {
    char *where;
    char name[160];       /* to be shown: without a password */
    struct db_conn *conn; /* the writer's */
    const struct driver *driver;
    void *helper;         /* the driver's */
    db_turn_fn *on_turn;
    void *turn_arg;
    atomic_uint commits;
    pthread_t thread;
    bool started, stopping;
    bool busy;            /* a batch is being run, on whichever thread */
    bool nudged;          /* others have committed something since the last turn */
    bool lone;            /* the last batch was one job, done quickly, and nobody had come meanwhile */
    pthread_mutex_t mutex;
    pthread_cond_t work;
    struct db_job *head, **tail;
};

struct db *db_open(const char *where, struct err *e)
{
    mode_t before = umask(0077);
    struct db_conn *c = conn_open(where, true, e);
    umask(before);
    if (!c) return NULL;
    struct db *db = xcalloc(1, sizeof *db);
    db->where = xstrdup(where);
    db_shown_name(where, db->name, sizeof db->name);
    db->conn = c;
    db->driver = c->driver;
    db->tail = &db->head;
    pthread_mutex_init(&db->mutex, NULL);
    pthread_cond_init(&db->work, NULL);
    return db;
}

bool db_is_shared(const struct db *db)
{
    return db->driver->shared;
}

unsigned db_commits(const struct db *db)
{
    return atomic_load(&db->commits);
}

bool db_migrate(struct db *db, int *from, int *to, struct err *e)
{
    return conn_migrate(db->conn, db->name, from, to, e);
}

struct db_conn *db_reader(struct db *db, struct err *e)
{
    struct db_conn *c = conn_open(db->where, false, e);
    if (c) c->commits = &db->commits;
    return c;
}

void db_read_share(struct db_conn *c)
{
    if (!c || !c->driver->snapshots) return; /* each statement sees the newest anyway, also what other nodes have done */
    unsigned newest = atomic_load(c->commits); /* before the snapshot: it may be newer than it says, never older */
    if (c->sharing && c->seen == newest) return;
    db_read_end(c);
    c->sharing = db_run(c, "BEGIN", NULL);
    c->seen = newest;
}

void db_read_end(struct db_conn *c)
{
    if (!c || !c->sharing) return;
    db_run(c, "COMMIT", NULL);
    c->sharing = false;
}

/* ---- the writer */

void db_after_commit(struct db_conn *c, void (*fn)(void *), void *arg)
{
    if (c->after_count == c->after_room) c->after = xrealloc(c->after, sizeof *c->after * (c->after_room = c->after_room ? c->after_room * 2 : 64));
    c->after[c->after_count++] = (struct after_commit){fn, arg};
}

static void forget_after(struct db_conn *c, size_t keep)
{
    while (c->after_count > keep) free(c->after[--c->after_count].arg);
}

/* Alone in a savepoint, which costs a copy of every page that is touched. */
static bool run_guarded(struct db_conn *c, struct db_job *job)
{
    size_t mark = c->after_count;
    conn_exec(c, "SAVEPOINT job", NULL);
    c->careful = true;
    bool ok = job->run(c, job) && c->driver->standing(c) == TX_OPEN;
    c->careful = false;
    if (!ok) {
        conn_exec(c, "ROLLBACK TO job", NULL);
        forget_after(c, mark);
    }
    conn_exec(c, "RELEASE job", NULL);
    return ok;
}

/* Without one: fine as long as who fails has changed nothing before, as nearly all do. */
static bool run_bare(struct db_conn *c, struct db_job *job, bool *spoiled)
{
    size_t mark = c->after_count;
    int64_t changes = c->driver->total_changes(c);
    bool ok = job->run(c, job), failed = c->driver->standing(c) == TX_FAILED;
    if (ok && !failed) return true;
    *spoiled = failed || c->driver->total_changes(c) != changes;
    forget_after(c, mark);
    return false;
}

/* The disk was full, or the line broke: what ran after that would not be part of it. */
static bool still_open(struct db_conn *c, struct err *e)
{
    return c->driver->standing(c) != TX_NONE || err_fail(e, error_storage_unavailable);
}

static bool take_turn(struct db *db, struct err *e)
{
    if (!db->driver->begin(db->conn, e)) return false;
    if (db->on_turn) db->on_turn(db->turn_arg, db->conn);
    return still_open(db->conn, e);
}

static bool run_all(struct db *db, struct db_job *batch, bool *results, bool *spoiled, struct err *e)
{
    struct db_conn *c = db->conn;
    bool open = take_turn(db, e), guarded = !spoiled;
    size_t n = 0;
    for (struct db_job *j = batch; j; j = j->next) {
        results[n++] = open && (guarded ? run_guarded(c, j) : run_bare(c, j, spoiled));
        open = open && still_open(c, e);
        if (!guarded && *spoiled) break;
    }
    return open;
}

/* One transaction for the whole batch. A batch that could not be committed has not happened: each job is told so. */
static void run_batch(struct db *db, struct db_job *batch)
{
    struct db_conn *c = db->conn;
    struct err e = {0};
    bool results[BATCH], spoiled = false;
    bool open = run_all(db, batch, results, &spoiled, &e);
    if (open && spoiled) { /* somebody failed half-way: all of it once more, each for itself */
        conn_exec(c, "ROLLBACK", NULL);
        forget_after(c, 0);
        open = run_all(db, batch, results, NULL, &e);
    }
    bool committed = open && FAULT_POINT(commit_before) && db->driver->commit(c, &e);
    if (open && !committed) conn_exec(c, "ROLLBACK", NULL);
    if (committed) atomic_fetch_add(&db->commits, 1); /* before anybody is told */
    else {
        log_error("db.commit_failed", LOG_STR("error", e.text));
        forget_after(c, 0);
    }
    FAULT_POINT(commit_after);
    for (size_t i = 0; i < c->after_count; i++) c->after[i].fn(c->after[i].arg);
    c->after_count = 0;
    FAULT_POINT(commit_told);
    size_t n = 0;
    for (struct db_job *j = batch, *next; j; j = next) {
        next = j->next;
        j->done(j, committed && results[n++]);
    }
}

/* At most as many as run_batch has room for: the rest is the next batch. */
static struct db_job *take_batch(struct db *db, bool *nudged)
{
    pthread_mutex_lock(&db->mutex);
    while (db->busy || (!db->head && !db->stopping && !db->nudged)) pthread_cond_wait(&db->work, &db->mutex);
    struct db_job *batch = db->head, *last = batch;
    db->busy = batch || db->nudged;
    *nudged = db->nudged;
    db->nudged = false; /* a batch looks as well */
    for (int n = 1; last && last->next && n < BATCH; n++) last = last->next;
    if (last) {
        db->head = last->next;
        if (!db->head) db->tail = &db->head;
        last->next = NULL;
    }
    pthread_mutex_unlock(&db->mutex);
    return batch;
}

static void hand_on(struct db *db, bool lone)
{
    pthread_mutex_lock(&db->mutex);
    db->busy = false;
    db->lone = lone && !db->head;
    bool more = db->head || db->stopping || db->nudged;
    pthread_mutex_unlock(&db->mutex);
    if (more) pthread_cond_signal(&db->work);
}

/* Runs what was taken while `busy` was set, and hands the turn on. */
static void run_taken(struct db *db, struct db_job *batch)
{
    bool one = !batch->next;
    int64_t began = clock_monotonic_us();
    run_batch(db, batch);
    hand_on(db, one && clock_monotonic_us() - began < QUICK_US);
}

static void *writer(void *arg)
{
    struct db *db = arg;
    bool nudged;
    for (struct db_job *batch; (batch = take_batch(db, &nudged)) || nudged;) {
        if (batch) {
            run_taken(db, batch);
            continue;
        }
        if (db->on_turn) db->on_turn(db->turn_arg, db->conn); /* nothing of our own to do: just what others have done */
        hand_on(db, true);
    }
    return NULL;
}

bool db_start_writer(struct db *db, struct err *e)
{
    db->helper = db->driver->helper_start(db->where, db->conn, db, e);
    if (!db->helper) return false;
    if (pthread_create(&db->thread, NULL, writer, db)) return err_set(e, ERR_INTERNAL, "thread", "cannot start the writer thread");
    pthread_setname_np(db->thread, "writer");
    db->started = true;
    return true;
}

bool db_wipe(struct db *db, const char *tables, struct err *e)
{
    return db->driver->wipe(db->where, tables, e);
}

void db_on_turn(struct db *db, db_turn_fn *fn, void *arg)
{
    if (!db->driver->shared) return;
    db->turn_arg = arg;
    db->on_turn = fn;
}

void db_nudge(struct db *db)
{
    pthread_mutex_lock(&db->mutex);
    db->nudged = true;
    pthread_mutex_unlock(&db->mutex);
    pthread_cond_signal(&db->work);
}

void db_write(struct db *db, struct db_job *job)
{
    job->next = NULL;
    pthread_mutex_lock(&db->mutex);
    bool idle = !db->head;
    *db->tail = job;
    db->tail = &job->next;
    pthread_mutex_unlock(&db->mutex);
    if (idle) pthread_cond_signal(&db->work);
}

bool db_write_here(struct db *db, struct db_job *job)
{
    pthread_mutex_lock(&db->mutex);
    bool take = db->lone && !db->busy && !db->head && !db->driver->shared; /* another node may have the turn for long */
    if (take) db->busy = true;
    else db->lone = false; /* there are others: they shall share */
    pthread_mutex_unlock(&db->mutex);
    job->next = NULL;
    if (take) run_taken(db, job);
    return take;
}

void db_close(struct db *db)
{
    if (!db) return;
    if (db->started) {
        pthread_mutex_lock(&db->mutex);
        db->stopping = true;
        pthread_mutex_unlock(&db->mutex);
        pthread_cond_signal(&db->work);
        pthread_join(db->thread, NULL);
    }
    if (db->helper) db->driver->helper_stop(db->helper);
    db_conn_close(db->conn);
    pthread_mutex_destroy(&db->mutex);
    pthread_cond_destroy(&db->work);
    free(db->where);
    free(db);
}

/* ---- waiting for it */

struct waiting_job {
    struct db_job job;
    bool (*run)(struct db_conn *, void *);
    void *arg;
    pthread_mutex_t mutex;
    pthread_cond_t cond;
    bool finished, ok;
};

static bool waiting_run(struct db_conn *c, struct db_job *job)
{
    struct waiting_job *w = (struct waiting_job *)job;
    return w->run(c, w->arg);
}

static void waiting_done(struct db_job *job, bool ok)
{
    struct waiting_job *w = (struct waiting_job *)job;
    pthread_mutex_lock(&w->mutex);
    w->finished = true;
    w->ok = ok;
    pthread_cond_signal(&w->cond);
    pthread_mutex_unlock(&w->mutex);
}

bool db_write_wait(struct db *db, bool (*run)(struct db_conn *c, void *arg), void *arg)
{
    struct waiting_job w = {.job = {waiting_run, waiting_done, NULL}, .run = run, .arg = arg, .mutex = PTHREAD_MUTEX_INITIALIZER, .cond = PTHREAD_COND_INITIALIZER};
    if (!db->started) { /* a tool without a writer thread: the same path, here */
        run_batch(db, &w.job);
        return w.ok;
    }
    db_write(db, &w.job);
    pthread_mutex_lock(&w.mutex);
    while (!w.finished) pthread_cond_wait(&w.cond, &w.mutex);
    pthread_mutex_unlock(&w.mutex);
    return w.ok;
}

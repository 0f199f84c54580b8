/* writer.c - opening the database, and the thread that shares commits. */
#include "base/clock.h"
#include "base/log.h"
#include "db/migrations.h"
#include "db/sqlite.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BATCH = 1024, QUICK_US = 3000 }; /* jobs in a commit at most; a commit that is not worth a change of threads */

struct db {
    char *path;
    struct db_conn *conn; /* the writer's */
    struct checkpointer *checkpointer;
    atomic_uint commits;
    pthread_t thread;
    bool started, stopping;
    bool busy;            /* a batch is being run, on whichever thread */
    bool lone;            /* the last batch was one job, done quickly, and nobody had come meanwhile */
    pthread_mutex_t mutex;
    pthread_cond_t work;
    struct db_job *head, **tail;
};

struct db *db_open(const char *path, struct err *e)
{
    mode_t before = umask(0077);
    struct db_conn *c = conn_open(path, true, e);
    umask(before);
    if (!c) return NULL;
    struct db *db = xcalloc(1, sizeof *db);
    db->path = xstrdup(path);
    db->conn = c;
    db->tail = &db->head;
    pthread_mutex_init(&db->mutex, NULL);
    pthread_cond_init(&db->work, NULL);
    return db;
}

struct db_conn *db_reader(struct db *db, struct err *e)
{
    struct db_conn *c = conn_open(db->path, false, e);
    if (c) c->commits = &db->commits;
    return c;
}

void db_read_share(struct db_conn *c)
{
    if (!c) return;
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

/* ---- migrations */

int db_newest_version(void)
{
    int newest = 0;
    for (const struct migration *m = migrations; m->version; m++) newest = m->version;
    return newest;
}

static bool migrate_one(struct db_conn *c, const struct migration *m, struct err *e)
{
    char version[64];
    snprintf(version, sizeof version, "PRAGMA user_version=%d", m->version);
    if (conn_exec(c, m->sql, e) && conn_exec(c, version, e)) return true;
    conn_exec(c, "ROLLBACK", NULL);
    return false;
}

bool db_migrate(struct db *db, int *from, int *to, struct err *e)
{
    struct db_conn *c = db->conn;
    int64_t version = 0;
    if (!conn_exec(c, "BEGIN IMMEDIATE", e)) return false; /* two starts at once: the second waits and finds it done */
    db_number(c, "PRAGMA user_version", &version, NULL);
    *from = (int)version;
    *to = db_newest_version();
    if (version > *to) {
        conn_exec(c, "ROLLBACK", NULL);
        return err_set(e, ERR_CONFLICT, "newer_database", "database \"%s\" is of version %d, this program knows up to %d: install the newer roomd again", db->path, *from, *to);
    }
    for (const struct migration *m = migrations; m->version; m++)
        if (m->version > version && !migrate_one(c, m, e)) return false;
    return conn_exec(c, "COMMIT", e);
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
    db_run(c, "SAVEPOINT job", NULL);
    bool ok = job->run(c, job);
    if (!ok) {
        db_run(c, "ROLLBACK TO job", NULL);
        forget_after(c, mark);
    }
    db_run(c, "RELEASE job", NULL);
    return ok;
}

/* Without one: fine as long as who fails has changed nothing before, as nearly all do. */
static bool run_bare(struct db_conn *c, struct db_job *job, bool *spoiled)
{
    size_t mark = c->after_count;
    int64_t changes = sqlite3_total_changes64(c->handle);
    bool ok = job->run(c, job);
    if (ok) return true;
    *spoiled = sqlite3_total_changes64(c->handle) != changes;
    forget_after(c, mark);
    return false;
}

/* A full or broken disk makes SQLite roll back everything, not just the savepoint; whatever ran after that would commit by itself. */
static bool still_open(struct db_conn *c, struct err *e)
{
    return !sqlite3_get_autocommit(c->handle) || err_fail(e, error_storage_unavailable);
}

static bool run_all(struct db_conn *c, struct db_job *batch, bool *results, bool *spoiled, struct err *e)
{
    bool open = db_run(c, "BEGIN IMMEDIATE", e), guarded = !spoiled;
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
    bool open = run_all(c, batch, results, &spoiled, &e);
    if (open && spoiled) { /* somebody failed half-way: all of it once more, each for itself */
        db_run(c, "ROLLBACK", NULL);
        forget_after(c, 0);
        open = run_all(c, batch, results, NULL, &e);
    }
    bool committed = open && db_run(c, "COMMIT", &e);
    if (open && !committed) db_run(c, "ROLLBACK", NULL);
    if (committed) atomic_fetch_add(&db->commits, 1); /* before anybody is told */
    else {
        log_error("db.commit_failed", LOG_STR("error", e.text));
        forget_after(c, 0);
    }
    for (size_t i = 0; i < c->after_count; i++) c->after[i].fn(c->after[i].arg);
    c->after_count = 0;
    size_t n = 0;
    for (struct db_job *j = batch, *next; j; j = next) {
        next = j->next;
        j->done(j, committed && results[n++]);
    }
}

/* At most as many as run_batch has room for: the rest is the next batch. */
static struct db_job *take_batch(struct db *db)
{
    pthread_mutex_lock(&db->mutex);
    while (db->busy || (!db->head && !db->stopping)) pthread_cond_wait(&db->work, &db->mutex);
    struct db_job *batch = db->head, *last = batch;
    db->busy = batch != NULL;
    for (int n = 1; last && last->next && n < BATCH; n++) last = last->next;
    if (last) {
        db->head = last->next;
        if (!db->head) db->tail = &db->head;
        last->next = NULL;
    }
    pthread_mutex_unlock(&db->mutex);
    return batch;
}

/* Runs what was taken while `busy` was set, and hands the turn on. */
static void run_taken(struct db *db, struct db_job *batch)
{
    bool one = !batch->next;
    int64_t began = clock_monotonic_us();
    run_batch(db, batch);
    bool quick = clock_monotonic_us() - began < QUICK_US;
    pthread_mutex_lock(&db->mutex);
    db->busy = false;
    db->lone = one && quick && !db->head;
    bool more = db->head || db->stopping;
    pthread_mutex_unlock(&db->mutex);
    if (more) pthread_cond_signal(&db->work);
}

static void *writer(void *arg)
{
    struct db *db = arg;
    for (struct db_job *batch; (batch = take_batch(db));) run_taken(db, batch);
    return NULL;
}

bool db_start_writer(struct db *db, struct err *e)
{
    db->checkpointer = checkpointer_start(db->path, db->conn, e);
    if (!db->checkpointer) return false;
    if (pthread_create(&db->thread, NULL, writer, db)) return err_set(e, ERR_INTERNAL, "thread", "cannot start the writer thread");
    pthread_setname_np(db->thread, "writer");
    db->started = true;
    return true;
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
    bool take = db->lone && !db->busy && !db->head;
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
    checkpointer_stop(db->checkpointer);
    db_conn_close(db->conn);
    pthread_mutex_destroy(&db->mutex);
    pthread_cond_destroy(&db->work);
    free(db->path);
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

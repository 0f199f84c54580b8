/* checkpoint.c - folding the log back into the database beside the writer, so that a commit does not wait for it.
 * SQLite would do it inside every commit that leaves a thousand pages in the log: some milliseconds, with two syncs. */
#include "base/fault.h"
#include "base/log.h"
#include "db/sqlite.h"
#include <pthread.h>
#include <stdlib.h>

enum { STEP = 1000, MOST = 4000 }; /* pages: a fold for each STEP; at MOST the commit does the rest itself, else the log would never end */

struct checkpointer {
    struct db_conn *conn;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    bool wanted, stopping;
    int next; /* pages in the log at which the next fold is due; the writer's alone */
};

static void *run(void *arg)
{
    struct checkpointer *p = arg;
    pthread_mutex_lock(&p->mutex);
    while (!p->stopping) {
        if (!p->wanted) {
            pthread_cond_wait(&p->wake, &p->mutex);
            continue;
        }
        p->wanted = false;
        pthread_mutex_unlock(&p->mutex);
        FAULT_POINT(checkpoint_before);
        int code = sqlite3_wal_checkpoint_v2(sqlite_handle(p->conn), NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
        if (code != SQLITE_OK && code != SQLITE_BUSY) log_warn("db.checkpoint", LOG_STR("error", sqlite3_errmsg(sqlite_handle(p->conn))));
        FAULT_POINT(checkpoint_after);
        pthread_mutex_lock(&p->mutex);
    }
    pthread_mutex_unlock(&p->mutex);
    return NULL;
}

static int on_commit(void *arg, sqlite3 *handle, const char *schema, int pages)
{
    struct checkpointer *p = arg;
    if (pages >= MOST) sqlite3_wal_checkpoint_v2(handle, schema, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    if (pages < p->next - STEP) p->next = STEP; /* the log began anew */
    if (pages < p->next || pages >= MOST) return SQLITE_OK;
    p->next = pages + STEP;
    pthread_mutex_lock(&p->mutex);
    p->wanted = true;
    pthread_mutex_unlock(&p->mutex);
    pthread_cond_signal(&p->wake);
    return SQLITE_OK;
}

/* secure_delete has overwritten in the file what was deleted; the log may still have pages of before. */
bool sqlite_wipe(const char *where, const char *tables, struct err *e)
{
    (void)tables; /* the file as a whole */
    struct db_conn *c = conn_open(where, true, e);
    if (!c) return false;
    bool ok = sqlite3_wal_checkpoint_v2(sqlite_handle(c), NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL) == SQLITE_OK || sqlite_error(c, "wipe", e);
    db_conn_close(c);
    return ok;
}

void *checkpointer_start(const char *path, struct db_conn *writer, struct db *db, struct err *e)
{
    (void)db;
    struct db_conn *c = conn_open(path, true, e);
    if (!c) return NULL;
    struct checkpointer *p = xcalloc(1, sizeof *p);
    *p = (struct checkpointer){.conn = c, .next = STEP};
    pthread_mutex_init(&p->mutex, NULL);
    pthread_cond_init(&p->wake, NULL);
    if (pthread_create(&p->thread, NULL, run, p)) {
        err_set(e, ERR_INTERNAL, "thread", "cannot start the checkpoint thread");
        db_conn_close(c);
        free(p);
        return NULL;
    }
    pthread_setname_np(p->thread, "checkpoint");
    sqlite3_wal_hook(sqlite_handle(writer), on_commit, p);
    return p;
}

void checkpointer_stop(void *checkpointer)
{
    struct checkpointer *p = checkpointer;
    if (!p) return;
    pthread_mutex_lock(&p->mutex);
    p->stopping = true;
    pthread_mutex_unlock(&p->mutex);
    pthread_cond_signal(&p->wake);
    pthread_join(p->thread, NULL);
    db_conn_close(p->conn);
    pthread_mutex_destroy(&p->mutex);
    pthread_cond_destroy(&p->wake);
    free(p);
}

/* postgres_listen.c - a thread with a connection of its own that hears of the other nodes' commits, and wakes the writer to look at
 * them. A notice that is lost while the line is down costs nothing: after it is up again the writer looks anyway. */
#include "base/log.h"
#include "base/rand.h"
#include "db/postgres.h"
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { AGAIN_MS = 1000 };

struct listener {
    struct db *db;
    char *url, token[TOKEN];
    PGconn *pg;           /* NULL: the line is down */
    int stop;             /* an eventfd */
    pthread_t thread;
};

static bool listen_now(struct listener *l, struct err *e)
{
    char sql[40];
    l->pg = pg_connect(l->url, e);
    if (!l->pg) return false;
    snprintf(sql, sizeof sql, "LISTEN %s", PG_CHANNEL);
    PGresult *r = PQexec(l->pg, sql);
    bool ok = PQresultStatus(r) == PGRES_COMMAND_OK;
    PQclear(r);
    if (ok) return true;
    PQfinish(l->pg);
    l->pg = NULL;
    return err_fail(e, error_storage_unavailable);
}

static void hear(struct listener *l)
{
    bool news = false;
    if (!PQconsumeInput(l->pg)) {
        log_warn("db.listener_lost");
        PQfinish(l->pg);
        l->pg = NULL;
        return;
    }
    for (PGnotify *n; (n = PQnotifies(l->pg)); PQfreemem(n)) news |= strcmp(n->extra, l->token) != 0;
    if (news) db_nudge(l->db);
}

static void *run(void *arg)
{
    struct listener *l = arg;
    struct err e;
    for (;;) {
        struct pollfd watch[] = {{.fd = l->stop, .events = POLLIN}, {.fd = l->pg ? PQsocket(l->pg) : -1, .events = POLLIN}};
        if (poll(watch, 2, l->pg ? -1 : AGAIN_MS) < 0) continue;
        if (watch[0].revents) return NULL;
        if (!l->pg) {
            if (listen_now(l, &e)) db_nudge(l->db);
        } else if (watch[1].revents) hear(l);
    }
}

static void release(struct listener *l)
{
    PQfinish(l->pg);
    if (l->stop >= 0) close(l->stop);
    free(l->url);
    free(l);
}

void *listener_start(const char *url, struct db_conn *writer, struct db *db, struct err *e)
{
    struct listener *l = xcalloc(1, sizeof *l);
    *l = (struct listener){.db = db, .url = xstrdup(url), .stop = eventfd(0, EFD_CLOEXEC)};
    rand_text(l->token, TOKEN - 1, RAND_ID);
    memcpy(((struct pg_conn *)writer)->token, l->token, TOKEN);
    if (l->stop >= 0 && listen_now(l, e) && !pthread_create(&l->thread, NULL, run, l)) {
        pthread_setname_np(l->thread, "listener");
        return l;
    }
    if (l->stop < 0 || l->pg) err_set(e, ERR_INTERNAL, "thread", "cannot start the listener thread");
    release(l);
    return NULL;
}

void listener_stop(void *listener)
{
    struct listener *l = listener;
    uint64_t one = 1;
    while (write(l->stop, &one, sizeof one) < 0) {}
    pthread_join(l->thread, NULL);
    release(l);
}

/* closing.c - the end of a stay is written until it is written: while the database cannot take it (its disk is full, its server restarts) it is tried again
 * at every tick, with the time at which it ended. Else somebody who has left would be in until roomd starts again. */
#include "base/clock.h"
#include "call/parts.h"
#include <stdio.h>
#include <stdlib.h>

struct closing {
    struct hub *hub;
    struct closing *next;
    char connection[CONNECTION_SIZE];
    const char *reason;                 /* static */
    int64_t at;
    struct stay_use use;
};

static bool leave(struct scope *s, void *arg, struct err *e)
{
    const struct closing *c = arg;
    return presence_leave(s, c->connection, c->reason, c->at, e) && stay_save(s, c->connection, &c->use, e);
}

static void keep(void *arg)
{
    struct closing *c = arg;
    c->next = c->hub->unclosed;
    c->hub->unclosed = c;
}

static void settled(void *arg, const struct err *e)
{
    struct closing *c = arg;
    if (e && err_is(e, error_storage_unavailable)) loop_post(c->hub->loop, keep, c);
    else free(c);
}

static void submit(struct closing *c)
{
    struct task *t = task_create(c->hub->core);
    t->run = leave;
    t->done = settled;
    t->arg = c;
    task_submit(t);
}

void stay_close(struct hub *h, const char *connection, const char *reason, int64_t at, const struct stay_use *use)
{
    struct closing *c = xcalloc(1, sizeof *c);
    *c = (struct closing){.hub = h, .reason = reason, .at = at ? at : clock_now_ms(), .use = *use};
    snprintf(c->connection, sizeof c->connection, "%s", connection);
    submit(c);
}

void stays_close_again(struct hub *h)
{
    struct closing *all = h->unclosed;
    h->unclosed = NULL;
    for (struct closing *c = all, *next; c; c = next) {
        next = c->next;
        if (peer_find(h, c->connection)) free(c); /* they came back meanwhile */
        else submit(c);
    }
}

void stays_forget(struct hub *h)
{
    for (struct closing *c = h->unclosed, *next; c; c = next) {
        next = c->next;
        free(c);
    }
    h->unclosed = NULL;
}

/* inbox_job.c - looks at what providers told, in the order in which it came: a hundred in a transaction, one by one where one of them fails.
 * One that fails holds up nobody: those behind it are looked at all the same, and it is tried again later, some times.
 * In a storm it lets those go first who wait for an answer: what was told is safe. */
#include "base/fault.h"
#include "base/log.h"
#include "core/inbox.h"
#include "jobs/kinds.h"
#include <time.h>

enum { BATCH = 100, LOOK_MS = 2, GIVE_WAY_MS = 50 };

static bool process_all(struct scope *s, void *arg, struct err *e)
{
    const struct list *rows = arg;
    for (size_t i = 0; i < rows->count; i++)
        if (!inbox_process(s, (const struct inbox *)rows->items + i, e)) return false;
    return true;
}

struct failure { const struct inbox *row; const char *why; };

static bool put_off(struct scope *s, void *arg, struct err *e)
{
    const struct failure *f = arg;
    return inbox_put_off(s, f->row, f->why, e);
}

struct looking { int64_t after; size_t count; bool some_failed; struct err why; }; /* up to where · how many there were */

/* False: not even that can be written. */
static bool one_by_one(struct work_context *w, const struct list *rows, struct looking *l, struct err *e)
{
    *e = (struct err){0}; /* of all together */
    for (size_t i = 0; i < rows->count; i++) {
        struct err why = {0};
        struct failure f = {(const struct inbox *)rows->items + i, why.text};
        struct list one = {f.row, 1};
        if (core_write(w->core, process_all, &one, &why)) continue;
        l->some_failed = true;
        l->why = why;
        log_warn("inbox.put_off", LOG_INT("id", f.row->id), LOG_STR("error", why.text));
        if (!core_write(w->core, put_off, &f, e)) return false;
    }
    return true;
}

static bool sweep(struct scope *s, void *arg, struct err *e)
{
    (void)arg;
    return inbox_sweep(s, e);
}

static bool work_batch(struct work_context *w, struct looking *l, struct err *e)
{
    struct arena a;
    struct list rows;
    arena_init(&a);
    struct scope s = {.core = w->core, .db = w->db, .arena = &a};
    bool ok = inbox_next(&s, l->after, BATCH, &rows, e) && (!rows.count || (FAULT_POINT(inbox_read) && core_write(w->core, process_all, &rows, e)) || one_by_one(w, &rows, l, e));
    if (ok && rows.count) l->after = ((const struct inbox *)rows.items)[rows.count - 1].id;
    l->count = ok ? rows.count : 0;
    arena_release(&a);
    return ok;
}

/* Until nobody else writes, but not for ever. */
static void give_way(struct db *db)
{
    for (int ms = 0; ms < GIVE_WAY_MS; ms += LOOK_MS) {
        unsigned before = db_commits(db);
        nanosleep(&(struct timespec){.tv_nsec = LOOK_MS * 1000000}, NULL);
        if (db_commits(db) == before) return;
    }
}

static bool take(struct scope *s, void *arg, struct err *e)
{
    (void)arg, (void)e;
    inbox_taken(s);
    return true;
}

enum work_result inbox_work(struct work_context *w, struct err *e)
{
    struct looking l = {.count = BATCH};
    if (!core_write(w->core, take, NULL, e)) return WORK_AGAIN; /* else what comes would not ask for it any more */
    while (l.count == BATCH) {
        if (!runner_go_on(w)) return WORK_STOPPED;
        if (!work_batch(w, &l, e)) return WORK_AGAIN;
        if (l.count == BATCH) give_way(w->core->db);
    }
    FAULT_POINT(inbox_applied);
    if (!core_write(w->core, sweep, NULL, e)) return WORK_AGAIN;
    if (l.some_failed) *e = l.why;
    return l.some_failed ? WORK_AGAIN : WORK_DONE;
}

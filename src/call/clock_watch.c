/* clock_watch.c - the wall clock may be set while a call runs. What is open then is carried over: stays are told in the new time,
 * and a recording ends in the old time and another begins in the new one, so that each is true in itself. */
#include "base/clock.h"
#include "call/parts.h"
#include <stdlib.h>

enum { JUMP_MS = 2000 };

static bool carry_over(struct scope *s, void *arg, struct err *e)
{
    int64_t jump = *(const int64_t *)arg;
    struct scope before = *s;
    before.now -= jump;
    return presence_shift(s, jump, e) && recording_roll_all(&before, s, e);
}

void clock_watch(struct hub *h)
{
    int64_t wall = clock_now_ms(), monotonic = clock_monotonic_ms();
    int64_t jump = h->wall_ms ? (wall - h->wall_ms) - (monotonic - h->monotonic_ms) : 0;
    h->wall_ms = wall;
    h->monotonic_ms = monotonic;
    if (llabs(jump) < JUMP_MS) return;
    log_warn("clock.jumped", LOG_INT("ms", jump));
    for (struct room *r = h->rooms; r; r = r->next)
        for (struct peer *p = r->peers; p; p = p->next) {
            p->joined_at += jump;
            if (p->away_since) p->away_since += jump;
        }
    struct task *t = task_create(h->core);
    t->run = carry_over;
    t->arg = arena_copy(&t->arena, &jump, sizeof jump);
    task_submit(t);
}

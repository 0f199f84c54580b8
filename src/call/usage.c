/* usage.c - how long microphone, camera and screen of a person were on, and how good the line was: counted in memory at every change,
 * written when the stay ends and every few seconds before, so that a crash costs seconds. */
#include "base/clock.h"
#include "call/parts.h"
#include <string.h>

/* Up to now things were as they are: call this before anything of it changes. */
void usage_count(struct peer *p)
{
    int64_t now = clock_monotonic_ms(), passed = now - p->counted_at;
    p->counted_at = now;
    for (int k = 0; k < TRACKS; k++)
        if (p->sending && p->tracks[k].there && !p->tracks[k].muted && !p->host_muted[k]) p->use.track_ms[k] += passed;
    if (p->caller) p->use.quality_ms[p->quality] += passed;
}

void usage_begin(struct peer *p, struct scope *s)
{
    struct err e;
    p->counted_at = clock_monotonic_ms();
    if (s) stay_load(s, p->connection, &p->use, &e);
}

struct amount { char connection[CONNECTION_SIZE]; struct stay_use use; };
struct amounts { struct amount *list; size_t count; };

static bool save(struct scope *s, void *arg, struct err *e)
{
    const struct amounts *a = arg;
    for (size_t i = 0; i < a->count; i++)
        if (!stay_save(s, a->list[i].connection, &a->list[i].use, e)) return false;
    return true;
}

void usage_save_all(struct hub *h)
{
    size_t n = 0;
    for (const struct room *r = h->rooms; r; r = r->next)
        for (const struct peer *p = r->peers; p; p = p->next) n += !p->outside;
    if (!n) return;
    struct task *t = task_create(h->core);
    struct amounts *a = arena_new(&t->arena, struct amounts);
    a->list = arena_array(&t->arena, struct amount, n);
    for (struct room *r = h->rooms; r; r = r->next)
        for (struct peer *p = r->peers; p; p = p->next) {
            if (p->outside) continue;
            usage_count(p);
            struct amount *to = &a->list[a->count++];
            memcpy(to->connection, p->connection, sizeof to->connection);
            to->use = p->use;
        }
    t->run = save;
    t->arg = a;
    task_submit(t);
}

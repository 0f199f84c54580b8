#include "provider/daily/limits.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/fault.h"
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

enum { MOST_TURNS = 32, KINDS = DAILYCO_LIMIT_ANALYTICS + 1, HELD_MS = 1000, LONGEST_HELD_MS = 5000 };

/* calls in window_ms: in smaller bursts than Daily allows, so that some that arrive half a second late do not make one too many with the next */
static const struct { int calls, window_ms; } rules[KINDS] = {
    [DAILYCO_LIMIT_MOST] = {30, 1900}, [DAILYCO_LIMIT_SLOW] = {24, 16000}, [DAILYCO_LIMIT_START] = {5, 6000}, [DAILYCO_LIMIT_BATCH] = {10, 32000}, [DAILYCO_LIMIT_ANALYTICS] = {24, 16000}};

struct limits {
    pthread_mutex_t mutex;
    struct { int64_t turns[MOST_TURNS]; int next; } kinds[KINDS]; /* the last `calls` turns, oldest at next; 0: none */
    int64_t held_until[KINDS];
};

struct limits *limits_create(void)
{
    struct limits *l = xcalloc(1, sizeof *l);
    pthread_mutex_init(&l->mutex, NULL);
    return l;
}

void limits_destroy(struct limits *l)
{
    if (!l) return;
    pthread_mutex_destroy(&l->mutex);
    free(l);
}

static int64_t earliest(const struct limits *l, enum dailyco_limit kind, int64_t at)
{
    int64_t oldest = l->kinds[kind].turns[l->kinds[kind].next];
    return oldest && oldest + rules[kind].window_ms > at ? oldest + rules[kind].window_ms : at;
}

static void take(struct limits *l, enum dailyco_limit kind, int64_t at)
{
    l->kinds[kind].turns[l->kinds[kind].next] = at;
    l->kinds[kind].next = (l->kinds[kind].next + 1) % rules[kind].calls;
}

/* What is limited more strictly counts among all the others too. */
int64_t limits_turn(struct limits *l, enum dailyco_limit kind, int64_t now_ms, int64_t wait_ms)
{
    pthread_mutex_lock(&l->mutex);
    int64_t held = l->held_until[kind] > l->held_until[DAILYCO_LIMIT_MOST] ? l->held_until[kind] : l->held_until[DAILYCO_LIMIT_MOST], at = now_ms < held ? held : now_ms;
    at = earliest(l, kind, earliest(l, DAILYCO_LIMIT_MOST, at));
    bool in_time = at - now_ms <= wait_ms;
    if (in_time) take(l, DAILYCO_LIMIT_MOST, at);
    if (in_time && kind != DAILYCO_LIMIT_MOST) take(l, kind, at);
    pthread_mutex_unlock(&l->mutex);
    return in_time ? at : -1;
}

static void wait_until(int64_t at)
{
    at -= fault_shift_ms();
    struct timespec t = {at / 1000, at % 1000 * 1000000};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR) {}
}

bool limits_before(void *context, const struct dailyco_try *t)
{
    int64_t now = clock_monotonic_ms(), at = limits_turn(context, t->limit, now, t->left_ms);
    if (at > now) wait_until(at);
    return at >= 0;
}

void limits_after(void *context, const struct dailyco_try *t)
{
    struct limits *l = context;
    if (t->status != 429) return;
    bool sane = t->retry_after_ms > 0 && t->retry_after_ms <= LONGEST_HELD_MS; /* a longer wish is this one call's own affair */
    int64_t until = clock_monotonic_ms() + (sane ? t->retry_after_ms : HELD_MS);
    pthread_mutex_lock(&l->mutex);
    if (until > l->held_until[t->limit]) l->held_until[t->limit] = until;
    pthread_mutex_unlock(&l->mutex);
}

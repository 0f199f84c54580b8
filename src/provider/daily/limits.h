/* limits.h - the queue that keeps roomd within Daily's limits (docs.daily.co, "Rate limits"): who asks waits for a turn, first come, first served,
 * instead of being refused with 429. The windows are kept a little longer and counted a little fuller than Daily's, since the time between leaving
 * here and being counted there varies. A 429 that comes all the same (others use the same key) holds back those who ask for the same. */
#pragma once
#include "dailyco.h"

struct limits;
struct limits *limits_create(void);
void limits_destroy(struct limits *l);  /* NULL is fine */

/* dailyco_options.before and .after; the context is the struct limits. before waits; false: no turn before the call's deadline. */
bool limits_before(void *limits, const struct dailyco_try *t);
void limits_after(void *limits, const struct dailyco_try *t);

/* The rule alone: when a call may go that asks at `now_ms`, and its turn is taken; -1: not within wait_ms, and nothing was taken. */
int64_t limits_turn(struct limits *l, enum dailyco_limit limit, int64_t now_ms, int64_t wait_ms);

/* within.h - for callers inside roomd: their arena as the library's memory. What the call gives lives as long as the arena. */
#pragma once
#include "base/arena.h"
#include "dailyco.h"

static inline struct dailyco_memory *dailyco_within(struct arena *a)
{
    return (struct dailyco_memory *)(void *)a;
}

/* within.h - for callers inside roomd: their arena as the library's memory. What the call gives lives as long as the arena. */
#pragma once
#include "base/arena.h"
#include "livekit.h"

static inline struct livekit_memory *livekit_within(struct arena *a)
{
    return (struct livekit_memory *)(void *)a;
}

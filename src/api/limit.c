#include "api/limit.h"
#include "base/rand.h"
#include <pthread.h>

enum { SHARDS = 16, SLOTS = 1024, PROBES = 8 };

struct window { uint64_t key; int64_t ends_ms, used; };
static struct shard { pthread_mutex_t mutex; struct window slots[SLOTS]; } shards[SHARDS] = {[0 ... SHARDS - 1] = {.mutex = PTHREAD_MUTEX_INITIALIZER}};
static const struct { const char *name; int64_t calls, seconds; bool documented; } rows[] = {
#define LIMIT(name, calls, seconds, doc) {#name, calls, seconds, false},
#define DOCUMENTED_LIMIT(name, calls, seconds, doc) {#name, calls, seconds, true},
#include "spec/limits.def"
#undef LIMIT
};

const char *limit_name(enum limit_class c)
{
    return rows[c].name;
}

bool limit_is_documented(enum limit_class c)
{
    return rows[c].documented;
}

/* FNV-1a with a seed of this process, so that nobody can aim at a slot. */
uint64_t limit_key(const char *text)
{
    static uint64_t seed;
    static pthread_mutex_t once = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&once);
    while (!seed) rand_bytes(&seed, sizeof seed);
    uint64_t hash = seed;
    pthread_mutex_unlock(&once);
    for (; *text; text++) hash = (hash ^ (unsigned char)*text) * 0x100000001b3ULL;
    return hash;
}

/* The caller's window; where there is none, a free place or that of who will be forgotten soonest. */
static struct window *window_of(struct shard *s, uint64_t key, int64_t now)
{
    struct window *best = NULL;
    for (size_t i = 0; i < PROBES; i++) {
        struct window *w = &s->slots[(key / SHARDS + i) % SLOTS];
        if (w->key == key && w->ends_ms > now) return w;
        if (!best || w->ends_ms < best->ends_ms) best = w;
    }
    *best = (struct window){.key = key};
    return best;
}

static struct limit_state count(enum limit_class c, uint64_t key, int64_t now, int64_t cost)
{
    if (c == limit_none) return (struct limit_state){.allowed = true};
    key = (key ^ (uint64_t)c) * 0x9e3779b97f4a7c15ULL;
    struct shard *s = &shards[key >> 60];
    pthread_mutex_lock(&s->mutex);
    struct window *w = window_of(s, key, now);
    if (w->ends_ms <= now) *w = (struct window){key, now + rows[c].seconds * 1000, 0};
    bool allowed = w->used < rows[c].calls;
    if (allowed) w->used += cost;
    struct limit_state state = {rows[c].calls, rows[c].calls - w->used, (w->ends_ms - now + 999) / 1000, allowed};
    pthread_mutex_unlock(&s->mutex);
    return state;
}

struct limit_state limit_take(enum limit_class c, uint64_t key, int64_t now_ms) { return count(c, key, now_ms, 1); }
struct limit_state limit_peek(enum limit_class c, uint64_t key, int64_t now_ms) { return count(c, key, now_ms, 0); }

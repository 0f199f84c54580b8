#include "matrix/cache.h"
#include "base/buf.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { SLOTS = 4096, PROBES = 8 };

struct slot { char key[65]; struct answer answer; };
struct cache { pthread_mutex_t mutex; struct slot slots[SLOTS]; };

struct cache *cache_create(void)
{
    struct cache *c = xcalloc(1, sizeof *c);
    pthread_mutex_init(&c->mutex, NULL);
    return c;
}

void cache_destroy(struct cache *c)
{
    pthread_mutex_destroy(&c->mutex);
    free(c);
}

/* A token holds no line end, so two questions cannot be one text. */
static size_t key_of(const char *kind, const char *token, const char *room, char key[65])
{
    struct buf text;
    buf_init(&text, 0);
    buf_printf(&text, "%s\n%s\n%s", kind, token, room ? room : "");
    sha256_hex(text.data, text.size, key);
    explicit_bzero(text.data, text.size);
    buf_release(&text);
    char start[9];
    memcpy(start, key, 8);
    start[8] = '\0';
    return strtoul(start, NULL, 16);
}

bool cache_find(struct cache *c, const char *kind, const char *token, const char *room, int64_t now_ms, struct answer *out)
{
    char key[65];
    bool found = false;
    size_t at = key_of(kind, token, room, key);
    pthread_mutex_lock(&c->mutex);
    for (size_t i = 0; i < PROBES && !found; i++) {
        const struct slot *s = &c->slots[(at + i) % SLOTS];
        found = s->answer.until_ms > now_ms && !strcmp(s->key, key);
        if (found) *out = s->answer;
    }
    pthread_mutex_unlock(&c->mutex);
    return found;
}

/* Over its own older answer; else over the one that ends first. */
void cache_put(struct cache *c, const char *kind, const char *token, const char *room, int64_t now_ms, const struct answer *a)
{
    struct slot fresh = {.answer = *a}, *best = NULL;
    size_t at = key_of(kind, token, room, fresh.key);
    if (a->until_ms <= now_ms) return;
    pthread_mutex_lock(&c->mutex);
    for (size_t i = 0; i < PROBES; i++) {
        struct slot *s = &c->slots[(at + i) % SLOTS];
        bool own = !strcmp(s->key, fresh.key);
        if (own || !best || s->answer.until_ms < best->answer.until_ms) best = s;
        if (own) break;
    }
    *best = fresh;
    pthread_mutex_unlock(&c->mutex);
}

#include "base/arena.h"
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct arena_block {
    struct arena_block *next;
    size_t used, size;
    max_align_t data[];
};

struct arena_defer {
    struct arena_defer *next;
    void (*release)(void *);
    void *subject;
};

enum { FIRST_BLOCK = 4096, LARGEST_STEP = 1 << 20 };

void *xsure(void *p)
{
    if (p) return p;
    fputs("out of memory\n", stderr);
    abort();
}

void *xmalloc(size_t size) { return xsure(malloc(size ? size : 1)); }
void *xcalloc(size_t count, size_t size) { return xsure(calloc(count ? count : 1, size ? size : 1)); }
void *xrealloc(void *old, size_t size) { return xsure(realloc(old, size ? size : 1)); }
char *xstrdup(const char *text) { return xsure(strdup(text)); }

void arena_init(struct arena *a)
{
    *a = (struct arena){0};
}

static void run_defers(struct arena *a)
{
    while (a->defers) {
        struct arena_defer *d = a->defers;
        a->defers = d->next;
        d->release(d->subject);
    }
}

static void free_blocks(struct arena_block *b)
{
    while (b) {
        struct arena_block *next = b->next;
        free(b);
        b = next;
    }
}

void arena_release(struct arena *a)
{
    run_defers(a);
    free_blocks(a->blocks);
    a->blocks = NULL;
}

void arena_reset(struct arena *a)
{
    run_defers(a);
    if (!a->blocks) return;
    struct arena_block *keep = a->blocks;
    while (keep->next) { /* the first block is the oldest and smallest: keep that one */
        struct arena_block *next = keep->next;
        free(keep);
        keep = next;
    }
    keep->used = 0;
    a->blocks = keep;
}

static struct arena_block *grow(struct arena *a, size_t least)
{
    size_t size = a->blocks ? a->blocks->size * 2 : FIRST_BLOCK;
    if (size > LARGEST_STEP) size = LARGEST_STEP;
    if (size < least) size = least;
    struct arena_block *b = xmalloc(sizeof *b + size);
    *b = (struct arena_block){.next = a->blocks, .size = size};
    a->blocks = b;
    return b;
}

static void *take(struct arena *a, size_t size)
{
    size = (size + _Alignof(max_align_t) - 1) & ~(size_t)(_Alignof(max_align_t) - 1);
    struct arena_block *b = a->blocks;
    if (!b || b->size - b->used < size) b = grow(a, size);
    void *p = (char *)b->data + b->used;
    b->used += size;
    return p;
}

void *arena_alloc(struct arena *a, size_t size)
{
    void *p = take(a, size);
    return memset(p, 0, size);
}

void *arena_bytes(struct arena *a, size_t size)
{
    return take(a, size);
}

void *arena_copy(struct arena *a, const void *from, size_t size)
{
    return memcpy(take(a, size), from, size);
}

char *arena_strndup(struct arena *a, const char *text, size_t size)
{
    char *p = take(a, size + 1);
    memcpy(p, text, size);
    p[size] = '\0';
    return p;
}

char *arena_strdup(struct arena *a, const char *text)
{
    return text ? arena_strndup(a, text, strlen(text)) : NULL;
}

char *arena_printf(struct arena *a, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *p = take(a, (size_t)n + 1);
    vsnprintf(p, (size_t)n + 1, format, again);
    va_end(again);
    return p;
}

void arena_defer(struct arena *a, void (*release)(void *), void *subject)
{
    struct arena_defer *d = take(a, sizeof *d);
    *d = (struct arena_defer){a->defers, release, subject};
    a->defers = d;
}

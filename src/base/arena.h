/* arena.h - memory that dies together.
 *
 * What belongs to a request or a job lives in its arena. Blocks grow; nothing is freed singly. `arena_defer` ties other
 * resources (a file, a JSON tree) to the same life; they are released in reverse order. One arena belongs to one thread at a
 * time. Allocation failure ends the program with a message: a daemon that cannot have a few KiB cannot go on truthfully. */
#pragma once
#include <stdarg.h>
#include <stddef.h>

struct arena {
    struct arena_block *blocks;
    struct arena_defer *defers;
};

void arena_init(struct arena *a);
void arena_release(struct arena *a);              /* runs the defers, frees the blocks */
void arena_reset(struct arena *a);                /* the same, but keeps one block for the next use */
void *arena_alloc(struct arena *a, size_t size);  /* zeroed, aligned for anything */
void *arena_bytes(struct arena *a, size_t size);  /* not zeroed: for what is written at once */
void *arena_copy(struct arena *a, const void *from, size_t size);
char *arena_strdup(struct arena *a, const char *text);               /* NULL stays NULL */
char *arena_strndup(struct arena *a, const char *text, size_t size);
char *arena_printf(struct arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));
void arena_defer(struct arena *a, void (*release)(void *), void *subject);

#define arena_new(a, type) ((type *)arena_alloc((a), sizeof(type)))
#define arena_array(a, type, count) ((type *)arena_alloc((a), sizeof(type) * (size_t)(count)))

/* malloc and friends that cannot fail (see above). */
void *xsure(void *p);    /* what another allocator gave; ends the program where that is NULL */
void *xmalloc(size_t size);
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *old, size_t size);
char *xstrdup(const char *text);

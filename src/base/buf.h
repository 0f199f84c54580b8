/* buf.h - bytes that grow up to a ceiling. Owns its memory; always NUL-terminated, so `data` is a C string.
 * Past the ceiling appends do nothing and `overflow` stays set: check once, at the end. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct buf {
    char *data;
    size_t size, room, ceiling; /* ceiling 0: none */
    bool overflow, borrowed;    /* borrowed: the bytes are the caller's */
};

void buf_init(struct buf *b, size_t ceiling);
void buf_init_in(struct buf *b, char *bytes, size_t room); /* no ceiling; begins in the caller's bytes, which outlive it, and moves out when they are full */
void buf_release(struct buf *b);
void buf_reset(struct buf *b);
void buf_int(struct buf *b, int64_t n);
void buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
char *buf_grow(struct buf *b, size_t size);
char *buf_take(struct buf *b);                    /* hands over the memory (free it) and empties the buffer */

/* Inline: replies, logs and SQL are built of small pieces. */

/* Room for `size` more bytes, NULL past the ceiling; then add to b->size. */
static inline char *buf_reserve(struct buf *b, size_t size)
{
    return size < b->room - b->size && !b->overflow ? b->data + b->size : buf_grow(b, size); /* room never goes past the ceiling */
}

static inline void buf_add(struct buf *b, const void *bytes, size_t size)
{
    char *to = buf_reserve(b, size);
    if (!to) return;
    memcpy(to, bytes, size);
    to[size] = '\0';
    b->size += size;
}

static inline void buf_text(struct buf *b, const char *text)
{
    buf_add(b, text, strlen(text));
}

static inline void buf_char(struct buf *b, char c)
{
    buf_add(b, &c, 1);
}

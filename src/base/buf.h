/* buf.h - bytes that grow up to a ceiling. Owns its memory; always NUL-terminated, so `data` is a C string.
 * Past the ceiling appends do nothing and `overflow` stays set: check once, at the end. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
    char *data;
    size_t size, room, ceiling; /* ceiling 0: none */
    bool overflow;
};

void buf_init(struct buf *b, size_t ceiling);
void buf_release(struct buf *b);
void buf_reset(struct buf *b);
void buf_add(struct buf *b, const void *bytes, size_t size);
void buf_text(struct buf *b, const char *text);
void buf_char(struct buf *b, char c);
void buf_int(struct buf *b, int64_t n);
void buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
char *buf_reserve(struct buf *b, size_t size);    /* room for `size` more bytes, NULL past the ceiling; then add to b->size */
char *buf_take(struct buf *b);                    /* hands over the memory (free it) and empties the buffer */

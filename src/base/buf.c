#include "base/buf.h"
#include "base/arena.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char empty[1];

void buf_init(struct buf *b, size_t ceiling)
{
    *b = (struct buf){.data = empty, .ceiling = ceiling};
}

void buf_init_in(struct buf *b, char *bytes, size_t room)
{
    *b = (struct buf){.data = bytes, .room = room, .borrowed = true};
    *bytes = '\0';
}

void buf_release(struct buf *b)
{
    if (b->room && !b->borrowed) free(b->data);
    *b = (struct buf){.data = empty, .ceiling = b->ceiling};
}

void buf_reset(struct buf *b)
{
    b->size = 0;
    b->overflow = false;
    if (b->room) b->data[0] = '\0';
}

/* Out of bytes that are another's, into its own. */
static char *move_out(struct buf *b, size_t room)
{
    b->borrowed = false;
    return memcpy(xmalloc(room), b->data, b->size + 1);
}

char *buf_grow(struct buf *b, size_t size)
{
    if (b->overflow || (b->ceiling && size > b->ceiling - b->size)) {
        b->overflow = true;
        return NULL;
    }
    size_t need = b->size + size + 1;
    if (need > b->room) {
        size_t room = b->room ? b->room * 2 : 256;
        if (b->ceiling && room > b->ceiling + 1) room = b->ceiling + 1;
        if (room < need) room = need;
        b->data = b->borrowed ? move_out(b, room) : xrealloc(b->room ? b->data : NULL, room);
        b->room = room;
    }
    return b->data + b->size;
}

/* Two digits a step. */
void buf_int(struct buf *b, int64_t n)
{
    static const char pairs[] = "0001020304050607080910111213141516171819202122232425262728293031323334353637383940414243444546474849"
                                "5051525354555657585960616263646566676869707172737475767778798081828384858687888990919293949596979899";
    char digits[24], *p = digits + sizeof digits;
    uint64_t u = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;
    for (; u >= 100; u /= 100) memcpy(p -= 2, pairs + u % 100 * 2, 2);
    memcpy(p -= 2, pairs + u * 2, 2);
    if (u < 10) p++;
    if (n < 0) *--p = '-';
    buf_add(b, p, (size_t)(digits + sizeof digits - p));
}

void buf_printf(struct buf *b, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *to = buf_reserve(b, (size_t)n);
    if (to) {
        vsnprintf(to, (size_t)n + 1, format, again);
        b->size += (size_t)n;
    }
    va_end(again);
}

char *buf_take(struct buf *b)
{
    char *data = b->borrowed ? move_out(b, b->size + 1) : b->room ? b->data : xstrdup("");
    *b = (struct buf){.data = empty, .ceiling = b->ceiling};
    return data;
}

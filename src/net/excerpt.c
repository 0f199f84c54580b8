#include "net/excerpt.h"
#include <stdbool.h>

/* Length of the character at p, 0 if it is none (RFC 3629: no surrogates, nothing overlong, nothing past 10FFFF). */
static size_t character(const unsigned char *p, size_t left)
{
    unsigned char c = p[0], low = 0x80, high = 0xbf;
    size_t n = c < 0x80 ? 1 : c >= 0xc2 && c <= 0xdf ? 2 : c >= 0xe0 && c <= 0xef ? 3 : c >= 0xf0 && c <= 0xf4 ? 4 : 0;
    if (!n || n > left) return 0;
    if (c == 0xe0) low = 0xa0;
    if (c == 0xed) high = 0x9f;
    if (c == 0xf0) low = 0x90;
    if (c == 0xf4) high = 0x8f;
    if (n > 1 && (p[1] < low || p[1] > high)) return 0;
    for (size_t i = 2; i < n; i++)
        if (p[i] < 0x80 || p[i] > 0xbf) return 0;
    return n;
}

char *excerpt(struct arena *a, const char *bytes, size_t size, size_t most)
{
    const unsigned char *p = (const unsigned char *)bytes;
    char *out = arena_alloc(a, (size < most ? size : most) + 1);
    size_t to = 0;
    for (size_t at = 0, n; at < size; at += n ? n : 1) {
        n = character(p + at, size - at);
        if (to + (n ? n : 1) > most) break;
        bool plain = n > 1 || (n == 1 && ((p[at] >= ' ' && p[at] != 0x7f) || p[at] == '\n' || p[at] == '\t'));
        if (!plain) out[to++] = '?';
        else for (size_t i = 0; i < n; i++) out[to++] = bytes[at + i];
    }
    return out;
}

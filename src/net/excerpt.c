#include "net/excerpt.h"
#include "base/utf8.h"
#include <stdbool.h>

char *excerpt(struct arena *a, const char *bytes, size_t size, size_t most)
{
    char *out = arena_alloc(a, (size < most ? size : most) + 1);
    size_t to = 0;
    for (size_t at = 0, n; at < size; at += n ? n : 1) {
        n = utf8_size(bytes + at, size - at);
        if (to + (n ? n : 1) > most) break;
        char c = bytes[at];
        bool plain = n > 1 || (n == 1 && ((c >= ' ' && c != 0x7f) || c == '\n' || c == '\t'));
        if (!plain) out[to++] = '?';
        else for (size_t i = 0; i < n; i++) out[to++] = bytes[at + i];
    }
    return out;
}

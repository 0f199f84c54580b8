/* fuzz_feed.c - any bytes as the cursor and as the types of a live stream: no harm, and what is taken is what was meant. */
#include "core/feed.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t size);

static void cursor(const char *text)
{
    int64_t n = -1;
    char again[24];
    if (!feed_cursor_parse(text, &n, NULL)) return;
    snprintf(again, sizeof again, "%lld", (long long)n);
    if (n < 0 || strcmp(again, n ? text + strspn(text, "0") : "0") != 0) abort();
}

/* A word that is taken stands for something, and both ways of asking agree. */
static void types(const char *text)
{
    struct event_types t;
    if (!event_types_parse(text, &t, NULL)) return;
    for (unsigned type = 0; type < event_type_count; type++)
        if (event_types_hold(&t, type) != event_types_cover(text, event_row((enum event_type)type)->name)) abort();
}

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t size)
{
    struct arena a;
    arena_init(&a);
    char *text = arena_strndup(&a, (const char *)bytes, size);
    cursor(text);
    types(text);
    arena_release(&a);
    return 0;
}

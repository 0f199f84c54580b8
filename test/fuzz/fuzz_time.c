/* fuzz_time.c - any text as a time: what is taken can be written, and reads as the same moment again. */
#include "base/arena.h"
#include "base/clock.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t size)
{
    struct arena a;
    int64_t ms, again;
    char text[TIME_TEXT];
    arena_init(&a);
    if (time_parse(arena_strndup(&a, (const char *)bytes, size), &ms)) {
        if (ms < TIME_FIRST || ms > TIME_LAST) abort();
        if (time_format(ms, text) >= TIME_TEXT || !time_parse(text, &again) || again != ms) abort();
    }
    arena_release(&a);
    return 0;
}

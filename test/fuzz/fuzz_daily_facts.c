/* Daily's events, as facts: whatever came by webhook. */
#include "provider/daily/parts.h"
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a;
    struct facts facts;
    struct err e = {0};
    arena_init(&a);
    char *text = arena_strndup(&a, (const char *)data, size);
    if (daily_inbound(NULL, &a, &(struct provider_letter){.body = text, .size = strlen(text)}, &facts, &e))
        for (size_t i = 0; i < facts.count; i++)
            if (facts.items[i].recording.state > FACT_RECORDING_READY) __builtin_trap();
    arena_release(&a);
    return 0;
}

#include "core/capability.h"
#include <stddef.h>
#include <string.h>

static const struct { const char *provider; unsigned can; } rows[] = {
    {"janus", 0},
    {"livekit", CAPABILITY_DIAL_IN},
    {"daily", 0},
};

bool provider_can(const char *provider, enum capability what)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (!strcmp(rows[i].provider, provider)) return (rows[i].can & what) != 0;
    return false;
}

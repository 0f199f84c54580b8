/* capability.h - what a provider can do, by its name: the one place that knows. */
#pragma once
#include <stdbool.h>

enum capability { CAPABILITY_DIAL_IN = 1 }; /* bits */

bool provider_can(const char *provider, enum capability what); /* an unknown provider can nothing */

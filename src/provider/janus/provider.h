/* provider.h - Janus in the list of providers (core/provider.h). */
#pragma once
#include "core/provider.h"

extern const struct provider janus_provider;

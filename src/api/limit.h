/* limit.h - how often somebody may call (spec/limits.def): fixed windows in memory. Any thread. */
#pragma once
#include "api/route.h"
#include <stdint.h>

struct limit_state { int64_t limit, remaining, reset_s; bool allowed; }; /* reset_s: seconds until the window ends */

uint64_t limit_key(const char *text);                        /* of an address or a name */
struct limit_state limit_take(enum limit_class c, uint64_t key, int64_t now_ms);
struct limit_state limit_peek(enum limit_class c, uint64_t key, int64_t now_ms); /* without counting */
bool limit_is_documented(enum limit_class c);                /* by an API's document: stays on, and its reset is told as a unix time */
const char *limit_name(enum limit_class c);

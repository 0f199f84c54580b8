/* excerpt.h - the beginning of what another server answered, as text that can be kept and shown. */
#pragma once
#include "base/arena.h"

/* At most `most` bytes, cut between characters; what is no UTF-8, and NUL and other control characters but newline and tab, becomes "?". */
char *excerpt(struct arena *a, const char *bytes, size_t size, size_t most);

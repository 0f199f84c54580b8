/* claims.h - a meeting token's properties in the short words of its payload, and back (dailyco/claims.h), with those that have no short word. */
#pragma once
#include "base/arena.h"
#include "model/model.h"

void daily_claims_of(struct arena *a, const struct dailyco_token_properties *p, struct dailyco_token_claims *out);
void daily_properties_of(struct arena *a, const struct dailyco_token_claims *c, struct dailyco_token_properties *out);
/* Daily answers for a token with its permissions in the short words, as clients expect who were tested against it, though it is asked for one in the long words: both are told. */
void daily_permissions_in_both(struct arena *a, const struct dailyco_token_claims *c, struct dailyco_token_properties *out);

/* claims.h - a meeting token's properties in the short words of its payload, and back. What is not set in one is not set in the other. */
#pragma once
#include "base/arena.h"
#include "model/model.h"

void daily_claims_of(struct arena *a, const struct dailyco_token_properties *p, struct dailyco_token_claims *out);
void daily_properties_of(struct arena *a, const struct dailyco_token_claims *c, struct dailyco_token_properties *out);

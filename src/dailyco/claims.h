/* claims.h - a meeting token's properties in the short words of its payload, and back. What is not set in one is not set in the other; those that Daily published
 * no short word for (enable_prejoin_ui, enable_live_captions_ui, enable_terse_logging) are left out. For the library, and for roomd's own tokens. */
#pragma once
#include "base/arena.h"

struct dailyco_token_properties;
struct dailyco_token_claims;
void dailyco_claims_of(struct arena *a, const struct dailyco_token_properties *p, struct dailyco_token_claims *out);
void dailyco_properties_of(struct arena *a, const struct dailyco_token_claims *c, struct dailyco_token_properties *out);
/* Daily answers for a token with its permissions in the short words, which have gone to their `more`: they are told in the long ones too. */
void dailyco_permissions_in_long(struct arena *a, struct dailyco_token_properties *p);

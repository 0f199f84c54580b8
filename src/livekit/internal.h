/* internal.h - what the library's files share; nothing of it is exported. */
#pragma once
#include "livekit/message.h"
#include "net/crypto.h"

struct livekit_memory { struct arena arena; }; /* an arena by another name: who has one may hand it over, see livekit_within */

/* Fills *e and gives false. The message is cut, and what looks like a token is taken out of it. */
bool lk_fail(struct livekit_error *e, enum livekit_code code, const char *format, ...) __attribute__((format(printf, 3, 4)));
int lk_code_find(const char *name); /* of a Twirp error; -1: none */

bool lk_key_given(const struct livekit_key *key, struct livekit_error *e);
char *lk_sign(const struct livekit_key *key, const struct livekit_claims *claims, struct arena *a, struct livekit_error *e);
/* The claims of a token that was signed by one of the keys and is good now. NULL: *e says which check failed. */
json_t *lk_claims_of(const struct livekit_key *keys, size_t count, const char *token, int64_t now_s, struct arena *a, struct livekit_error *e);

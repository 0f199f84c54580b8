/* key_seal.h - API keys that their holders sign tokens with. An API key is kept as a hash, which can sign nothing; so the key itself is kept
 * too, encrypted with a key made of SECRET_KEY. Keys from before there were seals, or of another SECRET_KEY, sign nothing that is believed. */
#pragma once
#include "core/core.h"

bool key_seal_keep(struct scope *s, int64_t api_key_id, const char *key, struct err *e); /* in the transaction that makes the key */
/* The claims of a token (JWT, HS256) that one of the keys in use signed, which may make rooms; `account`: for whom that key acts. NULL: none did. */
json_t *key_seal_verify(struct scope *s, const char *token, int64_t leeway_s, int64_t *account);

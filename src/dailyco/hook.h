/* hook.h - webhooks that come in, for who has the key prepared and the JSON parsed: the library's own functions, and roomd's intake. */
#pragma once
#include "net/crypto.h"
#include <stdbool.h>

/* HMAC-SHA256 of timestamp "." body, compared in constant time. The timestamp's age is another question. */
bool dailyco_hook_signed(const struct hmac_key *key, const char *timestamp, const char *signature, const void *body, size_t size);
bool dailyco_hook_recent(const char *timestamp, int64_t now_ms, int64_t window_s); /* seconds or milliseconds; digits only */
const char *dailyco_hook_room(const json_t *payload);                              /* room_name, else room; NULL: neither */
/* What is the same when an event comes twice. NULL: nothing says it. */
const char *dailyco_hook_identity(struct arena *a, const char *type, const char *id, const json_t *payload);

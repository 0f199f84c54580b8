/* hook.h - providers' webhooks: is the signature right, and what is it about. Pure functions; hooks.c has the handlers.
 *
 * Daily.co (docs.daily.co, webhooks): X-Webhook-Signature is base64(HMAC-SHA256(secret, timestamp "." body)); X-Webhook-Timestamp is
 * seconds or milliseconds. LiveKit (protocol/webhook): Authorization is a JWT of the API key whose claim sha256 is the body's hash. */
#pragma once
#include "base/arena.h"
#include "net/crypto.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool hook_daily_signed(const struct hmac_key *key, const char *timestamp, const char *signature, const char *body, size_t size, int64_t now_ms);
bool hook_livekit_signed(struct arena *a, const struct hmac_key *key, const char *api_key, const char *authorization, const char *body, size_t size, int64_t now_ms);

/* Texts live as long as the arena. */
struct envelope {
    bool is_object, is_probe;          /* probe: Daily's {"test":"test"} */
    const char *type, *room_name;      /* NULL: not said */
    const char *identity;              /* what is the same when it comes twice; NULL: nothing said it */
};
void hook_daily_read(struct arena *a, const char *body, size_t size, struct envelope *out);   /* its envelope {type, id, payload}, or seed S2's flat {type, room, …} */
void hook_livekit_read(struct arena *a, const char *body, size_t size, struct envelope *out);
/* The body as it may be kept: the room's turnPassword, which is in all that LiveKit tells of rooms and people, is made x's. Without one: the body itself. */
const char *hook_livekit_redacted(struct arena *a, const char *body, size_t size);

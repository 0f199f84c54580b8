#include "livekit/internal.h"
#include <string.h>
#include <strings.h>

enum { HASH_TEXT = 44 };

bool livekit_webhook_verify(const struct livekit_key *keys, size_t count, const char *authorization, const void *body, size_t size, int64_t now_s, struct livekit_error *e)
{
    unsigned char hash[32];
    char text[HASH_TEXT + 1];
    struct arena a;
    arena_init(&a);
    if (authorization && !strncasecmp(authorization, "Bearer ", 7)) authorization += 7; /* LiveKit sends the token alone, proxies and test senders do not */
    const json_t *claims = lk_claims_of(keys, count, authorization, now_s, &a, e);
    const char *said = json_string_value(json_object_get(claims, "sha256"));
    sha256_bytes(body, size, hash);
    base64_text(hash, sizeof hash, text);
    bool ok = claims && said && equal_secret(text, said);
    if (claims && !said) lk_fail(e, LIVEKIT_BODY_HASH_MISSING, "the token has no sha256: it is not a webhook's"); /* a join token of the same key is signed as well */
    else if (claims && !ok) lk_fail(e, LIVEKIT_BODY_HASH_WRONG, "the body is not the one that was signed: did something rewrite it on the way?");
    arena_release(&a);
    return ok;
}

struct livekit_webhook_event *livekit_webhook_parse(const void *body, size_t size, struct livekit_memory *m, struct livekit_error *e)
{
    struct livekit_webhook_event *event = lk_read_bytes(&livekit_webhook_event_message, body, size, &m->arena);
    if (!event) lk_fail(e, LIVEKIT_BODY_MALFORMED, "the body is no JSON object");
    return event;
}

struct livekit_webhook_event *livekit_webhook_receive(const struct livekit_key *keys, size_t count, const char *authorization, const void *body, size_t size, int64_t now_s,
                                                      struct livekit_memory *m, struct livekit_error *e)
{
    return livekit_webhook_verify(keys, count, authorization, body, size, now_s, e) ? livekit_webhook_parse(body, size, m, e) : NULL;
}

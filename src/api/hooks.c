/* hooks.c - where providers tell what happened. Kept as it came before the answer (core/inbox.h); looked at on the HTTP thread, where
 * the handler runs first, so that the writer has nothing to do but to write. */
#include "api/api.h"
#include "api/hook.h"
#include "api/limit.h"
#include "base/log.h"
#include "base/metric.h"
#include "core/inbox.h"
#include <string.h>

enum { UNSIGNED_LARGEST = 65536, DEDUPE_LONGEST = 250 };

struct hook {
    struct delivery delivery;
    struct envelope envelope;
    bool forged;               /* there is a secret, and it was not signed with it */
    bool keep;
};

static const char *header(struct request *r, const char *name)
{
    const char *value = http_header(r->http, name);
    return value && strlen(value) <= 4096 ? value : NULL;
}

/* Without an id the body is one; and what is not signed must not take the place of what will be. */
static const char *dedupe_of(struct request *r, const struct hook *h)
{
    const char *identity = h->envelope.identity;
    char hash[65];
    if (h->delivery.verified && identity && strlen(identity) <= DEDUPE_LONGEST) return identity;
    sha256_hex(r->http->body, r->http->body_size, hash);
    return arena_printf(r->scope.arena, "%s %s", h->delivery.verified ? "body" : "unsigned", hash);
}

static bool worth_keeping(struct request *r, const struct hook *h)
{
    if (h->delivery.verified) return !h->envelope.is_probe;
    metric_add(inbox_unverified_total, 1);
    if (h->envelope.is_probe || r->http->body_size > UNSIGNED_LARGEST) return false;
    return !core_config(r->api->core)->RATE_LIMITS || limit_take(limit_unsigned, limit_key(r->http->client), r->scope.now).allowed;
}

static struct hook *finish(struct request *r, struct hook *h, const struct hmac_key *key)
{
    struct delivery *d = &h->delivery;
    h->forged = key->size && !d->verified;
    d->event_type = h->envelope.type && strlen(h->envelope.type) <= 100 ? h->envelope.type : NULL;
    d->room_name = h->envelope.room_name;
    d->dedupe = dedupe_of(r, h);
    h->keep = worth_keeping(r, h);
    const char *body = r->http->body;
    if (h->keep && !strcmp(d->provider, "livekit")) body = hook_livekit_redacted(r->scope.arena, body, r->http->body_size);
    if (h->keep) inbox_set_body(d, r->scope.arena, body, r->http->body_size, h->envelope.is_object);
    if (h->forged && !h->envelope.is_probe) log_warn("hook.unsigned", LOG_STR("id", r->id), LOG_STR("provider", d->provider), LOG_STR("client", r->http->client));
    return h;
}

static struct hook *daily(struct request *r)
{
    if (r->prepared) return r->prepared;
    struct hook *h = r->prepared = arena_new(r->scope.arena, struct hook);
    const struct hmac_key *key = &r->api->core->daily_hook_key;
    const char *timestamp = header(r, "X-Webhook-Timestamp"), *signature = header(r, "X-Webhook-Signature");
    h->delivery = (struct delivery){.provider = "daily"};
    h->delivery.verified = hook_daily_signed(key, timestamp, signature, r->http->body, r->http->body_size, r->scope.now);
    if (timestamp && signature) h->delivery.proof = arena_printf(r->scope.arena, "%s %s", timestamp, signature);
    hook_daily_read(r->scope.arena, r->http->body, r->http->body_size, &h->envelope);
    return finish(r, h, key);
}

static struct hook *livekit(struct request *r)
{
    if (r->prepared) return r->prepared;
    struct hook *h = r->prepared = arena_new(r->scope.arena, struct hook);
    const struct hmac_key *key = &r->api->core->livekit_key;
    const char *proof = header(r, "Authorization");
    h->delivery = (struct delivery){.provider = "livekit", .proof = proof};
    h->delivery.verified = hook_livekit_signed(r->scope.arena, key, core_config(r->api->core)->LIVEKIT_API_KEY, proof, r->http->body, r->http->body_size, r->scope.now);
    hook_livekit_read(r->scope.arena, r->http->body, r->http->body_size, &h->envelope);
    return finish(r, h, key);
}

static bool store(struct request *r, const struct hook *h, struct err *e)
{
    return !h->keep || inbox_store(&r->scope, &h->delivery, e);
}

static bool answer_truly(struct request *r, const struct hook *h, struct err *e)
{
    struct hook_reply *out = arena_new(r->scope.arena, struct hook_reply);
    SET(out, hook_reply, status, "ok");
    if (r->http->body_too_large) return err_fail(e, error_body_too_large);
    if (h->forged && !(h->envelope.is_probe && !h->delivery.proof)) return err_fail(e, error_bad_signature);
    if (!h->envelope.is_object) return err_fail(e, error_bad_json);
    return store(r, h, e) && reply_with(r, out);
}

bool hook_daily(struct request *r, struct err *e)
{
    return answer_truly(r, daily(r), e);
}

/* Seed S2: 200, whatever came. */
bool hook_daily_always(struct request *r, struct err *e)
{
    struct hook_received *out = arena_new(r->scope.arena, struct hook_received);
    SET(out, hook_received, received, true);
    if (r->http->body_too_large) log_warn("hook.too_large", LOG_STR("id", r->id), LOG_STR("client", r->http->client));
    else if (!store(r, daily(r), e)) return false;
    return reply_with(r, out);
}

bool hook_livekit(struct request *r, struct err *e)
{
    return answer_truly(r, livekit(r), e);
}

bool hook_livekit_rooms(struct request *r, struct err *e)
{
    return hook_livekit(r, e);
}

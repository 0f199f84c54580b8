/* webhooks.c - /v1/webhooks: endpoints of the shape `daily` (core/webhook.h). Each is asked with {"test":"test"} before it is made or changed. */
#include "api/audit.h"
#include "api/daily/daily.h"
#include "api/webhook_probe.h"
#include "base/clock.h"
#include "base/rand.h"
#include "core/alias.h"
#include "core/webhook.h"
#include <stdio.h>
#include <string.h>

enum { PROBE_MS = 8000, MOST = 1000 };
static const char TEST[] = "{\"test\":\"test\"}", BASIC[] = "Basic ";
/* What can happen here; other types may be asked for and never come. */
static const char *const told[] = {"meeting.started", "meeting.ended", "participant.joined", "participant.left", "recording.started", "recording.ready-to-download", "recording.error"};

/* ---- showing */

static struct list types_of(struct arena *a, const struct webhook_endpoint *w)
{
    if (!HAS(w, webhook_endpoint, event_types)) return (struct list){told, sizeof told / sizeof *told};
    const char **types = arena_array(a, const char *, strlen(w->event_types) / 2 + 2);
    size_t n = 0;
    for (const char *p = w->event_types; *(p += strspn(p, " ")); p += strcspn(p, " ")) types[n++] = arena_strndup(a, p, strcspn(p, " "));
    return (struct list){types, n};
}

static void show(struct request *r, const struct webhook_endpoint *w, struct dailyco_webhook *out)
{
    struct arena *a = r->scope.arena;
    struct webhook_keys keys;
    const char *secret = webhook_secret(&r->scope, w);
    SET(out, dailyco_webhook, uuid, w->uuid);
    SET(out, dailyco_webhook, url, w->url);
    if (secret) SET(out, dailyco_webhook, hmac, secret);
    out->bits_null |= (uint64_t)1 << dailyco_webhook_f_basicAuth;
    if (webhook_keys_open(r->api->core, a, w, &keys, NULL) && keys.authorization && !strncmp(keys.authorization, BASIC, sizeof BASIC - 1)) {
        SET(out, dailyco_webhook, basicAuth, keys.authorization + sizeof BASIC - 1);
        out->bits_null = 0;
    }
    SET(out, dailyco_webhook, retryType, w->retry == webhook_retry_circuit ? "circuit-breaker" : "exponential");
    SET(out, dailyco_webhook, eventTypes, types_of(a, w));
    SET(out, dailyco_webhook, state, w->state == webhook_state_active ? "ACTIVE" : "FAILED");
    SET(out, dailyco_webhook, failedCount, w->failed_count);
    if (HAS(w, webhook_endpoint, last_attempt_at)) SET(out, dailyco_webhook, lastMomentPushed, daily_stamp(a, w->last_attempt_at));
    SET(out, dailyco_webhook, domainId, alias_text(&r->scope, ALIAS_DOMAIN, 1));
    SET(out, dailyco_webhook, createdAt, daily_stamp(a, w->created_at));
    SET(out, dailyco_webhook, updatedAt, daily_stamp(a, w->updated_at));
}

static bool reply_webhook(struct request *r, const struct webhook_endpoint *w)
{
    struct dailyco_webhook *out = arena_new(r->scope.arena, struct dailyco_webhook);
    show(r, w, out);
    return reply_with(r, out);
}

static bool is_mine(const struct request *r, const struct webhook_endpoint *w)
{
    return w->shape == webhook_shape_daily && (daily_sees_all(r) || (HAS(w, webhook_endpoint, user_id) && w->user_id == r->scope.actor->id));
}

bool daily_webhook_list(struct request *r, struct err *e)
{
    struct list rows, *out = arena_new(r->scope.arena, struct list);
    int64_t total;
    if (!webhook_list(&r->scope, webhook_shape_daily, 0, MOST, &rows, &total, e)) return false;
    struct dailyco_webhook *items = arena_array(r->scope.arena, struct dailyco_webhook, rows.count + 1);
    size_t n = 0;
    for (size_t i = 0; i < rows.count; i++)
        if (is_mine(r, (const struct webhook_endpoint *)rows.items + i)) show(r, (const struct webhook_endpoint *)rows.items + i, &items[n++]);
    *out = (struct list){items, n};
    return reply_with(r, out);
}

static bool find(struct request *r, struct scope *s, struct webhook_endpoint *w, struct err *e)
{
    const struct daily_id_path *path = r->path;
    if (!webhook_by_uuid(s, path->id, w, e)) return daily_about(e, error_webhook_not_found, path->id);
    return is_mine(r, w) || daily_fail(e, error_webhook_not_found, path->id);
}

bool daily_webhook_get(struct request *r, struct err *e)
{
    struct webhook_endpoint w;
    return find(r, &r->scope, &w, e) && reply_webhook(r, &w);
}

bool daily_webhook_delete(struct request *r, struct err *e)
{
    struct webhook_endpoint w;
    return find(r, &r->scope, &w, e) && webhook_delete(&r->scope, &w, e) && reply_with(r, arena_new(r->scope.arena, struct dailyco_sent));
}

/* ---- making and changing: on a worker, since the endpoint is asked first */

static bool types_text(struct request *r, const struct list *types, const char **out, struct err *e)
{
    const char *const *words = types->items;
    *out = "";
    for (size_t i = 0; i < types->count; i++) {
        if (enumeration_find(&dailyco_event_type_words, words[i]) < 0) return daily_fail(e, error_unknown_event_type, words[i]);
        *out = arena_printf(r->scope.arena, "%s%s%s", *out, i ? " " : "", words[i]);
    }
    return true;
}

static bool answers(struct request *r, const struct webhook_endpoint *w, struct err *e)
{
    struct webhook_probe probe;
    char status[12] = "undefined";
    if (!webhook_url_check(r, w->url, e) || !webhook_probe(r, w, "test", TEST, PROBE_MS, &probe, e)) return false;
    if (probe.status) snprintf(status, sizeof status, "%d", probe.status);
    return probe.taken || daily_fail(e, error_webhook_probe_failed, status);
}

static enum webhook_retry retry_of(bool has, const char *word)
{
    return has && !strcmp(word, "exponential") ? webhook_retry_exponential : webhook_retry_circuit;
}

struct work { struct request *request; struct webhook_new plan; struct webhook_endpoint row; };

/* The writer's own arena ends with its transaction. */
static struct scope own_scope(struct scope *s, const struct request *r)
{
    struct scope own = *s;
    own.actor = r->scope.actor;
    own.arena = r->scope.arena;
    return own;
}

static bool create(struct scope *s, void *arg, struct err *e)
{
    struct work *w = arg;
    struct scope own = own_scope(s, w->request);
    const char *secret;
    if (!webhook_create(&own, &w->plan, &w->row, &secret, e)) return false;
    w->request->subject = "webhook";
    w->request->subject_id = w->row.uuid;
    return true;
}

/* As it will be, for the question to it. */
static bool try_first(struct request *r, const struct webhook_new *plan, struct err *e)
{
    struct webhook_endpoint w = {0};
    if (!webhook_secret_is_valid(webhook_shape_daily, plan->secret)) return err_fail(e, error_bad_webhook_secret);
    SET(&w, webhook_endpoint, url, plan->url);
    SET(&w, webhook_endpoint, shape, webhook_shape_daily);
    SET(&w, webhook_endpoint, secret, seal_text(r->scope.arena, &r->api->core->webhook_key, plan->secret, strlen(plan->secret)));
    webhook_set_authorization(&r->scope, &w, plan->authorization);
    return answers(r, &w, e);
}

static const char *random_secret(struct arena *a)
{
    unsigned char bytes[32];
    char *text = arena_alloc(a, 48);
    rand_bytes(bytes, sizeof bytes);
    base64_text(bytes, sizeof bytes, text);
    return text;
}

bool daily_webhook_create(struct request *r, struct err *e)
{
    const struct dailyco_webhook_create *in = r->body;
    struct arena *a = r->scope.arena;
    struct work *w = arena_new(a, struct work);
    w->request = r;
    w->plan = (struct webhook_new){.url = in->url, .shape = webhook_shape_daily, .retry = retry_of(HAS(in, dailyco_webhook_create, retryType), in->retryType)};
    w->plan.secret = HAS(in, dailyco_webhook_create, hmac) ? in->hmac : random_secret(a);
    if (HAS(in, dailyco_webhook_create, basicAuth)) w->plan.authorization = arena_printf(a, "%s%s", BASIC, in->basicAuth);
    return types_text(r, &in->eventTypes, &w->plan.event_types, e) && try_first(r, &w->plan, e) && request_write(r, create, w, e) && reply_webhook(r, &w->row);
}

static bool merge(struct request *r, const struct dailyco_webhook_update *in, struct webhook_endpoint *w, struct err *e)
{
    const char *types;
    if (HAS(in, dailyco_webhook_update, hmac) && !webhook_secret_is_valid(webhook_shape_daily, in->hmac)) return err_fail(e, error_bad_webhook_secret);
    if (!types_text(r, &in->eventTypes, &types, e)) return false;
    if (HAS(in, dailyco_webhook_update, url)) SET(w, webhook_endpoint, url, in->url);
    if (*types) SET(w, webhook_endpoint, event_types, types);
    if (HAS(in, dailyco_webhook_update, hmac)) SET(w, webhook_endpoint, secret, seal_text(r->scope.arena, &r->api->core->webhook_key, in->hmac, strlen(in->hmac)));
    if (HAS(in, dailyco_webhook_update, basicAuth)) webhook_set_authorization(&r->scope, w, arena_printf(r->scope.arena, "%s%s", BASIC, in->basicAuth));
    if (IS_NULL(in, dailyco_webhook_update, basicAuth)) webhook_set_authorization(&r->scope, w, NULL);
    if (HAS(in, dailyco_webhook_update, retryType)) SET(w, webhook_endpoint, retry, (int)retry_of(true, in->retryType));
    return true;
}

/* What happened while it was FAILED is not sent. */
static bool change(struct scope *s, void *arg, struct err *e)
{
    struct work *w = arg;
    struct request *r = w->request;
    struct scope own = own_scope(s, r);
    if (!find(r, &own, &w->row, e)) return false;
    bool failed = w->row.state != webhook_state_active;
    return merge(r, r->body, &w->row, e) && webhook_set_state(&own, &w->row, webhook_state_active, failed, NULL, e);
}

bool daily_webhook_update(struct request *r, struct err *e)
{
    struct work *w = arena_new(r->scope.arena, struct work);
    struct scope s = r->scope;
    w->request = r;
    s.db = core_worker_reader(r->api->core, e);
    return s.db && find(r, &s, &w->row, e) && merge(r, r->body, &w->row, e) && answers(r, &w->row, e) && request_write(r, change, w, e) && reply_webhook(r, &w->row);
}

bool daily_webhook_patch(struct request *r, struct err *e)
{
    return daily_webhook_update(r, e);
}

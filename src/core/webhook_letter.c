/* webhook_letter.c - one message: for whom, in which words, signed how, sent again when. */
#include "core/feed.h"
#include "core/webhook.h"
#include <stdio.h>
#include <string.h>

/* ---- which events */

bool webhook_check_types(const char *types, struct err *e)
{
    struct event_types known;
    return event_types_parse(types, &known, e);
}

bool webhook_wants(const struct webhook_endpoint *w, const char *type)
{
    return !HAS(w, webhook_endpoint, event_types) || event_types_cover(w->event_types, type);
}

/* ---- in words */

static bool render_standard(struct scope *s, const struct webhook_endpoint *w, const struct event *event, struct webhook_letter *out, struct err *e)
{
    struct buf text;
    (void)e;
    if (!webhook_wants(w, event->event_type)) return true;
    buf_init(&text, 0);
    event_write(&text, event);
    out->message_id = arena_printf(s->arena, "evt_%lld", (long long)event->id);
    out->body = arena_strndup(s->arena, text.data, text.size);
    buf_release(&text);
    return true;
}

void webhook_set_render(struct core *core, enum webhook_shape shape, webhook_render_fn *fn)
{
    core->webhook_render[shape] = fn;
}

bool webhook_render(struct scope *s, const struct webhook_endpoint *w, const struct event *event, struct webhook_letter *out, struct err *e)
{
    webhook_render_fn *fn = w->shape == webhook_shape_standard ? render_standard : s->core->webhook_render[w->shape];
    *out = (struct webhook_letter){0};
    if (HAS(w, webhook_endpoint, session_id) && (!HAS(event, event, session_id) || event->session_id != w->session_id)) return true;
    return !fn || fn(s, w, event, out, e);
}

/* ---- signed */

static void signature(struct arena *a, const struct hmac_key *k, const char *prefix, const char *body, char out[48])
{
    unsigned char mac[HMAC_SIZE];
    size_t head = strlen(prefix), size = strlen(body);
    char *text = arena_alloc(a, head + size + 1);
    memcpy(text, prefix, head);
    memcpy(text + head, body, size);
    hmac_sha256(k, text, head + size, mac);
    base64_text(mac, sizeof mac, out);
}

static void sign_standard(struct arena *a, const struct webhook_keys *k, const char *id, int64_t now_ms, const char *body, const char *out[WEBHOOK_HEADERS])
{
    char one[48], two[48];
    const char *prefix = arena_printf(a, "%s.%lld.", id, (long long)(now_ms / 1000));
    bool both = k->old_until > now_ms;
    signature(a, &k->now, prefix, body, one);
    if (both) signature(a, &k->old, prefix, body, two);
    out[1] = arena_printf(a, "webhook-id: %s", id);
    out[2] = arena_printf(a, "webhook-timestamp: %lld", (long long)(now_ms / 1000));
    out[3] = arena_printf(a, "webhook-signature: v1,%s%s%s", one, both ? " v1," : "", both ? two : "");
}

static void sign_daily(struct arena *a, const struct webhook_keys *k, int64_t now_ms, const char *body, const char *out[WEBHOOK_HEADERS])
{
    char one[48];
    signature(a, &k->now, arena_printf(a, "%lld.", (long long)now_ms), body, one);
    out[1] = arena_printf(a, "X-Webhook-Timestamp: %lld", (long long)now_ms);
    out[2] = arena_printf(a, "X-Webhook-Signature: %s", one);
    out[3] = NULL;
}

void webhook_sign(struct arena *a, enum webhook_shape shape, const struct webhook_keys *k, const char *message_id, int64_t now_ms, const char *body, const char *out[WEBHOOK_HEADERS])
{
    out[0] = "Content-Type: application/json";
    if (shape == webhook_shape_daily) sign_daily(a, k, now_ms, body, out);
    else sign_standard(a, k, message_id, now_ms, body, out);
    int end = out[3] ? 4 : 3;
    if (k->authorization) out[end++] = arena_printf(a, "Authorization: %s", k->authorization);
    out[end] = NULL;
}

bool webhook_took_it(enum webhook_shape shape, int status)
{
    return shape == webhook_shape_daily ? status == 200 : status >= 200 && status < 300;
}

/* ---- sent again */

int64_t webhook_wait_ms(enum webhook_retry retry, int64_t attempts, uint32_t luck)
{
    static const int64_t patient[] = {5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 14 * 3600, 20 * 3600, 24 * 3600}; /* Standard Webhooks' own */
    static const int64_t exponential[] = {5, 30, 3 * 60, 11 * 60};
    const int64_t *waits = retry == webhook_retry_patient ? patient : exponential;
    int64_t count = retry == webhook_retry_patient ? 9 : retry == webhook_retry_exponential ? 4 : 0;
    if (attempts < 1 || attempts > count) return -1;
    int64_t ms = waits[attempts - 1] * 1000;
    return ms + ms / 10 * (int64_t)(luck % 1000) / 1000;
}

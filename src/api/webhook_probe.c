#include "api/webhook_probe.h"
#include "base/clock.h"
#include "net/excerpt.h"
#include <string.h>

enum { ANSWER_LARGEST = 64 << 10 };

bool webhook_url_check(struct request *r, const char *url, struct err *e)
{
    if (!url_is_http(url)) return err_fail(e, error_bad_webhook_url);
    return guard_lets_url(&core_config(r->api->core)->outbound, url) || err_fail(e, error_webhook_url_private);
}

/* `e` of a request names the host: the endpoint's keeper knows it. */
static void judge(struct request *r, const struct webhook_endpoint *w, const struct fetch_reply *reply, struct webhook_probe *out)
{
    out->status = reply->status;
    out->taken = webhook_took_it((enum webhook_shape)w->shape, reply->status);
    out->answer = excerpt(r->scope.arena, reply->body, reply->size, WEBHOOK_ANSWER);
    if (!out->taken) out->error = arena_printf(r->scope.arena, "HTTP %d", reply->status);
}

bool webhook_probe(struct request *r, const struct webhook_endpoint *w, const char *message_id, const char *body, int64_t timeout_ms, struct webhook_probe *out, struct err *e)
{
    struct webhook_keys keys;
    const char *headers[WEBHOOK_HEADERS];
    struct fetch_reply reply;
    struct err why = {0};
    if (!webhook_keys_open(r->api->core, r->scope.arena, w, &keys, e)) return false;
    webhook_sign(r->scope.arena, (enum webhook_shape)w->shape, &keys, message_id, clock_now_ms(), body, headers);
    struct fetch what = {.method = "POST", .url = w->url, .headers = headers, .body = body, .body_size = strlen(body), .total_ms = timeout_ms, .guard = &core_config(r->api->core)->outbound, .largest = ANSWER_LARGEST};
    int64_t began = clock_monotonic_ms();
    *out = (struct webhook_probe){0};
    if (fetch(r->api->outbound, &what, r->scope.arena, &reply, &why)) judge(r, w, &reply, out);
    else out->error = arena_strdup(r->scope.arena, why.text);
    out->duration_ms = clock_monotonic_ms() - began;
    return true;
}

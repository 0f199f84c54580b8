/* webhook.c - the webhook that Daily tells roomd by. After three failures in a row Daily sends nothing any more until somebody revives it. */
#include "base/log.h"
#include "base/metric.h"
#include "model/model.h"
#include "provider/daily/parts.h"
#include <string.h>

static const char *const paths[] = {"/sessions/webhook/daily", "/api/v1/webhooks/daily"};

bool daily_webhook_is_ours(const struct config *c, const char *url)
{
    size_t n = strlen(c->PUBLIC_URL);
    if (!url || strncmp(url, c->PUBLIC_URL, n) != 0) return false;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        if (!strcmp(url + n, paths[i])) return true;
    return false;
}

char *daily_webhook_url(const struct config *c, struct arena *a)
{
    return arena_printf(a, "%s%s", c->PUBLIC_URL, paths[1]);
}

static bool is_failed(const struct dailyco_webhook *w)
{
    return DAILYCO_HAS(w, dailyco_webhook, state) && strcmp(w->state, "ACTIVE") != 0;
}

static bool revive(const struct daily *d, struct arena *a, const struct dailyco_webhook *w)
{
    struct dailyco_error why = {0};
    struct dailyco_webhook_update same = {0};
    DAILYCO_SET(&same, dailyco_webhook_update, url, w->url);
    bool ok = dailyco_update_webhook(d->client, w->uuid, &same, dailyco_within(a), &why) != NULL;
    log_at(ok ? LOG_INFO : LOG_ERROR, ok ? "daily.webhook_revived" : "daily.webhook_not_revived", LOG_STR("uuid", w->uuid), LOG_STR("error", ok ? NULL : why.message));
    return ok;
}

static enum daily_webhook_state state_of(const struct dailyco_webhook_list *all, const struct config *c, const struct dailyco_webhook **out)
{
    enum daily_webhook_state state = DAILY_WEBHOOK_NONE;
    for (size_t i = 0; i < all->data.count; i++) {
        const struct dailyco_webhook *w = (const struct dailyco_webhook *)all->data.items + i;
        if (!DAILYCO_HAS(w, dailyco_webhook, url) || !daily_webhook_is_ours(c, w->url)) continue;
        *out = w;
        state = is_failed(w) ? DAILY_WEBHOOK_FAILED : DAILY_WEBHOOK_ACTIVE;
    }
    return state;
}

bool daily_webhook_look(struct dailyco *client, const struct config *c, struct arena *a, enum daily_webhook_state *state, struct err *e)
{
    struct dailyco_error why = {0};
    const struct dailyco_webhook *w;
    const struct dailyco_webhook_list *all = dailyco_list_webhooks(client, dailyco_within(a), &why);
    if (!all) return daily_refused_call(&why, e);
    *state = state_of(all, c, &w);
    return true;
}

static void tell(const struct daily *d, enum daily_webhook_state state, const struct dailyco_webhook *w)
{
    static const char next[] = "roomd daily webhooks recreate";
    if (state == DAILY_WEBHOOK_FAILED)
        log_error("daily.webhook_failed", LOG_STR("uuid", w->uuid), LOG_INT("failed", w->failedCount), LOG_STR("next", d->config->DAILY_WEBHOOK_HEAL ? "it is revived" : next));
    else if (state == DAILY_WEBHOOK_NONE) log_warn("daily.webhook_none", LOG_STR("what", "Daily tells nothing here; roomd asks"), LOG_STR("next", "roomd daily webhooks create"));
    else log_info("daily.webhook_active", LOG_STR("uuid", w->uuid));
}

/* While it was FAILED nothing was told: when that is seen, and when it works again, there is a gap. */
bool daily_tend(void *ctx, struct arena *a, bool *gap, struct err *e)
{
    struct daily *d = ctx;
    struct dailyco_error why = {0};
    const struct dailyco_webhook *w = NULL;
    const struct dailyco_webhook_list *all = dailyco_list_webhooks(d->client, dailyco_within(a), &why);
    if (!all) return why.code == DAILYCO_PLAN || daily_refused_call(&why, e); /* an account without webhooks is asked all the same */
    enum daily_webhook_state state = state_of(all, d->config, &w);
    if (state != d->webhook_state) tell(d, state, w);
    *gap = (state == DAILY_WEBHOOK_FAILED) != (d->webhook_state == DAILY_WEBHOOK_FAILED);
    if (state == DAILY_WEBHOOK_FAILED && d->config->DAILY_WEBHOOK_HEAL && revive(d, a, w)) {
        state = DAILY_WEBHOOK_ACTIVE;
        *gap = true;
    }
    d->webhook_state = state;
    metric_set(daily_webhook_active, state == DAILY_WEBHOOK_ACTIVE);
    return true;
}

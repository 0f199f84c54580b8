/* webhooks.c - webhooks that are set up at Daily. */
#include "dailyco/internal.h"
#include <stdio.h>
#include <string.h>

static struct dailyco_webhook *copy_of(const struct dailyco_webhook *from, struct dailyco_memory *m)
{
    return arena_copy(&m->arena, from, sizeof *from);
}

struct dailyco_webhook_list *dailyco_find_webhooks_by_pattern(struct dailyco *c, const char *pattern, struct dailyco_memory *m, struct dailyco_error *e)
{
    struct dailyco_webhook_list *all = dailyco_list_webhooks(c, m, e);
    if (!all) return NULL;
    struct dailyco_webhook *fit = arena_array(&m->arena, struct dailyco_webhook, all->data.count + 1);
    size_t count = 0;
    for (size_t i = 0; i < all->data.count; i++)
        if (all->data.items[i].url && strstr(all->data.items[i].url, pattern)) fit[count++] = all->data.items[i];
    DAILYCO_SET_LIST(all, dailyco_webhook_list, data, fit, count);
    return all;
}

struct dailyco_webhook *dailyco_find_webhook_by_url(struct dailyco *c, const char *url, struct dailyco_memory *m, struct dailyco_error *e)
{
    const struct dailyco_webhook_list *all = dailyco_list_webhooks(c, m, e);
    for (size_t i = 0; all && i < all->data.count; i++)
        if (all->data.items[i].url && !strcmp(all->data.items[i].url, url)) return copy_of(&all->data.items[i], m);
    if (all) dc_fail(e, DAILYCO_NOT_FOUND, "there is no webhook with this url");
    return NULL;
}

/* ---- changing one by making it anew */

#define TAKE(to, from, from_model, field) (DAILYCO_HAS(from, from_model, field) ? DAILYCO_SET(to, dailyco_webhook_create, field, (from)->field) : 0)

static struct dailyco_webhook_create plan_of(const struct dailyco_webhook *old, const struct dailyco_webhook_update *r)
{
    struct dailyco_webhook_create plan = {0};
    TAKE(&plan, old, dailyco_webhook, url);
    TAKE(&plan, old, dailyco_webhook, hmac);
    TAKE(&plan, old, dailyco_webhook, basicAuth);
    TAKE(&plan, old, dailyco_webhook, retryType);
    if (old->eventTypes.count) DAILYCO_SET_LIST(&plan, dailyco_webhook_create, eventTypes, old->eventTypes.items, old->eventTypes.count);
    if (!r) return plan;
    TAKE(&plan, r, dailyco_webhook_update, url);
    TAKE(&plan, r, dailyco_webhook_update, hmac);
    TAKE(&plan, r, dailyco_webhook_update, basicAuth);
    TAKE(&plan, r, dailyco_webhook_update, retryType);
    if (r->eventTypes.count) DAILYCO_SET_LIST(&plan, dailyco_webhook_create, eventTypes, r->eventTypes.items, r->eventTypes.count);
    return plan;
}

/* A domain has room for one: the old one has to go first. If the new one is refused, the old one is put back, if Daily lets it. */
static struct dailyco_webhook *replace(struct dailyco *c, const struct dailyco_webhook *old, const struct dailyco_webhook_update *r, struct dailyco_memory *m, struct dailyco_error *e)
{
    struct dailyco_error ignored, own;
    struct dailyco_webhook_create before = plan_of(old, NULL), after = plan_of(old, r);
    if (!dailyco_delete_webhook(c, old->uuid, m, e)) return NULL;
    struct dailyco_webhook *made = dailyco_create_webhook(c, &after, m, &own);
    if (made) {
        if (e) *e = own;
        return made;
    }
    bool back = r && dailyco_create_webhook(c, &before, m, &ignored);
    char why[sizeof own.message];
    memcpy(why, own.message, sizeof why);
    dc_fail(&own, own.code, "the webhook was deleted to be made anew, and then refused (%s): %.500s", back ? "it is there again as it was, with another uuid" : "now there is none", why);
    if (e) *e = own;
    return NULL;
}

/* Asked for in the list: an old one may not be known by itself. */
static const struct dailyco_webhook *find(struct dailyco *c, const char *uuid, struct dailyco_memory *m, struct dailyco_error *e)
{
    const struct dailyco_webhook_list *all = dailyco_list_webhooks(c, m, e);
    for (size_t i = 0; all && i < all->data.count; i++)
        if (!strcmp(all->data.items[i].uuid, uuid)) return &all->data.items[i];
    if (all) dc_fail(e, DAILYCO_NOT_FOUND, "there is no webhook %s", uuid);
    return NULL;
}

struct dailyco_webhook *dailyco_recreate_webhook(struct dailyco *c, const char *uuid, struct dailyco_memory *m, struct dailyco_error *e)
{
    const struct dailyco_webhook *old = find(c, uuid, m, e);
    return old ? replace(c, old, NULL, m, e) : NULL;
}

static bool unknown_there(const struct dailyco_error *e)
{
    return e->status == 404 || e->status == 405 || e->status == 501;
}

struct dailyco_webhook *dailyco_update_webhook(struct dailyco *c, const char *uuid, const struct dailyco_webhook_update *r, struct dailyco_memory *m, struct dailyco_error *e)
{
    struct dailyco_error own;
    struct dailyco_webhook *done = dailyco_post_webhook(c, uuid, r, m, &own);
    if (!done && unknown_there(&own)) done = dailyco_patch_webhook(c, uuid, r, m, &own);
    if (!done && unknown_there(&own)) {
        const struct dailyco_webhook *old = find(c, uuid, m, &own);
        if (old) done = replace(c, old, r, m, &own);
    }
    if (e) *e = own;
    return done;
}

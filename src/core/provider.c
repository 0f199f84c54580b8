#include "core/provider.h"
#include <string.h>

const struct provider *provider_find(const struct core *core, const char *name)
{
    for (size_t i = 0; i < core->provider_count; i++)
        if (!strcmp(core->providers[i]->ops->name, name)) return core->providers[i];
    return NULL;
}

/* ---- one that is not there: its sessions stay readable, and are served again once it is set up */

static bool absent(struct err *e)
{
    return err_set(e, ERR_DESTINATION, "provider_absent", "the session's provider is not set up on this server");
}

static bool absent_open(void *ctx, struct arena *a, const struct provider_room_plan *plan, const char **url, struct err *e)
{
    (void)ctx, (void)a, (void)plan, (void)url;
    return absent(e);
}

static bool absent_grant(void *ctx, struct arena *a, const struct provider_seat_plan *plan, const char **token, struct err *e)
{
    (void)ctx, (void)a, (void)plan, (void)token;
    return absent(e);
}

static bool absent_close(void *ctx, struct arena *a, const char *room, struct err *e)
{
    (void)ctx, (void)a, (void)room;
    return absent(e);
}

static bool absent_remove(void *ctx, struct arena *a, const char *room, const char *user_id, struct err *e)
{
    (void)ctx, (void)a, (void)room, (void)user_id;
    return absent(e);
}

static bool absent_start(void *ctx, struct arena *a, struct provider_record *record, struct err *e)
{
    (void)ctx, (void)a, (void)record;
    return absent(e);
}

static bool absent_stop(void *ctx, struct arena *a, const struct provider_record *record, struct err *e)
{
    (void)ctx, (void)a, (void)record;
    return absent(e);
}

static const struct provider_ops absent_ops = {.name = "absent", .room_open = absent_open, .room_close = absent_close, .join_grant = absent_grant,
                                               .record_start = absent_start, .record_stop = absent_stop, .remove = absent_remove};
static const struct provider absent_provider = {.ops = &absent_ops};

const struct provider *provider_remote(const struct core *core, const char *name)
{
    if (!core->provider_count || !name) return NULL; /* a tool or a test: nobody is asked anything */
    const struct provider *p = provider_find(core, name);
    if (!p) return &absent_provider;
    return p->ops->capabilities & PROVIDER_LOCAL ? NULL : p;
}

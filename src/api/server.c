/* server.c - how the server is: health, metrics, its description. */
#include "api/api.h"
#include "base/metric.h"
#include "version.h"
#include <malloc.h>
#include <stdlib.h>

static bool health(struct request *r, const char *detail)
{
    struct health_reply *out = arena_new(r->scope.arena, struct health_reply);
    SET(out, health_reply, status, detail ? "unavailable" : "ok");
    if (detail) SET(out, health_reply, detail, detail);
    r->status = detail ? 503 : 200;
    return reply_with(r, out);
}

bool server_healthz(struct request *r, struct err *e)
{
    (void)e;
    return health(r, NULL);
}

bool server_readyz(struct request *r, struct err *e)
{
    const char *why = "";
    int64_t one;
    (void)e;
    if (r->api->stopping) return health(r, "stopping");
    if (db_number(r->scope.db, "SELECT 1", &one, NULL) != DB_ROW) return health(r, "the database does not answer");
    return health(r, r->api->ready(r->api->ctx, &why) ? NULL : why);
}

bool server_metrics(struct request *r, struct err *e)
{
    bool local = !__builtin_strncmp(r->http->client, "127.", 4) || !__builtin_strcmp(r->http->client, "::1");
    if (!local && !(r->scope.actor && r->scope.actor->is_superuser)) return err_fail(e, error_forbidden);
    struct buf text;
    buf_init(&text, 0);
    metric_write(&text);
    const char *copy = arena_strndup(r->scope.arena, text.data, text.size);
    buf_release(&text);
    return reply_text(r, "text/plain; version=0.0.4; charset=utf-8", copy);
}

bool server_openapi(struct request *r, struct err *e)
{
    (void)e;
    json_t *document = openapi_document(core_config(r->api->core)->PUBLIC_URL);
    char *text = json_dumps(document, JSON_COMPACT);
    json_decref(document);
    malloc_trim(0); /* the document is some megabytes of small pieces, and asked for rarely */
    arena_defer(r->scope.arena, free, text);
    return reply_text(r, "application/json", text);
}

bool v1_info(struct request *r, struct err *e)
{
    (void)e;
    const struct config *c = core_config(r->api->core);
    struct info_reply *out = arena_new(r->scope.arena, struct info_reply);
    SET(out, info_reply, name, c->PROJECT_NAME);
    SET(out, info_reply, version, ROOMD_VERSION);
    SET(out, info_reply, registration, c->REGISTRATION);
    return reply_with(r, out);
}

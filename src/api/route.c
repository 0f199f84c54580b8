#include "api/route.h"
#include "api/request.h"
#include <string.h>

#define NOTHING NULL
#define FIELDS(m) &m##_model
#define NO_BODY NULL, BODY_NONE
#define JSON(m) &m##_model, BODY_JSON
#define FORM(m) &m##_model, BODY_FORM
#define RAW NULL, BODY_RAW
#define NO_REPLY NULL, REPLY_NONE
#define ONE(m) &m##_model, REPLY_ONE
#define MANY(m) &m##_model, REPLY_MANY
#define BYTES NULL, REPLY_BYTES
#define ROUTE(handler, method, path, mode, auth, path_model, query_model, body, status, reply, limit, tag, summary) \
    {#handler, handler, #method, path, MODE_##mode, AUTH_##auth, path_model, query_model, body, status, reply, limit_##limit, tag, summary, &VOICE},
const struct route routes[] = {
#include "spec/routes/all.def"
};
#undef ROUTE
const size_t route_total = sizeof routes / sizeof *routes;

static const struct { const char *tag; enum api_scope read, change; } needs[] = {
#define SCOPE(name, word, doc)
#define NEEDS(tag, read, change) {tag, api_scope_##read, api_scope_##change},
#include "spec/scopes.def"
#undef SCOPE
#undef NEEDS
};

enum api_scope route_scope(const struct route *r)
{
    bool reads = r->mode == MODE_READ || !strcmp(r->method, "GET");
    for (size_t i = 0; i < sizeof needs / sizeof *needs; i++)
        if (!strcmp(needs[i].tag, r->tag)) return reads ? needs[i].read : needs[i].change;
    return api_scope_count;
}

bool route_allows(const struct route *r, api_scopes scopes, struct err *e)
{
    if (scopes == EVERY_SCOPE) return true;
    enum api_scope scope = route_scope(r);
    return scope == api_scope_count ? err_fail(e, error_missing_scope) : api_scopes_hold(scopes, (api_scopes)1 << scope, e);
}

/* A node is a path so far; an edge is a segment, or any segment ({name}). */
struct node {
    const char *segment;           /* NULL: any */
    size_t size;
    struct node *child, *sibling, *any;
    const struct route *ways[8];   /* one a method */
    size_t way_count;
    char allow[64];
};
static struct node root;

static struct node *child_of(struct node *n, const char *segment, size_t size)
{
    for (struct node *c = n->child; c; c = c->sibling)
        if (c->size == size && !memcmp(c->segment, segment, size)) return c;
    return NULL;
}

static struct node *grow(struct node *n, const char *segment, size_t size)
{
    bool any = *segment == '{';
    struct node *c = any ? n->any : child_of(n, segment, size);
    if (c) return c;
    c = xcalloc(1, sizeof *c);
    if (any) return n->any = c;
    *c = (struct node){.segment = segment, .size = size, .sibling = n->child};
    return n->child = c;
}

static void plant(const struct route *r)
{
    struct node *n = &root;
    for (const char *p = r->path; *p;) {
        p += *p == '/';
        size_t size = strcspn(p, "/");
        if (size) n = grow(n, p, size);
        p += size;
    }
    n->ways[n->way_count++] = r;
    if (n->allow[0]) strcat(n->allow, ", ");
    strcat(n->allow, r->method);
}

void route_start(void)
{
    if (root.child) return;
    for (size_t i = 0; i < route_total; i++) plant(&routes[i]);
}

/* Names of the parameters: from the route's own path, since two routes may call the same place by different names. */
static void name_parameters(struct route_match *m)
{
    const char *p = m->route->path;
    for (size_t i = 0; i < m->parameter_count && (p = strchr(p, '{')); i++, p++) m->parameters[i].name = p + 1;
}

bool route_find(const char *method, const char *path, struct arena *a, struct route_match *out)
{
    const struct node *n = &root;
    *out = (struct route_match){0};
    while (n && *path) {
        path += *path == '/';
        size_t size = strcspn(path, "/");
        if (!size) continue;
        const struct node *next = child_of((struct node *)(uintptr_t)n, path, size);
        if (!next && n->any && out->parameter_count < PATH_PARAMETERS) {
            out->parameters[out->parameter_count].value = arena_strndup(a, path, size);
            out->parameters[out->parameter_count++].size = size;
            next = n->any;
        }
        n = next;
        path += size;
    }
    if (!n || !n->way_count) return false;
    out->allow = n->allow;
    for (size_t i = 0; i < n->way_count; i++)
        if (!strcmp(n->ways[i]->method, method)) out->route = n->ways[i];
    if (out->route) name_parameters(out);
    return true;
}

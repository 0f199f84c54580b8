/* route.h - the routes, from spec/routes/. */
#pragma once
#include "api/voice.h"
#include "base/err.h"
#include "core/api_key.h"
#include "model/model.h"
#include <stddef.h>

struct request;
typedef bool handler_fn(struct request *r, struct err *e);

enum route_mode { MODE_READ, MODE_WRITE, MODE_EITHER, MODE_CALL, MODE_FAR }; /* EITHER: as READ, and once more as WRITE if something has to change; FAR: as CALL, among those that wait for other servers */
/* LINK: a bearer, or a signature that the handler checks. MATRIX: a Matrix access token, or a bearer of ours. OPEN: nobody is asked while
 * nobody but this box can call (endpoints_are_open), else as USER. */
enum route_auth { AUTH_ANYBODY, AUTH_USER, AUTH_LINK, AUTH_MATRIX, AUTH_OPEN };
enum body_form { BODY_NONE, BODY_JSON, BODY_FORM, BODY_RAW };
enum reply_form { REPLY_NONE, REPLY_ONE, REPLY_MANY, REPLY_BYTES };
enum limit_class {
#define LIMIT(name, calls, seconds, doc) limit_##name,
#include "spec/limits.def"
#undef LIMIT
    limit_count
};

struct route {
    const char *name;              /* of the handler: OpenAPI's operationId */
    handler_fn *handler;
    const char *method, *path;
    enum route_mode mode;
    enum route_auth auth;
    const struct model *path_model, *query_model, *body_model;
    enum body_form body;
    int status;
    const struct model *reply_model;
    enum reply_form reply;
    enum limit_class limit;
    const char *tag, *summary;
    const struct voice *voice;
};

extern const struct route routes[];
extern const size_t route_total;

enum { PATH_PARAMETERS = 4 };
struct route_match {
    const struct route *route;     /* NULL: none */
    const char *allow;             /* the path is known, the method is not: which are, "GET, POST" */
    struct { const char *name, *value; size_t size; } parameters[PATH_PARAMETERS];
    size_t parameter_count;
};
void route_start(void);            /* builds the tree; once */
enum api_scope route_scope(const struct route *r);                              /* spec/scopes.def; api_scope_count: its tag has no row */
bool route_allows(const struct route *r, api_scopes scopes, struct err *e);      /* missing_scope */
bool route_find(const char *method, const char *path, struct arena *a, struct route_match *out); /* a trailing slash does not matter */

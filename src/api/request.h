/* request.h - one request on its way through the steps of dispatch.c, as a handler sees it.
 *
 * When a handler runs, everything is done: the caller is known (scope.actor), limits are kept, path, query and body are checked
 * and typed as the route's row says. It calls core, and leaves its answer with one of the reply functions, or fills `e`. It runs
 * where its row says: READ on an HTTP thread with a reading connection, WRITE on the database's writer in a savepoint, EITHER as READ
 * first and as WRITE only if something has to change (so it may run twice), CALL or FAR on a
 * worker without a connection of its own (it uses core_write or worker_reader). */
#pragma once
#include "api/route.h"
#include "core/api_key.h"
#include "core/audit.h"
#include "core/errand.h"
#include "core/feed.h"
#include "net/http.h"

struct api;

struct request {
    struct db_job job;             /* first: WRITE routes queue it */
    struct api *api;
    struct http_request *http;
    const struct route *route;
    const struct voice *voice;     /* the route's; before one is found, the path's */
    struct scope scope;
    struct user user;
    api_scopes scopes;             /* what the caller's bearer may be used for */
    int64_t key_id;                /* the API key that the bearer is; 0: it is none */
    struct audit_source source;    /* api/audit.h */
    const char *action, *subject, *subject_id; /* instead of what the route says, for the audit log */
    bool writes, untold;           /* on the database's writer; nothing for the audit log in it */
    const char *bearer, *matrix_user; /* routes for Matrix: their token and id; both NULL: an account of ours (scope.actor) */
    const struct route_match *match;
    void (*next)(struct request *r);  /* what goes on when it is back from a worker; NULL: the answer */
    const void *path, *query, *body; /* structs of the route's models */
    void *prepared;                /* what an EITHER handler's first run leaves for the second */
    struct err err;
    int status;
    const char *id;                /* request id */
    struct errands errands;        /* what a remote provider is asked for on the way */
    int64_t queued_at;             /* monotonic ms: since when it waits for a worker */
    struct keyed *keyed;           /* it came with an Idempotency-Key (idempotency.c) */
    /* the answer */
    const void *reply;             /* struct of the route's reply model, or struct list of them */
    const char *location;          /* beside it: where to go on */
    const char *text, *text_type;  /* instead: text as it is */
    const char *redirect;          /* instead: look there (302) */
    const struct feed_arrival *stream; /* instead: an answer without an end (v1/stream.c) */
    struct { int fd; bool partial; uint64_t offset, size, total; const char *type, *name; } file; /* instead: (part of) a file */
};

bool reply_with(struct request *r, const void *model_struct);
bool reply_text(struct request *r, const char *content_type, const char *text);

/* The handlers, one a route row. */
#define ROUTE(handler, ...) handler_fn handler;
#include "spec/routes/all.def"
#undef ROUTE

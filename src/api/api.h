/* api.h - the HTTP side of roomd: from a request to core and back (dispatch.c says in which steps). */
#pragma once
#include "api/request.h"
#include "base/pool.h"
#include "core/core.h"
#include "net/fetch.h"
#include "net/http.h"
#include "net/ws.h"


struct reader; /* what one HTTP thread keeps: a reading connection, known bearers */

/* Who takes over a WebSocket after its 101. What the arrival points to lives as long as the call. */
struct websocket_path { const char *path; void (*accept)(void *ctx, const struct ws_arrival *a); };

struct api {
    struct core *core;
    struct pool *pool;                     /* for CALL routes */
    struct pool *errand_pool;              /* for what a remote provider is asked; NULL: there is none */
    struct pool *far;                      /* for those that ask other servers: they wait long, and nobody else waits for them */
    struct fetcher *outbound;              /* for addresses that callers chose */
    struct matrix *matrix;
    struct http_server *http;
    struct reader *readers;                /* one a thread */
    int threads;
    bool (*ready)(void *ctx, const char **why); /* may the server be used; why not */
    const struct websocket_path *websockets;     /* ends with a NULL path */
    void *ctx;
    struct feed_door stream;
    bool stopping;
};

bool api_start(struct api *api, struct err *e);
void api_stop(struct api *api);            /* after http_drain, and after the WebSockets were released */

json_t *openapi_document(const char *server_url);

/* ---- steps of dispatch.c that are files of their own */
bool authenticate(struct request *r, struct err *e);                 /* bearer, if there is one; route's demand */
struct pool *request_pool(const struct request *r);                  /* where a CALL route runs */
const char *request_query(struct request *r, const char *name);      /* the first of that name in the query, decoded; NULL: none */
const char *request_bearer(const struct request *r);                 /* of the Authorization header, or NULL */
/* Routes for Matrix (visitor.c): is the caller known at once, or does the homeserver have to be asked (LATER: visitor_ask on a worker)? */
enum visitor { VISITOR_KNOWN, VISITOR_REFUSED, VISITOR_LATER };
enum visitor visitor_known(struct request *r, struct err *e);
bool visitor_ask(struct request *r, struct err *e);
bool endpoints_are_open(const struct config *c);                     /* those of AUTH_OPEN */
void reader_open(struct reader *reader, struct core *core);
void reader_close(struct reader *reader);
size_t reader_size(void);
struct reader *reader_at(struct api *api, int thread);
struct db_conn *reader_conn(struct reader *reader);
bool reader_is_first_write(struct reader *reader);                   /* of this round of the poll loop */
void reader_new_round(struct reader *reader);
bool parse_request(struct request *r, const struct route_match *m);  /* path, query, body; replies itself when it returns false */
bool keyed_start(struct request *r);                                 /* it came with an Idempotency-Key: runs it by itself */
void keyed_answer(struct request *r);
/* The handler wants something of a remote provider first (core/errand.h): false if not. Else it is asked for on a worker, and then r->job is given to the writer once
 * more; or the request is resumed with the provider's refusal. The request must have been deferred. */
bool errand_start(struct request *r);
void cors_headers(struct request *r);
const char *daily_door_path(struct request *r);                       /* of a room's own address, /ROOM: where the route for it is; NULL: it is none */
void stream_open(struct request *r);                                  /* r->stream is answered: the connection is the stream's */
bool static_serve(struct api *api, struct http_request *h);          /* false: no such file */
bool request_run(struct request *r);                                 /* the handler; false: r->err says why */
/* An answer as bytes; `type` NULL: without any. A file has none. */
struct answer { int status; const char *type; struct buf body; };
void request_render(struct request *r, const struct err *e, struct answer *out); /* e NULL: it went well */
void request_answer_headers(struct request *r, int status);          /* that a status asks for */
void request_reply_error(struct request *r, const struct err *e);
void request_reply_violations(struct request *r, const char *place, const struct violations *v);

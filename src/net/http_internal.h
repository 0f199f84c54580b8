/* http_internal.h - what http.c (server and threads), http_request.c (a request's life) and http_reply.c (its answer) share.
 * Everything hangs on one HTTP thread, but the two stacks through which other threads hand requests and sockets back. */
#pragma once
#include "net/http.h"
#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

enum { HEADER_LIMIT = 8 << 10, KEEP_BODY = 16 << 10, GRACE_STEP = 64 << 10, DROP_LIMIT = 8 << 20, POOL_LIMIT = 1024 };

enum exchange_stage { STAGE_HEAD, STAGE_BODY, STAGE_HANDLER, STAGE_DEFERRED, STAGE_RESUMED, STAGE_REPLIED, STAGE_TAKEN };

struct reply_header {
    struct reply_header *next;
    const char *name, *value;
};

/* A request and what nobody outside needs to see of it. */
struct http_exchange {
    struct http_request request; /* first: the two are one address */
    struct http_thread *thread;
    struct MHD_Connection *connection;
    struct http_peer *peer;
    enum exchange_stage stage;
    struct buf body;
    size_t dropped, graced;      /* body bytes thrown away; GRACE_STEPs that have bought time */
    struct reply_header *headers;
    struct http_upgrade *upgrade;
    bool started, broken;        /* on_request was called; the reply could not be queued */
    struct http_exchange *next;  /* in the pool or in the stack of the resumed */
};

/* A connection. */
struct http_peer {
    struct http_peer *next, *prev;
    struct MHD_Connection *connection;
    struct http_exchange *exchange; /* the request under way, if any */
    int fd;
    bool upgraded;
    int64_t whole_by_ms;            /* when its request has to be here; INT64_MAX: no hurry */
    char client[46];
};

/* A socket lent to its WebSocket. */
struct http_upgrade {
    struct http_upgrade *next, *prev; /* among the thread's; then `next` in the stack of the released */
    struct http_thread *thread;
    struct MHD_UpgradeResponseHandle *lent;
    http_upgrade_fn *fn;
    void *ctx;
    struct http_upgrade *next_released;
};

struct http_thread {
    struct http_server *server;
    int number, listener, wake;
    bool running, quiet;
    pthread_t id;
    struct MHD_Daemon *daemon;
    struct http_peer *peers;
    struct http_upgrade *upgrades;
    struct http_exchange *pool;
    int pooled;
    int64_t now_ms, swept_ms;
    unsigned round_requests;       /* that arrived since the loop last waited */
    _Alignas(64) _Atomic(struct http_exchange *) resumed;
    _Atomic(struct http_upgrade *) released;
    _Alignas(64) atomic_int under_way;
};

struct http_server {
    struct http_options options;
    uint16_t port;
    struct http_thread *threads;
    atomic_uint connections;
    atomic_bool quiescing, stopping, draining, refusing;
    int dead;                      /* a socket that leads nowhere, for connections that were given away */
    pthread_mutex_t lock;
    pthread_cond_t round_over;
};

void http_thread_wake(struct http_thread *t);
void http_thread_give_back(struct http_upgrade *u);     /* closes a lent socket; on its thread */

/* libmicrohttpd's callbacks; `cls` is the http_thread. */
void *http_on_uri(void *cls, const char *uri, struct MHD_Connection *connection);
enum MHD_Result http_on_access(void *cls, struct MHD_Connection *connection, const char *url, const char *method, const char *version,
                               const char *data, size_t *size, void **state);
void http_on_completed(void *cls, struct MHD_Connection *connection, void **state, enum MHD_RequestTerminationCode why);

void http_exchange_done(struct http_exchange *x);       /* tells on_done, frees */
void http_exchange_drop_pool(struct http_thread *t);
void http_reply_text(struct http_exchange *x, int status, const char *json); /* our own errors */

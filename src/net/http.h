/* http.h - the HTTP/1.1 server (libmicrohttpd, driven by our own poll loop).
 *
 * `options.threads` threads each run a daemon on the same port (SO_REUSEPORT among themselves only: a second server on the
 * port is refused). When a request has arrived whole, `on_request` is called on the thread that read it. The handler either
 * replies at once, or calls http_defer and lets any other thread call http_resume later (once; even before on_request is back),
 * after which `on_resume` is called on the HTTP thread again, where the reply is given, or the request deferred once more.
 * A reply is given exactly once, from inside on_request or on_resume. The request and its arena live until `on_done` (called
 * once for each on_request, on the same thread, after the reply was sent or the client went away; never while deferred; for a
 * WebSocket right after `upgraded`). When the client went away meanwhile, on_resume may be left out: then on_done finds status 0.
 *
 * Limits: body (413 is the handler's to word: `body_too_large` is set and the body is dropped; what comes far past the limit is
 * not even read), header block 8 KiB (431), number of connections (more are hung up on). A connection is cut after `timeout_s`
 * of silence, and a request that has not arrived whole `timeout_s` after its connection was made (64 KiB of body buy it as much
 * again): a client that drips bytes holds nothing. A kept connection that drips is cut after twice that.
 * HEAD is served as GET without the body. Unknown methods reach the handler. Requests that libmicrohttpd cannot read get its own 400. */
#pragma once
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct http_server;

struct http_request {
    const char *method, *path, *query;   /* path as sent (not decoded); query without '?', "" if none */
    const char *body;                    /* NUL-terminated; "" if none */
    size_t body_size;
    bool body_too_large, head;
    char client[46];                     /* address as text; IPv4 in IPv6 is shown as IPv4 */
    int thread;                          /* 0 … threads-1 */
    int64_t started_us;                  /* monotonic, when the request line was read */
    struct arena arena;
    void *context;                       /* the handler's own */
    int status;                          /* of the reply, once given; 0: none */
    size_t reply_size;
};

struct http_options {
    const char *address;                 /* 127.0.0.1, ::1, 0.0.0.0 … */
    uint16_t port;                       /* 0: any free one */
    int threads, timeout_s, connections; /* timeout_s 0: none; connections: in all */
    size_t body_limit;
    void (*on_thread_start)(int thread, void *ctx); /* on each HTTP thread; may be NULL */
    void (*on_idle)(int thread, void *ctx);         /* after each round of the poll loop (flush logs …); may be NULL */
    void (*on_thread_stop)(int thread, void *ctx);  /* may be NULL */
    void (*on_request)(struct http_request *r, void *ctx);
    void (*on_resume)(struct http_request *r, void *ctx); /* may be NULL when nothing is deferred */
    void (*on_done)(struct http_request *r, void *ctx);   /* may be NULL */
    void *ctx;
};

struct http_server *http_start(const struct http_options *options, struct err *e); /* the port is open when it returns */
uint16_t http_port(const struct http_server *s);
unsigned http_connections(const struct http_server *s); /* upgraded ones included */
void http_quiesce(struct http_server *s);               /* accept nothing new; keep-alive connections are told to close with their next reply */

/* Waits until no request is under way, or clock_monotonic_ms() reaches the deadline (false). From then on requests on kept connections get 503
 * from here and on_request is not called any more: what handlers need may be taken down, then http_stop. */
bool http_drain(struct http_server *s, int64_t deadline_ms);

/* Joins the threads, closes every connection, frees everything; NULL is fine. Whoever may still call http_resume or a `release` has to have
 * stopped before: requests that are deferred still are answered 503 and done, WebSockets that were not released are closed. */
void http_stop(struct http_server *s);

const char *http_header(const struct http_request *r, const char *name); /* NULL if absent; case-insensitive; on the HTTP thread, or while deferred */

void http_defer(struct http_request *r);
void http_resume(struct http_request *r);               /* any thread; the request is the HTTP thread's again */

/* Reply headers are added before the reply. Names and values are copied. CR and LF in a value are refused (the header is left out). */
void http_reply_header(struct http_request *r, const char *name, const char *value);
void http_reply(struct http_request *r, int status, const char *content_type, const void *body, size_t size); /* body is copied; content_type may be NULL */
void http_reply_take(struct http_request *r, int status, const char *content_type, struct buf *body);         /* body's memory is taken over */
void http_reply_file(struct http_request *r, int status, const char *content_type, int fd, uint64_t offset, uint64_t size); /* fd is taken over */

/* 101: checks nothing but the WebSocket headers (returns false and fills e, status 400 or 426, when they are not right; reply then). `upgraded` is called on the
 * HTTP thread with the socket, which is non-blocking and the callee's until `release(handle)` is called (once, any thread, before http_stop; closes it).
 * `early` is gone after the call: copy it. When the client goes away before the 101 is out, `upgraded` is never called and on_done tells so. */
typedef void http_upgrade_fn(void *ctx, int fd, const void *early, size_t early_size, void (*release)(void *handle), void *handle);
bool http_reply_websocket(struct http_request *r, http_upgrade_fn *upgraded, void *ctx, struct err *e);

/* Gives the connection away, for an answer without an end or for a WebSocket (101, checked as above). The head of the reply is sent, with the headers that were added and
 * "Connection: close"; what follows is the caller's, as is the socket (non-blocking; close it). It does not count as a connection of the server any more, and costs it
 * nothing. -1 and `e` (503: no descriptor is left; of a WebSocket also as above): nothing was sent, reply. */
int http_take_socket(struct http_request *r, int status, const char *content_type, struct err *e);
int http_take_websocket(struct http_request *r, struct err *e);

/* fetch.h - HTTP requests to other servers (libcurl). Blocking: for workers and tools, never for a loop or the writer.
 *
 * A `struct fetcher` keeps connections open between requests; any thread may use it at the same time as others. Only http and https;
 * certificates are verified; redirects are not followed (a 3xx is the reply), so that what is in a header goes to the named host and nowhere
 * else; the environment's proxies are not used. Errors are of kind ERR_DESTINATION with the codes fetch_url, fetch_connect, fetch_refused (the guard), fetch_timeout,
 * fetch_tls, fetch_too_large, fetch_stopped and fetch_failed; their texts name the host only, since a URL may hold a secret. Any HTTP status is a reply. */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "net/guard.h"
#include <stdint.h>

struct fetcher;
struct fetcher *fetcher_create(void);
void fetcher_destroy(struct fetcher *f);   /* when no request is under way; NULL is fine */

struct fetch {
    const char *method;                    /* NULL: GET, or POST with a body */
    const char *url;
    const char *const *headers;            /* "Name: value", ends with NULL; may be NULL */
    const void *body;                      /* NULL: none */
    size_t body_size;
    int64_t connect_ms, total_ms;          /* 0: 5 s and 30 s */
    int64_t silent_ms;                     /* how long not a byte need go either way; 0: no such limit. For what may last long as a whole */
    const struct guard *guard;             /* where it may go; NULL: anywhere. For every URL that somebody else chose */
    size_t largest;                        /* bytes of the reply's body; 0: 1 MiB */
    bool (*go_on)(void *arg);              /* asked about once a second while it lasts, on the caller's thread; false breaks it off (fetch_stopped). May be NULL */
    void *go_on_arg;
    bool (*enough)(void *arg, const char *body, size_t size); /* asked as the body grows; true ends the request, which is then done. Goes by HTTP/1.1, where a 101 has a body. May be NULL */
    void *enough_arg;
    bool once;                             /* on a new connection: over one that was kept a request is sent again by itself if the other end hangs up without a word */
};

struct fetch_reply { int status; const char *body; size_t size; const char *headers; }; /* body: NUL-terminated; all lives in the arena */

bool fetch(struct fetcher *f, const struct fetch *what, struct arena *a, struct fetch_reply *out, struct err *e);
const char *fetch_header(const struct fetch_reply *r, struct arena *a, const char *name); /* NULL if absent; any case */
char *fetch_escape(struct arena *a, const char *text); /* for one segment of a path or one value of a query */

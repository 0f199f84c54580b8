/* post.h - many POSTs at once from one thread (libcurl's multi interface), for webhooks.
 *
 * A `struct poster` belongs to one thread; only poster_wake may be called from others. As in fetch.h: http and https only, certificates
 * verified, no redirects, no proxies; every connection passes the guard. Connections are kept. HTTP/1.1. */
#pragma once
#include "net/guard.h"
#include <stdint.h>

struct poster;

/* The strings and the body must live until it is done; the headers need not. */
struct post { const char *url; const char *const *headers; const char *body; size_t size; int64_t timeout_ms; void *ctx; };

enum { POSTED_BYTES = 1024 };
struct posted {
    void *ctx;
    int status;                     /* 0: there was no answer; then error says why */
    const char *bytes;              /* how the answer began, at most POSTED_BYTES; lives as long as the call */
    size_t size;
    int64_t retry_after_ms;         /* Retry-After, as seconds or as a date; 0: none */
    int64_t duration_ms;
    const char *error;              /* static; NULL where there is a status */
};
typedef void posted_fn(void *owner, const struct posted *p);

struct poster *poster_create(const struct guard *guard, posted_fn *done, void *owner);
void poster_set_guard(struct poster *p, const struct guard *guard);  /* of new connections */
void poster_start(struct poster *p, const struct post *what);
/* Moves everything on and calls `done`; waits at most so long when nothing was done. */
void poster_turn(struct poster *p, int64_t wait_ms);
void poster_wake(struct poster *p);                                   /* any thread: the wait ends */
void poster_break_off(struct poster *p, void (*drop)(void *ctx));      /* everything under way, without `done` */
void poster_destroy(struct poster *p);                                /* when nothing is under way and nobody wakes it any more; NULL is fine */

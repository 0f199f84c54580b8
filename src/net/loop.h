/* loop.h - one thread that waits: sockets, timers, and work posted by other threads (epoll).
 *
 * Everything but loop_post, loop_stop and loop_create is called on the loop's own thread (or before loop_run). Callbacks run on it,
 * one after another, and must not block. A watch or timer may be stopped inside any callback, its own included. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct loop;
struct loop_watch;
struct loop_timer;
typedef void loop_fn(void *arg);
typedef void loop_io_fn(void *arg, uint32_t events); /* EPOLLIN | EPOLLOUT | EPOLLHUP | EPOLLERR */

struct loop *loop_create(void);
void loop_destroy(struct loop *l);
void loop_run(struct loop *l);                                       /* until loop_stop; posted work that is waiting then is still run */
void loop_stop(struct loop *l);                                      /* any thread */
void loop_post(struct loop *l, loop_fn *fn, void *arg);              /* any thread; in order; never lost; before loop_run too */

struct loop_watch *loop_watch_start(struct loop *l, int fd, uint32_t events, loop_io_fn *fn, void *arg);
void loop_watch_change(struct loop_watch *w, uint32_t events);
void loop_watch_stop(struct loop_watch *w);                          /* does not close the fd; NULL is fine */

struct loop_timer *loop_timer_start(struct loop *l, int64_t after_ms, loop_fn *fn, void *arg); /* once; freed by itself after it fired */
struct loop_timer *loop_timer_every(struct loop *l, int64_t every_ms, loop_fn *fn, void *arg);
void loop_timer_stop(struct loop_timer *t);                          /* NULL is fine */

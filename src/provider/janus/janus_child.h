/* janus_child.h - the process: started in a session of its own so that it outlives us, watched by a pidfd (which works for one
 * that our forerunner started, too), started again when it dies. Who it is stands in run_dir/janus.pid with its start time,
 * so that a pid that was given to another process is never taken for it. Loop's thread. */
#pragma once
#include "base/err.h"
#include "net/loop.h"
#include "provider/janus/janus_conf.h"
#include <stdbool.h>
#include <stddef.h>

struct janus_child;

struct janus_child_options {
    struct loop *loop;
    const char *program, *run_dir, *log_path;
    struct janus_conf conf;
};

struct janus_child_handler {
    void (*on_start)(void *ctx, bool adopted); /* the process is there; its sockets follow */
    void (*on_exit)(void *ctx);                /* it died; the next start is under way */
};

/* Copies what it needs. on_start comes later, from the loop. False only for what no retry can mend (folders). */
struct janus_child *janus_child_create(const struct janus_child_options *o, const struct janus_child_handler *h, void *ctx, struct err *e);
void janus_child_destroy(struct janus_child *c, bool leave_running); /* ends it with SIGTERM, after two seconds with SIGKILL (blocks) */
void janus_child_kill(struct janus_child *c, const char *why);       /* SIGKILL: for one that hangs; on_exit follows */
void janus_child_thrives(struct janus_child *c);                     /* it works: it may start again at once should it die */
int janus_child_pid(const struct janus_child *c);                    /* 0: none */
int64_t janus_child_age_ms(const struct janus_child *c);             /* since we started or adopted it */
const char *janus_child_socket(const struct janus_child *c, const char *name, char *to, size_t size);

/* core.h - what every rule of roomd stands on.
 *
 * `struct core` is the one long-lived object: database, settings, keys, and who wants to hear of events. A `struct scope` is one
 * piece of work: a connection, an arena, who acts, and the time, which does not move while the work is done. Functions of this
 * folder take a scope first; those that change something run on the database's writer. They know no HTTP, no provider by name
 * and no dialect. Errors that a caller can meet are rows of spec/errors.def. */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "core/config.h"
#include "db/db.h"
#include "model/model.h"
#include "net/crypto.h"
#include <stdatomic.h>

struct event_listener;
struct provider;
struct sink;
struct errands;
struct scope;
struct webhook_letter;
struct audit_source;
typedef bool webhook_render_fn(struct scope *s, const struct webhook_endpoint *w, const struct event *event, struct webhook_letter *out, struct err *e);

struct core {
    struct db *db;
    _Atomic(const struct config *) config;
    struct hmac_key access_key, join_key, link_key, idempotency_key, grant_key, seat_key, webhook_key, alias_key, meeting_key, seal_key;
    struct hmac_key daily_hook_key, livekit_key;         /* size 0: there is none */
    struct event_listener *listeners;
    int64_t node_id, last_alive; /* node_register: this process among those on the database (0: a tool), and when it was here before */
    int64_t last_event;          /* that listeners were told of; the writer's */
    bool inbox_wanted;           /* the inbox's job is asked for, and has not begun; the writer's */
    webhook_render_fn *webhook_render[webhook_shape_count]; /* core/webhook.h */
    const struct audit_source *source;                   /* of a tool: that of all its scopes */
    const struct provider *const *providers; /* core/provider.h; set before serving starts */
    size_t provider_count;
    const struct sink *const *sinks;         /* core/sink.h; set before serving starts */
    size_t sink_count;
    bool files_stay;                         /* also once every sink has them */
};

struct scope {
    struct core *core;
    struct db_conn *db;
    struct arena *arena;
    const struct user *actor;   /* NULL: roomd itself, or a guest */
    int64_t now;                /* UTC ms */
    const struct audit_source *source; /* on whose behalf, from where (core/audit.h); NULL: roomd's own */
    struct errands *errands;    /* what a remote provider did for this work (core/errand.h); NULL: it cannot wait for one */
};

void core_init(struct core *core, struct db *db, const struct config *config);
void core_release(struct core *core);                        /* after the database was closed */
static inline const struct config *core_config(struct core *core) { return atomic_load_explicit(&core->config, memory_order_acquire); }

/* A job for the writer that owns its memory: allocate with arena_new from `arena`, run gets the scope. */
struct task {
    struct db_job job;                                       /* first: the writer hands this back */
    struct arena arena;
    struct core *core;
    bool (*run)(struct scope *s, void *arg, struct err *e);
    void (*done)(void *arg, const struct err *e);            /* on the writer; e NULL: it happened. May be NULL. The arena dies after it. */
    void *arg;
    struct err err;
};
struct task *task_create(struct core *core);                 /* with an arena for its argument */
void task_submit(struct task *t);                            /* any thread; frees itself */
/* The same, waiting: for workers and tools. */
bool core_write(struct core *core, bool (*run)(struct scope *s, void *arg, struct err *e), void *arg, struct err *e);
/* A reading connection of the calling worker's own, kept until its thread ends (before the database is closed). NULL and `e` on failure. */
struct db_conn *core_worker_reader(struct core *core, struct err *e);

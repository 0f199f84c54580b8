#include "core/core.h"
#include "base/clock.h"
#include "core/event.h"
#include <pthread.h>
#include <stdlib.h>

/* Daily's secrets are base64; another text is taken as it is. */
static void set_hook_keys(struct core *core, const struct config *config)
{
    unsigned char bytes[512];
    size_t size;
    const char *daily = config->DAILY_WEBHOOK_SECRET, *livekit = config->LIVEKIT_API_SECRET;
    if (base64_bytes(daily, bytes, sizeof bytes, &size) && size) hmac_key_set(&core->daily_hook_key, bytes, size);
    else hmac_key_set(&core->daily_hook_key, daily, __builtin_strlen(daily));
    hmac_key_set(&core->livekit_key, livekit, __builtin_strlen(livekit));
}

void core_init(struct core *core, struct db *db, const struct config *config)
{
    *core = (struct core){.db = db};
    atomic_store(&core->config, config);
    hmac_key_derive(&core->join_key, config->SECRET_KEY, "roomd join token");
    hmac_key_derive(&core->link_key, config->SECRET_KEY, "roomd download link");
    set_hook_keys(core, config);
    hmac_key_derive(&core->idempotency_key, config->SECRET_KEY, "roomd idempotency");
    hmac_key_derive(&core->seat_key, config->SECRET_KEY, "roomd seat name");
    hmac_key_derive(&core->webhook_key, config->SECRET_KEY, "roomd webhook secret");
    hmac_key_derive(&core->grant_key, config->SECRET_KEY, "roomd provider grant");
    hmac_key_derive(&core->alias_key, config->SECRET_KEY, "roomd alias");
    hmac_key_derive(&core->meeting_key, config->SECRET_KEY, "roomd meeting token");
    hmac_key_derive(&core->seal_key, config->SECRET_KEY, "roomd api key seal");
    hmac_key_set(&core->access_key, config->SECRET_KEY, __builtin_strlen(config->SECRET_KEY)); /* the seed's: other programs may check it */
}

void core_release(struct core *core)
{
    event_forget_listeners(core);
    config_destroy((struct config *)(uintptr_t)core_config(core));
}

static bool task_run(struct db_conn *c, struct db_job *job)
{
    struct task *t = (struct task *)job;
    struct scope s = {.core = t->core, .db = c, .arena = &t->arena, .now = clock_now_ms(), .source = t->core->source};
    t->err = (struct err){0};
    return t->run(&s, t->arg, &t->err);
}

static void task_done(struct db_job *job, bool ok)
{
    struct task *t = (struct task *)job;
    if (!ok && t->err.kind == ERR_NONE) err_fail(&t->err, error_storage_unavailable);
    if (t->done) t->done(t->arg, ok ? NULL : &t->err);
    arena_release(&t->arena);
    free(t);
}

struct task *task_create(struct core *core)
{
    struct task *t = xcalloc(1, sizeof *t);
    t->core = core;
    t->job = (struct db_job){task_run, task_done, NULL};
    arena_init(&t->arena);
    return t;
}

void task_submit(struct task *t)
{
    db_write(t->core->db, &t->job);
}

struct waiting {
    struct core *core;
    bool (*run)(struct scope *, void *, struct err *);
    void *arg;
    struct err *err;
};

static bool waiting_run(struct db_conn *c, void *arg)
{
    struct waiting *w = arg;
    struct arena a;
    arena_init(&a);
    struct scope s = {.core = w->core, .db = c, .arena = &a, .now = clock_now_ms(), .source = w->core->source};
    *w->err = (struct err){0};
    bool ok = w->run(&s, w->arg, w->err);
    arena_release(&a);
    return ok;
}

bool core_write(struct core *core, bool (*run)(struct scope *s, void *arg, struct err *e), void *arg, struct err *e)
{
    struct err own = {0};
    struct waiting w = {core, run, arg, e ? e : &own};
    *w.err = (struct err){0};
    bool ok = db_write_wait(core->db, waiting_run, &w);
    if (!ok && w.err->kind == ERR_NONE) err_fail(w.err, error_storage_unavailable);
    return ok;
}

static pthread_key_t worker_key;

static void close_reader(void *conn) { db_conn_close(conn); }
static void make_key(void) { pthread_key_create(&worker_key, close_reader); }

struct db_conn *core_worker_reader(struct core *core, struct err *e)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_key);
    struct db_conn *conn = pthread_getspecific(worker_key);
    if (!conn && (conn = db_reader(core->db, e))) pthread_setspecific(worker_key, conn);
    return conn;
}

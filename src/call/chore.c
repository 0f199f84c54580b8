#include "call/chore.h"
#include "base/clock.h"
#include "base/pool.h"
#include "call/parts.h"

static void submit(struct chore *c);

static void settle(struct chore *c)
{
    if (c->errands.room_id && !(c->err.kind == ERR_NONE && c->errands.taken)) errand_abandon(&c->errands, c->hub->core);
    loop_post(c->hub->loop, c->done, c->arg);
}

static void ask(void *arg)
{
    struct chore *c = arg;
    c->err = (struct err){0};
    bool late = clock_monotonic_ms() - c->asked_at > core_config(c->hub->core)->PROVIDER_TIMEOUT_SECONDS * 1000;
    if (late || c->hub->stopping) err_fail(&c->err, error_provider_busy);
    else if (errand_do(&c->errands, c->hub->core, &c->arena, &c->err)) {
        submit(c);
        return;
    }
    settle(c);
}

static bool run(struct scope *s, void *arg, struct err *e)
{
    struct chore *c = arg;
    struct scope own = *s;
    errand_begin(&c->errands);
    own.arena = &c->arena;
    if (c->hub->askers) own.errands = &c->errands;
    return c->run(&own, c->arg, e);
}

static void ran(void *arg, const struct err *e)
{
    struct chore *c = arg;
    c->err = e ? *e : (struct err){0};
    c->asked_at = clock_monotonic_ms();
    if (e && c->errands.wanted != ERRAND_NONE) pool_run(c->hub->askers, ask, c);
    else settle(c);
}

static void submit(struct chore *c)
{
    struct task *t = task_create(c->hub->core);
    t->run = run;
    t->done = ran;
    t->arg = c;
    task_submit(t);
}

void chore_init(struct chore *c, struct hub *h, void *arg, bool (*run_it)(struct scope *, void *, struct err *), void (*done)(void *))
{
    *c = (struct chore){.hub = h, .run = run_it, .done = done, .arg = arg};
    arena_init(&c->arena);
}

void chore_start(struct chore *c)
{
    submit(c);
}

void chore_release(struct chore *c)
{
    arena_release(&c->arena);
}

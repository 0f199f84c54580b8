/* reconcile_job.c - one round of asking: every remote provider, who is in its rooms and how its recordings stand. Providers are asked on this thread,
 * what they answered is applied on the writer, a few rooms a transaction. */
#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/metric.h"
#include "core/reconcile.h"
#include "core/session.h"
#include "jobs/kinds.h"

enum { ROOMS_AT_A_TIME = 500, ROOMS_A_WRITE = 25 };

struct round { struct work_context *work; const struct provider *provider; struct arena *arena; int64_t asked_at; };

static struct scope reading(const struct round *r)
{
    return (struct scope){.core = r->work->core, .db = r->work->db, .arena = r->arena, .now = clock_now_ms()};
}

/* ---- people */

struct listings { const char *provider; const struct fact_listing *items; size_t count; };

static bool apply(struct scope *s, void *arg, struct err *e)
{
    const struct listings *l = arg;
    for (size_t i = 0; i < l->count; i++)
        if (!fact_listed(s, l->provider, &l->items[i], e)) return false;
    return true;
}

static bool apply_all(const struct round *r, const struct fact_listing *items, size_t count, struct err *e)
{
    for (size_t i = 0; i < count; i += ROOMS_A_WRITE) {
        struct listings l = {r->provider->ops->name, items + i, count - i < ROOMS_A_WRITE ? count - i : ROOMS_A_WRITE};
        if (!core_write(r->work->core, apply, &l, e)) return false;
    }
    return true;
}

static bool ask_rooms(const struct round *r, const struct list *rows, struct err *e)
{
    const struct provider *p = r->provider;
    struct scope s = reading(r);
    struct provider_look *looks = arena_array(r->arena, struct provider_look, rows->count);
    struct fact_listing *worth = arena_array(r->arena, struct fact_listing, rows->count);
    size_t n = 0;
    for (size_t i = 0; i < rows->count; i++) looks[i] = (struct provider_look){.room = ((const struct provider_room *)rows->items)[i].room_name};
    int64_t asked_at = clock_now_ms();
    if (!p->ops->participants(provider_for_jobs(p), r->arena, looks, rows->count, e)) return false;
    for (size_t i = 0; i < rows->count; i++) {
        int64_t inside;
        if (!reconcile_inside(&s, ((const struct provider_room *)rows->items)[i].session_id, &inside, e)) return false;
        if (inside || looks[i].count) worth[n++] = (struct fact_listing){looks[i].room, looks[i].people, looks[i].count, asked_at, p->ops->lag_ms};
    }
    FAULT_POINT(reconcile_asked);
    return apply_all(r, worth, n, e);
}

static bool ask_people(struct round *r, struct err *e)
{
    struct list rows = {.count = ROOMS_AT_A_TIME};
    for (int64_t after = 0; rows.count == ROOMS_AT_A_TIME;) {
        struct scope s = reading(r);
        if (!reconcile_rooms(&s, r->provider->ops->name, after, ROOMS_AT_A_TIME, &rows, e)) return false;
        if (rows.count && !ask_rooms(r, &rows, e)) return false;
        if (rows.count) after = ((const struct provider_room *)rows.items)[rows.count - 1].id;
    }
    return true;
}

/* ---- recordings */

struct told { const char *provider; const struct pending_recording *row; struct facts facts; };

static bool apply_told(struct scope *s, void *arg, struct err *e)
{
    const struct told *t = arg;
    return fact_apply_all(s, t->provider, &t->facts, e) && (t->facts.count || reconcile_lost(s, t->row, e));
}

static bool ask_recordings(struct round *r, struct err *e)
{
    enum { BEFORE_MS = 300000 };
    const struct provider *p = r->provider;
    struct scope s = reading(r);
    struct list rows;
    if (!p->ops->recordings) return true;
    if (!reconcile_recordings(&s, p->ops->name, &rows, e)) return false;
    for (size_t i = 0; i < rows.count; i++) {
        const struct pending_recording *row = (const struct pending_recording *)rows.items + i;
        struct told t = {.provider = p->ops->name, .row = row};
        struct provider_record record = {row->room_name, row->uuid, HAS(row, pending_recording, external_id) ? row->external_id : NULL};
        if (!runner_go_on(r->work)) return true;
        if (!p->ops->recordings(provider_for_jobs(p), r->arena, &record, row->started_at - BEFORE_MS, &t.facts, e) || !FAULT_POINT(reconcile_told) ||
            !core_write(r->work->core, apply_told, &t, e)) return false;
    }
    return true;
}

/* ---- the round */

struct looked { const char *provider; int64_t at; };

static bool note_looked(struct scope *s, void *arg, struct err *e)
{
    const struct looked *l = arg;
    return reconcile_looked(s, l->provider, l->at, e);
}

static bool go_round(struct round *r, struct err *e)
{
    struct looked l = {r->provider->ops->name, clock_now_ms()};
    return ask_people(r, e) && FAULT_POINT(reconcile_applied) && core_write(r->work->core, note_looked, &l, e) && ask_recordings(r, e);
}

/* ---- is all well with it? */

struct tending { const char *provider; bool due; };

static bool is_due(struct scope *s, void *arg, struct err *e)
{
    struct tending *t = arg;
    return reconcile_tend(s, t->provider, &t->due, e);
}

static bool note_gap(struct scope *s, void *arg, struct err *e)
{
    return reconcile_gap(s, arg, e);
}

static bool tend(struct round *r, struct err *e)
{
    const struct provider *p = r->provider;
    struct tending t = {.provider = p->ops->name};
    bool gap = false;
    if (!p->ops->tend) return true;
    if (!core_write(r->work->core, is_due, &t, e)) return false;
    if (!t.due) return true;
    if (!p->ops->tend(provider_for_jobs(p), r->arena, &gap, e)) return false;
    if (gap) log_warn("reconcile.gap", LOG_STR("provider", p->ops->name));
    return !gap || core_write(r->work->core, note_gap, (void *)(uintptr_t)p->ops->name, e);
}

static bool next(struct scope *s, void *arg, struct err *e)
{
    (void)arg;
    return reconcile_next(s, e);
}

/* A provider that does not answer is asked again in the next round: then everything is looked at anyway. */
enum work_result reconcile_work(struct work_context *w, struct err *e)
{
    for (size_t i = 0; i < w->core->provider_count && runner_go_on(w); i++) {
        const struct provider *p = w->core->providers[i];
        struct err why = {0};
        if (!p->ops->participants) continue;
        struct arena a;
        arena_init(&a);
        struct round r = {.work = w, .provider = p, .arena = &a};
        bool ok = go_round(&r, &why) && tend(&r, &why);
        arena_release(&a);
        if (!ok) metric_add(reconcile_failed_total, 1);
        if (!ok) log_warn("reconcile.failed", LOG_STR("provider", p->ops->name), LOG_STR("error", why.text));
    }
    return core_write(w->core, next, NULL, e) ? WORK_DONE : WORK_AGAIN;
}

/* ---- books */

struct books { const char *provider; struct facts facts; };

static bool apply_books(struct scope *s, void *arg, struct err *e)
{
    const struct books *b = arg;
    return fact_apply_all(s, b->provider, &b->facts, e);
}

enum work_result history_work(struct work_context *w, struct err *e)
{
    enum { FACTS_A_WRITE = 200 };
    struct scope s = {.core = w->core, .db = w->db, .arena = w->arena, .now = clock_now_ms()};
    struct session session;
    struct facts all;
    int64_t since;
    bool due;
    if (!reconcile_history(&s, w->job->subject_id, &session, &since, &due, e)) return WORK_AGAIN;
    const struct provider *p = due ? provider_remote(w->core, session.provider) : NULL;
    if (!p || !p->ops->history) return WORK_DONE;
    if (!p->ops->history(provider_for_jobs(p), w->arena, session.room_name, since, &all, e)) return WORK_AGAIN;
    for (size_t i = 0; i < all.count; i += FACTS_A_WRITE) {
        struct books b = {p->ops->name, {all.items + i, all.count - i < FACTS_A_WRITE ? all.count - i : FACTS_A_WRITE}};
        if (!runner_go_on(w)) return WORK_STOPPED;
        if (!core_write(w->core, apply_books, &b, e)) return WORK_AGAIN;
    }
    return WORK_DONE;
}

/* endpoint.c - the endpoints that this node sends to: taken by lease, read anew after every change, given back. */
#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "webhook/parts.h"
#include <stdlib.h>
#include <string.h>

struct leasing { struct endpoint *endpoint; int64_t id; bool mine; };

static bool lease(struct scope *s, void *arg, struct err *e)
{
    struct leasing *l = arg;
    struct scope own = *s;
    own.arena = &l->endpoint->arena;
    return webhook_lease(&own, l->id, LEASE_MS, &l->endpoint->row, &l->mine, e);
}

static bool renew(struct scope *s, void *arg, struct err *e)
{
    struct leasing *l = arg;
    return webhook_lease(s, l->id, LEASE_MS, NULL, &l->mine, e);
}

static bool release(struct scope *s, void *arg, struct err *e)
{
    return webhook_release(s, *(const int64_t *)arg, e);
}

void endpoint_forget(struct endpoint *w)
{
    struct sender *s = w->sender;
    struct endpoint **at = &s->endpoints;
    while (*at && *at != w) at = &(*at)->next;
    if (*at) {
        *at = w->next;
        atomic_fetch_sub(&s->watched, 1);
    }
    endpoint_drop_messages(w);
    arena_release(&w->arena);
    free(w);
}

static struct endpoint *endpoint_new(struct sender *s)
{
    struct endpoint *w = xcalloc(1, sizeof *w);
    w->sender = s;
    w->ready_last = &w->ready;
    w->stop = -1;
    arena_init(&w->arena);
    return w;
}

static bool read_state(struct sender *s, struct endpoint *w, struct err *e)
{
    struct scope scope = {.core = s->core, .db = s->db, .arena = &w->arena, .now = clock_now_ms()};
    if (!webhook_keys_open(s->core, &w->arena, &w->row, &w->keys, e) || !webhook_noted(&scope, w->row.id, w->row.position, &w->noted, e)) return false;
    w->position = w->row.position;
    w->failed_count = w->row.failed_count;
    w->failing_since = HAS(&w->row, webhook_endpoint, failing_since) ? w->row.failing_since : 0;
    w->held_until = HAS(&w->row, webhook_endpoint, held_until) ? w->row.held_until : 0;
    w->renewed_at = clock_monotonic_ms();
    w->more_rows = true;
    return true;
}

static void open_endpoint(struct sender *s, int64_t id)
{
    struct err e = {0};
    struct endpoint *w = endpoint_new(s);
    struct leasing l = {w, id, false};
    bool ok = core_write(s->core, lease, &l, &e);
    if (!ok) s->reread_at = clock_monotonic_ms() + 1000;
    if (ok && l.mine) ok = read_state(s, w, &e);
    if (!ok) log_error("webhook.not_opened", LOG_INT("endpoint", id), LOG_STR("error", e.text));
    if (!ok || !l.mine) {
        endpoint_forget(w);
        return;
    }
    FAULT_POINT(webhook_opened);
    w->next = s->endpoints;
    s->endpoints = w;
    atomic_fetch_add(&s->watched, 1);
    atomic_store(&s->news, true);
}

static struct endpoint *find(const struct sender *s, int64_t id)
{
    struct endpoint *w = s->endpoints;
    while (w && w->row.id != id) w = w->next;
    return w;
}

/* Another node has it, and is alive. */
static bool is_anothers(const struct sender *s, const struct webhook_endpoint *row, int64_t now)
{
    return db_is_shared(s->core->db) && HAS(row, webhook_endpoint, node_id) && row->node_id != s->core->node_id && HAS(row, webhook_endpoint, lease_until) && row->lease_until > now;
}

void endpoints_reread(struct sender *s)
{
    struct arena a;
    struct list rows;
    struct err e = {0};
    arena_init(&a);
    struct scope scope = {.core = s->core, .db = s->db, .arena = &a, .now = clock_now_ms()};
    s->reread_at = db_is_shared(s->core->db) ? clock_monotonic_ms() + LOOK_MS : INT64_MAX;
    if (!webhook_active(&scope, &rows, &e)) {
        log_error("webhook.endpoints_unreadable", LOG_STR("error", e.text));
        s->reread_at = clock_monotonic_ms() + 1000;
        rows.count = 0;
    }
    for (size_t i = 0; i < rows.count; i++) {
        const struct webhook_endpoint *row = (const struct webhook_endpoint *)rows.items + i;
        if (!find(s, row->id) && !is_anothers(s, row, scope.now)) open_endpoint(s, row->id);
    }
    arena_release(&a);
}

void endpoint_touch(struct sender *s, int64_t id)
{
    struct endpoint *w = find(s, id);
    if (w) w->closing = true;
    s->reread_at = 0;
}

/* When nothing of them is under way, nor on its way to the database. */
void endpoints_close_due(struct sender *s)
{
    for (struct endpoint *w = s->endpoints, *next; w; w = next) {
        bool under_way = w->flights || (w->dirty && !w->spoiled) || (w->last_batch && (w->last_batch == s->batch || w->last_batch == s->noting));
        next = w->next;
        if (!w->closing || under_way) continue;
        if (!w->spoiled) s->reread_at = 0;
        endpoint_forget(w);
    }
}

void endpoints_renew(struct sender *s)
{
    int64_t now = clock_monotonic_ms();
    for (struct endpoint *w = s->endpoints; w && db_is_shared(s->core->db); w = w->next) {
        struct leasing l = {.id = w->row.id};
        if (w->closing || now - w->renewed_at < RENEW_MS) continue;
        w->renewed_at = now;
        if (core_write(s->core, renew, &l, NULL) && !l.mine) w->closing = true;
    }
}

void endpoints_drop(struct sender *s)
{
    while (s->endpoints) {
        int64_t id = s->endpoints->row.id;
        if (db_is_shared(s->core->db)) core_write(s->core, release, &id, NULL);
        endpoint_forget(s->endpoints);
    }
}

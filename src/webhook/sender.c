#include "webhook/sender.h"
#include "base/clock.h"
#include "base/log.h"
#include "core/event.h"
#include "webhook/parts.h"
#include <stdlib.h>

enum { FAREWELL_MS = 2000 };
struct webhook_sender { struct sender inner; };

/* ---- from the writer */

static void touch(struct sender *s, int64_t id)
{
    pthread_mutex_lock(&s->mutex);
    if (s->touched_count < TOUCHED) s->touched[s->touched_count] = id;
    s->touched_count++;
    pthread_mutex_unlock(&s->mutex);
    poster_wake(s->poster);
}

static void on_event(void *ctx, const struct event_note *n)
{
    struct sender *s = ctx;
    if (n->type >= event_webhook_created && n->type <= event_webhook_deleted) touch(s, n->subject_id);
    if (atomic_load_explicit(&s->watched, memory_order_relaxed) && !atomic_exchange(&s->news, true)) poster_wake(s->poster);
}

/* ---- the thread */

static void take_touched(struct sender *s)
{
    int64_t ids[TOUCHED];
    pthread_mutex_lock(&s->mutex);
    size_t count = s->touched_count;
    for (size_t i = 0; i < count && i < TOUCHED; i++) ids[i] = s->touched[i];
    s->touched_count = 0;
    pthread_mutex_unlock(&s->mutex);
    for (size_t i = 0; i < count && i < TOUCHED; i++) endpoint_touch(s, ids[i]);
    for (struct endpoint *w = s->endpoints; w && count > TOUCHED; w = w->next) endpoint_touch(s, w->row.id);
}

static void use_settings(struct sender *s)
{
    const struct config *c = core_config(s->core);
    if (c == s->config) return;
    s->config = c;
    poster_set_guard(s->poster, &c->outbound);
}

static bool sweep(struct scope *s, void *arg, struct err *e)
{
    (void)arg;
    return webhook_sweep(s, e);
}

static void sweep_some(struct sender *s)
{
    struct arena a;
    bool due;
    if (clock_monotonic_ms() < s->sweep_at) return;
    arena_init(&a);
    struct scope scope = {.core = s->core, .db = s->db, .arena = &a, .now = clock_now_ms()};
    bool more = webhook_sweep_due(&scope, &due, NULL) && due && core_write(s->core, sweep, NULL, NULL);
    s->sweep_at = clock_monotonic_ms() + (more ? 50 : SWEEP_MS);
    arena_release(&a);
}

static int64_t shorter(int64_t a, int64_t b)
{
    return b >= 0 && b < a ? b : a;
}

static int64_t wait_ms(const struct sender *s, bool more)
{
    if (more || atomic_load(&s->news) || atomic_load(&s->told)) return 0;
    int64_t ms = LOOK_MS, now = clock_monotonic_ms();
    ms = shorter(ms, deliver_due(s, clock_now_ms()));
    ms = shorter(ms, note_linger(s));
    ms = shorter(ms, s->sweep_at > now ? s->sweep_at - now : 0);
    if (s->reread_at != INT64_MAX) ms = shorter(ms, s->reread_at > now ? s->reread_at - now : 0);
    return ms;
}

static void turn(struct sender *s)
{
    use_settings(s);
    note_settle(s);
    take_touched(s);
    endpoints_close_due(s);
    endpoints_renew(s);
    if (clock_monotonic_ms() >= s->reread_at) endpoints_reread(s);
    for (struct endpoint *w = s->endpoints; w; w = w->next) follow_rows(s, w);
    bool more = follow_events(s);
    deliver_start(s, clock_now_ms());
    note_submit(s, false);
    sweep_some(s);
    poster_turn(s->poster, wait_ms(s, more));
}

static void note_all(struct sender *s)
{
    for (int round = 0; round < 2; round++) {
        note_submit(s, true);
        while (s->noting) {
            poster_turn(s->poster, 50);
            note_settle(s);
        }
    }
}

/* Those under way are waited for; the rest is there at the next start. */
static void farewell(struct sender *s)
{
    int64_t until = clock_monotonic_ms() + FAREWELL_MS;
    while (s->flights && clock_monotonic_ms() < until) poster_turn(s->poster, 50);
    poster_break_off(s->poster, deliver_drop);
    note_all(s);
    endpoints_drop(s);
}

static void *run(void *arg)
{
    struct sender *s = arg;
    while (!atomic_load(&s->stopping)) turn(s);
    farewell(s);
    return NULL;
}

struct webhook_sender *webhook_sender_start(struct core *core, struct err *e)
{
    struct webhook_sender *out = xcalloc(1, sizeof *out);
    struct sender *s = &out->inner;
    s->core = core;
    pthread_mutex_init(&s->mutex, NULL);
    s->config = core_config(core);
    s->poster = poster_create(&s->config->outbound, deliver_done, s);
    s->db = db_reader(core->db, e);
    if (s->db) event_listen(core, on_event, s);
    if (!s->db || pthread_create(&s->thread, NULL, run, s)) {
        if (s->db) err_set(e, ERR_INTERNAL, "thread", "cannot start the webhooks' thread");
        db_conn_close(s->db);
        poster_destroy(s->poster);
        free(out);
        return NULL;
    }
    pthread_setname_np(s->thread, "webhooks");
    return out;
}

void webhook_sender_stop(struct webhook_sender *out)
{
    if (!out) return;
    struct sender *s = &out->inner;
    atomic_store(&s->stopping, true);
    poster_wake(s->poster);
    pthread_join(s->thread, NULL);
    db_conn_close(s->db);
}

void webhook_sender_destroy(struct webhook_sender *out)
{
    if (!out) return;
    poster_destroy(out->inner.poster);
    pthread_mutex_destroy(&out->inner.mutex);
    free(out);
}

/* note.c - what became of messages, collected and written in one transaction, while the next ones are sent. */
#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "net/excerpt.h"
#include "webhook/parts.h"
#include <stdlib.h>
#include <string.h>

static struct batch *batch_of(struct sender *s)
{
    if (s->batch) return s->batch;
    struct batch *b = s->batch = xcalloc(1, sizeof *b);
    arena_init(&b->arena);
    b->sender = s;
    b->since = clock_monotonic_ms();
    return b;
}

static struct webhook_outcome *outcome_add(struct batch *b)
{
    if (b->what.outcome_count == b->outcome_room)
        b->what.outcomes = xrealloc(b->what.outcomes, sizeof *b->what.outcomes * (b->outcome_room = b->outcome_room ? b->outcome_room * 2 : 64));
    struct webhook_outcome *o = &b->what.outcomes[b->what.outcome_count++];
    *o = (struct webhook_outcome){0};
    return o;
}

static struct webhook_delivery *start_row(struct batch *b, struct endpoint *w, const struct message *m, enum delivery_state state, int64_t now, bool attempted)
{
    struct webhook_outcome *o = outcome_add(b);
    struct webhook_delivery *d = &o->row;
    o->attempted = attempted;
    w->last_batch = b;
    SET(d, webhook_delivery, endpoint_id, w->row.id);
    SET(d, webhook_delivery, event_id, m->event_id);
    if (m->session_id) SET(d, webhook_delivery, session_id, m->session_id);
    SET(d, webhook_delivery, event_type, arena_strdup(&b->arena, m->type));
    SET(d, webhook_delivery, state, (int)state);
    SET(d, webhook_delivery, attempts, m->attempts);
    SET(d, webhook_delivery, created_at, m->created_at ? m->created_at : now);
    if (m->first_at) SET(d, webhook_delivery, first_at, m->first_at);
    if (m->id) SET(d, webhook_delivery, message_id, arena_strdup(&b->arena, m->id));
    if (m->body) SET(d, webhook_delivery, body, arena_strdup(&b->arena, m->body));
    return d;
}

void note_outcome(struct endpoint *w, const struct message *m, enum delivery_state state, int64_t due_at, const struct posted *p, const char *error, int64_t now)
{
    struct batch *b = batch_of(w->sender);
    struct webhook_delivery *d = start_row(b, w, m, state, now, p != NULL);
    if (due_at) SET(d, webhook_delivery, due_at, due_at);
    if (error) SET(d, webhook_delivery, error, arena_strdup(&b->arena, error));
    if (p) {
        if (p->status) SET(d, webhook_delivery, status, p->status);
        if (p->size) SET(d, webhook_delivery, answer, excerpt(&b->arena, p->bytes, p->size, WEBHOOK_ANSWER));
        SET(d, webhook_delivery, duration_ms, p->duration_ms);
        SET(d, webhook_delivery, last_at, now);
    }
    unnoted_remove(w, (struct message *)(uintptr_t)m);
    w->dirty = true;
}

void note_waiting(struct endpoint *w, struct message *m, int64_t now)
{
    if (m->noted) return;
    start_row(batch_of(w->sender), w, m, delivery_state_waiting, now, false);
    unnoted_remove(w, m);
    free(m->id);
    free(m->body);
    m->id = m->body = NULL;
    w->dirty = true;
}

/* ---- on their way */

static void add_account(struct batch *b, struct endpoint *w)
{
    struct webhook_account *a = &b->what.accounts[b->what.account_count++];
    *a = (struct webhook_account){.endpoint_id = w->row.id, .position = noted_up_to(w), .failed_count = w->failed_count, .failing_since = w->failing_since, .held_until = w->held_until,
                                  .last_attempt_at = w->last_attempt_at, .last_success_at = w->last_success_at, .stop = w->stop, .reason = arena_strdup(&b->arena, w->reason)};
    w->dirty = false;
    w->last_batch = b;
}

static void add_accounts(struct sender *s, struct batch *b)
{
    size_t count = 0;
    for (const struct endpoint *w = s->endpoints; w; w = w->next) count += w->dirty && !w->spoiled;
    b->what.accounts = arena_array(&b->arena, struct webhook_account, count + 1);
    for (struct endpoint *w = s->endpoints; w; w = w->next)
        if (w->dirty && !w->spoiled) add_account(b, w);
}

/* On the writer; may be run twice. */
static bool run(struct scope *scope, void *arg, struct err *e)
{
    return webhook_record(scope, &((struct batch *)arg)->what, e) && FAULT_POINT(webhook_noting);
}

static void done(void *arg, const struct err *e)
{
    struct sender *s = ((struct batch *)arg)->sender;
    FAULT_POINT(webhook_noted);
    if (e) log_error("webhook.not_noted", LOG_STR("error", e->text));
    atomic_store(&s->noted_well, !e);
    atomic_store(&s->told, true);
    poster_wake(s->poster);
}

/* An account alone is worth a commit now and then, and when its endpoint is let go. */
static bool accounts_due(struct sender *s, bool everything)
{
    bool due = false, late = everything || clock_monotonic_ms() >= s->flush_at;
    for (const struct endpoint *w = s->endpoints; w; w = w->next) due |= w->dirty && !w->spoiled && (late || (w->closing && !w->flights));
    return due;
}

static bool is_due(struct sender *s, bool everything)
{
    if (accounts_due(s, everything)) return batch_of(s) != NULL;
    return s->batch && (everything || s->batch->what.outcome_count >= READ_AT_ONCE || clock_monotonic_ms() - s->batch->since >= LINGER_MS);
}

void note_submit(struct sender *s, bool everything)
{
    if (s->noting || !is_due(s, everything)) return;
    struct batch *b = s->noting = s->batch;
    add_accounts(s, b);
    s->batch = NULL;
    s->flush_at = clock_monotonic_ms() + FLUSH_MS;
    struct task *t = task_create(s->core);
    t->run = run;
    t->done = done;
    t->arg = b;
    task_submit(t);
}

int64_t note_linger(const struct sender *s)
{
    if (!s->batch || s->noting) return -1;
    int64_t left = s->batch->since + LINGER_MS - clock_monotonic_ms();
    return left > 0 ? left : 0;
}

static void batch_free(struct batch *b)
{
    if (!b) return;
    free(b->what.outcomes);
    arena_release(&b->arena);
    free(b);
}

/* What could not be noted is read again, and sent again. */
void note_settle(struct sender *s)
{
    if (!atomic_exchange(&s->told, false)) return;
    batch_free(s->noting);
    s->noting = NULL;
    if (atomic_load(&s->noted_well)) return;
    batch_free(s->batch);
    s->batch = NULL;
    for (struct endpoint *w = s->endpoints; w; w = w->next) w->closing = w->spoiled = true;
    s->reread_at = clock_monotonic_ms() + 1000;
}

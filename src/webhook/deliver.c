/* deliver.c - which message goes next, and what its answer means. */
#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/metric.h"
#include "base/rand.h"
#include "webhook/parts.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- out */

/* False: there is nothing to say, now (`gone` false) or ever. */
static bool find_words(struct sender *s, struct endpoint *w, struct message *m, bool *gone)
{
    struct webhook_letter letter;
    struct arena a;
    struct err e = {0};
    *gone = false;
    if (m->body) return true;
    arena_init(&a);
    struct scope scope = {.core = s->core, .db = s->db, .arena = &a, .now = clock_now_ms()};
    bool ok = webhook_letter_of(&scope, &w->row, m->event_id, &letter, &e);
    if (ok && letter.body) message_say(m, &letter);
    else if (ok) *gone = true;
    else log_error("webhook.letter_unreadable", LOG_INT("endpoint", w->row.id), LOG_INT("event", m->event_id), LOG_STR("error", e.text));
    arena_release(&a);
    return ok && !*gone;
}

static void launch(struct sender *s, struct endpoint *w, struct lane *l, int64_t now)
{
    const char *headers[WEBHOOK_HEADERS];
    struct flight *f = xcalloc(1, sizeof *f);
    struct message *m = l->first;
    arena_init(&f->arena);
    f->endpoint = w;
    f->lane = l;
    f->message = m;
    webhook_sign(&f->arena, (enum webhook_shape)w->row.shape, &w->keys, m->id, now, m->body, headers);
    if (!m->first_at) m->first_at = now;
    w->flights++;
    s->flights++;
    metric_add(webhook_attempts_total, 1);
    poster_start(s->poster, &(struct post){.url = w->row.url, .headers = headers, .body = m->body, .size = strlen(m->body), .timeout_ms = WEBHOOK_TIMEOUT_MS, .ctx = f});
    FAULT_POINT(webhook_sent);
}

static void give_up(struct lane *l, const struct posted *p, const char *why, int64_t now)
{
    note_outcome(l->endpoint, l->first, delivery_state_failed, 0, p, why, now);
    metric_add(webhook_given_up_total, 1);
    lane_next(l);
}

/* What is behind one that waits is in the log, all of it: at the next start what is in the log comes before what is not. */
static void put_off(struct lane *l, int64_t due_at, int64_t now)
{
    for (struct message *m = l->first->next; m; m = m->next) note_waiting(l->endpoint, m, now);
    lane_wait(l, due_at);
}

static void send_next(struct sender *s, struct endpoint *w, struct lane *l, int64_t now)
{
    bool gone;
    struct message *m = l->first;
    if (m->due_at > now) put_off(l, m->due_at, now);
    else if (find_words(s, w, m, &gone)) launch(s, w, l, now);
    else if (gone) give_up(l, NULL, "the endpoint is not told of such events any more", now);
    else put_off(l, now + 1000, now);
}

static size_t flights_allowed(const struct endpoint *w)
{
    return w->failed_count ? FLIGHTS_FAILING : FLIGHTS_EACH;
}

static void start_some(struct sender *s, struct endpoint *w, int64_t now)
{
    if (w->closing || w->held_until > now) return;
    lanes_wake(w, now);
    while (s->flights < FLIGHTS && w->flights < flights_allowed(w)) {
        struct lane *l = lane_take(w);
        if (!l) return;
        send_next(s, w, l, now);
    }
}

void deliver_start(struct sender *s, int64_t now)
{
    for (struct endpoint *w = s->endpoints; w; w = w->next) start_some(s, w, now);
    metric_set(webhook_in_flight, (int64_t)s->flights);
    metric_set(webhook_waiting, (int64_t)(s->messages - s->flights));
}

int64_t deliver_due(const struct sender *s, int64_t now)
{
    int64_t soonest = -1;
    for (const struct endpoint *w = s->endpoints; w; w = w->next) {
        bool full = w->flights >= flights_allowed(w) || s->flights >= FLIGHTS; /* an answer will wake us */
        if (w->closing || full || (!w->ready && !w->wake_at)) continue;
        int64_t at = w->ready ? now : w->wake_at;
        if (w->held_until > at) at = w->held_until;
        int64_t ms = at > now ? at - now : 0;
        if (soonest < 0 || ms < soonest) soonest = ms;
    }
    return soonest;
}

/* ---- back */

static void stop_endpoint(struct endpoint *w, enum webhook_state state, const char *why, const char *last)
{
    if (w->stop >= 0) return;
    w->stop = (int)state;
    w->closing = true;
    snprintf(w->reason, sizeof w->reason, "%s; the last: %s", why, last);
}

static void judge_endpoint(struct endpoint *w, int status, const char *last, int64_t now)
{
    bool patient = w->row.retry == webhook_retry_patient, circuit = w->row.retry == webhook_retry_circuit;
    if (status == 410) stop_endpoint(w, webhook_state_disabled, "it is gone", last);
    else if (circuit && w->failed_count >= WEBHOOK_CIRCUIT) stop_endpoint(w, webhook_state_disabled, "three failures in a row", last);
    else if (patient && now - w->failing_since >= WEBHOOK_PATIENCE_MS) stop_endpoint(w, webhook_state_paused, "it took nothing for 75 hours", last);
}

/* One that fails again and again is tried less often, whatever is due. */
static void hold(struct endpoint *w, const struct posted *p, int64_t now)
{
    int64_t ms = 0;
    if (w->failed_count >= HOLD_AFTER) {
        int64_t doublings = w->failed_count - HOLD_AFTER;
        ms = doublings < 6 ? 1000 << doublings : HOLD_MOST_MS;
    }
    if ((p->status == 429 || p->status == 503) && p->retry_after_ms > ms) ms = p->retry_after_ms < RETRY_AFTER_MOST_MS ? p->retry_after_ms : RETRY_AFTER_MOST_MS;
    if (ms && now + ms > w->held_until) w->held_until = now + ms;
}

static void try_again(struct lane *l, const struct posted *p, const char *why, int64_t now)
{
    struct endpoint *w = l->endpoint;
    struct message *m = l->first;
    int64_t wait = p->status == 410 ? 0 : webhook_wait_ms((enum webhook_retry)w->row.retry, m->attempts, rand_below(1000));
    if (wait < 0) {
        give_up(l, p, why, now);
        return;
    }
    m->due_at = now + wait > w->held_until ? now + wait : w->held_until;
    note_outcome(w, m, delivery_state_waiting, m->due_at, p, why, now);
    put_off(l, m->due_at, now);
}

static void failed(struct lane *l, const struct posted *p, int64_t now)
{
    struct endpoint *w = l->endpoint;
    char why[100];
    if (p->status) snprintf(why, sizeof why, "HTTP %d", p->status);
    else snprintf(why, sizeof why, "%s", p->error);
    w->failed_count++;
    if (!w->failing_since) w->failing_since = now;
    hold(w, p, now);
    try_again(l, p, why, now);
    judge_endpoint(w, p->status, why, now);
}

static void delivered(struct lane *l, const struct posted *p, int64_t now)
{
    struct endpoint *w = l->endpoint;
    w->failed_count = w->failing_since = w->held_until = 0;
    w->last_success_at = now;
    metric_add(webhook_delivered_total, 1);
    note_outcome(w, l->first, delivery_state_delivered, 0, p, NULL, now);
    lane_next(l);
}

void deliver_drop(void *flight)
{
    struct flight *f = flight;
    f->endpoint->flights--;
    f->endpoint->sender->flights--;
    arena_release(&f->arena);
    free(f);
}

void deliver_done(void *sender, const struct posted *p)
{
    struct sender *s = sender;
    struct flight *f = p->ctx;
    struct endpoint *w = f->endpoint;
    struct lane *l = f->lane;
    int64_t now = clock_now_ms();
    FAULT_POINT(webhook_answered);
    s->flights--;
    w->flights--;
    w->last_attempt_at = now;
    w->dirty = true;
    f->message->attempts++;
    arena_release(&f->arena);
    free(f);
    if (p->status && webhook_took_it((enum webhook_shape)w->row.shape, p->status)) delivered(l, p, now);
    else failed(l, p, now);
}

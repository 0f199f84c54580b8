/* lane.c - the queues: one a session, of which some are ready and some wait; and those messages that the database does not know yet. */
#include "base/metric.h"
#include "webhook/parts.h"
#include <stdlib.h>
#include <string.h>

struct message *message_new(int64_t event_id, int64_t session_id, const char *type)
{
    size_t size = strlen(type) + 1;
    struct message *m = xcalloc(1, sizeof *m + size);
    m->event_id = event_id;
    m->session_id = session_id;
    memcpy(m->type, type, size);
    return m;
}

void message_say(struct message *m, const struct webhook_letter *letter)
{
    m->id = xstrdup(letter->message_id);
    m->body = xstrdup(letter->body);
}

void message_free(struct message *m)
{
    free(m->id);
    free(m->body);
    free(m);
}

/* ---- not noted yet */

void unnoted_add(struct endpoint *w, struct message *m)
{
    m->before = w->unnoted_last;
    m->after = NULL;
    if (w->unnoted_last) w->unnoted_last->after = m;
    else w->unnoted = m;
    w->unnoted_last = m;
    w->unnoted_count++;
}

void unnoted_remove(struct endpoint *w, struct message *m)
{
    if (m->noted) return;
    if (m->before) m->before->after = m->after;
    else w->unnoted = m->after;
    if (m->after) m->after->before = m->before;
    else w->unnoted_last = m->before;
    m->noted = true;
    w->unnoted_count--;
}

int64_t noted_up_to(const struct endpoint *w)
{
    return w->unnoted ? w->unnoted->event_id - 1 : w->position;
}

/* ---- lanes */

static struct lane **slot_of(struct endpoint *w, int64_t session_id)
{
    return &w->table[(uint64_t)session_id % LANES];
}

/* What is of no session has no order: a lane for each. */
struct lane *lane_of(struct endpoint *w, int64_t session_id)
{
    struct lane **slot = slot_of(w, session_id);
    for (struct lane *l = session_id ? *slot : NULL; l; l = l->same_slot)
        if (l->session_id == session_id) return l;
    struct lane *l = xcalloc(1, sizeof *l);
    *l = (struct lane){.endpoint = w, .same_slot = *slot, .session_id = session_id, .state = LANE_READY};
    l->last = &l->first;
    return *slot = l;
}

static void lane_free(struct lane *l)
{
    struct lane **at = slot_of(l->endpoint, l->session_id);
    while (*at != l) at = &(*at)->same_slot;
    *at = l->same_slot;
    free(l);
}

void lane_ready(struct lane *l)
{
    struct endpoint *w = l->endpoint;
    l->state = LANE_READY;
    l->next = NULL;
    *w->ready_last = l;
    w->ready_last = &l->next;
}

void lane_wait(struct lane *l, int64_t due_at)
{
    struct endpoint *w = l->endpoint;
    l->state = LANE_WAITING;
    l->due_at = due_at;
    l->next = w->waiting;
    w->waiting = l;
    if (!w->wake_at || due_at < w->wake_at) w->wake_at = due_at;
}

void lane_add(struct endpoint *w, struct message *m)
{
    struct lane *l = lane_of(w, m->session_id);
    bool first = !l->first;
    *l->last = m;
    l->last = &m->next;
    w->messages++;
    w->sender->messages++;
    if (first) lane_ready(l);
}

void lane_next(struct lane *l)
{
    struct endpoint *w = l->endpoint;
    struct message *m = l->first;
    l->first = m->next;
    if (!l->first) l->last = &l->first;
    w->messages--;
    w->sender->messages--;
    message_free(m);
    if (l->first) lane_ready(l);
    else lane_free(l);
}

struct lane *lane_take(struct endpoint *w)
{
    struct lane *l = w->ready;
    if (!l) return NULL;
    w->ready = l->next;
    if (!w->ready) w->ready_last = &w->ready;
    l->next = NULL;
    l->state = LANE_FLYING;
    return l;
}

void lanes_wake(struct endpoint *w, int64_t now)
{
    if (!w->wake_at || now < w->wake_at) return;
    w->wake_at = 0;
    struct lane *rest = w->waiting;
    w->waiting = NULL;
    for (struct lane *next; rest; rest = next) {
        next = rest->next;
        if (rest->due_at <= now) lane_ready(rest);
        else lane_wait(rest, rest->due_at);
    }
}

void endpoint_drop_messages(struct endpoint *w)
{
    for (size_t i = 0; i < LANES; i++)
        for (struct lane *l = w->table[i], *next; l; l = next) {
            next = l->same_slot;
            for (struct message *m = l->first, *after; m; m = after) {
                after = m->next;
                message_free(m);
            }
            free(l);
        }
    w->sender->messages -= w->messages;
    w->messages = 0;
}

/* follow.c - from the table of events, and of deliveries that wait, into the lanes. */
#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "webhook/parts.h"

static bool has_room(const struct endpoint *w)
{
    return !w->closing && !w->more_rows && w->unnoted_count < UNNOTED_MOST && w->messages < MESSAGES_MOST;
}

/* Worth a read: else most of what is read would have to be read again. */
static bool has_room_for_a_read(const struct endpoint *w)
{
    return has_room(w) && w->unnoted_count <= UNNOTED_MOST - READ_AT_ONCE && w->messages <= MESSAGES_MOST - READ_AT_ONCE;
}

static bool is_in_log(const struct endpoint *w, int64_t event_id)
{
    const struct waiting_delivery *rows = w->noted.items;
    size_t low = 0, high = w->noted.count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (rows[middle].event_id == event_id) return true;
        if (rows[middle].event_id < event_id) low = middle + 1;
        else high = middle;
    }
    return false;
}

static bool is_blocked(const struct endpoint *w, int64_t session_id)
{
    if (!session_id) return false;
    for (const struct lane *l = w->table[(uint64_t)session_id % LANES]; l; l = l->same_slot)
        if (l->session_id == session_id) return l->state == LANE_WAITING;
    return false;
}

/* False: it could not be put into words now. */
static bool consider(struct scope *s, struct endpoint *w, const struct event *event)
{
    struct webhook_letter letter;
    struct err e = {0};
    if (is_in_log(w, event->id)) return true;
    if (!webhook_render(s, &w->row, event, &letter, &e)) {
        log_warn("webhook.no_words", LOG_INT("endpoint", w->row.id), LOG_INT("event", event->id), LOG_STR("error", e.text));
        return false;
    }
    if (!letter.body) return true;
    struct message *m = message_new(event->id, HAS(event, event, session_id) ? event->session_id : 0, event->event_type);
    m->created_at = s->now;
    message_say(m, &letter);
    unnoted_add(w, m);
    FAULT_POINT(webhook_read);
    bool blocked = is_blocked(w, m->session_id);
    lane_add(w, m);
    if (blocked) note_waiting(w, m, s->now);
    return true;
}

static void hand_over(struct scope *s, struct endpoint *w, const struct list *events)
{
    const struct event *rows = events->items;
    for (size_t i = 0; i < events->count && has_room(w); i++) {
        if (rows[i].id <= w->position) continue;
        if (!consider(s, w, &rows[i])) return;
        w->position = rows[i].id;
        w->dirty = true;
    }
}

/* From where somebody who has room has to be told on. */
static bool where_from(const struct sender *s, int64_t *from)
{
    bool any = false;
    for (const struct endpoint *w = s->endpoints; w; w = w->next) {
        if (!has_room_for_a_read(w) || w->position >= s->newest) continue;
        if (!any || w->position < *from) *from = w->position;
        any = true;
    }
    return any;
}

bool follow_events(struct sender *s)
{
    int64_t from = 0;
    struct arena a;
    struct list events;
    struct err e = {0};
    if (atomic_exchange(&s->news, false)) s->newest = INT64_MAX;
    if (!where_from(s, &from)) return false;
    arena_init(&a);
    struct scope scope = {.core = s->core, .db = s->db, .arena = &a, .now = clock_now_ms()};
    bool ok = webhook_events(&scope, from, READ_AT_ONCE, &events, &e);
    for (struct endpoint *w = s->endpoints; w && ok; w = w->next)
        if (w->position >= from) hand_over(&scope, w, &events);
    if (ok && events.count < READ_AT_ONCE) s->newest = events.count ? ((const struct event *)events.items)[events.count - 1].id : from;
    if (!ok) log_error("webhook.events_unreadable", LOG_STR("error", e.text));
    arena_release(&a);
    return ok && events.count == READ_AT_ONCE;
}

/* ---- deliveries that wait */

static void take_row(struct endpoint *w, const struct waiting_delivery *row)
{
    struct message *m = message_new(row->event_id, HAS(row, waiting_delivery, session_id) ? row->session_id : 0, row->event_type);
    m->attempts = row->attempts;
    m->first_at = HAS(row, waiting_delivery, first_at) ? row->first_at : 0;
    m->created_at = row->created_at;
    m->noted = true;
    m->due_at = HAS(row, waiting_delivery, due_at) ? row->due_at : 0;
    lane_add(w, m);
}

bool follow_rows(struct sender *s, struct endpoint *w)
{
    struct arena a;
    struct list rows;
    struct err e = {0};
    if (!w->more_rows || w->messages > MESSAGES_MOST / 2) return true;
    arena_init(&a);
    struct scope scope = {.core = s->core, .db = s->db, .arena = &a, .now = clock_now_ms()};
    bool ok = webhook_waiting(&scope, w->row.id, w->rows_read, MESSAGES_MOST / 2, &rows, &e);
    for (size_t i = 0; ok && i < rows.count; i++) {
        take_row(w, (const struct waiting_delivery *)rows.items + i);
        w->rows_read = ((const struct waiting_delivery *)rows.items)[i].event_id;
    }
    if (ok) w->more_rows = rows.count == MESSAGES_MOST / 2;
    else log_error("webhook.deliveries_unreadable", LOG_STR("error", e.text));
    arena_release(&a);
    return ok;
}

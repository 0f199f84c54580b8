/* catch_up.c - the past of a subscriber, page by page, until there is nothing newer; from there it goes on with the backlog.
 *
 * Why that is exact: whatever was told to the backlog, and has left it again, was committed before, so a page that is read now and finds
 * nothing newer has seen it. What is committed after the page was read is in the backlog when it is looked at, or comes there. What
 * the page had before the writer told of it comes there as well: that is passed over by its number. */
#include "base/log.h"
#include "base/fault.h"
#include "stream/event_parts.h"

static void keep_row(struct subscriber *w, const struct event *row)
{
    struct buf message;
    int type = event_type_find(row->event_type); /* a newer node may know others */
    w->pass.position = row->id;
    if (type < 0 || !event_types_hold(&w->pass.filter.types, (unsigned)type)) return;
    w->stream->sent++;
    if (!w->ws) {
        line_write(&w->page, row);
        return;
    }
    buf_init(&message, 0);
    line_write_message(&message, row);
    ws_send(w->ws, message.data, message.size);
    buf_release(&message);
}

static bool read_page(struct subscriber *w, struct err *e)
{
    struct event_stream *s = w->stream;
    struct scope scope = stream_scope(s);
    struct list rows;
    int64_t upto;
    bool more, all = true;
    if (!feed_page(&scope, &w->pass.filter, w->pass.position, PAGE_ROWS, &rows, &upto, &more, e)) return false;
    for (size_t i = 0; i < rows.count && all; i++) {
        keep_row(w, (const struct event *)rows.items + i);
        all = w->page.size < PAGE_BYTES || i + 1 == rows.count;
    }
    FAULT_POINT(stream_read);
    if (all) w->pass.position = upto;
    if (!all || more) return true;
    w->state = SUBSCRIBER_LIVE;
    if (s->backlog.last < 0) s->backlog.last = w->pass.position; /* the first: from here on */
    w->place = backlog_after(&s->backlog, w->pass.position);
    return true;
}

bool catch_up_backlog(struct event_stream *s)
{
    static const struct feed_filter everything;
    struct backlog *b = &s->backlog;
    struct list rows;
    int64_t upto;
    bool ok = true, more = true;
    while (ok && more) {
        struct scope scope = stream_scope(s);
        ok = feed_page(&scope, &everything, b->last, PAGE_ROWS, &rows, &upto, &more, NULL);
        for (size_t i = 0; ok && i < rows.count; i++) backlog_add(b, (const struct event *)rows.items + i, stream_backlog_bytes(s));
        if (ok) b->last = upto;
        arena_reset(&s->arena);
    }
    return ok;
}

static struct subscriber *take_first(struct event_stream *s)
{
    struct subscriber *w = s->behind;
    s->behind = w->next_behind;
    if (!s->behind) s->behind_end = &s->behind;
    w->queued = false;
    return w;
}

static void read_some(void *arg)
{
    struct event_stream *s = arg;
    s->read_posted = false;
    for (int i = 0; i < READ_A_TURN && s->behind; i++) {
        struct err e = {0};
        struct subscriber *w = take_first(s);
        bool ok = read_page(w, &e);
        arena_reset(&s->arena);
        if (ok) subscriber_go_on(w);
        else {
            log_error("stream.unreadable", LOG_STR("error", e.text));
            subscriber_fail_unread(w);
        }
    }
    if (!s->behind || s->read_posted) return;
    s->read_posted = true;
    loop_post(s->loop, read_some, s);
}

void catch_up_queue(struct subscriber *w)
{
    struct event_stream *s = w->stream;
    if (w->queued) return;
    w->queued = true;
    w->next_behind = NULL;
    *s->behind_end = w;
    s->behind_end = &w->next_behind;
    if (s->read_posted) return;
    s->read_posted = true;
    loop_post(s->loop, read_some, s);
}

void catch_up_forget(struct subscriber *w)
{
    struct event_stream *s = w->stream;
    if (!w->queued) return;
    struct subscriber **at = &s->behind;
    while (*at != w) at = &(*at)->next_behind;
    *at = w->next_behind;
    if (!*at) s->behind_end = at;
    w->queued = false;
}

/* Who teaches is asked once for each event, and only where somebody is there who may not hear everything. */
bool catch_up_hears(struct subscriber *w, struct line *l, bool *out)
{
    struct event_stream *s = w->stream;
    if (w->pass.filter.teacher_id && l->session_id && l->teacher_id < 0) {
        struct scope scope = stream_scope(s);
        int64_t teacher;
        if (!feed_teacher(&scope, l->session_id, &teacher, NULL)) return false;
        l->teacher_id = teacher;
    }
    *out = feed_hears(&w->pass.filter, l->type, l->session_id, l->teacher_id);
    return true;
}

/* backlog.c - the latest events, in words. */
#include "stream/event_parts.h"
#include <stdlib.h>

static const char HEAD[] = "id: %lld\nevent: %s\ndata: ";

static struct line *line_of(const struct event *event, int type)
{
    struct buf text;
    buf_init(&text, 0);
    line_write(&text, event);
    struct line *l = xmalloc(sizeof *l + text.size);
    *l = (struct line){.id = event->id, .session_id = HAS(event, event, session_id) ? event->session_id : 0, .teacher_id = -1, .type = (unsigned)type, .size = text.size,
                       .envelope = strcspn(text.data, "{")};
    memcpy(l->text, text.data, text.size);
    buf_release(&text);
    return l;
}

void line_write(struct buf *to, const struct event *event)
{
    buf_printf(to, HEAD, (long long)event->id, event->event_type);
    event_write(to, event);
    buf_text(to, "\n\n");
}

void line_write_message(struct buf *to, const struct event *event)
{
    buf_printf(to, "{\"cursor\":%lld", (long long)event->id);
    size_t brace = to->size;
    event_write(to, event);
    to->data[brace] = ',';
}

void line_prepare_message(struct line *l)
{
    struct buf text;
    if (l->message) return;
    buf_init(&text, 0);
    buf_printf(&text, "{\"cursor\":%lld,", (long long)l->id);
    buf_add(&text, l->text + l->envelope + 1, l->size - l->envelope - 3); /* without its brace and the blank line */
    l->message_size = text.size;
    l->message = buf_take(&text);
}

static void trim(struct backlog *b)
{
    struct line *l = backlog_at(b, b->first++);
    b->bytes -= l->size;
    free(l->message);
    free(l);
}

void backlog_add(struct backlog *b, const struct event *event, size_t limit_bytes)
{
    int type = event_type_find(event->event_type); /* a newer node may know others */
    b->last = event->id;
    if (type < 0) return;
    struct line *l = line_of(event, type);
    while (b->next > b->first && (b->next - b->first == LINES || b->bytes + l->size > limit_bytes)) trim(b);
    b->lines[b->next++ % LINES] = l;
    b->bytes += l->size;
}

void backlog_clear(struct backlog *b)
{
    while (b->next > b->first) trim(b);
    b->last = -1;
}

uint64_t backlog_after(const struct backlog *b, int64_t event_id)
{
    uint64_t low = b->first, high = b->next;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (backlog_at(b, middle)->id <= event_id) low = middle + 1;
        else high = middle;
    }
    return low;
}

/* bearer.c - what subscribers came with, and whether it is good still. */
#include "base/clock.h"
#include "base/log.h"
#include "stream/event_parts.h"
#include <stdlib.h>

/* Most that come one after the other with the same are found at once; a twin costs a second look now and then. */
struct bearer *bearer_take(struct event_stream *s, const char *text, const struct feed_pass *pass)
{
    struct bearer *b = s->bearers;
    if (!b || strcmp(b->text, text) != 0 || b->pass.filter.teacher_id != pass->filter.teacher_id || b->over) {
        size_t size = strlen(text) + 1;
        b = xmalloc(sizeof *b + size);
        *b = (struct bearer){.next = s->bearers, .pass = *pass, .checked_ms = clock_monotonic_ms()};
        memcpy(b->text, text, size);
        if (b->next) b->next->prev = b;
        s->bearers = b;
    }
    b->users++;
    return b;
}

void bearer_drop(struct event_stream *s, struct bearer *b)
{
    if (!b || --b->users) return;
    if (b->prev) b->prev->next = b->next;
    else s->bearers = b->next;
    if (b->next) b->next->prev = b->prev;
    explicit_bzero(b->text, strlen(b->text));
    free(b);
}

struct scope stream_scope(struct event_stream *s)
{
    return (struct scope){.core = s->core, .db = s->db, .arena = &s->arena, .now = clock_now_ms()};
}

static bool is_over(struct event_stream *s, struct bearer *b, struct err *e)
{
    struct scope scope = stream_scope(s);
    b->checked_ms = clock_monotonic_ms();
    bool good = feed_still(&scope, b->text, &b->pass, e);
    arena_reset(&s->arena);
    return !good && e->kind == ERR_CALLER; /* a database that is away says nothing about the bearer */
}

static void end_all(struct event_stream *s, const struct bearer *b, const struct err *e)
{
    for (struct subscriber *w = s->subscribers, *next; w; w = next) {
        next = w->next;
        if (w->bearer == b && w->state != SUBSCRIBER_ENDING) subscriber_fail(w, e);
    }
}

void bearers_check(struct event_stream *s)
{
    for (struct bearer *b = s->bearers, *next; b; b = next) {
        struct err e = {0};
        next = b->next;
        if (b->over || clock_monotonic_ms() - b->checked_ms < RECHECK_AGE_MS || !is_over(s, b, &e)) continue;
        b->over = true;
        b->users++; /* it stays until all were told */
        end_all(s, b, &e);
        bearer_drop(s, b);
    }
}

/* feed.h - the log of events as others are told of it: which of them, in which words, from where on. For webhooks and for the live stream.
 *
 * A cursor is the number of an event: who has it was told of everything up to that event. Numbers grow in the order of the commits, on every
 * database and over all nodes (ARCHITECTURE, "Several nodes"), so "what is past the cursor" has neither gaps nor doubles. */
#pragma once
#include "core/event.h"

/* ---- which */
struct event_types { uint64_t bits[2]; };
/* "session.ended recording.*", blanks or commas between; NULL: all. False with unknown_event_type. */
bool event_types_parse(const char *words, struct event_types *out, struct err *e);
bool event_types_cover(const char *words, const char *type);      /* the same of one type, without looking at the others */
static inline bool event_types_hold(const struct event_types *t, unsigned type) { return t->bits[type / 64] >> type % 64 & 1; }
int event_type_find(const char *name);                            /* -1: not known here */

/* ---- in which words: the body of a standard webhook, {"type", "timestamp", "data"} (doc/webhooks.md), on one line */
void event_write(struct buf *to, const struct event *event);

/* ---- whom, from where on */
struct feed_wish { const char *session, *types; int64_t after; }; /* NULL: all; session: number or UUID; after: a cursor, 0: all that is kept, -1: from now on */
struct feed_filter { int64_t session_id, teacher_id; struct event_types types; }; /* 0: any; teacher: of sessions that they teach */
struct feed_pass { struct feed_filter filter; int64_t user_id, position; };
enum { FEED_CURSOR = 20 };
bool feed_cursor_parse(const char *text, int64_t *out, struct err *e); /* decimal digits; bad_stream_cursor */
/* Who may hear what: administrators everything, others of the sessions that they teach, as in the event log of a session; the scope is the log's too.
 * Errors of bearer_user, missing_scope, unknown_event_type, session_not_found, forbidden, bad_stream_cursor, stream_cursor_gone. */
bool feed_admit(struct scope *s, const char *bearer, const struct feed_wish *wish, struct feed_pass *out, struct err *e);
bool feed_still(struct scope *s, const char *bearer, const struct feed_pass *pass, struct err *e); /* whose was admitted before: may they still? */
bool feed_hears(const struct feed_filter *f, unsigned type, int64_t session_id, int64_t teacher_id);
/* The next events past `after` that the filter may hear of (their types are not looked at), `limit` at the most, as struct event. `upto`: there are no others
 * until there; `more`: beyond it there may be. */
bool feed_page(struct scope *s, const struct feed_filter *f, int64_t after, int64_t limit, struct list *out, int64_t *upto, bool *more, struct err *e);
bool feed_teacher(struct scope *s, int64_t session_id, int64_t *out, struct err *e);           /* also of a deleted session; 0: none */

/* ---- the door to whoever carries the stream (src/stream) */
struct feed_arrival { int fd; bool websocket; const char *bearer, *client; struct feed_wish wish; struct feed_pass pass; }; /* bearer NULL: a WebSocket that will say it, then pass is empty; client: its address */
struct feed_door {
    void *ctx;
    bool (*reserve)(void *ctx, const struct feed_arrival *a, struct err *e); /* a place, on any thread; too_many_streams, stream_full */
    void (*leave)(void *ctx, const struct feed_arrival *a);       /* it is not needed after all */
    void (*accept)(void *ctx, const struct feed_arrival *a);      /* takes the socket over; texts are copied */
};

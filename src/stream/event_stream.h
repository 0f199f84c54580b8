/* event_stream.h - the live stream of events, /api/v1/stream (doc/stream.md): event streams (SSE) and WebSockets.
 *
 * Who was let in (core/feed.h) arrives with a socket and a cursor. They are first told from the database, page by page, until nothing newer is there, and
 * then from the backlog: the latest events, put into words once for all. Everybody's place is an event's number, so what joins the two is
 * exact. Nothing is kept for one subscriber but a page of the past: who is so slow that what comes next for them has left the backlog is cut, and comes
 * back with the cursor. Bearers are looked at again every few seconds.
 *
 * One thread of its own has all sockets. Events come from the writer, after their commit, those of other nodes too. */
#pragma once
#include "core/feed.h"

struct event_stream;

struct event_stream *event_stream_start(struct core *core, struct err *e);      /* before serving starts */
struct feed_door event_stream_door(struct event_stream *s);
void event_stream_stop(struct event_stream *s);                           /* any thread; everybody is told, and nobody comes in any more */
bool event_stream_said_goodbye(const struct event_stream *s);             /* after it: everybody is gone, or was given up */
void event_stream_join(struct event_stream *s);                           /* ends the thread; before the database is closed. NULL is fine */
void event_stream_destroy(struct event_stream *s);                        /* after the writer has ended; NULL is fine */

/* recording_stream.h - the WebSocket /api/recording/ws: tells people how the recordings of their rooms stand (seed S5).
 *
 * Who watches is somebody with a Matrix token, or an account of ours with its bearer: from the Authorization header, from
 * ?access_token=, or from the first message, {"access_token": "…"}. What happens while the homeserver is asked waits, so nothing
 * after the handshake is missed. Each update is preceded by the same two questions as a call of the API: is the token still good
 * (else closed with 4401), is the person in the room now (else they are not told). A homeserver that cannot say costs the update.
 *
 * Lives on one loop's thread; the homeserver is asked on threads of its own, one question at a time for each watcher, which keeps
 * updates in order. Updates are sent after the commit of what they tell. */
#pragma once
#include "core/core.h"
#include "matrix/matrix.h"
#include "net/loop.h"
#include "net/ws.h"

struct recording_stream;

struct recording_stream *recording_stream_create(struct core *core, struct loop *loop, struct matrix *matrix, struct err *e); /* before serving starts */
void recording_stream_accept(struct recording_stream *s, const struct ws_arrival *a); /* any thread */
void recording_stream_stop(struct recording_stream *s);                 /* on the loop's thread */
bool recording_stream_said_goodbye(const struct recording_stream *s);   /* after stop: everybody is gone, nobody is asked about */
void recording_stream_destroy(struct recording_stream *s);              /* after the loop has stopped; NULL is fine */

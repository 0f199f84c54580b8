/* matrix_room.h - which Matrix room a session belongs to, so that the people of the room may record its call.
 *
 * A session has one Matrix room at the most; a room may have had many sessions. Who is in the room is the homeserver's to say
 * (src/matrix); here are only the facts that we keep. */
#pragma once
#include "core/core.h"
#include "core/session.h"

bool matrix_room_is_id(const char *text);   /* `!` and at least one more character, none of them a control character; room version 12 has no `:server` */

/* room_id NULL: none any more. bad_room_name; matrix_room_taken, when sessions of another teacher are bound to it (superusers may). */
bool matrix_room_bind(struct scope *s, const struct session *session, const char *room_id, struct err *e);
bool matrix_room_note(struct scope *s, const struct session *session, const char *room_id, struct err *e); /* of a session that has none: whoever else has the room */
enum db_found matrix_room_of_session(struct scope *s, int64_t session_id, struct matrix_room *out, struct err *e);
enum db_found matrix_room_active_session(struct scope *s, const char *room_id, struct session *out, struct err *e); /* the one bound last */
bool matrix_room_recordings(struct scope *s, const char *room_id, int64_t skip, int64_t limit, struct list *out, struct err *e); /* of struct recording, the oldest first */

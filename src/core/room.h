/* room.h - rooms as seed S4 has them. A room is a session with a row beside it (table rooms): its type, what it was made from and for,
 * its own timeouts, dial-in. A session without that row is a room too: a group room with the server's timeouts. */
#pragma once
#include "core/core.h"
#include "core/session.h"

struct room_entry { struct session session; struct room_view view; };

/* By number or UUID: as session_access, but room_not_found. */
bool room_access(struct scope *s, const char *id_or_uuid, enum access need, struct session *out, struct err *e);
bool room_see(struct scope *s, const struct session *session, struct room_entry *out, struct err *e);       /* with its row and how it is now */
/* Those in which the actor has a seat; all for a superuser; of struct room_entry, by id. */
bool room_list_of(struct scope *s, const struct room_query *q, struct list *out, int64_t *total, struct err *e);
bool room_schedule(struct scope *s, const struct room_create *in, struct session *out, struct err *e);           /* the actor becomes the host */
bool room_change(struct scope *s, struct session *session, const struct room_update *change, struct err *e);

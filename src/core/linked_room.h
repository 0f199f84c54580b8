/* linked_room.h - rooms that follow something else: a booking or a service session has at most one, which opens, moves and closes with it. */
#pragma once
#include "core/core.h"
#include "core/session.h"

enum room_link { LINK_BOOKING, LINK_SERVICE_SESSION };

enum db_found linked_room_find(struct scope *s, enum room_link link, int64_t id, struct session *out, struct err *e);
bool linked_room_none(struct scope *s, enum room_link link, int64_t id, struct err *e);   /* room_exists; forgets one that was deleted */
bool linked_room_open(struct scope *s, enum room_link link, int64_t id, struct err *e);   /* makes it, or puts it back into life; there: nothing to do */
bool linked_room_close(struct scope *s, enum room_link link, int64_t id, enum session_status status, struct err *e);
bool linked_room_move(struct scope *s, enum room_link link, int64_t id, bool has_start, int64_t start, int64_t minutes, struct err *e);

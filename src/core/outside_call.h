/* outside_call.h - a call on the media server that roomd did not make: that of a Matrix client, say. To be recorded it is taken in as a session like any
 * other, bound to its Matrix room, so that its recordings are in every list and follow every rule.
 *
 * Such a session belongs to an account of roomd's own (OUTSIDE_CALLS, nobody can sign in with it), lives as long as it is recorded, and its end leaves the room and the
 * people in it alone. A room has one, put back into life for the next recording. Only where the provider of new sessions can record any room
 * (PROVIDER_ANY_ROOM). All on the writer but outside_call_possible. */
#pragma once
#include "core/session.h"

#define OUTSIDE_CALLS "outside-calls@localhost"

bool outside_call_possible(struct core *core);
/* `room`: its name on the media server. no_call_in_room if that is a session's of somebody else. */
bool outside_call_take_in(struct scope *s, const char *matrix_room, const char *room, struct session *out, struct err *e);
bool outside_call_end_due(struct scope *s, struct err *e);  /* those that are recorded no more; now and then */

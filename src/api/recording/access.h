/* access.h - who may do what in /api/recording. All of it may ask the homeserver, so it is for CALL routes.
 *
 * Somebody of Matrix may look at the recordings of a room while joined to it, and start, stop and delete with RECORDING_POWER_LEVEL in it.
 * An account of ours may what it may in /api/v1: look with a seat in the session, the rest as its teacher. */
#pragma once
#include "api/api.h"
#include "core/egress.h"
#include "matrix/matrix.h"

/* recording_not_found: also for Matrix people outside its room, who need not know that it exists. `room` is the session's Matrix room, else its own name. */
bool access_recording(struct request *r, const char *egress_id, enum matrix_need need, struct recording *out, const char **room, struct err *e);
/* The call that is going on there, to record it. `media_room` not NULL: none of ours, but a room on the media server that may be tried (core/outside_call.h). */
bool access_call(struct request *r, const char *room, struct session *out, const char **media_room, struct err *e);
bool access_recordings(struct request *r, const struct egress_list_query *q, struct list *out, struct err *e);

/* matrix_rooms.c - which Matrix room a session belongs to, for /api/recording. */
#include "api/api.h"
#include "core/matrix_room.h"

bool v1_matrix_room_set(struct request *r, struct err *e)
{
    const struct session_path *path = r->path;
    const struct matrix_room_change *in = r->body;
    struct session session;
    const char *room_id = HAS(in, matrix_room_change, room_id) ? in->room_id : NULL;
    if (!session_access(&r->scope, path->session_id, ACCESS_TEACHER, &session, e) || !matrix_room_bind(&r->scope, &session, room_id, e)) return false;
    struct matrix_room_reply *out = arena_new(r->scope.arena, struct matrix_room_reply);
    SET(out, matrix_room_reply, session_id, session.id);
    if (room_id) SET(out, matrix_room_reply, room_id, room_id);
    return reply_with(r, out);
}

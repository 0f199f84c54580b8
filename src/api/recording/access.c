#include "api/recording/access.h"
#include "core/matrix_room.h"
#include "core/outside_call.h"
#include "matrix/media_room.h"
#include <string.h>

static bool may_in_room(struct request *r, const char *room, enum matrix_need need, struct err *e)
{
    return matrix_may(r->api->matrix, r->bearer, r->matrix_user, room, need, e);
}

static bool may_in_session(struct request *r, int64_t session_id, enum matrix_need need, struct session *out, struct err *e)
{
    return session_access_id(&r->scope, session_id, need == MATRIX_JOINED ? ACCESS_MEMBER : ACCESS_TEACHER, out, e);
}

/* ---- one recording */

bool access_recording(struct request *r, const char *id, enum matrix_need need, struct recording *out, const char **room, struct err *e)
{
    struct matrix_room bound;
    struct session session;
    enum db_found found = egress_find(&r->scope, id, out, e);
    if (found != DB_ROW) return found == DB_NONE ? err_fail(e, error_recording_not_found) : false;
    found = matrix_room_of_session(&r->scope, out->session_id, &bound, e);
    if (found == DB_FAILED) return false;
    if (!r->matrix_user) {
        if (!may_in_session(r, out->session_id, need, &session, e)) return false;
        *room = found == DB_ROW ? bound.room_id : session.room_name;
        return true;
    }
    if (found == DB_NONE) return err_fail(e, error_recording_not_found);
    *room = bound.room_id;
    return may_in_room(r, bound.room_id, need, e) || (err_is(e, error_not_in_room) ? err_fail(e, error_recording_not_found) : false);
}

/* ---- the call of a room */

/* In a call of ours media is open to the server; in one of a Matrix client an encrypted room's is not. */
static bool may_be_recorded(struct request *r, const char *room, bool ours, struct err *e)
{
    bool encrypted = false;
    if (!r->matrix_user || (ours && core_config(r->api->core)->RECORDING_ENCRYPTED_ROOMS)) return true;
    return matrix_room_is_encrypted(r->api->matrix, r->bearer, room, &encrypted, e) && (!encrypted || err_fail(e, ours ? error_room_encrypted : error_call_encrypted));
}

/* The name that the Matrix room's own call has on the media server; NULL where such calls cannot be recorded. */
static const char *outside_name(struct request *r, const char *room)
{
    struct core *core = r->api->core;
    return r->matrix_user && outside_call_possible(core) ? media_room_name(core_config(core), r->scope.arena, room) : NULL;
}

static bool access_outside(struct request *r, const char *room, const char *name, const char **media_room, struct err *e)
{
    if (!name) return err_fail(e, error_no_call_in_room);
    *media_room = name;
    return may_be_recorded(r, room, false, e);
}

bool access_call(struct request *r, const char *room, struct session *out, const char **media_room, struct err *e)
{
    bool of_matrix = matrix_room_is_id(room);
    *media_room = NULL;
    if (r->matrix_user && !of_matrix) return err_fail(e, error_bad_room_name);
    if (r->matrix_user && !may_in_room(r, room, MATRIX_POWER, e)) return false;
    enum db_found found = of_matrix ? matrix_room_active_session(&r->scope, room, out, e) : session_by_room_name(&r->scope, room, out, e);
    if (found == DB_FAILED) return false;
    if (found == DB_NONE && !of_matrix) return err_fail(e, error_bad_room_name);
    const char *outside = of_matrix ? outside_name(r, room) : NULL;
    if (found == DB_NONE || (outside && !strcmp(out->room_name, outside))) return access_outside(r, room, outside, media_room, e);
    if (!may_be_recorded(r, room, true, e) || (!r->matrix_user && !may_in_session(r, out->id, MATRIX_POWER, out, e))) return false;
    return out->status == session_status_active || err_fail(e, error_no_call_in_room);
}

/* ---- the recordings of a room */

/* A room may have had sessions in which an account of ours had no seat. */
static bool leave_out_foreign(struct request *r, struct list *rows, struct err *e)
{
    struct recording *items = (struct recording *)(uintptr_t)rows->items;
    struct session session;
    size_t kept = 0;
    for (size_t i = 0; i < rows->count; i++) {
        bool may = may_in_session(r, items[i].session_id, MATRIX_JOINED, &session, e);
        if (!may && !err_is(e, error_forbidden)) return false;
        if (may) items[kept++] = items[i];
    }
    *e = (struct err){0};
    rows->count = kept;
    return true;
}

static bool of_own_room(struct request *r, const struct egress_list_query *q, struct list *out, struct err *e)
{
    struct session session;
    int64_t total;
    enum db_found found = session_by_room_name(&r->scope, q->roomName, &session, e);
    if (found != DB_ROW) return found == DB_NONE ? err_fail(e, error_bad_room_name) : false;
    return may_in_session(r, session.id, MATRIX_JOINED, &session, e) && recording_list(&r->scope, session.id, q->skip, q->limit, out, &total, e);
}

bool access_recordings(struct request *r, const struct egress_list_query *q, struct list *out, struct err *e)
{
    bool of_matrix = matrix_room_is_id(q->roomName);
    if (!of_matrix) return r->matrix_user ? err_fail(e, error_bad_room_name) : of_own_room(r, q, out, e);
    if (r->matrix_user && !may_in_room(r, q->roomName, MATRIX_JOINED, e)) return false;
    return matrix_room_recordings(&r->scope, q->roomName, q->skip, q->limit, out, e) && (r->matrix_user || leave_out_foreign(r, out, e));
}

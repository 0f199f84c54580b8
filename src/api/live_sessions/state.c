/* state.c - students, status and recording of a live session. */
#include "api/live_sessions/show.h"
#include "core/recording.h"
#include "core/session.h"

/* ---- students */

static bool reply_seats(struct request *r, const char *id, struct err *e)
{
    struct live_session_seats *out = arena_new(r->scope.arena, struct live_session_seats);
    struct live_session whole = {0};
    struct live_row row;
    if (!course_session_find(&r->scope, id, &row, e) || !live_show(r, &row, &whole, e)) return false;
    COPY(live_session_seats, out, live_session, &whole);
    return reply_with(r, out);
}

bool live_student_post(struct request *r, struct err *e)
{
    const struct live_session_path *path = r->path;
    const struct live_student *in = r->body;
    struct session session;
    return live_to_change(r, path->id, &session, e) && course_session_add_student(&r->scope, &session, in->studentId, e) && reply_seats(r, path->id, e);
}

bool live_student_delete(struct request *r, struct err *e)
{
    const struct live_seat_path *path = r->path;
    struct session session;
    return live_to_change(r, path->id, &session, e) && course_session_remove_student(&r->scope, &session, path->studentId, e) && reply_seats(r, path->id, e);
}

/* ---- status */

bool live_status_patch(struct request *r, struct err *e)
{
    const struct live_session_path *path = r->path;
    const struct live_status_change *in = r->body;
    struct live_session_state *out = arena_new(r->scope.arena, struct live_session_state);
    struct live_session whole = {0};
    struct session session;
    struct live_row row;
    if (!live_to_change(r, path->id, &session, e) || !session_set_status(&r->scope, &session, (enum session_status)in->status, "host", e)) return false;
    if (!course_session_find(&r->scope, path->id, &row, e) || !live_show(r, &row, &whole, e)) return false;
    COPY(live_session_state, out, live_session, &whole);
    return reply_with(r, out);
}

/* ---- recording. Whatever is in its way, the document has one answer; who may not is told so. */

static bool not_done(struct err *e, enum error instead)
{
    bool ours = e->kind == ERR_INTERNAL || err_is(e, error_forbidden);
    return ours ? false : err_fail(e, instead);
}

bool live_recording_start_post(struct request *r, struct err *e)
{
    const struct live_recording_start *in = r->body;
    struct live_recording_reply *out = arena_new(r->scope.arena, struct live_recording_reply);
    struct live_recording *shown = arena_new(r->scope.arena, struct live_recording);
    struct session session;
    struct recording recording;
    if (session_by_room_name(&r->scope, in->roomName, &session, e) != DB_ROW || !live_may_change(r, &session, e) || !recording_begin(&r->scope, &session, &recording, e))
        return not_done(e, error_recording_not_started);
    SET(shown, live_recording, id, recording.uuid);
    SET(shown, live_recording, room_name, session.room_name);
    SET(shown, live_recording, status, "recording");
    SET(shown, live_recording, start_ts, recording.started_at);
    SET(shown, live_recording, duration, 0);
    SET(out, live_recording_reply, success, true);
    SET(out, live_recording_reply, recording, shown);
    return reply_with(r, out);
}

static bool stop(struct request *r, const char *uuid, struct session *session, struct recording *recording, struct err *e)
{
    enum db_found found = recording_by_uuid(&r->scope, uuid, recording, e);
    if (found == DB_ROW) found = session_by_id(&r->scope, recording->session_id, session, e);
    if (found == DB_NONE) return err_fail(e, error_recording_not_found);
    return found == DB_ROW && live_may_change(r, session, e) && recording_act(&r->scope, recording, record_action_stop, e);
}

bool live_recording_stop_post(struct request *r, struct err *e)
{
    const struct live_recording_stop *in = r->body;
    struct live_recording_stop_reply *out = arena_new(r->scope.arena, struct live_recording_stop_reply);
    struct live_recording_finished *shown = arena_new(r->scope.arena, struct live_recording_finished);
    struct session session;
    struct recording recording;
    if (!stop(r, in->recordingId, &session, &recording, e)) return not_done(e, error_recording_not_stopped);
    SET(shown, live_recording_finished, id, recording.uuid);
    SET(shown, live_recording_finished, room_name, session.room_name);
    SET(shown, live_recording_finished, status, "finished");
    SET(shown, live_recording_finished, duration, (recording.ended_at - recording.started_at + 500) / 1000);
    SET(shown, live_recording_finished, end_ts, recording.ended_at);
    SET(out, live_recording_stop_reply, success, true);
    SET(out, live_recording_stop_reply, recording, shown);
    return reply_with(r, out);
}

#include "api/live_sessions/show.h"
#include "core/session.h"

void live_show_new(struct request *r, const struct live_row *row, struct live_session *out)
{
    struct session session = {.id = row->id, .provider = row->provider, .room_name = row->room_name};
    COPY(live_session, out, live_row, row);
    SET(out, live_session, _id, row->uuid);
    SET(out, live_session, roomName, row->room_name);
    SET(out, live_session, roomUrl, session_room_url(&r->scope, &session, NULL));
    if (HAS(row, live_row, scheduled_start)) SET(out, live_session, scheduledAt, row->scheduled_start);
    SET(out, live_session, duration, row->duration_minutes);
    SET(out, live_session, status, row->status); /* live_status has session_status' order */
    SET(out, live_session, maxParticipants, row->max_participants > 1 ? row->max_participants - 1 : 0); /* the teacher has a seat */
    SET(out, live_session, participants, ((struct list){NULL, 0}));
    SET(out, live_session, isRecorded, HAS(row, live_row, recording_seconds));
    SET(out, live_session, createdAt, row->created_at);
    SET(out, live_session, updatedAt, row->updated_at);
}

bool live_show(struct request *r, const struct live_row *row, struct live_session *out, struct err *e)
{
    live_show_new(r, row, out);
    return course_session_students(&r->scope, row->id, &out->participants, e);
}

const struct live_course *live_show_course(struct request *r, const struct live_row *row)
{
    if (!HAS(row, live_row, course)) return NULL;
    struct live_course *out = arena_new(r->scope.arena, struct live_course);
    SET(out, live_course, _id, row->course);
    if (HAS(row, live_row, course_title)) SET(out, live_course, title, row->course_title);
    return out;
}

const struct live_instructor *live_show_instructor(struct request *r, const struct live_row *row)
{
    struct live_instructor *out = arena_new(r->scope.arena, struct live_instructor);
    SET(out, live_instructor, _id, row->instructor);
    if (HAS(row, live_row, instructor_name)) SET(out, live_instructor, name, row->instructor_name);
    return out;
}

bool live_may_change(struct request *r, const struct session *session, struct err *e)
{
    bool open = r->route->auth == AUTH_OPEN && endpoints_are_open(core_config(r->api->core));
    return open || session_is_host(&r->scope, session) || err_fail(e, error_forbidden);
}

bool live_to_change(struct request *r, const char *id, struct session *out, struct err *e)
{
    return session_named(&r->scope, id, out, e) && live_may_change(r, out, e);
}

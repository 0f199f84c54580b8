/* rooms.c - rooms: make, read, change, end. */
#include "core/room.h"
#include "api/api.h"
#include "api/v1/page.h"

/* A session that was made elsewhere has no row of its own: it shows what holds for it. */
static void show_standard(struct request *r, struct room_reply *out)
{
    const struct config *c = core_config(r->api->core);
    SET(out, room_reply, room_type, room_type_group);
    SET(out, room_reply, video_codec, video_codec_vp8);
    SET(out, room_reply, audio_codec, audio_codec_opus);
    SET(out, room_reply, sip_enabled, false);
    SET(out, room_reply, empty_timeout, c->EMPTY_TIMEOUT_SECONDS);
    SET(out, room_reply, departure_timeout, c->DEPARTURE_TIMEOUT_SECONDS);
}

static void show(struct request *r, const struct room_entry *room, struct room_reply *out)
{
    const struct session *session = &room->session;
    const struct room_view *view = &room->view;
    show_standard(r, out);
    COPY(room_reply, out, room_view, view);
    COPY(room_reply, out, session, session);
    SET(out, room_reply, name, session->title);
    SET(out, room_reply, host, session->teacher_id);
    SET(out, room_reply, livekit_room_name, session->room_name);
    SET(out, room_reply, recording_enabled, session->enable_recording);
    SET(out, room_reply, room_url, session_room_url(&r->scope, session, NULL));
    if (HAS(session, session, actual_start)) SET(out, room_reply, started_at, session->actual_start);
    if (HAS(view, room_view, template_id)) SET(out, room_reply, template, view->template_id);
    if (HAS(view, room_view, booking_id)) SET(out, room_reply, booking, view->booking_id);
    if (HAS(view, room_view, service_session_id)) SET(out, room_reply, service_session, view->service_session_id);
}

static bool reply_room(struct request *r, const struct session *session, struct err *e)
{
    struct room_entry room;
    struct room_reply *out = arena_new(r->scope.arena, struct room_reply);
    if (!room_see(&r->scope, session, &room, e)) return false;
    show(r, &room, out);
    return reply_with(r, out);
}

static bool open_room(struct request *r, enum access need, struct session *out, struct err *e)
{
    const struct room_path *path = r->path;
    return room_access(&r->scope, path->room_id, need, out, e);
}

bool rooms_create(struct request *r, struct err *e)
{
    struct session session;
    return room_schedule(&r->scope, r->body, &session, e) && reply_room(r, &session, e);
}

bool rooms_list(struct request *r, struct err *e)
{
    const struct room_query *q = r->query;
    struct list rows;
    int64_t total;
    if (!room_list_of(&r->scope, q, &rows, &total, e)) return false;
    struct room_reply *items = arena_array(r->scope.arena, struct room_reply, rows.count + 1);
    for (size_t i = 0; i < rows.count; i++) show(r, (const struct room_entry *)rows.items + i, &items[i]);
    return page_fill(r, &room_list_model, q->limit, q->offset, total, (struct list){items, rows.count});
}

bool rooms_get(struct request *r, struct err *e)
{
    struct session session;
    return open_room(r, ACCESS_MEMBER, &session, e) && reply_room(r, &session, e);
}

bool rooms_update(struct request *r, struct err *e)
{
    struct session session;
    return open_room(r, ACCESS_TEACHER, &session, e) && room_change(&r->scope, &session, r->body, e) && reply_room(r, &session, e);
}

bool rooms_delete(struct request *r, struct err *e)
{
    struct session session;
    return open_room(r, ACCESS_TEACHER, &session, e) && session_delete(&r->scope, &session, e);
}

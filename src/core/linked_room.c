#include "core/linked_room.h"
#include "core/room.h"

static const struct { const char *find, *forget; } sql[] = {
    [LINK_BOOKING] = {"SELECT {s} FROM rooms r JOIN sessions s ON s.id = r.session_id WHERE r.booking_id = $1 AND s.deleted_at IS NULL",
                      "UPDATE rooms SET booking_id = NULL WHERE booking_id = $1"},
    [LINK_SERVICE_SESSION] = {"SELECT {s} FROM rooms r JOIN sessions s ON s.id = r.session_id WHERE r.service_session_id = $1 AND s.deleted_at IS NULL",
                              "UPDATE rooms SET service_session_id = NULL WHERE service_session_id = $1"},
};

enum db_found linked_room_find(struct scope *s, enum room_link link, int64_t id, struct session *out, struct err *e)
{
    return db_one(s->db, sql[link].find, session, out, s->arena, e, INT_(id));
}

bool linked_room_none(struct scope *s, enum room_link link, int64_t id, struct err *e)
{
    struct session session;
    enum db_found found = linked_room_find(s, link, id, &session, e);
    if (found == DB_ROW) return err_fail(e, error_room_exists);
    return found == DB_NONE && db_run(s->db, sql[link].forget, e, INT_(id));
}

bool linked_room_open(struct scope *s, enum room_link link, int64_t id, struct err *e)
{
    struct session session;
    struct room_create in = {0};
    enum db_found found = linked_room_find(s, link, id, &session, e);
    if (found == DB_FAILED) return false;
    if (found == DB_ROW) return !session_is_over(&session) || session_set_status(s, &session, session_status_scheduled, "confirmed", e);
    if (link == LINK_BOOKING) SET(&in, room_create, booking, id);
    else SET(&in, room_create, service_session, id);
    return room_schedule(s, &in, &session, e);
}

bool linked_room_close(struct scope *s, enum room_link link, int64_t id, enum session_status status, struct err *e)
{
    struct session session;
    enum db_found found = linked_room_find(s, link, id, &session, e);
    if (found != DB_ROW) return found == DB_NONE;
    return session_is_over(&session) || session_set_status(s, &session, status, session_status_words.words[status], e);
}

bool linked_room_move(struct scope *s, enum room_link link, int64_t id, bool has_start, int64_t start, int64_t minutes, struct err *e)
{
    struct session session;
    struct session_update change = {0};
    enum db_found found = linked_room_find(s, link, id, &session, e);
    if (found != DB_ROW) return found == DB_NONE;
    if (has_start == HAS(&session, session, scheduled_start) && (!has_start || start == session.scheduled_start) && minutes == session.duration_minutes) return true;
    if (has_start) SET(&change, session_update, scheduled_start, start);
    else change.bits_null |= (uint64_t)1 << session_update_f_scheduled_start;
    SET(&change, session_update, duration_minutes, minutes);
    return session_change(s, &session, &change, e);
}

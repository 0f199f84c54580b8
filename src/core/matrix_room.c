#include "core/matrix_room.h"
#include "core/event.h"
#include "core/outside_call.h"
#include <string.h>

static const char SQL_OF_SESSION[] = "SELECT {} FROM matrix_rooms WHERE session_id = $1";
static const char SQL_LET_GO[] = "DELETE FROM matrix_rooms WHERE session_id = $1";
static const char SQL_OTHERS[] =
    "SELECT s.id FROM matrix_rooms m JOIN sessions s ON s.id = m.session_id WHERE m.room_id = $1 AND s.teacher_id <> $2 AND s.deleted_at IS NULL "
    "AND NOT EXISTS (SELECT 1 FROM users u WHERE u.id = s.teacher_id AND u.email = '" OUTSIDE_CALLS "') LIMIT 1";
static const char SQL_ACTIVE[] =
    "SELECT {s} FROM matrix_rooms m JOIN sessions s ON s.id = m.session_id WHERE m.room_id = $1 AND s.status = 'active' AND s.deleted_at IS NULL ORDER BY m.id DESC LIMIT 1";
static const char SQL_RECORDINGS[] =
    "SELECT {r} FROM matrix_rooms m JOIN recordings r ON r.session_id = m.session_id WHERE m.room_id = $1 AND r.deleted_at IS NULL ORDER BY r.id LIMIT $2 OFFSET $3";

bool matrix_room_is_id(const char *text)
{
    if (text[0] != '!' || !text[1] || strlen(text) > 255) return false;
    for (const unsigned char *p = (const unsigned char *)text; *p; p++)
        if (*p < ' ' || *p == 0x7f) return false;
    return true;
}

static bool is_free(struct scope *s, const struct session *session, const char *room_id, struct err *e)
{
    int64_t other;
    if (s->actor && s->actor->is_superuser) return true;
    enum db_found found = db_number(s->db, SQL_OTHERS, &other, e, TEXT_(room_id), INT_(session->teacher_id));
    return found == DB_ROW ? err_fail(e, error_matrix_room_taken) : found == DB_NONE;
}

bool matrix_room_note(struct scope *s, const struct session *session, const char *room_id, struct err *e)
{
    struct matrix_room row = {0};
    SET(&row, matrix_room, session_id, session->id);
    SET(&row, matrix_room, room_id, room_id);
    SET(&row, matrix_room, created_at, s->now);
    return db_insert(s->db, "matrix_rooms", matrix_room, &row, e) && EMIT(s, session_bound, session->id, e, .text = room_id);
}

bool matrix_room_bind(struct scope *s, const struct session *session, const char *room_id, struct err *e)
{
    if (room_id && !matrix_room_is_id(room_id)) return err_fail(e, error_bad_room_name);
    if (room_id && !is_free(s, session, room_id, e)) return false;
    if (!db_run(s->db, SQL_LET_GO, e, INT_(session->id))) return false;
    if (room_id) return matrix_room_note(s, session, room_id, e);
    return !db_changes(s->db) || EMIT(s, session_bound, session->id, e, 0);
}

enum db_found matrix_room_of_session(struct scope *s, int64_t session_id, struct matrix_room *out, struct err *e)
{
    return db_one(s->db, SQL_OF_SESSION, matrix_room, out, s->arena, e, INT_(session_id));
}

enum db_found matrix_room_active_session(struct scope *s, const char *room_id, struct session *out, struct err *e)
{
    return db_one(s->db, SQL_ACTIVE, session, out, s->arena, e, TEXT_(room_id));
}

bool matrix_room_recordings(struct scope *s, const char *room_id, int64_t skip, int64_t limit, struct list *out, struct err *e)
{
    return db_all(s->db, SQL_RECORDINGS, recording, out, s->arena, e, TEXT_(room_id), INT_(limit), INT_(skip));
}

#include "core/outside_call.h"
#include "core/matrix_room.h"
#include "core/provider.h"
#include "core/user.h"

static const char SQL_OWNER[] = "SELECT {} FROM users WHERE email = $1";
static const char SQL_DONE[] =
    "SELECT {s} FROM users u JOIN sessions s ON s.teacher_id = u.id WHERE u.email = $1 AND s.status = 'active' AND s.deleted_at IS NULL "
    "AND NOT EXISTS (SELECT 1 FROM recordings r WHERE r.session_id = s.id AND r.status IN ('recording', 'paused')) ORDER BY s.id LIMIT 100";

enum { SEATS = 100, MINUTES = 60 };

bool outside_call_possible(struct core *core)
{
    const struct provider *p = provider_remote(core, core_config(core)->PROVIDER);
    return p && p->ops->capabilities & PROVIDER_ANY_ROOM;
}

/* Made when it is needed first. "!" is no password's hash. */
static bool owner(struct scope *s, struct user *out, struct err *e)
{
    enum db_found found = db_one(s->db, SQL_OWNER, user, out, s->arena, e, TEXT_(OUTSIDE_CALLS));
    return found == DB_NONE ? user_create_hashed(s, OUTSIDE_CALLS, "Calls from outside", "!", user_role_teacher, out, e) : found == DB_ROW;
}

static bool make(struct scope *s, const struct user *of, const char *matrix_room, const char *room, struct session *out, struct err *e)
{
    struct session_create plan = {0};
    struct participant seat;
    struct scope theirs = *s;
    theirs.actor = of;
    SET(&plan, session_create, title, arena_printf(s->arena, "Call in %.150s", matrix_room));
    SET(&plan, session_create, max_participants, SEATS);
    SET(&plan, session_create, duration_minutes, MINUTES);
    SET(&plan, session_create, enable_recording, false);
    SET(&plan, session_create, enable_chat, false);
    SET(&plan, session_create, enable_screenshare, true);
    SET(&plan, session_create, waiting_room, false);
    SET(&plan, session_create, allow_guests, false);
    *out = (struct session){0};
    COPY(session, out, session_create, &plan);
    return session_make(&theirs, out, room, &seat, e) && matrix_room_note(&theirs, out, matrix_room, e);
}

bool outside_call_take_in(struct scope *s, const char *matrix_room, const char *room, struct session *out, struct err *e)
{
    struct user of;
    if (!owner(s, &of, e)) return false;
    enum db_found found = session_by_room_name(s, room, out, e);
    if (found == DB_FAILED || (found == DB_NONE && !make(s, &of, matrix_room, room, out, e))) return false;
    if (out->teacher_id != of.id) return err_fail(e, error_no_call_in_room);
    return session_set_status(s, out, session_status_active, "recorded", e);
}

bool outside_call_end_due(struct scope *s, struct err *e)
{
    struct list rows;
    if (!outside_call_possible(s->core)) return true;
    if (!db_all(s->db, SQL_DONE, session, &rows, s->arena, e, TEXT_(OUTSIDE_CALLS))) return false;
    for (size_t i = 0; i < rows.count; i++)
        if (!session_set_status(s, (struct session *)(uintptr_t)rows.items + i, session_status_ended, "recorded", e)) return false;
    return true;
}

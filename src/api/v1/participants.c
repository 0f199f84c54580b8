/* participants.c - seats: join, leave, list, add, kick; who was there. */
#include "core/participant.h"
#include "api/api.h"
#include "api/audit.h"
#include "core/presence.h"
#include "core/recording.h"
#include "core/session.h"
#include "core/token.h"
#include "core/user.h"
#include <string.h>

/* ---- coming in */

static bool reply_join(struct request *r, const struct session *session, const struct participant *p, struct err *e)
{
    struct join_reply *out = arena_new(r->scope.arena, struct join_reply);
    const char *token;
    if (!session_seat_token(&r->scope, session, p, &token, e)) return false;
    SET(out, join_reply, token, token);
    SET(out, join_reply, join_url, session_room_url(&r->scope, session, out->token));
    SET(out, join_reply, room_name, session->room_name);
    return reply_with(r, out);
}

static bool reply_join_by_code(struct request *r, const struct session *session, const struct participant *p, struct err *e)
{
    struct join_by_code_reply *out = arena_new(r->scope.arena, struct join_by_code_reply);
    if (!reply_join(r, session, p, e)) return false;
    COPY(join_by_code_reply, out, join_reply, r->reply);
    SET(out, join_by_code_reply, session_id, session->id);
    request_subject(r, "session", session->id);
    request_seat(r, p->id);
    return reply_with(r, out);
}

static bool find(struct request *r, const char *name, struct session *session, struct err *e)
{
    struct scope anybody = r->scope;
    struct user superuser = {.is_superuser = true};
    anybody.actor = &superuser; /* joining needs no seat yet: only whether the session is there is asked */
    return session_access(&anybody, name, ACCESS_MEMBER, session, e);
}

bool v1_session_join(struct request *r, struct err *e)
{
    const struct session_path *path = r->path;
    struct session session;
    struct participant p;
    return find(r, path->session_id, &session, e) && participant_join(&r->scope, &session, &p, e) && reply_join(r, &session, &p, e);
}

bool v1_join_by_code(struct request *r, struct err *e)
{
    const struct join_by_code_request *in = r->body;
    struct session session;
    struct participant p;
    return session_by_code(&r->scope, in->room_code, &session, e) && participant_join(&r->scope, &session, &p, e) && reply_join_by_code(r, &session, &p, e);
}

bool v1_guest_join(struct request *r, struct err *e)
{
    const struct guest_join_request *in = r->body;
    struct session session;
    struct participant p;
    r->scope.actor = NULL;
    return session_by_code(&r->scope, in->room_code, &session, e) && participant_join_guest(&r->scope, &session, in->name, &p, e) && reply_join_by_code(r, &session, &p, e);
}

static bool lookup_token(struct request *r, const char *token, struct session *session, struct participant *p, struct err *e)
{
    struct join_pass pass;
    if (!join_token_check(&r->scope, token, session, p, &pass, e)) return false;
    join_pass_apply(&pass, session, p);
    return true;
}

static bool lookup(struct request *r, struct session *session, struct participant *p, struct err *e)
{
    const struct lookup_request *in = r->body;
    *p = (struct participant){0};
    if (HAS(in, lookup_request, token)) return lookup_token(r, in->token, session, p, e);
    if (HAS(in, lookup_request, room_code)) return session_by_code(&r->scope, in->room_code, session, e);
    return err_fail(e, error_session_not_found);
}

bool v1_lookup(struct request *r, struct err *e)
{
    struct session session;
    struct participant p;
    struct user teacher;
    bool runs;
    if (!lookup(r, &session, &p, e) || user_by_id(&r->scope, session.teacher_id, &teacher, e) != DB_ROW) return false;
    if (!recording_runs(&r->scope, session.id, &runs, e)) return false;
    struct lookup_reply *out = arena_new(r->scope.arena, struct lookup_reply);
    COPY(lookup_reply, out, participant, &p);
    COPY(lookup_reply, out, session, &session);
    SET(out, lookup_reply, session_id, session.id);
    SET(out, lookup_reply, teacher_name, user_name(&teacher));
    SET(out, lookup_reply, records, runs || session.enable_recording);
    SET(out, lookup_reply, consent_wording, core_config(r->api->core)->CONSENT_WORDING);
    return reply_with(r, out);
}

/* ---- seats */

static bool show(struct request *r, const struct participant *p, struct participant_reply *out, struct err *e)
{
    bool present;
    if (!participant_present(&r->scope, p->id, &present, e)) return false;
    COPY(participant_reply, out, participant, p);
    SET(out, participant_reply, present, present);
    return true;
}

static bool reply_seat(struct request *r, const struct participant *p, struct err *e)
{
    struct participant_reply *out = arena_new(r->scope.arena, struct participant_reply);
    return show(r, p, out, e) && reply_with(r, out);
}

bool v1_session_leave(struct request *r, struct err *e)
{
    const struct session_path *path = r->path;
    struct session session;
    struct participant p;
    return find(r, path->session_id, &session, e) && participant_leave(&r->scope, &session, &p, e) && reply_seat(r, &p, e);
}

bool v1_participant_list(struct request *r, struct err *e)
{
    const struct session_path *path = r->path;
    struct session session;
    struct list rows;
    if (!session_access(&r->scope, path->session_id, ACCESS_MEMBER, &session, e) || !participant_list(&r->scope, session.id, &rows, e)) return false;
    struct participant_reply *items = arena_array(r->scope.arena, struct participant_reply, rows.count + 1);
    for (size_t i = 0; i < rows.count; i++)
        if (!show(r, (const struct participant *)rows.items + i, &items[i], e)) return false;
    struct list *out = arena_new(r->scope.arena, struct list);
    *out = (struct list){items, rows.count};
    return reply_with(r, out);
}

bool v1_participant_add(struct request *r, struct err *e)
{
    const struct session_path *path = r->path;
    const struct participant_create *in = r->body;
    struct session session;
    struct user user;
    struct participant p;
    if (!session_access(&r->scope, path->session_id, ACCESS_TEACHER, &session, e)) return false;
    enum db_found found = user_by_id(&r->scope, in->user_id, &user, e);
    if (found != DB_ROW) return found == DB_NONE && err_fail(e, error_user_not_found);
    return participant_seat(&r->scope, &session, &user, (enum participant_role)in->role, &p, e) && reply_seat(r, &p, e);
}

bool v1_participant_kick(struct request *r, struct err *e)
{
    const struct seat_path *path = r->path;
    struct session session;
    struct participant p;
    return session_access(&r->scope, path->session_id, ACCESS_TEACHER, &session, e) && participant_in(&r->scope, session.id, path->participant_id, &p, e) &&
           participant_kick(&r->scope, &session, &p, e) && reply_seat(r, &p, e);
}

/* For somebody without an account here, who gets the link from the app that gave them the seat. */
bool v1_participant_link(struct request *r, struct err *e)
{
    const struct seat_path *path = r->path;
    struct session session;
    struct participant p;
    if (!session_access(&r->scope, path->session_id, ACCESS_TEACHER, &session, e) || !participant_in(&r->scope, session.id, path->participant_id, &p, e)) return false;
    if (session_is_over(&session)) return err_fail(e, error_session_not_active);
    if (p.connection_status == connection_status_kicked) return err_fail(e, error_participant_removed);
    return reply_join(r, &session, &p, e);
}

/* ---- attendance */

bool v1_attendance(struct request *r, struct err *e)
{
    const struct session_path *path = r->path;
    const struct attendance_query *q = r->query;
    struct session session;
    struct attendance_reply *out = arena_new(r->scope.arena, struct attendance_reply);
    struct list people;
    int64_t end;
    if (!session_access(&r->scope, path->session_id, ACCESS_TEACHER, &session, e) || !attendance(&r->scope, &session, &people, e)) return false;
    if (q->format == attendance_format_csv) {
        http_reply_header(r->http, "Content-Disposition", "attachment; filename=\"attendance.csv\"");
        return reply_text(r, "text/csv; charset=utf-8", attendance_csv(r->scope.arena, &people, (enum attendance_rows)q->rows));
    }
    SET(out, attendance_reply, session_id, session.id);
    if (HAS(&session, session, scheduled_start)) SET(out, attendance_reply, starts_at, session.scheduled_start);
    if (attendance_end(&session, &end)) SET(out, attendance_reply, ends_at, end);
    SET(out, attendance_reply, people, people);
    return reply_with(r, out);
}

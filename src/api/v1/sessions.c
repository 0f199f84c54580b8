/* sessions.c - schedule, read, change, delete, lock; what happened. */
#include "core/session.h"
#include "api/api.h"
#include "core/event.h"
#include "core/participant.h"
#include "core/token.h"

static struct session_reply *shown(struct request *r, const struct session *session, struct session_reply *out)
{
    COPY(session_reply, out, session, session);
    SET(out, session_reply, daily_room_url, session_room_url(&r->scope, session, NULL));
    return out;
}

static bool reply_session(struct request *r, const struct session *session)
{
    return reply_with(r, shown(r, session, arena_new(r->scope.arena, struct session_reply)));
}

static bool reply_detail(struct request *r, const struct session *session, const char *teacher_url, int64_t count)
{
    struct session_detail *out = arena_new(r->scope.arena, struct session_detail);
    COPY(session_detail, out, session, session);
    SET(out, session_detail, daily_room_url, session_room_url(&r->scope, session, NULL));
    SET(out, session_detail, teacher_join_url, teacher_url);
    SET(out, session_detail, participant_count, count);
    return reply_with(r, out);
}

static bool seat_url(struct request *r, const struct session *session, const struct participant *seat, const char **url, struct err *e)
{
    const char *token;
    if (!session_seat_token(&r->scope, session, seat, &token, e)) return false;
    *url = token ? session_room_url(&r->scope, session, token) : "";
    return true;
}

/* Its reply asks the database nothing: the writer makes it, and all who write wait for the writer. */
bool v1_session_create(struct request *r, struct err *e)
{
    struct session session;
    struct participant teacher;
    const char *url;
    return session_schedule(&r->scope, r->body, &session, &teacher, e) && seat_url(r, &session, &teacher, &url, e) && reply_detail(r, &session, url, 1);
}

bool v1_session_list(struct request *r, struct err *e)
{
    const struct session_query *q = r->query;
    struct list rows;
    int64_t total;
    const char *status = HAS(q, session_query, status) ? session_status_words.words[q->status] : NULL;
    if (!session_list(&r->scope, r->scope.actor->id, status, q->skip, q->limit, &rows, &total, e)) return false;
    struct session_reply *items = arena_array(r->scope.arena, struct session_reply, rows.count + 1);
    for (size_t i = 0; i < rows.count; i++) shown(r, (const struct session *)rows.items + i, &items[i]);
    struct session_list *out = arena_new(r->scope.arena, struct session_list);
    SET(out, session_list, sessions, ((struct list){items, rows.count}));
    SET(out, session_list, total, total);
    return reply_with(r, out);
}

/* The teacher gets a link that lets in as host; for everybody else it is empty. */
static bool reply_to_teacher(struct request *r, const struct session *session, struct err *e)
{
    struct participant seat;
    int64_t count;
    const char *url;
    return participant_of_many(&r->scope, session->id, session->teacher_id, &seat, &count, e) == DB_ROW && seat_url(r, session, &seat, &url, e) &&
           reply_detail(r, session, url, count);
}

static bool reply_to_other(struct request *r, const struct session *session, struct err *e)
{
    int64_t count;
    return participant_count(&r->scope, session->id, &count, e) && reply_detail(r, session, "", count);
}

bool v1_session_get(struct request *r, struct err *e)
{
    const struct session_path *path = r->path;
    struct session session;
    if (!session_access(&r->scope, path->session_id, ACCESS_MEMBER, &session, e)) return false;
    return r->scope.actor->id == session.teacher_id ? reply_to_teacher(r, &session, e) : reply_to_other(r, &session, e);
}

bool v1_session_update(struct request *r, struct err *e)
{
    const struct session_path *path = r->path;
    struct session session;
    return session_access(&r->scope, path->session_id, ACCESS_TEACHER, &session, e) && session_change(&r->scope, &session, r->body, e) && reply_session(r, &session);
}

bool v1_session_delete(struct request *r, struct err *e)
{
    const struct session_path *path = r->path;
    struct session session;
    return session_access(&r->scope, path->session_id, ACCESS_TEACHER, &session, e) && session_delete(&r->scope, &session, e);
}

bool v1_session_lock(struct request *r, struct err *e)
{
    const struct session_path *path = r->path;
    const struct lock_request *in = r->body;
    struct session session;
    return session_access(&r->scope, path->session_id, ACCESS_TEACHER, &session, e) && session_set_locked(&r->scope, &session, in->locked, e) && reply_session(r, &session);
}

bool v1_session_code(struct request *r, struct err *e)
{
    const struct session_path *path = r->path;
    struct session session;
    return session_access(&r->scope, path->session_id, ACCESS_TEACHER, &session, e) && session_renew_code(&r->scope, &session, e) && reply_session(r, &session);
}

bool v1_event_list(struct request *r, struct err *e)
{
    const struct session_path *path = r->path;
    const struct page_query *q = r->query;
    struct session session;
    struct list rows;
    int64_t total;
    if (!session_access(&r->scope, path->session_id, ACCESS_TEACHER, &session, e) || !event_list(&r->scope, session.id, q->skip, q->limit, &rows, &total, e)) return false;
    struct event_reply *items = arena_array(r->scope.arena, struct event_reply, rows.count + 1);
    for (size_t i = 0; i < rows.count; i++) COPY(event_reply, &items[i], event, (const struct event *)rows.items + i);
    struct event_list *out = arena_new(r->scope.arena, struct event_list);
    SET(out, event_list, events, ((struct list){items, rows.count}));
    SET(out, event_list, total, total);
    return reply_with(r, out);
}

/* sessions.c - create, list, read, change, delete live sessions. */
#include "api/live_sessions/show.h"
#include "base/log.h"
#include "core/course.h"
#include "core/session.h"
#include "core/user.h"

static bool reply_whole(struct request *r, const struct live_row *row, struct err *e)
{
    struct live_session *out = arena_new(r->scope.arena, struct live_session);
    return live_show(r, row, out, e) && reply_with(r, out);
}

/* The writer makes it, and all who write wait for the writer. */
static bool reply_new(struct request *r, const struct live_row *row)
{
    struct live_session *out = arena_new(r->scope.arena, struct live_session);
    live_show_new(r, row, out);
    return reply_with(r, out);
}

/* Who is named in the bearer is the instructor's name, where the bearer is the instructor. */
static bool learn_name(struct request *r, const char *instructor, struct err *e)
{
    const char *name = bearer_name(&r->scope, request_bearer(r));
    return !name || person_learn(&r->scope, instructor, name, e);
}

bool live_session_create_post(struct request *r, struct err *e)
{
    const struct live_session_create *in = r->body;
    struct session plan = {0};
    struct live_row row;
    bool named = HAS(in, live_session_create, instructorId);
    COPY(session, &plan, live_session_create, in);
    SET(&plan, session, scheduled_start, in->scheduledAt);
    SET(&plan, session, duration_minutes, in->duration);
    SET(&plan, session, max_participants, in->maxParticipants + 1); /* the instructor's seat */
    SET(&plan, session, enable_recording, false);
    SET(&plan, session, enable_chat, true);
    SET(&plan, session, enable_screenshare, true);
    SET(&plan, session, waiting_room, false);
    SET(&plan, session, allow_guests, true);
    return course_session_schedule(&r->scope, &plan, in->courseId, named ? in->instructorId : NULL, &row, e) &&
           (named || learn_name(r, row.instructor, e)) && reply_new(r, &row);
}

/* ---- lists */

static bool show_item(struct request *r, const struct live_row *row, struct live_session_item *out, struct err *e)
{
    struct live_session whole = {0};
    const struct live_course *course = live_show_course(r, row);
    if (!live_show(r, row, &whole, e)) return false;
    COPY(live_session_item, out, live_session, &whole);
    if (course) SET(out, live_session_item, course, course);
    SET(out, live_session_item, instructor, live_show_instructor(r, row));
    return true;
}

static void number_pages(struct live_session_page *out, const struct live_session_query *q, int64_t total)
{
    int64_t pages = (total + q->pageCount - 1) / q->pageCount;
    SET(out, live_session_page, page, q->page);
    SET(out, live_session_page, pageCount, q->pageCount);
    SET(out, live_session_page, totalItems, total);
    SET(out, live_session_page, totalPages, pages);
    SET(out, live_session_page, hasPrevPage, q->page > 1);
    SET(out, live_session_page, hasNextPage, q->page < pages);
    if (out->hasPrevPage) SET(out, live_session_page, prevPage, q->page - 1);
    if (out->hasNextPage) SET(out, live_session_page, nextPage, q->page + 1);
}

bool live_session_list_get(struct request *r, struct err *e)
{
    const struct live_session_query *q = r->query;
    struct list rows;
    int64_t total;
    const char *search = HAS(q, live_session_query, search) ? q->search : NULL;
    if (!course_session_page(&r->scope, search, q->pageCount, (q->page - 1) * q->pageCount, &rows, &total, e)) return false;
    struct live_session_item *items = arena_array(r->scope.arena, struct live_session_item, rows.count + 1);
    for (size_t i = 0; i < rows.count; i++)
        if (!show_item(r, (const struct live_row *)rows.items + i, &items[i], e)) return false;
    struct live_session_page *out = arena_new(r->scope.arena, struct live_session_page);
    SET(out, live_session_page, sessions, ((struct list){items, rows.count}));
    number_pages(out, q, total);
    return reply_with(r, out);
}

static bool reply_list(struct request *r, const void *items, size_t count)
{
    struct list *out = arena_new(r->scope.arena, struct list);
    *out = (struct list){items, count};
    return reply_with(r, out);
}

/* These two lists have words of their own for a database that does not answer. */
static bool query_failed(struct err *e)
{
    log_error("query.failed", LOG_STR("error", e->text));
    return err_fail(e, error_query_failed);
}

bool live_session_course_get(struct request *r, struct err *e)
{
    const struct live_course_path *path = r->path;
    struct list rows;
    if (!course_session_of_course(&r->scope, path->courseId, &rows, e)) return query_failed(e);
    struct live_session_of_course *items = arena_array(r->scope.arena, struct live_session_of_course, rows.count + 1);
    for (size_t i = 0; i < rows.count; i++) {
        const struct live_row *row = (const struct live_row *)rows.items + i;
        struct live_session whole = {0};
        if (!live_show(r, row, &whole, e)) return query_failed(e);
        COPY(live_session_of_course, &items[i], live_session, &whole);
        SET(&items[i], live_session_of_course, instructor, live_show_instructor(r, row));
    }
    return reply_list(r, items, rows.count);
}

static bool show_of_instructor(struct request *r, const struct live_row *row, struct live_session_of_instructor *out, struct err *e)
{
    struct live_session whole = {0};
    const struct live_course *course = live_show_course(r, row);
    const char *url;
    if (!live_show(r, row, &whole, e) || !course_session_recording_url(&r->scope, row, &url, e)) return false;
    COPY(live_session_of_instructor, out, live_session, &whole);
    if (course) SET(out, live_session_of_instructor, course, course);
    if (url) SET(out, live_session_of_instructor, recordingUrl, url);
    return true;
}

bool live_session_instructor_get(struct request *r, struct err *e)
{
    const struct live_instructor_path *path = r->path;
    struct list rows;
    if (!course_session_of_instructor(&r->scope, path->instructorId, &rows, e)) return query_failed(e);
    struct live_session_of_instructor *items = arena_array(r->scope.arena, struct live_session_of_instructor, rows.count + 1);
    for (size_t i = 0; i < rows.count; i++)
        if (!show_of_instructor(r, (const struct live_row *)rows.items + i, &items[i], e)) return query_failed(e);
    return reply_list(r, items, rows.count);
}

/* ---- one */

bool live_session_get(struct request *r, struct err *e)
{
    const struct live_session_path *path = r->path;
    struct live_session_detail *out = arena_new(r->scope.arena, struct live_session_detail);
    struct live_session whole = {0};
    struct live_row row;
    const char *url;
    if (!course_session_find(&r->scope, path->id, &row, e) || !live_show(r, &row, &whole, e) || !course_session_recording_url(&r->scope, &row, &url, e)) return false;
    const struct live_course *course = live_show_course(r, &row);
    COPY(live_session_detail, out, live_session, &whole);
    if (course) SET(out, live_session_detail, course, course);
    SET(out, live_session_detail, instructor, live_show_instructor(r, &row));
    if (url) SET(out, live_session_detail, recordingUrl, url);
    if (HAS(&row, live_row, recording_seconds)) SET(out, live_session_detail, recordingDuration, row.recording_seconds);
    return reply_with(r, out);
}

bool live_session_put(struct request *r, struct err *e)
{
    const struct live_session_path *path = r->path;
    const struct live_session_update *in = r->body;
    struct session_update change = {0};
    struct session session;
    struct live_row row;
    COPY(session_update, &change, live_session_update, in);
    if (HAS(in, live_session_update, scheduledAt)) SET(&change, session_update, scheduled_start, in->scheduledAt);
    if (HAS(in, live_session_update, duration)) SET(&change, session_update, duration_minutes, in->duration);
    if (HAS(in, live_session_update, maxParticipants)) SET(&change, session_update, max_participants, in->maxParticipants + 1);
    return live_to_change(r, path->id, &session, e) && session_change(&r->scope, &session, &change, e) && course_session_find(&r->scope, path->id, &row, e) && reply_whole(r, &row, e);
}

bool live_session_delete(struct request *r, struct err *e)
{
    const struct live_session_path *path = r->path;
    struct live_session_deleted *out = arena_new(r->scope.arena, struct live_session_deleted);
    struct live_session_removed *gone = arena_new(r->scope.arena, struct live_session_removed);
    struct live_session whole = {0};
    struct session session;
    struct live_row row;
    if (!live_to_change(r, path->id, &session, e) || !course_session_find(&r->scope, path->id, &row, e) || !live_show(r, &row, &whole, e)) return false;
    if (!session_set_status(&r->scope, &session, session_status_cancelled, "deleted", e) || !session_delete(&r->scope, &session, e)) return false;
    COPY(live_session_removed, gone, live_session, &whole);
    SET(gone, live_session_removed, status, live_status_cancelled);
    SET(gone, live_session_removed, deletedAt, session.deleted_at);
    SET(out, live_session_deleted, message, "Live session deleted successfully");
    SET(out, live_session_deleted, session, gone);
    return reply_with(r, out);
}

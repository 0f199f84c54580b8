/* services.c - what can be booked, and its sessions for groups. */
#include "core/service.h"
#include "core/linked_room.h"
#include "api/v1/page.h"

/* ---- services */

static void show(const struct service *v, struct service_reply *out)
{
    COPY(service_reply, out, service, v);
    SET(out, service_reply, owner, v->owner_id);
}

static bool reply_service(struct request *r, const struct service *v)
{
    struct service_reply *out = arena_new(r->scope.arena, struct service_reply);
    show(v, out);
    return reply_with(r, out);
}

static bool own(struct request *r, struct service *out, struct err *e)
{
    const struct service_path *path = r->path;
    return service_own(&r->scope, path->service_id, out, e);
}

bool rooms_service_create(struct request *r, struct err *e)
{
    struct service v;
    return service_make(&r->scope, r->body, &v, e) && reply_service(r, &v);
}

bool rooms_service_list(struct request *r, struct err *e)
{
    const struct service_query *q = r->query;
    struct list rows;
    int64_t total;
    if (!service_list(&r->scope, q, &rows, &total, e)) return false;
    struct service_reply *items = arena_array(r->scope.arena, struct service_reply, rows.count + 1);
    for (size_t i = 0; i < rows.count; i++) show((const struct service *)rows.items + i, &items[i]);
    return page_fill(r, &service_list_model, q->limit, q->offset, total, (struct list){items, rows.count});
}

bool rooms_service_get(struct request *r, struct err *e)
{
    const struct service_path *path = r->path;
    struct service v;
    return service_find(&r->scope, path->service_id, &v, e) && reply_service(r, &v);
}

bool rooms_service_update(struct request *r, struct err *e)
{
    struct service v;
    return own(r, &v, e) && service_change(&r->scope, &v, r->body, e) && reply_service(r, &v);
}

bool rooms_service_delete(struct request *r, struct err *e)
{
    struct service v;
    return own(r, &v, e) && service_delete(&r->scope, &v, e);
}

/* ---- their sessions */

static bool show_session(struct request *r, const struct service_session *v, struct service_session_reply *out, struct err *e)
{
    struct session room;
    enum db_found found = linked_room_find(&r->scope, LINK_SERVICE_SESSION, v->id, &room, e);
    if (found == DB_FAILED) return false;
    COPY(service_session_reply, out, service_session, v);
    SET(out, service_session_reply, service, v->service_id);
    if (found == DB_NONE) return true;
    SET(out, service_session_reply, room, room.id);
    SET(out, service_session_reply, room_url, session_room_url(&r->scope, &room, NULL));
    return true;
}

static bool reply_session(struct request *r, const struct service_session *v, struct err *e)
{
    struct service_session_reply *out = arena_new(r->scope.arena, struct service_session_reply);
    return show_session(r, v, out, e) && reply_with(r, out);
}

static bool own_session(struct request *r, struct service_session *out, struct err *e)
{
    const struct service_session_path *path = r->path;
    return service_session_own(&r->scope, path->service_session_id, out, e);
}

bool rooms_service_session_create(struct request *r, struct err *e)
{
    struct service_session v;
    return service_session_make(&r->scope, r->body, &v, e) && reply_session(r, &v, e);
}

bool rooms_service_session_list(struct request *r, struct err *e)
{
    const struct service_session_query *q = r->query;
    struct list rows;
    int64_t total;
    if (!service_session_list(&r->scope, q, &rows, &total, e)) return false;
    struct service_session_reply *items = arena_array(r->scope.arena, struct service_session_reply, rows.count + 1);
    for (size_t i = 0; i < rows.count; i++)
        if (!show_session(r, (const struct service_session *)rows.items + i, &items[i], e)) return false;
    return page_fill(r, &service_session_list_model, q->limit, q->offset, total, (struct list){items, rows.count});
}

bool rooms_service_session_get(struct request *r, struct err *e)
{
    const struct service_session_path *path = r->path;
    struct service_session v;
    return service_session_find(&r->scope, path->service_session_id, &v, e) && reply_session(r, &v, e);
}

bool rooms_service_session_update(struct request *r, struct err *e)
{
    struct service_session v;
    return own_session(r, &v, e) && service_session_change(&r->scope, &v, r->body, e) && reply_session(r, &v, e);
}

bool rooms_service_session_delete(struct request *r, struct err *e)
{
    struct service_session v;
    return own_session(r, &v, e) && service_session_delete(&r->scope, &v, e);
}

#include "core/service.h"
#include "core/event.h"
#include "core/linked_room.h"
#include "core/user.h"

static const char SQL_SERVICE[] = "SELECT {} FROM services WHERE id = $1";
static const char SQL_SERVICES[] = "SELECT {} FROM services WHERE deleted_at IS NULL AND ($1 = 0 OR owner_id = $1) ORDER BY id LIMIT $2 OFFSET $3";
static const char SQL_SERVICE_COUNT[] = "SELECT count(*) FROM services WHERE deleted_at IS NULL AND ($1 = 0 OR owner_id = $1)";
static const char SQL_SESSION[] = "SELECT {} FROM service_sessions WHERE id = $1 AND deleted_at IS NULL";
#define FITTING "FROM service_sessions WHERE deleted_at IS NULL AND ($1 = 0 OR service_id = $1) AND ($2 = '' OR status = $2) "
static const char SQL_SESSIONS[] = "SELECT {} " FITTING "ORDER BY id LIMIT $3 OFFSET $4";
static const char SQL_SESSION_COUNT[] = "SELECT count(*) " FITTING;

/* ---- services */

bool service_make(struct scope *s, const struct service_create *in, struct service *out, struct err *e)
{
    *out = (struct service){0};
    COPY(service, out, service_create, in);
    if (!HAS(in, service_create, requires_video)) SET(out, service, requires_video, in->delivery_mode != delivery_mode_in_person);
    SET(out, service, owner_id, s->actor->id);
    SET(out, service, created_at, s->now);
    SET(out, service, updated_at, s->now);
    return db_insert(s->db, "services", service, out, e);
}

bool service_change(struct scope *s, struct service *v, const struct service_update *change, struct err *e)
{
    COPY(service, v, service_update, change);
    SET(v, service, updated_at, s->now);
    return db_update(s->db, "services", service, v, e);
}

bool service_delete(struct scope *s, struct service *v, struct err *e)
{
    SET(v, service, deleted_at, s->now);
    return db_update(s->db, "services", service, v, e);
}

bool service_of(struct scope *s, int64_t id, struct service *out, struct err *e)
{
    enum db_found found = db_one(s->db, SQL_SERVICE, service, out, s->arena, e, INT_(id));
    return found == DB_NONE ? err_fail(e, error_service_not_found) : found == DB_ROW;
}

bool service_find(struct scope *s, int64_t id, struct service *out, struct err *e)
{
    return service_of(s, id, out, e) && (!HAS(out, service, deleted_at) || err_fail(e, error_service_not_found));
}

bool service_is_owner(const struct scope *s, const struct service *v)
{
    return s->actor && (s->actor->id == v->owner_id || s->actor->is_superuser);
}

bool service_own(struct scope *s, int64_t id, struct service *out, struct err *e)
{
    return service_find(s, id, out, e) && (service_is_owner(s, out) || err_fail(e, error_forbidden));
}

bool service_list(struct scope *s, const struct service_query *q, struct list *out, int64_t *total, struct err *e)
{
    int64_t owner = HAS(q, service_query, owner) ? q->owner : 0;
    return db_all(s->db, SQL_SERVICES, service, out, s->arena, e, INT_(owner), INT_(q->limit), INT_(q->offset)) &&
           db_number(s->db, SQL_SERVICE_COUNT, total, e, INT_(owner)) == DB_ROW;
}

/* ---- sessions of a service */

static bool has_room(const struct service_session *v)
{
    return v->status == service_session_status_scheduled && v->delivery_mode != delivery_mode_in_person;
}

/* The room is there exactly as long as the session is to take place over video. */
static bool settle_room(struct scope *s, const struct service_session *v, struct err *e)
{
    enum session_status end = v->status == service_session_status_completed ? session_status_ended : session_status_cancelled;
    if (!has_room(v)) return linked_room_close(s, LINK_SERVICE_SESSION, v->id, end, e);
    return linked_room_open(s, LINK_SERVICE_SESSION, v->id, e) &&
           linked_room_move(s, LINK_SERVICE_SESSION, v->id, HAS(v, service_session, scheduled_start), v->scheduled_start, v->duration_minutes, e);
}

static bool tell(struct scope *s, const struct service_session *v, enum event_type type, struct err *e)
{
    struct session room;
    enum db_found found = linked_room_find(s, LINK_SERVICE_SESSION, v->id, &room, e);
    return found != DB_FAILED && event_emit(s, type, found == DB_ROW ? room.id : 0, &(struct event_details){.service_session_id = v->id}, e);
}

bool service_session_make(struct scope *s, const struct service_session_create *in, struct service_session *out, struct err *e)
{
    struct service service;
    if (!service_own(s, in->service, &service, e)) return false;
    *out = (struct service_session){0};
    COPY(service_session, out, service, &service);
    CLEAR(out, service_session, id);
    SET(out, service_session, service_id, service.id);
    SET(out, service_session, title, service.name);
    SET(out, service_session, status, service_session_status_scheduled);
    COPY(service_session, out, service_session_create, in);
    SET(out, service_session, created_at, s->now);
    SET(out, service_session, updated_at, s->now);
    return db_insert(s->db, "service_sessions", service_session, out, e) && settle_room(s, out, e) && tell(s, out, event_service_session_created, e);
}

bool service_session_change(struct scope *s, struct service_session *v, const struct service_session_update *change, struct err *e)
{
    int before = v->status;
    COPY(service_session, v, service_session_update, change);
    SET(v, service_session, updated_at, s->now);
    bool cancelled = before != v->status && v->status == service_session_status_cancelled;
    return db_update(s->db, "service_sessions", service_session, v, e) && settle_room(s, v, e) && (!cancelled || tell(s, v, event_service_session_cancelled, e));
}

bool service_session_delete(struct scope *s, struct service_session *v, struct err *e)
{
    struct service_session_update change = {0};
    if (v->status == service_session_status_scheduled) SET(&change, service_session_update, status, service_session_status_cancelled);
    if (!service_session_change(s, v, &change, e)) return false;
    SET(v, service_session, deleted_at, s->now);
    return db_update(s->db, "service_sessions", service_session, v, e);
}

bool service_session_find(struct scope *s, int64_t id, struct service_session *out, struct err *e)
{
    enum db_found found = db_one(s->db, SQL_SESSION, service_session, out, s->arena, e, INT_(id));
    return found == DB_NONE ? err_fail(e, error_service_session_not_found) : found == DB_ROW;
}

bool service_session_own(struct scope *s, int64_t id, struct service_session *out, struct err *e)
{
    struct service service;
    return service_session_find(s, id, out, e) && service_of(s, out->service_id, &service, e) && (service_is_owner(s, &service) || err_fail(e, error_forbidden));
}

bool service_session_list(struct scope *s, const struct service_session_query *q, struct list *out, int64_t *total, struct err *e)
{
    int64_t service = HAS(q, service_session_query, service) ? q->service : 0;
    const char *status = HAS(q, service_session_query, status) ? service_session_status_words.words[q->status] : "";
    return db_all(s->db, SQL_SESSIONS, service_session, out, s->arena, e, INT_(service), TEXT_(status), INT_(q->limit), INT_(q->offset)) &&
           db_number(s->db, SQL_SESSION_COUNT, total, e, INT_(service), TEXT_(status)) == DB_ROW;
}

bool service_session_plan_room(struct scope *s, struct room_create *plan, struct user *host, struct err *e)
{
    struct service_session v;
    struct service service;
    if (!service_session_own(s, plan->service_session, &v, e) || !service_of(s, v.service_id, &service, e)) return false;
    if (!HAS(plan, room_create, room_type) && !HAS(plan, room_create, template)) SET(plan, room_create, room_type, room_type_group);
    if (!HAS(plan, room_create, name)) SET(plan, room_create, name, v.title);
    if (!HAS(plan, room_create, max_participants)) SET(plan, room_create, max_participants, v.max_participants);
    if (!HAS(plan, room_create, duration_minutes)) SET(plan, room_create, duration_minutes, v.duration_minutes);
    if (!HAS(plan, room_create, scheduled_start) && HAS(&v, service_session, scheduled_start)) SET(plan, room_create, scheduled_start, v.scheduled_start);
    return linked_room_none(s, LINK_SERVICE_SESSION, v.id, e) && user_by_id(s, service.owner_id, host, e) == DB_ROW;
}

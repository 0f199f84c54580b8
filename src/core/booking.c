#include "core/booking.h"
#include "core/event.h"
#include "core/linked_room.h"
#include "core/service.h"
#include "core/user.h"

static const char SQL_BY_ID[] = "SELECT {} FROM bookings WHERE id = $1 AND deleted_at IS NULL";
#define FITTING \
    "FROM bookings b JOIN services v ON v.id = b.service_id WHERE b.deleted_at IS NULL AND ($1 = 0 OR b.customer_id = $1 OR v.owner_id = $1) " \
    "AND ($2 = 0 OR b.service_id = $2) AND ($3 = '' OR b.status = $3) "
static const char SQL_LIST[] = "SELECT {b} " FITTING "ORDER BY b.id LIMIT $4 OFFSET $5";
static const char SQL_COUNT[] = "SELECT count(*) " FITTING;

static bool settle_room(struct scope *s, const struct booking *b, const struct service *service, struct err *e)
{
    enum session_status end = b->status == booking_status_completed ? session_status_ended : session_status_cancelled;
    if (b->status != booking_status_confirmed) return linked_room_close(s, LINK_BOOKING, b->id, end, e);
    return !service->requires_video ||
           (linked_room_open(s, LINK_BOOKING, b->id, e) && linked_room_move(s, LINK_BOOKING, b->id, HAS(b, booking, scheduled_start), b->scheduled_start, b->duration_minutes, e));
}

/* Settled in the transaction of the change, so that confirming twice makes one room. */
static bool settle(struct scope *s, const struct booking *b, const struct service *service, int before, struct err *e)
{
    struct session room;
    if (!settle_room(s, b, service, e)) return false;
    if (before == b->status || (b->status != booking_status_confirmed && b->status != booking_status_cancelled)) return true;
    enum db_found found = linked_room_find(s, LINK_BOOKING, b->id, &room, e);
    enum event_type type = b->status == booking_status_confirmed ? event_booking_confirmed : event_booking_cancelled;
    return found != DB_FAILED && event_emit(s, type, found == DB_ROW ? room.id : 0, &(struct event_details){.booking_id = b->id}, e);
}

static bool customer_of(struct scope *s, const struct booking_create *in, const struct service *service, int64_t *id, struct err *e)
{
    struct user user;
    *id = HAS(in, booking_create, customer) ? in->customer : s->actor->id;
    bool confirms = HAS(in, booking_create, status) && in->status != booking_status_pending;
    if ((*id != s->actor->id || confirms) && !service_is_owner(s, service)) return err_fail(e, error_forbidden);
    enum db_found found = user_by_id(s, *id, &user, e);
    return found == DB_NONE ? err_fail(e, error_user_not_found) : found == DB_ROW;
}

bool booking_make(struct scope *s, const struct booking_create *in, struct booking *out, struct err *e)
{
    struct service service;
    int64_t customer;
    if (!service_find(s, in->service, &service, e)) return false;
    if (!service.is_active) return err_fail(e, error_service_inactive);
    if (!customer_of(s, in, &service, &customer, e)) return false;
    *out = (struct booking){0};
    SET(out, booking, service_id, service.id);
    SET(out, booking, customer_id, customer);
    SET(out, booking, status, booking_status_pending);
    SET(out, booking, duration_minutes, service.duration_minutes);
    COPY(booking, out, booking_create, in);
    SET(out, booking, created_at, s->now);
    SET(out, booking, updated_at, s->now);
    return db_insert(s->db, "bookings", booking, out, e) && settle(s, out, &service, booking_status_pending, e);
}

static bool may_change(struct scope *s, const struct service *service, const struct booking_update *change, struct err *e)
{
    bool more = HAS(change, booking_update, scheduled_start) || IS_NULL(change, booking_update, scheduled_start) || HAS(change, booking_update, duration_minutes) ||
                (HAS(change, booking_update, status) && change->status != booking_status_cancelled);
    return !more || service_is_owner(s, service) || err_fail(e, error_forbidden);
}

bool booking_change(struct scope *s, struct booking *b, const struct booking_update *change, struct err *e)
{
    struct service service;
    int before = b->status;
    if (!service_of(s, b->service_id, &service, e) || !may_change(s, &service, change, e)) return false;
    COPY(booking, b, booking_update, change);
    SET(b, booking, updated_at, s->now);
    return db_update(s->db, "bookings", booking, b, e) && settle(s, b, &service, before, e);
}

bool booking_delete(struct scope *s, struct booking *b, struct err *e)
{
    struct booking_update change = {0};
    if (b->status != booking_status_completed) SET(&change, booking_update, status, booking_status_cancelled);
    if (!booking_change(s, b, &change, e)) return false;
    SET(b, booking, deleted_at, s->now);
    return db_update(s->db, "bookings", booking, b, e);
}

bool booking_find(struct scope *s, int64_t id, struct booking *out, struct service *service, struct err *e)
{
    enum db_found found = db_one(s->db, SQL_BY_ID, booking, out, s->arena, e, INT_(id));
    if (found == DB_NONE) return err_fail(e, error_booking_not_found);
    if (found == DB_FAILED || !service_of(s, out->service_id, service, e)) return false;
    return out->customer_id == s->actor->id || service_is_owner(s, service) || err_fail(e, error_forbidden);
}

bool booking_list(struct scope *s, const struct booking_query *q, struct list *out, int64_t *total, struct err *e)
{
    int64_t mine = s->actor->is_superuser ? 0 : s->actor->id, service = HAS(q, booking_query, service) ? q->service : 0;
    const char *status = HAS(q, booking_query, status) ? booking_status_words.words[q->status] : "";
    return db_all(s->db, SQL_LIST, booking, out, s->arena, e, INT_(mine), INT_(service), TEXT_(status), INT_(q->limit), INT_(q->offset)) &&
           db_number(s->db, SQL_COUNT, total, e, INT_(mine), INT_(service), TEXT_(status)) == DB_ROW;
}

bool booking_plan_room(struct scope *s, struct room_create *plan, struct user *host, struct user *customer, struct err *e)
{
    struct booking b;
    struct service service;
    if (!booking_find(s, plan->booking, &b, &service, e)) return false;
    if (!service_is_owner(s, &service)) return err_fail(e, error_forbidden);
    if (!HAS(plan, room_create, room_type) && !HAS(plan, room_create, template)) SET(plan, room_create, room_type, room_type_individual);
    if (!HAS(plan, room_create, name)) SET(plan, room_create, name, service.name);
    if (!HAS(plan, room_create, duration_minutes)) SET(plan, room_create, duration_minutes, b.duration_minutes);
    if (!HAS(plan, room_create, scheduled_start) && HAS(&b, booking, scheduled_start)) SET(plan, room_create, scheduled_start, b.scheduled_start);
    return linked_room_none(s, LINK_BOOKING, b.id, e) && user_by_id(s, service.owner_id, host, e) == DB_ROW && user_by_id(s, b.customer_id, customer, e) == DB_ROW;
}

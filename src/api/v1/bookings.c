/* bookings.c - bookings, and the rooms that follow them. */
#include "core/booking.h"
#include "core/linked_room.h"
#include "api/v1/page.h"

static bool show(struct request *r, const struct booking *b, struct booking_reply *out, struct err *e)
{
    struct session room;
    enum db_found found = linked_room_find(&r->scope, LINK_BOOKING, b->id, &room, e);
    if (found == DB_FAILED) return false;
    COPY(booking_reply, out, booking, b);
    SET(out, booking_reply, service, b->service_id);
    SET(out, booking_reply, customer, b->customer_id);
    if (found == DB_NONE) return true;
    SET(out, booking_reply, room, room.id);
    SET(out, booking_reply, room_url, session_room_url(&r->scope, &room, NULL));
    return true;
}

static bool reply_booking(struct request *r, const struct booking *b, struct err *e)
{
    struct booking_reply *out = arena_new(r->scope.arena, struct booking_reply);
    return show(r, b, out, e) && reply_with(r, out);
}

static bool find(struct request *r, struct booking *out, struct err *e)
{
    const struct booking_path *path = r->path;
    struct service service;
    return booking_find(&r->scope, path->booking_id, out, &service, e);
}

bool rooms_booking_create(struct request *r, struct err *e)
{
    struct booking b;
    return booking_make(&r->scope, r->body, &b, e) && reply_booking(r, &b, e);
}

bool rooms_booking_list(struct request *r, struct err *e)
{
    const struct booking_query *q = r->query;
    struct list rows;
    int64_t total;
    if (!booking_list(&r->scope, q, &rows, &total, e)) return false;
    struct booking_reply *items = arena_array(r->scope.arena, struct booking_reply, rows.count + 1);
    for (size_t i = 0; i < rows.count; i++)
        if (!show(r, (const struct booking *)rows.items + i, &items[i], e)) return false;
    return page_fill(r, &booking_list_model, q->limit, q->offset, total, (struct list){items, rows.count});
}

bool rooms_booking_get(struct request *r, struct err *e)
{
    struct booking b;
    return find(r, &b, e) && reply_booking(r, &b, e);
}

bool rooms_booking_update(struct request *r, struct err *e)
{
    struct booking b;
    return find(r, &b, e) && booking_change(&r->scope, &b, r->body, e) && reply_booking(r, &b, e);
}

bool rooms_booking_delete(struct request *r, struct err *e)
{
    struct booking b;
    return find(r, &b, e) && booking_delete(&r->scope, &b, e);
}

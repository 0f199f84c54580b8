/* booking.h - somebody books a service for themselves alone. A confirmed booking of a service that needs video has a room. */
#pragma once
#include "core/core.h"

bool booking_make(struct scope *s, const struct booking_create *in, struct booking *out, struct err *e);
/* The customer may cancel and write notes; everything else is the owner's of the service, or a superuser's. */
bool booking_change(struct scope *s, struct booking *b, const struct booking_update *change, struct err *e);
bool booking_delete(struct scope *s, struct booking *b, struct err *e);
bool booking_find(struct scope *s, int64_t id, struct booking *out, struct service *service, struct err *e); /* booking_not_found, forbidden */
bool booking_list(struct scope *s, const struct booking_query *q, struct list *out, int64_t *total, struct err *e);
bool booking_plan_room(struct scope *s, struct room_create *plan, struct user *host, struct user *customer, struct err *e); /* for room_schedule */

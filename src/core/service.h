/* service.h - what can be booked, and its sessions for groups. A session of an online or hybrid service has a room. */
#pragma once
#include "core/core.h"

bool service_make(struct scope *s, const struct service_create *in, struct service *out, struct err *e);       /* the actor becomes the owner */
bool service_change(struct scope *s, struct service *v, const struct service_update *change, struct err *e);
bool service_delete(struct scope *s, struct service *v, struct err *e);                                         /* what was booked of it stays */
bool service_find(struct scope *s, int64_t id, struct service *out, struct err *e);                             /* service_not_found */
bool service_own(struct scope *s, int64_t id, struct service *out, struct err *e);                              /* the same for its owner or a superuser: forbidden */
bool service_of(struct scope *s, int64_t id, struct service *out, struct err *e);                               /* also a deleted one: of what was booked */
bool service_is_owner(const struct scope *s, const struct service *v);
bool service_list(struct scope *s, const struct service_query *q, struct list *out, int64_t *total, struct err *e);

bool service_session_make(struct scope *s, const struct service_session_create *in, struct service_session *out, struct err *e);
bool service_session_change(struct scope *s, struct service_session *v, const struct service_session_update *change, struct err *e);
bool service_session_delete(struct scope *s, struct service_session *v, struct err *e);
bool service_session_find(struct scope *s, int64_t id, struct service_session *out, struct err *e);             /* service_session_not_found */
bool service_session_own(struct scope *s, int64_t id, struct service_session *out, struct err *e);
bool service_session_list(struct scope *s, const struct service_session_query *q, struct list *out, int64_t *total, struct err *e);
bool service_session_plan_room(struct scope *s, struct room_create *plan, struct user *host, struct err *e);    /* for room_schedule: what the room of one is like */

/* daily.h - what the files of /v1 share. The dialect is Daily's; what is behind it is roomd's sessions, stays and recordings (core/terms.h, core/meeting.h). */
#pragma once
#include "api/api.h"
#include "core/meeting.h"
#include "core/session.h"
#include "core/terms.h"

#define DAILY_INSTANCE "c3df927c-f738-4471-a2b7-066fa7e95a6b" /* of a recording that was asked for without a name for it */

/* What the error is about, in the dialect's sentence. All false. */
bool daily_fail(struct err *e, enum error id, const char *about);
bool daily_about(struct err *e, enum error id, const char *about);          /* if it is that one */

/* A room that is not over and whose time is not: room_not_found, forbidden. `terms` may be NULL; without any its id is 0. */
bool daily_room_open(struct request *r, const char *name, enum access need, struct session *out, struct session_terms *terms, struct err *e);
bool daily_room_is_name(const char *name);                                   /* that a room here may have */
bool daily_room_expired(const struct request *r, const struct session_terms *terms);
bool daily_sees_all(const struct request *r);
char *daily_room_url(struct scope *s, const char *room_name);

/* A room's properties as they hold (rooms_plan.c). */
struct daily_plan { struct session_update session; struct session_terms terms; };
bool daily_plan_of(struct request *r, const struct dailyco_room_properties *p, bool is_public, struct daily_plan *out, struct err *e); /* time_past */
const char *daily_config(struct request *r, const struct session *session, const struct session_terms *terms);  /* JSON text: what was set, and what was changed by another API */
bool daily_config_merge(struct request *r, const char *config, const struct dailyco_room_properties *change, struct dailyco_room_properties *out, struct err *e);

/* Of a query with DAILY_PAGE's fields. `number` finds the object's number by its id, or 0; bad_cursor. */
bool daily_window(struct request *r, int64_t limit, const char *after, const char *before, int64_t (*number)(struct request *r, const char *id), struct id_window *out, struct err *e);

char *daily_recording_key(struct scope *s, const struct recording *rec, const char *room); /* host/room/ms: the name of its film */
/* ISO 8601 with milliseconds, as the dialect has times. */
char *daily_stamp(struct arena *a, int64_t ms);

/* Meeting tokens (tokens.c): from its claims. bad_meeting_token. `owner_id`: the account that it is good for. */
struct daily_claims { struct dailyco_token_claims claims; int64_t account; };
bool daily_token_read(struct scope *s, const char *token, bool ignore_nbf, struct daily_claims *out, struct err *e);

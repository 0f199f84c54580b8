/* session.h - planned meetings: who may see and change them, and what their status means. */
#pragma once
#include "core/core.h"

/* A page of a list in the order of ids, the newest first: those below and above the given ids (0: no such bound); of them the newest few, or the oldest. */
struct id_window { int64_t below, above, limit; bool oldest; };
enum { WINDOW_MOST = 100 };

enum access { ACCESS_MEMBER, ACCESS_TEACHER };           /* has a seat, or is superuser · is the teacher, or superuser */

/* By number or UUID. session_not_found, forbidden. */
bool session_access(struct scope *s, const char *id_or_uuid, enum access need, struct session *out, struct err *e);
bool session_access_id(struct scope *s, int64_t id, enum access need, struct session *out, struct err *e);
bool session_allows(struct scope *s, enum access need, const struct session *session, struct err *e); /* forbidden */
/* What a session is called in a path: its UUID (in lower case), or its number; 0, which none has, for what is neither. */
struct session_key { const char *uuid; int64_t id; };
void session_key(struct arena *a, const char *name, struct session_key *out);
bool session_named(struct scope *s, const char *id_or_uuid, struct session *out, struct err *e);    /* whoever asks. session_not_found */
enum db_found session_by_id(struct scope *s, int64_t id, struct session *out, struct err *e);
enum db_found session_even_deleted(struct scope *s, int64_t id, struct session *out, struct err *e);
enum db_found session_by_room_name(struct scope *s, const char *room_name, struct session *out, struct err *e);
bool session_release_name(struct scope *s, const char *room_name, struct err *e); /* a session that is over or deleted lets go of it: NAME becomes NAME~id */
char *session_plain_name(struct arena *a, const char *room_name);                /* without what was put to it then */
bool session_by_code(struct scope *s, const char *code, struct session *out, struct err *e); /* blanks around and case do not matter */
bool session_list(struct scope *s, int64_t user_id, const char *status, int64_t skip, int64_t limit, struct list *out, int64_t *total, struct err *e);

/* Of struct room_line: sessions that are not over and whose terms have not run out, those that the actor has a seat in, or `everybody`'s. `total`: in all. */
bool session_window(struct scope *s, bool everybody, const struct id_window *w, struct list *out, int64_t *total, struct err *e);
int64_t session_number(struct scope *s, const char *uuid);                               /* also of one that is over or deleted; 0: none */
bool session_count_seat(struct scope *s, const struct session *session, int64_t user_id, struct err *e); /* a person has got a seat: its list is longer */
bool session_schedule(struct scope *s, const struct session_create *in, struct session *out, struct participant *teacher, struct err *e); /* the actor becomes the teacher, with the first seat */
bool session_change(struct scope *s, struct session *session, const struct session_update *change, struct err *e);
/* The same for a plan of any API: title, times, seats and switches are in `out`, the rest is made here. */
bool session_make(struct scope *s, struct session *out, const char *room_name, struct participant *teacher, struct err *e);
/* Every move is allowed. active: opens; ended, cancelled: stops the recording, closes the call; back: reopened. `why` may be NULL. */
bool session_set_status(struct scope *s, struct session *session, enum session_status status, const char *why, struct err *e);
bool session_renew_code(struct scope *s, struct session *session, struct err *e);          /* the old one lets nobody in any more */
bool session_set_locked(struct scope *s, struct session *session, bool locked, struct err *e);
bool session_delete(struct scope *s, struct session *session, struct err *e);
/* Ends what is past its time or was left by everybody; a few at a time. */
bool session_end_due(struct scope *s, struct err *e);

bool session_is_host(const struct scope *s, const struct session *session);
/* What lets the seat's person in: roomd's own token, or the remote provider's. NULL where nobody is let in any more. */
bool session_seat_token(struct scope *s, const struct session *session, const struct participant *seat, const char **token, struct err *e);
char *session_room_url(struct scope *s, const struct session *session, const char *token); /* token may be NULL */
bool session_any_open(struct scope *s, const char *provider, bool *any, struct err *e); /* of that provider, and not over */
bool session_is_over(const struct session *session);

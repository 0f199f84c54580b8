/* meeting.h - who is and was in calls, over all sessions: meetings, which are made of stays that overlap, and the stays of one.
 * A meeting begins when somebody comes into an empty call and ends when the last has left; its name is the stay that it began with. */
#pragma once
#include "core/session.h"

/* `everybody`: also of others' sessions; else of those that the actor is host of. room NULL: of all. from, to: of its start, UTC ms, `to` itself is not in; 0: no bound.
 * ongoing: 1 only those with people in, 0 only the others, -1 all. */
struct meeting_query { bool everybody; const char *room; int64_t from, to; int ongoing; struct id_window window; };
bool meeting_list(struct scope *s, const struct meeting_query *q, struct list *out, int64_t *total, struct err *e); /* of struct meeting */
enum db_found meeting_find(struct scope *s, int64_t first, struct meeting *out, struct err *e);
enum db_found meeting_of(struct scope *s, int64_t session_id, int64_t stay, struct meeting *out, struct err *e);    /* that the stay belongs to */
/* After somebody came or left: told as call.started or call.ended, if a meeting began or ended by it. */
bool meeting_note_arrival(struct scope *s, const struct span *span, struct err *e);
bool meeting_note_departure(struct scope *s, const struct span *span, struct err *e);
bool meeting_stays(struct scope *s, const struct meeting *m, struct list *out, struct err *e);                     /* of struct call_stay, in the order of coming */
int64_t meeting_end(const struct list *stays);                                                                      /* 0: somebody is in */

/* All stays of a session by their times alone (of struct stay_times, in the order of coming), for whoever asks more than one thing of them. */
bool meeting_times(struct scope *s, int64_t session_id, struct list *out, struct err *e);
int64_t meeting_first_of(const struct list *times, int64_t stay);   /* the first stay of the meeting that this one belongs to */
int64_t meeting_first_at(const struct list *times, int64_t at);     /* of the latest meeting that had begun by then; 0: none */
int64_t meeting_most(const struct list *times, int64_t first);      /* people at once in the meeting that began with that stay */

bool stay_present(struct scope *s, int64_t session_id, bool everybody, int64_t limit, struct list *out, struct err *e); /* of struct call_stay, who is in now, by sessions; session_id 0: anywhere */
bool stay_here(struct scope *s, int64_t session_id, int64_t limit, struct list *out, struct err *e); /* the same of one session, told sooner: role is the seat's, and ends_at is left out */
enum db_found stay_by_connection(struct scope *s, const char *connection, struct call_stay *out, struct err *e);

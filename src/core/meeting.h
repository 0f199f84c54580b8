/* meeting.h - who is and was in calls, over all sessions: meetings, which are made of stays that overlap, and the stays of one.
 * A meeting begins with a stay that comes when nobody of those who came before is still in, which is its name, and ends when the last has left. They are kept
 * as rows: whoever changes a stay says so here, in the same transaction. A page of them costs what the page costs. */
#pragma once
#include "core/session.h"

/* `everybody`: also of others' sessions; else of those that the actor is host of. room NULL: of all. from, to: of its start, UTC ms, `to` itself is not in; 0: no bound.
 * ongoing: 1 only those with people in, 0 only the others, -1 all. */
struct meeting_query { bool everybody; const char *room; int64_t from, to; int ongoing; struct id_window window; };
bool meeting_list(struct scope *s, const struct meeting_query *q, struct list *out, int64_t *total, struct err *e); /* of struct meeting; total: whether ongoing or not */
enum db_found meeting_find(struct scope *s, int64_t first, struct meeting *out, struct err *e);
enum db_found meeting_of(struct scope *s, int64_t session_id, int64_t stay, struct meeting *out, struct err *e);    /* that the stay belongs to */
/* Of struct meeting_stay, in the order of coming. The window is of stays: its first few if `oldest`, else its last. */
bool meeting_stays(struct scope *s, const struct meeting *m, const struct id_window *w, struct list *out, struct err *e);
bool meeting_of_recording(struct scope *s, const struct recording *rec, struct meeting *out, struct err *e); /* the latest that had begun when it ended; without an id: none had */

/* ---- meeting_keep.c. After the row of the stay was written: */
bool meeting_arrival(struct scope *s, const struct span *span, struct err *e);    /* it is new, and may be over; a meeting that begins with it is told as call.started */
bool meeting_departure(struct scope *s, const struct span *span, int64_t *inside, struct err *e); /* it was open and is over; who is in still: if nobody is, call.ended is to be told */
bool meeting_mend(struct scope *s, int64_t session_id, int64_t stay, struct err *e); /* anything else, of this and any later stays */

bool stay_present(struct scope *s, int64_t session_id, bool everybody, int64_t limit, struct list *out, struct err *e); /* of struct call_stay, who is in now, by sessions; session_id 0: anywhere */
bool stay_here(struct scope *s, int64_t session_id, int64_t limit, struct list *out, struct err *e); /* the same of one session, told sooner: role is the seat's, and ends_at is left out */
enum db_found stay_by_connection(struct scope *s, const char *connection, struct call_stay *out, struct err *e);

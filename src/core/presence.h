/* presence.h - who is in the call: the door at every (re)connect, the spans that attendance is made of.
 * A connection is one stay of one person; its span is open as long as it lasts. */
#pragma once
#include "core/token.h"

enum entry_outcome { ENTRY_IN, ENTRY_WAIT, ENTRY_CONSENT, ENTRY_ELSEWHERE }; /* in; must be let in first; must agree to be recorded first; the call is on another node */
struct entry {
    enum entry_outcome outcome;
    struct session session;
    struct participant participant; /* with the role that holds for this stay */
    struct join_pass pass;
    struct span span;            /* when in */
    bool resumed;                /* the span is an old one that goes on */
    bool taken_over;             /* the call was another node's: who else was in it is ours now */
    const char *elsewhere;       /* address of the node to go to */
    const char *replaced;        /* connection of the same person that was closed for this one, or NULL */
};

/* `connection`: an earlier one to take up again, or NULL. Also starts the session when the teacher comes, and its recording when that is wanted. */
bool presence_enter(struct scope *s, const char *token, const char *connection, bool consent, struct entry *out, struct err *e);
/* The same rules where the media is with somebody else, who tells of the stay: nothing but consent is noted, so the same person may ask again. */
bool presence_admit(struct scope *s, const char *token, bool consent, struct entry *out, struct err *e);
/* `at`: when they were last there (0: now). Closing a closed one changes nothing. */
bool presence_leave(struct scope *s, const char *connection, const char *reason, int64_t at, struct err *e);
bool presence_open(struct scope *s, int64_t session_id, struct list *spans, struct err *e);     /* of struct span; session 0: of all calls on this node */
bool presence_person(struct scope *s, const char *connection, struct span *span, struct session *session, struct participant *p, struct join_pass *pass, struct err *e);
bool presence_shift(struct scope *s, int64_t jump_ms, struct err *e); /* the wall clock jumped: open stays on this node in the new time */

/* Of struct attendance_person, by first arrival. Worked out from the spans alone, whatever the order in which they became known (doc/attendance.md). */
bool attendance(struct scope *s, const struct session *session, struct list *people, struct err *e);
bool attendance_end(const struct session *session, int64_t *at);                                /* to which leaving early is counted; false: unknown */
char *attendance_csv(struct arena *a, const struct list *people, enum attendance_rows rows);

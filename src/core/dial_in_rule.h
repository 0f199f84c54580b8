/* dial_in_rule.h - what lets callers in at a remote provider: one rule a room, for its PIN, there only as long as the session is active.
 *
 * The rooms and their PINs say what is wanted, the table dial_in_rules what was asked for; a durable job makes the provider agree. A rule is noted before it
 * is asked for, and forgotten only when the provider has none any more, so that none outlives its session, whoever was down meanwhile. One that the
 * provider has lost is made again within DIAL_IN_ROUND_MS. A PIN that somebody else has taken there gives way to another one.
 * What asks the provider blocks: for workers and the job thread. */
#pragma once
#include "core/provider.h"
#include "core/session.h"

enum { DIAL_IN_ROUND_MS = 30000 };

/* Something that the session's rule rests on was changed. On the writer; costs nothing where the provider has no rules. */
bool dial_in_changed(struct scope *s, const struct session *session, struct err *e);
bool dial_in_begin(struct scope *s, struct err *e);                        /* at start */
/* Is there a rule for this PIN, as far as is known? */
bool dial_in_rule_there(struct scope *s, int64_t session_id, const char *pin, bool *there, struct err *e);

struct dial_in_wish;
/* Asks for the rule of one room; afterwards the room may have another PIN. session_not_active if the session has ended meanwhile. */
bool dial_in_make(struct core *core, struct arena *a, const struct dial_in_wish *w, struct err *e);
/* Everything that is too many, too few or lost. `left`: rules that are there, and are to be looked at again. False: something is to be tried again. */
bool dial_in_round(struct core *core, struct db_conn *db, struct arena *a, int64_t *left, struct err *e);

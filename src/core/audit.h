/* audit.h - who did what, to what, from where: one row for each change that a person, a key or the command line asked for, and for what is
 * looked at that should be known of, written in the transaction of the change. Never what was said: no bodies, no secrets.
 *
 * Rows are only added, and taken away when they are older than AUDIT_DAYS; erasing a person takes their addresses out of them (core/erasure.h). */
#pragma once
#include "core/core.h"

/* On whose behalf something is done. Texts live as long as the work does. 0 and NULL: none. */
struct audit_source {
    enum audit_actor kind;
    int64_t user_id, key_id, participant_id;
    const char *name;                    /* who has no number here */
    const char *ip, *user_agent, *request_id;
};
struct audit_act { const char *action, *subject, *subject_id; int status; };

bool audit_note(struct scope *s, const struct audit_act *act, struct err *e);   /* by the scope's source; AUDIT off: nothing */
const char *audit_plain(struct arena *a, const char *text, size_t most);         /* what callers sent as it may be kept: visible ASCII, not longer */
const char *audit_id(struct arena *a, int64_t id);                              /* as a subject_id */
/* What is asked: the page, $1 to $12, and how many there are in all, $1 to $10. For each filter a query that an index answers. mark: entries up to it are settled. */
struct audit_search { const char *list, *count; struct db_value values[12]; };
struct audit_search audit_search_for(struct arena *a, const struct audit_query *q, int64_t mark);
bool audit_list(struct scope *s, const struct audit_query *q, struct list *out, int64_t *total, struct err *e); /* of struct audit_entry, newest first */
char *audit_csv(struct arena *a, const struct list *rows);                      /* RFC 4180, with a head */
/* Settles what is new, deletes what is too old, so much at a time that the writer is not held; `more`: there is more of it. Once a minute, until there is not. */
bool audit_sweep(struct scope *s, bool *more, struct err *e);

/* job.h - durable work: taken under a lease, retried with backoff, resumed after a crash. One job a kind and subject. */
#pragma once
#include "core/core.h"

bool job_add(struct scope *s, const char *kind, int64_t subject_id, int64_t due_at, struct err *e);   /* there already: due again */
bool job_prefer(struct scope *s, const char *kind, int64_t subject_id, int64_t node_id, struct err *e); /* that node shall do it, if it lives; 0: any */
bool job_want(struct scope *s, const char *kind, int64_t subject_id, struct err *e);                  /* due now, also while it runs; cheap when it waits already */
bool job_plan(struct scope *s, const char *kind, int64_t subject_id, int64_t after_ms, struct err *e);   /* due then, if it does not wait already */
bool job_hurry(struct scope *s, const char *kind, int64_t subject_id, struct err *e);                 /* waiting: due now */
/* What is due, or whose lease ran out: of the kinds named, or of all others (lane NULL: of any). */
struct job_lane { const char *name, *kinds; bool others; }; /* kinds: ",compose,fetch," */
enum db_found job_take(struct scope *s, const struct job_lane *lane, int64_t lease_ms, struct job *out, struct err *e);
/* These are about a job as job_take gave it, and do nothing once another node has it. */
bool job_extend(struct scope *s, const struct job *j, int64_t lease_ms, struct err *e);
bool job_later(struct scope *s, const char *kind, int64_t subject_id, int64_t due_at, struct err *e); /* by its own work: again then, unless it was wanted meanwhile */
bool job_done(struct scope *s, const struct job *j, struct err *e);
/* Like job_done: what was asked for anew meanwhile is tried again at once, and nothing is given up. 5 s, 20 s, 80 s … an hour */
bool job_again(struct scope *s, const struct job *j, const char *why, int attempts_at_most, bool *given_up, struct err *e);
bool job_release(struct scope *s, const struct job *j, struct err *e);                                /* stopped in the middle: due at once, does not count */
bool job_release_all(struct scope *s, struct err *e);                                                 /* at start: whoever held leases on this node is gone */

/* runner.h - the threads that do durable jobs (core/job.h), one after another: one composes recordings, one fetches them, one takes them to sinks,
 * which takes as long as it takes; one looks at what providers told; one does all the rest. */
#pragma once
#include "core/core.h"
#include "core/job.h"

struct runner;
struct lane;

/* What a job's work is given. It asks `runner_go_on` now and then, which keeps the lease and says whether to stop. */
struct work_context { struct lane *lane; struct core *core; struct db_conn *db; struct arena *arena; const struct job *job; };
struct scope work_scope(const struct work_context *w); /* for reading */
enum work_result { WORK_DONE, WORK_AGAIN, WORK_GIVEN_UP, WORK_STOPPED };

struct runner *runner_start(struct core *core, struct err *e);
bool runner_go_on(struct work_context *w);
void runner_stop(struct runner *r);   /* a job under way stops at its next question and is due again at the next start */

/* kinds.c: the kinds of jobs */
struct work_kind {
    const char *name;
    int attempts;
    enum work_result (*run)(struct work_context *w, struct err *e);
    bool (*give_up)(struct scope *s, int64_t subject_id, const char *why, struct err *e); /* on the writer, with the job's own failure */
};
extern const struct work_kind work_kinds[]; /* ends with a NULL name */

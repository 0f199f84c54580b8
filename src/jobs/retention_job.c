/* retention_job.c - goes round every hour and deletes what is too old, a bit at a time, so that nobody waits for it. */
#include "base/fault.h"
#include "core/inbox.h"
#include "core/retention.h"
#include "jobs/kinds.h"
#include "sink/local.h"

static const char SQL_DROPPED[] = "SELECT {} FROM recording_files WHERE id = $1 AND deleted_at IS NOT NULL";

struct step { bool (*run)(struct scope *s, bool *more, struct err *e); bool more; };

static bool run_step(struct scope *s, void *arg, struct err *e)
{
    struct step *step = arg;
    return step->run(s, &step->more, e);
}

static bool sweep_inbox(struct scope *s, bool *more, struct err *e)
{
    *more = false; /* it sweeps with every event as well */
    return inbox_sweep(s, e);
}

static bool next_round(struct scope *s, void *arg, struct err *e)
{
    (void)arg;
    return job_later(s, "retention", 0, s->now + RETENTION_EVERY_MS, e);
}

enum work_result retention_work(struct work_context *w, struct err *e)
{
    static bool (*const steps[])(struct scope *s, bool *more, struct err *e) = {retention_recordings, retention_tracks, retention_chat, sweep_inbox};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        struct step step = {steps[i], true};
        while (step.more) {
            if (!runner_go_on(w)) return WORK_STOPPED;
            if (!core_write(w->core, run_step, &step, e) || !FAULT_POINT(retention_stepped)) return WORK_AGAIN;
        }
    }
    return core_write(w->core, next_round, NULL, e) && FAULT_POINT(retention_planned) ? WORK_DONE : WORK_AGAIN;
}

enum work_result erase_file_work(struct work_context *w, struct err *e)
{
    struct recording_file f;
    enum db_found found = db_one(w->db, SQL_DROPPED, recording_file, &f, w->arena, e, INT_(w->job->subject_id));
    if (found != DB_ROW) return found == DB_NONE ? WORK_DONE : WORK_AGAIN;
    return sink_erase_local(core_config(w->core)->DATA_DIR, f.key, e) && FAULT_POINT(track_erased) ? WORK_DONE : WORK_AGAIN;
}

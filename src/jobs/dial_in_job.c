/* dial_in_job.c - the rules that let callers in, made to be as the rooms want them; goes round while there are any. */
#include "base/log.h"
#include "core/dial_in_rule.h"
#include "jobs/kinds.h"

enum { AGAIN_MS = 10000 };

static bool go_round(struct scope *s, void *arg, struct err *e)
{
    return job_later(s, "dial_in", 0, s->now + *(const int64_t *)arg, e);
}

/* What fails is tried again soon, however long it lasts: a rule that stays lets callers into a room that is over. */
enum work_result dial_in_work(struct work_context *w, struct err *e)
{
    int64_t left, pause;
    bool ok = dial_in_round(w->core, w->db, w->arena, &left, e);
    if (!ok) log_warn("dial_in.again", LOG_STR("error", e->text));
    pause = ok ? DIAL_IN_ROUND_MS : AGAIN_MS;
    if (ok && !left) return WORK_DONE;
    return core_write(w->core, go_round, &pause, e) ? WORK_DONE : WORK_AGAIN;
}

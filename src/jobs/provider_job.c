/* provider_job.c - what a remote provider is told later: rooms that are over, or that nobody took; people who were removed. */
#include "base/fault.h"
#include "core/errand.h"
#include "core/participant.h"
#include "core/recording.h"
#include "core/session.h"
#include "jobs/kinds.h"

static const char SQL_SEAT[] = "SELECT {} FROM participants WHERE id = $1";

static bool mark_closed(struct scope *s, void *arg, struct err *e)
{
    return errand_closed(s, *(const int64_t *)arg, e);
}

enum work_result room_close_work(struct work_context *w, struct err *e)
{
    struct scope s = work_scope(w);
    struct provider_room room;
    int64_t id = w->job->subject_id;
    bool due;
    if (!errand_close_due(&s, id, &room, &due, e)) return WORK_AGAIN;
    if (!due) return WORK_DONE;
    const struct provider *p = provider_remote(w->core, room.provider);
    if (p && !p->ops->room_close(provider_for_jobs(p), w->arena, room.room_name, e)) return WORK_AGAIN;
    FAULT_POINT(room_closed);
    return core_write(w->core, mark_closed, &id, e) ? WORK_DONE : WORK_AGAIN;
}

/* Of a session that is over, whose room may go on without us. */
enum work_result record_end_work(struct work_context *w, struct err *e)
{
    struct scope s = work_scope(w);
    struct recording r;
    struct session session;
    enum db_found found = recording_by_id(&s, w->job->subject_id, &r, e);
    if (found == DB_ROW) found = session_even_deleted(&s, r.session_id, &session, e);
    if (found != DB_ROW) return found == DB_FAILED ? WORK_AGAIN : WORK_DONE;
    const struct provider *p = provider_remote(w->core, session.provider);
    struct provider_record record = {.room = session.room_name, .uuid = r.uuid, .external = fact_external(&s, r.id)};
    return !p || p->ops->record_stop(provider_for_jobs(p), w->arena, &record, e) ? WORK_DONE : WORK_AGAIN;
}

enum work_result provider_remove_work(struct work_context *w, struct err *e)
{
    struct scope s = work_scope(w);
    struct participant seat;
    struct session session;
    enum db_found found = db_one(s.db, SQL_SEAT, participant, &seat, s.arena, e, INT_(w->job->subject_id));
    if (found == DB_ROW) found = session_by_id(&s, seat.session_id, &session, e);
    if (found != DB_ROW || session_is_over(&session)) return found == DB_FAILED ? WORK_AGAIN : WORK_DONE; /* the room goes anyway */
    const struct provider *p = provider_remote(w->core, session.provider);
    bool put_back = seat.connection_status != connection_status_kicked && p && !(p->ops->capabilities & PROVIDER_OUR_PAGE); /* else a revoked token may be meant */
    return !p || put_back || (p->ops->remove(provider_for_jobs(p), w->arena, session.room_name, errand_user_id(p, s.arena, &seat), e) && FAULT_POINT(person_removed)) ? WORK_DONE : WORK_AGAIN;
}

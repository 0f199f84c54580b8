#include "jobs/kinds.h"
#include "base/fault.h"
#include "sink/local.h"

static const char SQL_DELETED[] = "SELECT {} FROM recordings WHERE id = $1 AND deleted_at IS NOT NULL";

const struct work_kind work_kinds[] = {
    {"compose", 6, compose_work, compose_give_up},
    {"erase", 20, erase_work, NULL},
    {"room_close", 20, room_close_work, NULL},
    {"record_end", 20, record_end_work, NULL},
    {"provider_remove", 8, provider_remove_work, NULL},
    {"dial_in", 1000000, dial_in_work, NULL},
    {"inbox", 1000000, inbox_work, NULL},
    {"reconcile", 1000000, reconcile_work, NULL},
    {"history", 8, history_work, NULL},
    {"record_begin", 6, record_begin_work, NULL},
    {"fetch", 8, fetch_work, fetch_give_up},
    {"publish", 12, publish_work, publish_give_up},
    {"release", 20, release_work, NULL},
    {"unpublish", 40, unpublish_work, unpublish_give_up},
    {"erase_file", 20, erase_file_work, NULL},
    {"retention", 1000000, retention_work, NULL},
    {"forget", 1000000, forget_work, NULL},
    {"forget_files", 20, forget_files_work, NULL},
    {0}};

enum work_result erase_work(struct work_context *w, struct err *e)
{
    struct recording r;
    enum db_found found = db_one(w->db, SQL_DELETED, recording, &r, w->arena, e, INT_(w->job->subject_id));
    if (found != DB_ROW) return found == DB_NONE ? WORK_DONE : WORK_AGAIN;
    return sink_erase_local(core_config(w->core)->DATA_DIR, arena_printf(w->arena, "recordings/%s", r.uuid), e) && FAULT_POINT(erase_done) ? WORK_DONE : WORK_AGAIN;
}

#include "core/retention.h"
#include "base/clock.h"
#include "base/fault.h"
#include "core/copy.h"
#include "core/event.h"
#include "core/job.h"

static const char SQL_OLD[] =
    "SELECT {} FROM recordings WHERE deleted_at IS NULL AND ended_at <= $1 AND kept = 0 AND status IN ('ready', 'failed') ORDER BY ended_at, id LIMIT $2";
static const char SQL_OLD_TRACKS[] =
    "SELECT {f} FROM recordings r JOIN recording_files f ON f.recording_id = r.id WHERE r.deleted_at IS NULL AND r.ended_at <= $1 AND r.kept = 0 AND r.status = 'ready' "
    "AND f.kind = 'track' AND f.deleted_at IS NULL ORDER BY f.recording_id, f.id LIMIT $2";
static const char SQL_DROP_FILE[] = "UPDATE recording_files SET deleted_at = $2 WHERE id = $1";
static const char SQL_CHAT_AT[] = "SELECT number FROM facts WHERE name = 'chat_forgotten'";
static const char SQL_CHAT_TO[] = "INSERT INTO facts (name, number) VALUES ('chat_forgotten', $1) ON CONFLICT (name) DO UPDATE SET number = excluded.number";
/* Events are in the order in which they happened. */
static const char SQL_CHAT_LAST[] = "SELECT max(id) FROM (SELECT id, timestamp FROM events WHERE id > $1 ORDER BY id LIMIT $3) AS part WHERE timestamp <= $2";
static const char SQL_FORGET_CHAT[] = "UPDATE events SET event_data = '{\"forgotten\":true}' WHERE event_type = 'chat.message' AND id > $1 AND id <= $2";

enum { AT_ONCE = 50, EVENTS_AT_ONCE = 2000 };

bool retention_begin(struct scope *s, struct err *e)
{
    return job_plan(s, "retention", 0, 0, e);
}

static const char *rule(struct scope *s, int64_t days, const char *setting)
{
    return arena_printf(s->arena, "older than %lld day%s (%s)", (long long)days, days == 1 ? "" : "s", setting);
}

bool retention_due(struct scope *s, const struct recording *r, int64_t *at)
{
    int64_t days = core_config(s->core)->RETENTION_DAYS;
    bool over = r->status == recording_status_ready || r->status == recording_status_failed;
    *at = r->ended_at + days * DAY_MS;
    return days && over && HAS(r, recording, ended_at) && !r->kept && !HAS(r, recording, deleted_at);
}

bool retention_recordings(struct scope *s, bool *more, struct err *e)
{
    struct list rows;
    int64_t days = core_config(s->core)->RETENTION_DAYS;
    *more = false;
    if (!days) return true;
    if (!db_all(s->db, SQL_OLD, recording, &rows, s->arena, e, INT_(s->now - days * DAY_MS), INT_(AT_ONCE))) return false;
    struct recording *old = (struct recording *)(uintptr_t)rows.items;
    for (size_t i = 0; i < rows.count; i++)
        if (!recording_delete_for(s, &old[i], rule(s, days, "RETENTION_DAYS"), e)) return false;
    *more = rows.count == AT_ONCE;
    return true;
}

/* ---- single tracks */

static bool drop(struct scope *s, const struct recording_file *f, struct err *e)
{
    return db_run(s->db, SQL_DROP_FILE, e, INT_(f->id), INT_(s->now)) && FAULT_POINT(track_dropped) && copy_erase_file(s, f, e) && job_add(s, "erase_file", f->id, s->now, e);
}

static bool tell(struct scope *s, int64_t recording_id, int64_t days, struct err *e)
{
    struct recording r;
    return recording_by_id(s, recording_id, &r, e) == DB_ROW && EMIT(s, recording_tracks_deleted, r.session_id, e, .recording_id = r.id, .reason = rule(s, days, "RETENTION_TRACK_DAYS"));
}

bool retention_tracks(struct scope *s, bool *more, struct err *e)
{
    struct list rows;
    int64_t days = core_config(s->core)->RETENTION_TRACK_DAYS, told = 0;
    *more = false;
    if (!days) return true;
    if (!db_all(s->db, SQL_OLD_TRACKS, recording_file, &rows, s->arena, e, INT_(s->now - days * DAY_MS), INT_(AT_ONCE))) return false;
    const struct recording_file *files = rows.items;
    for (size_t i = 0; i < rows.count; i++) {
        if (!drop(s, &files[i], e) || (files[i].recording_id != told && !tell(s, files[i].recording_id, days, e))) return false;
        told = files[i].recording_id;
    }
    *more = rows.count == AT_ONCE;
    return true;
}

/* ---- chat */

bool retention_chat(struct scope *s, bool *more, struct err *e)
{
    int64_t from = 0, to, days = core_config(s->core)->RETENTION_CHAT_DAYS;
    *more = false;
    if (!days) return true;
    if (db_number(s->db, SQL_CHAT_AT, &from, e) == DB_FAILED) return false;
    enum db_found found = db_number(s->db, SQL_CHAT_LAST, &to, e, INT_(from), INT_(s->now - days * DAY_MS), INT_(EVENTS_AT_ONCE));
    if (found != DB_ROW) return found == DB_NONE;
    *more = true;
    return db_run(s->db, SQL_FORGET_CHAT, e, INT_(from), INT_(to)) && FAULT_POINT(chat_emptied) && db_run(s->db, SQL_CHAT_TO, e, INT_(to));
}

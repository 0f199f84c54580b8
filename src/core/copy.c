#include "core/copy.h"
#include "base/metric.h"
#include "core/course_session.h"
#include "core/event.h"
#include "core/job.h"
#include "core/sink.h"
#include <string.h>

static const char SQL_BY_ID[] = "SELECT {} FROM recording_copies WHERE id = $1";
static const char SQL_LIST[] = "SELECT {} FROM recording_copies WHERE recording_id = $1 ORDER BY id";
static const char SQL_SERVE[] = "SELECT {} FROM recording_copies WHERE file_id = $1 AND status = 'stored' ORDER BY id LIMIT 1";
static const char SQL_NUMBER[] = "SELECT count(*) FROM recordings WHERE session_id = $1 AND id <= $2";
static const char SQL_COURSE[] = "SELECT {} FROM course_sessions WHERE session_id = $1";
static const char SQL_FILE[] = "SELECT {} FROM recording_files WHERE id = $1";
static const char SQL_FORGET[] = "DELETE FROM recording_copies WHERE recording_id = $1";
static const char SQL_NOT_TAKEN[] = "SELECT {} FROM recording_copies WHERE recording_id = $1 AND (status = 'failed' OR (status = 'waiting' AND error IS NOT NULL)) ORDER BY id";
static const char SQL_PROGRESS[] = "UPDATE recording_copies SET upload = $2, parts = $3, done_bytes = $4 WHERE id = $1 AND status = 'waiting'";
static const char SQL_TROUBLE[] = "UPDATE recording_copies SET error = $2 WHERE id = $1 AND status IN ('waiting', 'erasing')";
static const char SQL_ERASING[] = "UPDATE recording_copies SET status = 'erasing', error = NULL WHERE recording_id = $1 AND status NOT IN ('erasing', 'erased')";
static const char SQL_ERASING_FILE[] = "UPDATE recording_copies SET status = 'erasing', error = NULL WHERE file_id = $1 AND status NOT IN ('erasing', 'erased')";
static const char SQL_TO_ERASE[] = "SELECT {} FROM recording_copies WHERE recording_id = $1 AND status = 'erasing' AND ($2 = 0 OR file_id = $2) ORDER BY id";
static const char SQL_OPEN[] = "SELECT count(*) FROM recording_copies WHERE file_id = $1 AND status <> 'stored'";
static const char SQL_ELSEWHERE[] = "UPDATE recording_files SET sink = $2 WHERE id = $1";

const struct sink *sink_find(const struct core *core, const char *name)
{
    for (size_t i = 0; i < core->sink_count; i++)
        if (!strcmp(core->sinks[i]->ops->name, name)) return core->sinks[i];
    return NULL;
}

bool copy_wanted_elsewhere(const struct core *core)
{
    return core->sink_count > 0;
}

/* ---- wanted */

static bool place_of(struct scope *s, const struct recording *r, struct sink_place *out, struct err *e)
{
    struct session session;
    struct course_session side;
    if (session_by_id(s, r->session_id, &session, e) != DB_ROW || db_number(s->db, SQL_NUMBER, &out->number, e, INT_(r->session_id), INT_(r->id)) != DB_ROW) return false;
    enum db_found found = db_one(s->db, SQL_COURSE, course_session, &side, s->arena, e, INT_(r->session_id));
    out->session = session.uuid;
    out->recording = r->uuid;
    out->course = found == DB_ROW && HAS(&side, course_session, course) ? side.course : NULL;
    return found != DB_FAILED;
}

static bool want(struct scope *s, const struct sink *sink, const struct recording_file *f, const struct sink_place *place, struct err *e)
{
    struct recording_copy c = {0};
    SET(&c, recording_copy, recording_id, f->recording_id);
    SET(&c, recording_copy, file_id, f->id);
    SET(&c, recording_copy, sink, sink->ops->name);
    SET(&c, recording_copy, key, sink->ops->key(sink->ctx, s->arena, place));
    SET(&c, recording_copy, status, copy_status_waiting);
    SET(&c, recording_copy, done_bytes, 0);
    SET(&c, recording_copy, created_at, s->now);
    return db_insert(s->db, "recording_copies", recording_copy, &c, e) && job_add(s, "publish", c.id, s->now, e) && job_prefer(s, "publish", c.id, s->core->node_id, e);
}

/* The one to be played: video before sound. */
static const struct recording_file *main_of(const struct recording_file *files, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (files[i].kind == file_kind_video) return &files[i];
    for (size_t i = 0; i < count; i++)
        if (files[i].kind == file_kind_audio || files[i].kind == file_kind_opus) return &files[i];
    return NULL;
}

static bool want_at(struct scope *s, const struct sink *sink, struct sink_place *place, const struct recording_file *files, size_t count, struct err *e)
{
    const struct recording_file *only = sink->ops->main_only ? main_of(files, count) : NULL;
    for (size_t i = 0; i < count; i++) {
        if (sink->ops->main_only && &files[i] != only) continue;
        place->file = files[i].name;
        if (!want(s, sink, &files[i], place, e)) return false;
    }
    return true;
}

bool copy_want(struct scope *s, const struct recording *r, const struct recording_file *files, size_t count, struct err *e)
{
    struct sink_place place = {0};
    if (!s->core->sink_count) return true;
    if (!place_of(s, r, &place, e) || !db_run(s->db, SQL_FORGET, e, INT_(r->id))) return false;
    for (size_t i = 0; i < s->core->sink_count; i++)
        if (!want_at(s, s->core->sinks[i], &place, files, count, e)) return false;
    return true;
}

/* ---- looked at */

enum db_found copy_by_id(struct scope *s, int64_t id, struct recording_copy *out, struct err *e)
{
    return db_one(s->db, SQL_BY_ID, recording_copy, out, s->arena, e, INT_(id));
}

bool copy_list(struct scope *s, int64_t recording_id, struct list *out, struct err *e)
{
    return db_all(s->db, SQL_LIST, recording_copy, out, s->arena, e, INT_(recording_id));
}

enum db_found copy_to_serve(struct scope *s, int64_t file_id, struct recording_copy *out, struct err *e)
{
    return db_one(s->db, SQL_SERVE, recording_copy, out, s->arena, e, INT_(file_id));
}

/* ---- what becomes of it */

bool copy_progress(struct scope *s, int64_t id, const char *upload, const char *parts, int64_t done, struct err *e)
{
    return db_run(s->db, SQL_PROGRESS, e, INT_(id), TEXT_(upload), TEXT_(parts), INT_(done));
}

bool copy_trouble(struct scope *s, int64_t id, const char *why, struct err *e)
{
    return db_run(s->db, SQL_TROUBLE, e, INT_(id), TEXT_(why));
}

static bool tell_course(struct scope *s, const struct recording *r, const struct recording_copy *c, struct err *e)
{
    struct recording_file f;
    enum db_found found = db_one(s->db, SQL_FILE, recording_file, &f, s->arena, e, INT_(c->file_id));
    if (found != DB_ROW || f.kind == file_kind_track) return found != DB_FAILED;
    const char *url = HAS(c, recording_copy, url) ? c->url : NULL;
    return course_session_published(s, r->session_id, url, HAS(r, recording, duration_ms) ? (r->duration_ms + 500) / 1000 : 0, e);
}

bool copy_stored(struct scope *s, const struct recording_copy *c, const char *url, struct err *e)
{
    struct recording r;
    struct recording_copy done;
    enum db_found found = copy_by_id(s, c->id, &done, e);
    if (found != DB_ROW || done.status != copy_status_waiting) return found != DB_FAILED; /* deleted meanwhile: another job takes it away */
    SET(&done, recording_copy, status, copy_status_stored);
    SET(&done, recording_copy, stored_at, s->now);
    if (url) SET(&done, recording_copy, url, url);
    CLEAR(&done, recording_copy, error);
    CLEAR(&done, recording_copy, upload);
    CLEAR(&done, recording_copy, parts);
    metric_add(copies_stored_total, 1);
    return db_update(s->db, "recording_copies", recording_copy, &done, e) && recording_by_id(s, done.recording_id, &r, e) == DB_ROW && tell_course(s, &r, &done, e) &&
           EMIT(s, recording_published, r.session_id, e, .recording_id = r.id, .name = done.sink, .text = done.key) && job_add(s, "release", done.file_id, s->now, e) &&
           job_prefer(s, "release", done.file_id, s->core->node_id, e);
}

bool copy_failed(struct scope *s, int64_t id, const char *why, struct err *e)
{
    struct recording r;
    struct recording_copy c;
    enum db_found found = copy_by_id(s, id, &c, e);
    if (found != DB_ROW || c.status != copy_status_waiting) return found != DB_FAILED;
    SET(&c, recording_copy, status, copy_status_failed);
    SET(&c, recording_copy, error, why);
    metric_add(copies_failed_total, 1);
    return db_update(s->db, "recording_copies", recording_copy, &c, e) && recording_by_id(s, c.recording_id, &r, e) == DB_ROW &&
           EMIT(s, recording_publish_failed, r.session_id, e, .recording_id = r.id, .name = c.sink, .error = why);
}

bool copy_retry(struct scope *s, int64_t recording_id, bool *any, struct err *e)
{
    struct list rows;
    if (!db_all(s->db, SQL_NOT_TAKEN, recording_copy, &rows, s->arena, e, INT_(recording_id))) return false;
    *any = rows.count > 0;
    for (size_t i = 0; i < rows.count; i++) {
        struct recording_copy c = ((const struct recording_copy *)rows.items)[i];
        SET(&c, recording_copy, status, copy_status_waiting);
        if (!db_update(s->db, "recording_copies", recording_copy, &c, e) || !job_add(s, "publish", c.id, s->now, e)) return false;
    }
    return true;
}

bool copy_released(struct scope *s, int64_t file_id, bool *release, struct err *e)
{
    int64_t open;
    struct recording_copy c;
    enum db_found found = copy_to_serve(s, file_id, &c, e);
    if (found == DB_FAILED || db_number(s->db, SQL_OPEN, &open, e, INT_(file_id)) != DB_ROW) return false;
    *release = found == DB_ROW && !open;
    return !*release || db_run(s->db, SQL_ELSEWHERE, e, INT_(file_id), TEXT_(c.sink));
}

/* All that are to be erased, also those that were to be before. */
static bool erase_jobs(struct scope *s, int64_t recording_id, int64_t file_id, size_t *count, struct err *e)
{
    struct list rows;
    if (!db_all(s->db, SQL_TO_ERASE, recording_copy, &rows, s->arena, e, INT_(recording_id), INT_(file_id))) return false;
    for (size_t i = 0; i < rows.count; i++)
        if (!job_add(s, "unpublish", ((const struct recording_copy *)rows.items)[i].id, s->now, e)) return false;
    *count = rows.count;
    return true;
}

bool copy_erase(struct scope *s, int64_t recording_id, struct err *e)
{
    size_t count;
    return db_run(s->db, SQL_ERASING, e, INT_(recording_id)) && erase_jobs(s, recording_id, 0, &count, e);
}

bool copy_erase_file(struct scope *s, const struct recording_file *f, struct err *e)
{
    size_t count;
    return db_run(s->db, SQL_ERASING_FILE, e, INT_(f->id)) && erase_jobs(s, f->recording_id, f->id, &count, e);
}

bool copy_erase_again(struct scope *s, int64_t recording_id, bool *any, struct err *e)
{
    size_t count = 0;
    bool ok = erase_jobs(s, recording_id, 0, &count, e);
    *any = count > 0;
    return ok;
}

bool copy_not_erased(struct scope *s, int64_t id, const char *why, struct err *e)
{
    struct recording r;
    struct recording_copy c;
    enum db_found found = copy_by_id(s, id, &c, e);
    if (found != DB_ROW || c.status != copy_status_erasing) return found != DB_FAILED;
    metric_add(copies_not_deleted_total, 1);
    found = recording_tombstone(s, c.recording_id, &r, e);
    if (found == DB_NONE) found = recording_by_id(s, c.recording_id, &r, e); /* a single track */
    return found == DB_ROW && copy_trouble(s, id, why, e) && EMIT(s, recording_erase_failed, r.session_id, e, .recording_id = r.id, .name = c.sink, .error = why);
}

bool copy_erased(struct scope *s, int64_t id, struct err *e)
{
    struct recording_copy c;
    enum db_found found = copy_by_id(s, id, &c, e);
    if (found != DB_ROW) return found != DB_FAILED;
    SET(&c, recording_copy, status, copy_status_erased);
    CLEAR(&c, recording_copy, error);
    CLEAR(&c, recording_copy, upload);
    CLEAR(&c, recording_copy, parts);
    return db_update(s->db, "recording_copies", recording_copy, &c, e);
}

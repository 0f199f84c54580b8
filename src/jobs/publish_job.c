/* publish_job.c - copies of recordings' files at sinks: uploaded and proven; then, where SINKS says so, the file here goes; deleted. */
#include "base/fault.h"
#include "base/log.h"
#include "core/copy.h"
#include "core/sink.h"
#include "jobs/kinds.h"
#include "sink/local.h"
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char SQL_FILE[] = "SELECT {} FROM recording_files WHERE id = $1";

static const struct sink *sink_of(const struct core *core, const struct recording_copy *c, struct err *e)
{
    const struct sink *sink = sink_find(core, c->sink);
    if (!sink) err_set(e, ERR_DESTINATION, "sink_absent", "the sink \"%s\", where \"%s\" is, is not set up on this server any more", c->sink, c->key);
    return sink;
}

struct publishing { struct work_context *w; struct recording_copy copy; const struct sink_upload *upload; const char *url, *why; };

static bool save(struct scope *s, void *arg, struct err *e)
{
    const struct publishing *p = arg;
    return copy_progress(s, p->copy.id, p->upload->id, p->upload->parts, p->upload->done, e);
}

static bool on_part(void *arg, const struct sink_upload *u, struct err *e)
{
    struct publishing *p = arg;
    p->upload = u;
    if (!core_write(p->w->core, save, p, e)) return false;
    return runner_go_on(p->w) || err_set(e, ERR_INTERNAL, "stopped", "roomd stops: it goes on after the next start");
}

static bool go_on(void *arg)
{
    return runner_go_on(((const struct publishing *)arg)->w);
}

static bool tell_stored(struct scope *s, void *arg, struct err *e)
{
    const struct publishing *p = arg;
    return copy_stored(s, &p->copy, p->url, e);
}

static bool upload(struct publishing *p, const struct sink *sink, const struct recording_file *f, int fd, struct err *e)
{
    const struct recording_copy *c = &p->copy;
    struct sink_upload u = {.id = HAS(c, recording_copy, upload) ? c->upload : NULL, .parts = HAS(c, recording_copy, parts) ? c->parts : NULL, .done = c->done_bytes, .save = on_part, .go_on = go_on, .arg = p};
    struct sink_file file = {.fd = fd, .size = f->size_bytes, .key = c->key, .content_type = f->content_type, .sha256 = f->sha256};
    return sink->ops->put(sink->ctx, p->w->arena, &file, &u, &p->url, e) && FAULT_POINT(upload_proven) && core_write(p->w->core, tell_stored, p, e) && FAULT_POINT(copy_noted);
}

/* Sinks map it: what is not there any more would end the program. */
static bool is_whole(int fd, const struct recording_file *f, struct err *e)
{
    struct stat st;
    if (fstat(fd, &st)) return err_sys(e, ERR_DESTINATION, "sink", "cannot look at \"%s\"", f->key);
    return st.st_size == f->size_bytes || err_set(e, ERR_DESTINATION, "sink", "the file \"%s\" in DATA_DIR has %lld bytes, not the %lld that were recorded: put it back from a backup, then try again", f->key,
                                                  (long long)st.st_size, (long long)f->size_bytes);
}

static bool publish(struct publishing *p, const struct recording_file *f, struct err *e)
{
    const struct sink *sink = sink_of(p->w->core, &p->copy, e);
    int fd = sink ? sink_open_local(core_config(p->w->core)->DATA_DIR, f->key, e) : -1;
    if (fd < 0) return false;
    bool ok = is_whole(fd, f, e) && upload(p, sink, f, fd, e);
    close(fd);
    return ok;
}

static bool tell_trouble(struct scope *s, void *arg, struct err *e)
{
    const struct publishing *p = arg;
    return copy_trouble(s, p->copy.id, p->why, e);
}

static enum work_result failed(struct publishing *p, const struct err *e)
{
    if (e->code && (!strcmp(e->code, "stopped") || !strcmp(e->code, "fetch_stopped"))) return WORK_STOPPED;
    p->why = e->text;
    core_write(p->w->core, tell_trouble, p, NULL);
    return WORK_AGAIN;
}

enum work_result publish_work(struct work_context *w, struct err *e)
{
    struct scope s = work_scope(w);
    struct publishing p = {.w = w};
    struct recording_file f;
    enum db_found found = copy_by_id(&s, w->job->subject_id, &p.copy, e);
    if (found == DB_ROW && p.copy.status != copy_status_waiting) return WORK_DONE;
    if (found == DB_ROW) found = db_one(s.db, SQL_FILE, recording_file, &f, s.arena, e, INT_(p.copy.file_id));
    if (found != DB_ROW) return found == DB_NONE ? WORK_DONE : WORK_AGAIN;
    return publish(&p, &f, e) ? WORK_DONE : failed(&p, e);
}

bool publish_give_up(struct scope *s, int64_t copy_id, const char *why, struct err *e)
{
    return copy_failed(s, copy_id, why, e);
}

/* ---- away from here */

struct releasing { int64_t file_id; bool release; };

static bool release(struct scope *s, void *arg, struct err *e)
{
    struct releasing *r = arg;
    return copy_released(s, r->file_id, &r->release, e);
}

enum work_result release_work(struct work_context *w, struct err *e)
{
    struct scope s = work_scope(w);
    struct recording_file f;
    struct releasing r = {.file_id = w->job->subject_id};
    enum db_found found = db_one(s.db, SQL_FILE, recording_file, &f, s.arena, e, INT_(r.file_id));
    if (found != DB_ROW) return found == DB_NONE ? WORK_DONE : WORK_AGAIN;
    if (w->core->files_stay) return WORK_DONE;
    if (!core_write(w->core, release, &r, e)) return WORK_AGAIN;
    FAULT_POINT(release_noted);
    return !r.release || (sink_erase_local(core_config(w->core)->DATA_DIR, f.key, e) && FAULT_POINT(release_erased)) ? WORK_DONE : WORK_AGAIN;
}

/* ---- deleted */

static bool mark_erased(struct scope *s, void *arg, struct err *e)
{
    return copy_erased(s, *(const int64_t *)arg, e);
}

enum work_result unpublish_work(struct work_context *w, struct err *e)
{
    struct scope s = work_scope(w);
    struct publishing p = {.w = w};
    struct recording_copy *c = &p.copy;
    int64_t id = w->job->subject_id;
    enum db_found found = copy_by_id(&s, id, c, e);
    if (found != DB_ROW || c->status != copy_status_erasing) return found == DB_FAILED ? WORK_AGAIN : WORK_DONE;
    const struct sink *sink = sink_of(w->core, c, e);
    if (sink && sink->ops->erase(sink->ctx, w->arena, c->key, HAS(c, recording_copy, upload) ? c->upload : NULL, e) && FAULT_POINT(unpublish_erased))
        return core_write(w->core, mark_erased, &id, e) ? WORK_DONE : WORK_AGAIN;
    p.why = e->text;
    core_write(w->core, tell_trouble, &p, NULL);
    return WORK_AGAIN;
}

bool unpublish_give_up(struct scope *s, int64_t copy_id, const char *why, struct err *e)
{
    return copy_not_erased(s, copy_id, why, e);
}

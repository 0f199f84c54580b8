/* record_job.c - recordings at a remote provider: begun because somebody came, fetched because they are ready. */
#include "base/fault.h"
#include "base/log.h"
#include "core/errand.h"
#include "core/recording.h"
#include "jobs/delivery.h"
#include "jobs/kinds.h"
#include "sink/local.h"
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* ---- begin */

static bool begin(struct scope *s, void *arg, struct err *e)
{
    struct session session;
    enum db_found found = session_by_id(s, *(const int64_t *)arg, &session, e);
    if (found != DB_ROW || session_is_over(&session) || !session.enable_recording) return found != DB_FAILED;
    return recording_begin_automatic(s, &session, e);
}

enum work_result record_begin_work(struct work_context *w, struct err *e)
{
    int64_t id = w->job->subject_id;
    return errand_write(w->core, w->arena, begin, &id, e) ? WORK_DONE : WORK_AGAIN;
}

/* ---- fetch */

struct fetching { struct work_context *work; struct recording recording; struct provider_fetch fetch; int percent; bool stopped; };

static bool on_progress(void *arg, int percent)
{
    struct fetching *f = arg;
    delivery_progress(f->work, f->recording.id, percent, &f->percent);
    f->stopped = !runner_go_on(f->work);
    return !f->stopped;
}

static bool make_folder(struct fetching *f, struct err *e)
{
    const char *data = core_config(f->work->core)->DATA_DIR;
    const char *parts[] = {"", "/fetch"};
    if (mkdir(arena_printf(f->work->arena, "%s/recordings", data), 0700) && errno != EEXIST) return err_sys(e, ERR_DESTINATION, "sink", "cannot make the folder of recordings");
    for (size_t i = 0; i < 2; i++) {
        f->fetch.folder = arena_printf(f->work->arena, "%s/recordings/%s%s", data, f->recording.uuid, parts[i]);
        if (mkdir(f->fetch.folder, 0700) && errno != EEXIST) return err_sys(e, ERR_DESTINATION, "sink", "cannot make the folder of recording %s", f->recording.uuid);
    }
    return true;
}

/* What an earlier try had moved to its place before it was cut off: the recorder may have it no more. */
static bool put_back(struct fetching *f, struct err *e)
{
    const char *places = arena_printf(f->work->arena, "%s/recordings/%s", core_config(f->work->core)->DATA_DIR, f->recording.uuid);
    struct stat st;
    bool ok = true;
    DIR *d = opendir(places);
    if (!d) return err_sys(e, ERR_DESTINATION, "sink", "cannot open the folder of recording %s", f->recording.uuid);
    for (const struct dirent *file; ok && (file = readdir(d));) {
        const char *from = arena_printf(f->work->arena, "%s/%s", places, file->d_name);
        if (lstat(from, &st) || !S_ISREG(st.st_mode)) continue;
        ok = !rename(from, arena_printf(f->work->arena, "%s/%s", f->fetch.folder, file->d_name)) || err_sys(e, ERR_DESTINATION, "sink", "cannot put \"%s\" back", from);
    }
    closedir(d);
    return ok;
}

static bool publish(struct fetching *f, struct err *e)
{
    const struct provider_fetch *got = &f->fetch;
    struct recording_file *rows = arena_array(f->work->arena, struct recording_file, got->count + 1);
    for (size_t i = 0; i < got->count; i++)
        if (!delivery_store(f->work, &f->recording, got->folder, &got->files[i], &rows[i], e) || !FAULT_POINT(fetch_moved)) return false;
    return FAULT_POINT(fetch_stored) && delivery_ready(f->work, &f->recording, got->duration_ms, rows, got->count, e) && FAULT_POINT(fetch_told);
}

static void tidy(const struct fetching *f)
{
    struct err e = {0};
    if (!sink_erase_local(core_config(f->work->core)->DATA_DIR, arena_printf(f->work->arena, "recordings/%s/fetch", f->recording.uuid), &e))
        log_warn("fetch.not_tidied", LOG_STR("error", e.text));
}

/* It is ready; an earlier try that was cut off may have left something. */
static enum work_result done(const struct fetching *f)
{
    tidy(f);
    return WORK_DONE;
}

static const struct provider *provider_of(struct fetching *f, struct err *e)
{
    struct scope s = work_scope(f->work);
    struct provider_recording row;
    struct session session;
    if (fact_recording_row(&s, f->recording.id, &row, e) != DB_ROW || session_even_deleted(&s, f->recording.session_id, &session, e) != DB_ROW) {
        err_set(e, ERR_CONFLICT, "fetch_unknown", "the provider has told nothing of this recording");
        return NULL;
    }
    f->fetch.record = (struct provider_record){session.room_name, f->recording.uuid, HAS(&row, provider_recording, external_id) ? row.external_id : NULL};
    f->fetch.detail = HAS(&row, provider_recording, detail) ? row.detail : NULL;
    const struct provider *p = provider_find(f->work->core, row.provider);
    if (p && p->ops->record_fetch) return p;
    err_set(e, ERR_DESTINATION, "provider_absent", "provider \"%s\" is not set up on this server", row.provider);
    return NULL;
}

enum work_result fetch_work(struct work_context *w, struct err *e)
{
    struct fetching f = {.work = w, .fetch = {.progress = on_progress}};
    struct scope s = work_scope(w);
    f.fetch.arg = &f;
    enum db_found found = recording_by_id(&s, w->job->subject_id, &f.recording, e);
    if (found == DB_FAILED) return WORK_AGAIN;
    if (found == DB_NONE) return WORK_DONE;
    if (f.recording.status == recording_status_ready) return done(&f);
    const struct provider *p = provider_of(&f, e);
    if (!p) return WORK_AGAIN;
    bool ok = make_folder(&f, e) && put_back(&f, e) && FAULT_POINT(fetch_begun) && p->ops->record_fetch(provider_for_jobs(p), w->arena, &f.fetch, e) && FAULT_POINT(fetch_got) && publish(&f, e);
    if (!ok && f.stopped) return WORK_STOPPED;
    return ok ? done(&f) : !strcmp(e->code, "disk_full") || !strcmp(e->code, "fetch_gone") ? WORK_GIVEN_UP : WORK_AGAIN;
}

bool fetch_give_up(struct scope *s, int64_t recording_id, const char *why, struct err *e)
{
    return recording_failed(s, recording_id, why, e);
}

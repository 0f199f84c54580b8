/* compose_job.c - a stopped recording becomes files: tracks found, named, composed, stored, told. Safe to do again from the start. */
#include "base/fault.h"
#include "base/log.h"
#include "core/presence.h"
#include "core/recording.h"
#include "jobs/delivery.h"
#include "jobs/kinds.h"
#include "provider/janus/compose.h"
#include "provider/janus/mjr.h"
#include "sink/local.h"
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char SQL_PERSON[] = "SELECT {p} FROM connection_spans c JOIN participants p ON p.id = c.participant_id WHERE c.connection = $1";

struct making {
    struct work_context *work;
    struct recording recording;
    struct compose_track *tracks;
    size_t count, room, without_consent;
    const char *folder;
    int percent;
};

/* ---- whose tracks there are */

/* videoroom-ROOM-user-CONNECTION-TIME-audio-0.mjr */
static const char *connection_of(struct arena *a, const char *file)
{
    const char *at = strstr(file, "-user-");
    size_t n = at ? strcspn(at + 6, "-") : 0;
    return n ? arena_strndup(a, at + 6, n) : NULL;
}

static enum compose_kind kind_of(const char *path)
{
    struct mjr mjr;
    struct err e;
    if (!mjr_read(path, UINT32_MAX, &mjr, &e)) return COMPOSE_MIC; /* compose says what is wrong with it */
    enum compose_kind kind = mjr.media == MJR_AUDIO ? COMPOSE_MIC : strcmp(mjr.description, "screen") ? COMPOSE_CAMERA : COMPOSE_SCREEN;
    mjr_release(&mjr);
    return kind;
}

static struct compose_track *track_add(struct making *m)
{
    if (m->count == m->room) {
        struct compose_track *more = arena_array(m->work->arena, struct compose_track, m->room = m->room ? m->room * 2 : 64);
        if (m->count) memcpy(more, m->tracks, m->count * sizeof *more);
        m->tracks = more;
    }
    return &m->tracks[m->count++];
}

static bool add_track(struct making *m, const char *file, struct err *e)
{
    struct scope s = work_scope(m->work);
    struct participant person;
    const char *connection = connection_of(s.arena, file);
    if (!connection) return true; /* not one of ours */
    enum db_found found = db_one(s.db, SQL_PERSON, participant, &person, s.arena, e, TEXT_(connection));
    if (found == DB_FAILED) return false;
    if (found == DB_ROW && !HAS(&person, participant, consented_at)) {
        m->without_consent++; /* asked, and never agreed: nothing of theirs is kept */
        return true;
    }
    const char *path = arena_printf(s.arena, "%s/raw/%s", m->folder, file);
    *track_add(m) = (struct compose_track){.path = path, .name = found == DB_ROW ? person.name : "?", .kind = kind_of(path),
        .connection = found == DB_ROW ? arena_printf(s.arena, "p%lld", (long long)person.id) : connection};
    return true;
}

static bool find_tracks(struct making *m, struct err *e)
{
    bool ok = true;
    const char *raw = arena_printf(m->work->arena, "%s/raw", m->folder);
    DIR *d = opendir(raw);
    if (!d && errno == ENOENT) return err_set(e, ERR_CONFLICT, "compose_empty", "nothing was recorded: nobody was in the call while it ran");
    if (!d) return err_sys(e, ERR_DESTINATION, "disk", "cannot read \"%s\"", raw);
    for (const struct dirent *f; ok && (f = readdir(d));) {
        size_t n = strlen(f->d_name);
        if (n > 4 && !strcmp(f->d_name + n - 4, ".mjr")) ok = add_track(m, f->d_name, e);
    }
    closedir(d);
    if (ok && !m->count && m->without_consent) return err_set(e, ERR_CONFLICT, "compose_empty", "nothing is kept: nobody who was in agreed to be recorded");
    return ok;
}

/* ---- making */

static bool on_progress(void *ctx, int percent)
{
    struct making *m = ctx;
    delivery_progress(m->work, m->recording.id, percent, &m->percent);
    return runner_go_on(m->work);
}

static bool live_spans(struct making *m, struct compose_job *job, struct err *e)
{
    struct scope s = work_scope(m->work);
    struct list rows;
    if (!recording_spans(&s, m->recording.id, &rows, e)) return false;
    struct compose_span *live = arena_array(s.arena, struct compose_span, rows.count + 1);
    for (size_t i = 0; i < rows.count; i++) {
        const struct recording_span *row = (const struct recording_span *)rows.items + i;
        live[i] = (struct compose_span){row->started_at * 1000, (HAS(row, recording_span, ended_at) ? row->ended_at : m->recording.ended_at) * 1000};
    }
    job->live = live;
    job->live_count = rows.count;
    job->started_us = m->recording.started_at * 1000;
    job->ended_us = rows.count ? live[rows.count - 1].to_us : m->recording.ended_at * 1000;
    return true;
}

static bool compose(struct making *m, struct compose_result *result, struct err *e)
{
    struct compose_job job = {.tracks = m->tracks, .track_count = m->count, .work_dir = arena_printf(m->work->arena, "%s/work", m->folder),
                              .out_dir = arena_printf(m->work->arena, "%s/out", m->folder), .progress = on_progress, .ctx = m, .nice = 5};
    return live_spans(m, &job, e) && compose_run(&job, result, e);
}

/* ---- storing */

static enum file_kind file_kind_of(enum compose_file_kind k)
{
    static const enum file_kind kinds[] = {[COMPOSE_VIDEO] = file_kind_video, [COMPOSE_AUDIO] = file_kind_audio, [COMPOSE_OPUS] = file_kind_opus, [COMPOSE_TRACK] = file_kind_track};
    return kinds[k];
}

static bool store(struct making *m, const struct compose_file *f, struct recording_file *row, struct err *e)
{
    struct provider_file file = {f->name, file_kind_of(f->kind), f->content_type, f->size_bytes, f->duration_ms};
    return delivery_store(m->work, &m->recording, arena_printf(m->work->arena, "%s/out", m->folder), &file, row, e);
}

static bool publish(struct making *m, const struct compose_result *result, struct err *e)
{
    struct recording_file *rows = arena_array(m->work->arena, struct recording_file, result->file_count + 1);
    for (size_t i = 0; i < result->file_count; i++)
        if (!store(m, &result->files[i], &rows[i], e) || !FAULT_POINT(compose_moved)) return false;
    return FAULT_POINT(compose_stored) && delivery_ready(m->work, &m->recording, result->duration_ms, rows, result->file_count, e) && FAULT_POINT(compose_told);
}

/* What is not needed any more once the files are proven to be stored. */
static void tidy(const struct making *m)
{
    static const char *const left[] = {"raw", "out", "work"};
    for (size_t i = 0; i < 3; i++) {
        struct err e = {0};
        if (!sink_erase_local(m->folder, left[i], &e)) log_warn("compose.not_tidied", LOG_STR("error", e.text));
    }
}

/* A full disk needs somebody to free it: told at once, and made anew when they ask, rather than tried in silence for half an hour. */
static enum work_result result_of(const struct err *e)
{
    if (!strcmp(e->code, "compose_cancelled")) return WORK_STOPPED;
    return !strcmp(e->code, "compose_empty") || !strcmp(e->code, "disk_full") ? WORK_GIVEN_UP : WORK_AGAIN;
}

static enum work_result done(const struct making *m)
{
    tidy(m);
    return WORK_DONE;
}

enum work_result compose_work(struct work_context *w, struct err *e)
{
    struct making m = {.work = w};
    struct compose_result result = {0};
    struct scope s = work_scope(w);
    enum db_found found = recording_by_id(&s, w->job->subject_id, &m.recording, e);
    if (found == DB_FAILED) return WORK_AGAIN;
    if (found == DB_NONE) return WORK_DONE;
    m.folder = arena_printf(w->arena, "%s/recordings/%s", core_config(w->core)->DATA_DIR, m.recording.uuid);
    if (m.recording.status == recording_status_ready) return done(&m); /* an earlier try was cut off after it had told so */
    if (!find_tracks(&m, e) || !FAULT_POINT(compose_found) || !compose(&m, &result, e)) return result_of(e);
    FAULT_POINT(compose_made);
    bool ok = publish(&m, &result, e);
    compose_result_release(&result);
    return ok ? done(&m) : result_of(e);
}

bool compose_give_up(struct scope *s, int64_t recording_id, const char *why, struct err *e)
{
    return recording_failed(s, recording_id, why, e);
}

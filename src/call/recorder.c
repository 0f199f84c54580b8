/* recorder.c - the rows say whether a call is recorded; this makes the media engine do so, and keeps an eye on the disk. */
#include "call/parts.h"
#include "core/job.h"
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

enum { LEAST_FREE_MB = 64 };

/* recordings/UUID/raw below the data folder: made of ids only. Absolute, since Janus has its own working folder. */
static bool raw_folder(struct hub *h, const struct recording *rec, char *out, size_t size)
{
    const struct config *c = core_config(h->core);
    const char *steps[] = {"recordings", rec->uuid, "raw"};
    char real[4096];
    if (!realpath(c->DATA_DIR, real)) return false;
    size_t n = (size_t)snprintf(out, size, "%s", real);
    for (size_t i = 0; i < 3; i++) {
        n += (size_t)snprintf(out + n, size - n, "/%s", steps[i]);
        if (n >= size || (mkdir(out, 0700) && errno != EEXIST)) return false;
    }
    return true;
}

struct flushed { struct hub *hub; int64_t recording_id, session_id; char room[101]; };

static bool hurry(struct scope *s, void *arg, struct err *e)
{
    const int64_t *id = arg;
    return job_hurry(s, "compose", *id, e);
}

/* Janus has closed its files: they can be made into the recording now. */
static void on_flushed(void *ctx, const struct err *e)
{
    struct flushed *f = ctx;
    if (e && e->kind != ERR_NONE) log_warn("recorder.stop_failed", LOG_INT("recording", f->recording_id), LOG_STR("error", e->text));
    if (!room_find(f->hub, f->session_id) && f->hub->media) media_room_close(f->hub->media, f->room); /* nobody is in, and nothing is recorded any more */
    struct task *t = task_create(f->hub->core);
    t->run = hurry;
    t->arg = arena_copy(&t->arena, &f->recording_id, sizeof f->recording_id);
    task_submit(t);
    free(f);
}

static void on_started(void *ctx, const struct err *e)
{
    struct flushed *f = ctx;
    if (e && e->kind != ERR_NONE) log_error("recorder.start_failed", LOG_INT("recording", f->recording_id), LOG_STR("error", e->text));
    free(f);
}

void recorder_follow(struct room *r, const struct recording *rec)
{
    struct hub *h = r->hub;
    char folder[4096];
    if (is_elsewhere(h, &r->session)) return; /* who carries the media records it */
    if (!h->media) { /* a session of when calls were held here, opened again where they are held elsewhere */
        log_error("recorder.no_engine", LOG_INT("recording", rec->id), LOG_STR("next", "nothing is recorded; the media engine starts with roomd, where sessions of it are open"));
        return;
    }
    struct flushed *f = xcalloc(1, sizeof *f);
    *f = (struct flushed){.hub = h, .recording_id = rec->id, .session_id = r->session_id};
    snprintf(f->room, sizeof f->room, "%s", r->session.room_name);
    if (rec->status != recording_status_recording) {
        media_room_record(h->media, r->session.room_name, NULL, rec->status == recording_status_paused ? on_started : on_flushed, f);
        return;
    }
    if (raw_folder(h, rec, folder, sizeof folder)) {
        media_room_record(h->media, r->session.room_name, folder, on_started, f);
        return;
    }
    log_error("recorder.no_folder", LOG_INT("recording", rec->id), LOG_STR("error", strerror(errno)));
    free(f);
}

void recorder_take_up(struct hub *h, int64_t session_id)
{
    struct scope s = hub_scope(h, &h->arena, 0);
    struct list running;
    struct err e;
    if (!recording_all_running(&s, &running, &e)) return;
    for (size_t i = 0; i < running.count; i++) {
        const struct recording *rec = (const struct recording *)running.items + i;
        struct room around = {.hub = h, .session_id = rec->session_id};
        if (session_id && rec->session_id != session_id) continue;
        if (session_by_id(&s, rec->session_id, &around.session, &e) == DB_ROW) recorder_follow(&around, rec);
    }
}

bool recorder_wants(void *hub, const char *room_name)
{
    struct hub *h = hub;
    struct scope s = hub_scope(h, &h->arena, 0);
    struct session session;
    struct recording rec;
    struct err e;
    enum db_found found = session_by_room_name(&s, room_name, &session, &e);
    if (found == DB_ROW) found = recording_running(&s, session.id, &rec, &e);
    return found != DB_NONE;
}

/* ---- the disk */

static const char DISK_FULL[] = "The disk is nearly full: the recording was stopped. What was recorded is kept; free some space and retry.";

static bool stop_full(struct scope *s, void *arg, struct err *e)
{
    struct list running;
    (void)arg;
    if (!recording_all_running(s, &running, e)) return false;
    struct recording *rec = (struct recording *)(uintptr_t)running.items;
    for (size_t i = 0; i < running.count; i++) {
        SET(&rec[i], recording, error, DISK_FULL);
        if (!recording_act(s, &rec[i], record_action_stop, e)) return false;
    }
    return true;
}

static void tell_hosts_full(const struct room *r)
{
    struct err e;
    err_fail(&e, error_storage_unavailable);
    err_say(&e, "%s", DISK_FULL);
    for (const struct peer *p = r->peers; p; p = p->next)
        if (p->caller && p->role == participant_role_teacher) message_error(p->caller, &e, "record");
}

/* recordings/ may be a disk of its own. */
static bool disk_of_recordings(struct hub *h, const char **folder, struct statvfs *v)
{
    const char *data = core_config(h->core)->DATA_DIR;
    *folder = arena_printf(&h->arena, "%s/recordings", data);
    if (!statvfs(*folder, v)) return true;
    *folder = data;
    return !statvfs(data, v);
}

void recorder_watch_disk(struct hub *h)
{
    struct statvfs v;
    const char *folder;
    bool recorded = false;
    for (struct room *r = h->rooms; r; r = r->next) recorded |= r->recorded && !r->elsewhere;
    if (!recorded || !disk_of_recordings(h, &folder, &v)) return;
    if ((uint64_t)v.f_bavail * v.f_frsize >= (uint64_t)LEAST_FREE_MB << 20) return;
    log_error("recorder.disk_full", LOG_STR("folder", folder), LOG_STR("next", "free some space; the call goes on, recordings were stopped"));
    for (const struct room *r = h->rooms; r; r = r->next)
        if (r->recorded && !r->elsewhere) tell_hosts_full(r);
    struct task *t = task_create(h->core);
    t->run = stop_full;
    task_submit(t);
}

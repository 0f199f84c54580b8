#include "provider/janus/compose_parts.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum {
    DEADLINE_BASE_MS = 300000, /* a step on a busy box; then 20 times its media time */
    DEADLINE_FACTOR = 20,
    LEAST_FREE_BYTES = 262144, /* less is a full disk, whatever the tool said */
};
static const uint64_t memory_bytes = 6ull << 30;

struct step {
    struct compose *c;
    bool (*on_data)(void *ctx, const void *data, size_t size);
    void *ctx;
    char said[160]; /* the last complaint on standard output: janus-pp-rec complains there */
};

/* ---- progress */

static bool show(struct compose *c, int64_t media_us)
{
    double part = c->step_us > 0 ? (double)media_us / c->step_us : 1;
    int percent = (int)(c->done_percent + c->step_percent * (part > 1 ? 1 : part < 0 ? 0 : part));
    if (percent > c->shown_percent) c->shown_percent = percent > 99 ? 99 : percent;
    if (c->job->progress && !c->job->progress(c->job->ctx, c->shown_percent)) c->cancelled = true;
    return !c->cancelled;
}

bool step_begin(struct compose *c, double percent, int64_t media_us)
{
    c->done_percent += c->step_percent;
    c->step_percent = percent;
    c->step_us = (double)media_us;
    c->step_done_us = 0;
    return show(c, 0);
}

static bool on_line(void *ctx, const char *line)
{
    struct step *step = ctx;
    long long us;
    if (sscanf(line, "out_time_us=%lld", &us) == 1) return show(step->c, step->c->step_done_us + us);
    if (strstr(line, "[ERR]") || strstr(line, "[FATAL]")) snprintf(step->said, sizeof step->said, "%s", line);
    return true;
}

static bool on_data(void *ctx, const void *data, size_t size)
{
    struct step *step = ctx;
    return step->on_data(step->ctx, data, size);
}

static bool on_tick(void *ctx)
{
    const struct step *step = ctx;
    return show(step->c, 0);
}

/* ---- what went wrong */

static bool disk_full(const char *dir)
{
    struct statvfs fs;
    return statvfs(dir, &fs) == 0 && (uint64_t)fs.f_bavail * fs.f_frsize < LEAST_FREE_BYTES;
}

static bool explain(struct compose *c, const char *what, const char *said, struct err *e)
{
    struct err cause = *e;
    if (c->cancelled) return err_set(e, ERR_CONFLICT, "compose_cancelled", "making the recording's files was cancelled");
    bool full = cause.sys == ENOSPC || cause.sys == EDQUOT || strstr(said, "No space left on device") || disk_full(c->work_dir) || disk_full(c->out_dir);
    if (full) return err_set(e, ERR_DESTINATION, "disk_full", "%s: no space left on the disk; free some and retry", what);
    return err_set(e, ERR_INTERNAL, "compose_failed", "%s: %s", what, cause.text);
}

bool step_fail(struct compose *c, const char *what, struct err *e)
{
    return explain(c, what, "", e);
}

bool step_skip(struct compose *c, struct source *source, const struct err *e)
{
    if (strcmp(e->code, "compose_failed") != 0 && e->kind != ERR_CALLER) return false;
    if (!c->note[0]) snprintf(c->note, sizeof c->note, "%.240s", e->text);
    c->skipped++;
    source->file = NULL;
    return true;
}

static bool run(struct step *step, const char *what, const char *const *argv, int64_t media_us, struct err *e)
{
    struct compose *c = step->c;
    struct child_end end = {0};
    struct child_spec spec = {
        .argv = argv, .cwd = c->work_dir, .ctx = step, .tick = on_tick, .nice = c->job->nice, .memory_bytes = memory_bytes,
        .deadline_ms = DEADLINE_BASE_MS + media_us / 1000 * DEADLINE_FACTOR,
    };
    if (step->on_data) spec.on_data = on_data;
    else spec.on_line = on_line;
    struct err cause = {0};
    if (child_run(&spec, &end, &cause)) {
        c->step_done_us += media_us;
        /* janus-pp-rec ends with 0 even when it could not write */
        if (show(c, c->step_done_us) && !disk_full(c->work_dir) && !disk_full(c->out_dir)) return true;
        return explain(c, what, "", e);
    }
    if (e) *e = cause;
    if (e && step->said[0] && end.fate == CHILD_EXITED) err_say(e, "\"%s\" ended with code %d: %s", argv[0], end.code, step->said);
    return explain(c, what, end.tail, e);
}

bool step_run(struct compose *c, const char *what, const char *const *argv, int64_t media_us, struct err *e)
{
    return run(&(struct step){.c = c}, what, argv, media_us, e);
}

bool step_pipe(struct compose *c, const char *what, const char *const *argv, int64_t media_us,
               bool (*take)(void *, const void *, size_t), void *ctx, struct err *e)
{
    return run(&(struct step){.c = c, .on_data = take, .ctx = ctx}, what, argv, media_us, e);
}

/* ---- files */

char *step_path(struct compose *c, const char *dir, const char *name)
{
    return arena_printf(&c->arena, "%s/%s", dir, name);
}

static bool sync_path(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC);
    if (fd < 0) return false;
    bool ok = fsync(fd) == 0;
    int sys = errno;
    close(fd);
    errno = sys;
    return ok;
}

static bool sync_folder_of(struct compose *c, const char *path)
{
    char *dir = arena_strndup(&c->arena, path, (size_t)(strrchr(path, '/') - path));
    return sync_path(dir, O_RDONLY | O_DIRECTORY);
}

bool step_publish(struct compose *c, const char *part, const char *final, struct err *e)
{
    if (sync_path(part, O_RDONLY) && rename(part, final) == 0 && sync_folder_of(c, final)) return true;
    err_sys(e, ERR_INTERNAL, "compose_failed", "cannot put \"%s\" on disk", final);
    return step_fail(c, "writing the files", e);
}

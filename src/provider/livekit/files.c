/* files.c - what the recorder has written: on a disk that is ours too, or in a bucket. */
#include "base/log.h"
#include "provider/livekit/parts.h"
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE = 1 << 20 };

/* ---- where it is here */

/* "/out/rec/{room_name}/{egress_id}" and EGRESS_LOCAL_PATH "/srv/rec": what is below /out/rec/ there is below /srv/rec/ here. A path without
 * a slash before it is at the root of the recorder's disk. NULL: it is not where we told it to write. */
static const char *path_here(const struct livekit_provider *l, struct arena *a, const char *written)
{
    const struct config *c = l->config;
    if (strstr(written, "..")) return NULL;
    if (!*c->EGRESS_LOCAL_PATH) return arena_printf(a, "%s%s", *written == '/' ? "" : "/", written);
    const char *pattern = *c->EGRESS_OUTPUT_PATH ? c->EGRESS_OUTPUT_PATH : "recordings/";
    size_t fixed = strcspn(pattern, "{"), skip = *pattern == '/';
    const char *from = written + (*written == '/');
    if (strncmp(from, pattern + skip, fixed - skip) != 0) return NULL;
    return arena_printf(a, "%s/%s", c->EGRESS_LOCAL_PATH, from + fixed - skip);
}

int64_t sfu_file_size(const struct livekit_provider *l, struct arena *a, const char *written)
{
    struct stat s;
    const char *path = *l->config->EGRESS_S3_BUCKET ? NULL : path_here(l, a, written);
    return path && !stat(path, &s) && S_ISREG(s.st_mode) ? s.st_size : 0;
}

/* ---- taking it */

struct copying { int from, to; struct provider_fetch *fetch; int64_t done, total; };

static bool copy_piece(struct copying *c, char *piece, bool *more, struct err *e)
{
    ssize_t n = read(c->from, piece, PIECE);
    if (n < 0) return err_sys(e, ERR_DESTINATION, "egress_file", "cannot read what the recorder wrote");
    *more = n > 0;
    for (ssize_t at = 0; at < n;) {
        ssize_t w = write(c->to, piece + at, (size_t)(n - at));
        if (w < 0) return err_sys(e, ERR_DESTINATION, errno == ENOSPC ? "disk_full" : "disk", "cannot write the recording");
        at += w;
    }
    c->done += n;
    int percent = c->total > 0 ? (int)(c->done * 100 / c->total) : 0;
    return c->fetch->progress(c->fetch->arg, percent > 100 ? 100 : percent) || err_set(e, ERR_DESTINATION, "fetch_stopped", "stopped");
}

static bool copy_all(struct copying *c, struct err *e)
{
    char *piece = xmalloc(PIECE);
    bool ok = true, more = true;
    while (ok && more) ok = copy_piece(c, piece, &more, e);
    free(piece);
    return ok && (!fsync(c->to) || err_sys(e, ERR_DESTINATION, "disk", "cannot write the recording"));
}

static bool copy_file(const char *from, const char *to, struct provider_fetch *fetch, struct err *e)
{
    struct stat s;
    struct copying c = {.from = open(from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW), .to = -1, .fetch = fetch};
    bool ok = c.from >= 0 && !fstat(c.from, &s) && S_ISREG(s.st_mode);
    if (!ok) err_sys(e, ERR_DESTINATION, "egress_file", "cannot open what the recorder wrote; is EGRESS_LOCAL_PATH the folder that it writes to, and may roomd read it?");
    if (ok) c.total = s.st_size;
    if (ok && (c.to = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)) < 0) ok = err_sys(e, ERR_DESTINATION, "disk", "cannot write the recording");
    ok = ok && copy_all(&c, e);
    if (c.from >= 0) close(c.from);
    if (c.to >= 0) close(c.to);
    return ok;
}

/* On one disk it changes its place; else it is copied, and goes from there. What an earlier try has moved is here already. */
static bool take_local(struct livekit_provider *l, struct arena *a, const char *written, const char *to, struct provider_fetch *fetch, struct err *e)
{
    const char *from = path_here(l, a, written);
    if (!from) return err_set(e, ERR_DESTINATION, "fetch_gone", "the recorder wrote to another place than EGRESS_OUTPUT_PATH");
    if (access(from, F_OK) && !access(to, R_OK)) return true;
    if (!rename(from, to)) return true;
    if (!copy_file(from, to, fetch, e)) return false;
    if (unlink(from)) log_warn("livekit.file_stays", LOG_STR("path", from), LOG_STR("error", strerror(errno)));
    return true;
}

bool sfu_take(struct livekit_provider *l, struct arena *a, const char *written, const char *to, struct provider_fetch *fetch, struct err *e)
{
    return *l->config->EGRESS_S3_BUCKET ? sfu_take_object(l, a, written, to, fetch, e) : take_local(l, a, written, to, fetch, e);
}

/* ---- what it is */

static const struct kind { const char *end; enum file_kind kind; const char *type, *name; } kinds[] = {
    {".mp4", file_kind_video, "video/mp4", "recording.mp4"}, {".mp3", file_kind_audio, "audio/mpeg", "recording.mp3"}, {".ogg", file_kind_opus, "audio/ogg", "recording.ogg"}};

static const struct kind *kind_of(const char *path)
{
    size_t n = strlen(path);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (n > 4 && !strcmp(path + n - 4, kinds[i].end)) return &kinds[i];
    return &kinds[0];
}

static void drop_json(void *json)
{
    json_decref(json);
}

static const char *text_at(const json_t *detail, const char *name)
{
    const char *text = json_string_value(json_object_get(detail, name));
    return text ? text : "";
}

bool sfu_record_fetch(void *ctx, struct arena *a, struct provider_fetch *fetch, struct err *e)
{
    struct livekit_provider *l = ctx;
    struct stat s;
    json_t *detail = fetch->detail ? json_loads(fetch->detail, 0, NULL) : NULL;
    if (detail) arena_defer(a, drop_json, detail);
    const char *path = text_at(detail, "path");
    if (!*path) return err_set(e, ERR_DESTINATION, "fetch_gone", "the recorder did not say where its file is");
    const struct kind *kind = kind_of(path);
    const char *to = arena_printf(a, "%s/%s", fetch->folder, kind->name);
    if (!sfu_take(l, a, path, to, fetch, e)) return false;
    if (stat(to, &s)) return err_sys(e, ERR_DESTINATION, "disk", "cannot see the recording");
    struct provider_file *file = arena_new(a, struct provider_file);
    fetch->duration_ms = json_integer_value(json_object_get(detail, "duration_ms"));
    *file = (struct provider_file){kind->name, kind->kind, kind->type, s.st_size, fetch->duration_ms};
    fetch->files = file;
    fetch->count = 1;
    return sfu_tracks_fetch(l, a, fetch, e);
}

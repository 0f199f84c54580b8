#include "provider/janus/compose_parts.h"
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* How long nothing may come before a picture counts as switched off. A shared screen that stands still sends next to nothing,
 * a microphone that is cut by the network comes back. */
static const uint32_t gap_ms[] = {[COMPOSE_MIC] = UINT32_MAX, [COMPOSE_CAMERA] = 2000, [COMPOSE_SCREEN] = 15000};
static const char *const kind_words[] = {[COMPOSE_MIC] = "mic", [COMPOSE_CAMERA] = "camera", [COMPOSE_SCREEN] = "screen"};

/* ---- folders */

static bool make_folder(const char *path, struct err *e)
{
    struct stat st;
    if (mkdir(path, 0700) == 0 || (errno == EEXIST && stat(path, &st) == 0 && S_ISDIR(st.st_mode))) return true;
    enum err_kind kind = errno == ENOSPC || errno == EDQUOT ? ERR_DESTINATION : ERR_INTERNAL;
    return err_sys(e, kind, kind == ERR_DESTINATION ? "disk_full" : "compose_failed", "cannot make the folder \"%s\"", path);
}

static char *open_folder(struct compose *c, const char *path, struct err *e)
{
    char real[PATH_MAX];
    if (!make_folder(path, e)) return NULL;
    if (realpath(path, real)) return arena_strdup(&c->arena, real);
    err_sys(e, ERR_INTERNAL, "compose_failed", "cannot find the folder \"%s\"", path);
    return NULL;
}

/* Removes the files whose names begin and end so. */
static void sweep(struct compose *c, const char *path, const char *start, const char *ending)
{
    DIR *dir = opendir(path);
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        const char *name = entry->d_name;
        size_t size = strlen(name), end = strlen(ending);
        if (size >= end && strcmp(name + size - end, ending) == 0 && strncmp(name, start, strlen(start)) == 0) unlink(step_path(c, path, name));
    }
    if (dir) closedir(dir);
}

/* Only what a run makes: a folder named wrongly must not lose anything else. */
static void sweep_all(struct compose *c)
{
    static const char *const scratch[][2] = {{"mix.", ""}, {"even-", ".mkv"}, {"epoch-", ".mp4"}, {"label-", ".txt"}, {"graph.txt", ""}, {"list.txt", ""}};
    for (size_t i = 0; i < sizeof scratch / sizeof *scratch; i++) sweep(c, c->work_dir, scratch[i][0], scratch[i][1]);
    sweep(c, c->out_dir, "recording.", ".part");
    sweep(c, step_path(c, c->out_dir, "tracks"), "", ".part");
}

static bool open_folders(struct compose *c, struct err *e)
{
    c->work_dir = open_folder(c, c->job->work_dir, e);
    c->out_dir = c->work_dir ? open_folder(c, c->job->out_dir, e) : NULL;
    if (!c->out_dir || !make_folder(step_path(c, c->out_dir, "tracks"), e)) return false;
    sweep_all(c);
    return true;
}

/* ---- tracks */

static void release_mjr(void *mjr)
{
    mjr_release(mjr);
}

static bool fits(enum mjr_media media, enum compose_kind kind)
{
    return media == (kind == COMPOSE_MIC ? MJR_AUDIO : MJR_VIDEO);
}

static void inspect(struct compose *c, struct source *s, struct err *e)
{
    if (!mjr_read(s->track->path, gap_ms[s->track->kind], &s->mjr, e)) {
        step_skip(c, s, e);
        return;
    }
    arena_defer(&c->arena, release_mjr, &s->mjr);
    if (!s->mjr.packets || !s->mjr.first_us || !fits(s->mjr.media, s->track->kind)) {
        c->skipped++;
        return;
    }
    s->first_us = s->mjr.first_us + s->track->shift_us;
    s->file = "";
}

static void inspect_all(struct compose *c, struct err *e)
{
    const struct compose_job *job = c->job;
    c->sources = arena_array(&c->arena, struct source, job->track_count + 1);
    c->source_count = job->track_count;
    for (size_t i = 0; i < job->track_count; i++) {
        c->sources[i] = (struct source){.track = &job->tracks[i], .index = i};
        inspect(c, &c->sources[i], e);
    }
}

/* Ids are ours and harmless; this keeps them so in a file's name. */
static char *safe_id(struct compose *c, const char *id)
{
    char *safe = arena_strdup(&c->arena, id);
    for (char *p = safe; *p; p++)
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_", *p)) *p = '_';
    return safe;
}

/* tracks/ID-camera-1.webm: the how-manieth file of that kind from that connection. */
static char *track_name(struct compose *c, const struct source *s)
{
    int number = 1;
    for (const struct source *before = c->sources; before < s; before++)
        if (before->track->kind == s->track->kind && strcmp(before->track->connection, s->track->connection) == 0) number++;
    return arena_printf(&c->arena, "tracks/%.64s-%s-%d.%s", safe_id(c, s->track->connection), kind_words[s->track->kind], number,
                        s->mjr.media == MJR_AUDIO ? "opus" : "webm");
}

static bool unpack(struct compose *c, struct source *s, struct err *e)
{
    char source[PATH_MAX];
    struct stat st;
    s->name = track_name(c, s);
    char *final = step_path(c, c->out_dir, s->name);
    char *part = arena_printf(&c->arena, "%s.part", final);
    if (!realpath(s->track->path, source)) return err_sys(e, ERR_INTERNAL, "compose_failed", "unpacking a track: cannot find \"%s\"", s->track->path);
    const char *const argv[] = {"janus-pp-rec", "-d", "2", "-o", "-f", s->mjr.media == MJR_AUDIO ? "opus" : "webm", source, part, NULL};
    if (!step_run(c, "unpacking a track", argv, 1000000, e)) return false;
    if (stat(part, &st) != 0 || st.st_size == 0)
        return err_set(e, ERR_INTERNAL, "compose_failed", "unpacking a track: janus-pp-rec made nothing of \"%s\"", s->track->path);
    if (!step_publish(c, part, final, e)) return false;
    s->file = final;
    return true;
}

static bool unpack_all(struct compose *c, struct err *e)
{
    if (!step_begin(c, 5, (int64_t)c->source_count * 1000000)) return step_fail(c, "unpacking the tracks", e);
    for (size_t i = 0; i < c->source_count; i++) {
        struct source *s = &c->sources[i];
        if (s->file && !unpack(c, s, e) && !step_skip(c, s, e)) return false;
    }
    return true;
}

static bool something_left(const struct compose *c, struct err *e)
{
    for (size_t i = 0; i < c->source_count; i++)
        if (c->sources[i].file) return true;
    if (c->note[0]) return err_set(e, ERR_INTERNAL, "compose_failed", "no track could be used: %.200s", c->note);
    return err_set(e, ERR_CONFLICT, "compose_empty", "nothing was recorded: nobody's microphone, camera or screen sent anything");
}

/* ---- what came out */

static bool add_file(struct compose *c, struct compose_result *result, struct compose_file file, struct err *e)
{
    struct stat st;
    if (stat(step_path(c, c->out_dir, file.name), &st) != 0) return err_sys(e, ERR_INTERNAL, "compose_failed", "\"%s\" is gone", file.name);
    file.name = xstrdup(file.name);
    file.size_bytes = st.st_size;
    result->files[result->file_count++] = file;
    return true;
}

/* When on the result's clock the track begins; before it, where it began before the recording. */
static int64_t offset_ms(const struct compose *c, const struct source *s)
{
    const struct live *live = &c->live[0];
    for (size_t i = 1; i < c->live_count && c->live[i].from_us <= s->first_us; i++) live = &c->live[i];
    int64_t to_us = s->first_us < live->to_us ? s->first_us : live->to_us;
    return (live->out_us + to_us - live->from_us) / 1000;
}

static struct compose_file track_file(const struct compose *c, const struct source *s)
{
    const struct mjr_span *last = &s->mjr.spans[s->mjr.span_count - 1];
    return (struct compose_file){.kind = COMPOSE_TRACK, .name = s->name, .content_type = s->mjr.media == MJR_AUDIO ? "audio/ogg" : "video/webm",
        .duration_ms = last->to_ms, .offset_ms = offset_ms(c, s), .track = s->index};
}

static bool report(struct compose *c, struct compose_result *result, struct err *e)
{
    int64_t duration_ms = c->frames * FRAME_US / 1000;
    const struct compose_file mixed[] = {
        {.kind = COMPOSE_VIDEO, .name = "recording.mp4", .content_type = "video/mp4", .duration_ms = duration_ms},
        {.kind = COMPOSE_AUDIO, .name = "recording.mp3", .content_type = "audio/mpeg", .duration_ms = duration_ms},
        {.kind = COMPOSE_OPUS, .name = "recording.ogg", .content_type = "audio/ogg", .duration_ms = duration_ms},
    };
    *result = (struct compose_result){.has_video = true, .has_audio = c->has_audio, .width = COMPOSE_WIDTH, .height = COMPOSE_HEIGHT,
        .duration_ms = duration_ms, .skipped = c->skipped};
    snprintf(result->note, sizeof result->note, "%s", c->note);
    result->files = xcalloc(c->source_count + 3, sizeof *result->files);
    bool ok = true;
    for (size_t i = 0; ok && i < (c->has_audio ? 3 : 1); i++) ok = add_file(c, result, mixed[i], e);
    for (size_t i = 0; ok && i < c->source_count; i++)
        if (c->sources[i].file) ok = add_file(c, result, track_file(c, &c->sources[i]), e);
    if (!ok) compose_result_release(result);
    return ok;
}

static bool compose(struct compose *c, struct compose_result *result, struct err *e)
{
    if (!open_folders(c, e)) return false;
    plan_timeline(c);
    if (!c->frames) return err_set(e, ERR_CONFLICT, "compose_empty", "the recording was stopped as soon as it began");
    inspect_all(c, e);
    if (!something_left(c, e) || !unpack_all(c, e) || !something_left(c, e)) return false;
    plan_people(c);
    plan_pieces(c);
    if (!audio_mix(c, e)) return false;
    plan_epochs(c);
    if (!video_render(c, e) || !report(c, result, e)) return false;
    if (c->job->progress) c->job->progress(c->job->ctx, 100);
    return true;
}

bool compose_run(const struct compose_job *job, struct compose_result *result, struct err *e)
{
    struct compose c = {.job = job};
    struct err unseen;
    arena_init(&c.arena);
    bool ok = compose(&c, result, e ? e : &unseen);
    if (c.work_dir && c.out_dir) sweep_all(&c);
    arena_release(&c.arena);
    return ok;
}

void compose_result_release(struct compose_result *result)
{
    for (size_t i = 0; i < result->file_count; i++) free(result->files[i].name);
    free(result->files);
    *result = (struct compose_result){0};
}

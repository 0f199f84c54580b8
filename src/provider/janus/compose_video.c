#include "base/buf.h"
#include "provider/janus/compose_parts.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Three passes. A camera changes its resolution whenever the line does, and ffmpeg then builds its filters anew, which loses
 * anything they remember: so each track is first evened out to one size and 25 frames a second by filters that remember
 * nothing. Then each epoch is rendered by itself, and the pieces are joined with the sound. */

#define FFMPEG "ffmpeg", "-hide_banner", "-nostdin", "-v", "error", "-y", "-progress", "pipe:1", "-nostats"
static const char font[] = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf";
static const char backdrop[] = "0x14161b", empty_tile[] = "0x2b303b", speaking[] = "0x27ae60";

static int64_t length_us(const struct source *s)
{
    return s->mjr.span_count ? (int64_t)s->mjr.spans[s->mjr.span_count - 1].to_ms * 1000 + FRAME_US : 0;
}

/* ---- evening out */

static bool on_size(void *ctx, const void *data, size_t size)
{
    struct buf *text = ctx;
    buf_add(text, data, size);
    return true;
}

/* The largest picture of the track: janus-pp-rec writes it into the file's header. */
static bool read_size(struct compose *c, const struct source *s, int *width, int *height, struct err *e)
{
    const char *const argv[] = {"ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries", "stream=width,height", "-of", "csv=p=0", s->file, NULL};
    struct buf text;
    buf_init(&text, 256);
    bool ok = step_pipe(c, "looking at a track", argv, 0, on_size, &text, e);
    if (ok && (sscanf(text.data, "%d,%d", width, height) != 2 || *width < 2 || *height < 2))
        ok = err_set(e, ERR_INTERNAL, "compose_failed", "looking at a track: \"%s\" holds no picture", s->name);
    buf_release(&text);
    return ok;
}

/* Timestamps are kept (-copyts), so a track whose first packets cannot be decoded keeps its place; cfr fills in. */
static bool even_out(struct compose *c, struct source *s, struct err *e)
{
    int width, height;
    if (!read_size(c, s, &width, &height, e)) return false;
    struct rect fit = layout_fit(width, height, (struct rect){0, 0, s->tile_width, s->tile_height});
    s->width = fit.w;
    s->height = fit.h;
    s->cfr = arena_printf(&c->arena, "even-%zu.mkv", s->index);
    const char *filter = arena_printf(&c->arena, "scale=%d:%d:force_original_aspect_ratio=decrease:force_divisible_by=2:flags=bilinear,"
        "pad=%d:%d:(ow-iw)/2:(oh-ih)/2,setsar=1,format=yuv420p", fit.w, fit.h, fit.w, fit.h);
    const char *end = arena_printf(&c->arena, "%.3f", (double)length_us(s) / 1e6 + 1);
    const char *const argv[] = {FFMPEG, "-threads", "2", "-copyts", "-i", s->file, "-an", "-vf", filter, "-vsync", "cfr", "-r", "25", "-t", end,
        "-c:v", "libx264", "-preset", "ultrafast", "-tune", "fastdecode", "-crf", "20", "-g", "25", "-threads", "2", "-f", "matroska", s->cfr, NULL};
    return step_run(c, "decoding a picture", argv, length_us(s), e);
}

/* A track that cannot be decoded loses its picture, not the others theirs. */
static bool even_out_all(struct compose *c, struct err *e)
{
    int64_t media_us = 0;
    for (size_t i = 0; i < c->source_count; i++)
        if (c->sources[i].tile_width) media_us += length_us(&c->sources[i]);
    if (!step_begin(c, 25, media_us)) return step_fail(c, "decoding the pictures", e);
    for (size_t i = 0; i < c->source_count; i++) {
        struct source *s = &c->sources[i];
        if (!s->file || !s->tile_width || even_out(c, s, e)) continue;
        s->cfr = NULL;
        if (!step_skip(c, s, e)) return false;
    }
    return true;
}

/* ---- one epoch */

struct scene {
    struct compose *c;
    const struct epoch *epoch;
    struct buf filter;        /* the whole graph */
    const char **argv;
    size_t argc;
    int inputs, layers;
};

static void argue(struct scene *s, const char *arg)
{
    s->argv[s->argc++] = arg;
}

static const struct source *shown(const struct scene *s, const struct tile *tile)
{
    const struct source *source = tile->piece ? &s->c->sources[tile->piece->source] : NULL;
    return source && source->cfr ? source : NULL;
}

/* Half a frame early, so that rounding cannot lose the frame meant. */
static char *seek_text(struct scene *s, int64_t frame)
{
    double at = ((double)frame - 0.5) / COMPOSE_FPS;
    return arena_printf(&s->c->arena, "%.3f", at > 0 ? at : 0);
}

/* A track that begins a little late by rounding shows its first frame a little longer (tpad). */
static void add_picture(struct scene *s, const struct tile *tile, const struct source *source)
{
    int64_t first = s->epoch->from + tile->piece->shift, late = first < 0 ? -first : 0;
    struct rect at = layout_fit(source->width, source->height, tile->cell);
    argue(s, "-threads");
    argue(s, "1");
    argue(s, "-ss");
    argue(s, seek_text(s, first > 0 ? first : 0));
    argue(s, "-i");
    argue(s, source->cfr);
    buf_printf(&s->filter, "[%d:v]setpts=PTS-STARTPTS,tpad=start=%lld:start_mode=clone,scale=%d:%d:flags=bilinear[p%d];\n", s->inputs,
               (long long)late, at.w, at.h, s->inputs);
    buf_printf(&s->filter, "[l%d][p%d]overlay=%d:%d:eof_action=repeat[l%d];\n", s->layers, s->inputs, at.x, at.y, s->layers + 1);
    s->inputs++;
    s->layers++;
}

/* "between(n,3,40)+between(n,71,90)": frames of the epoch in which the person speaks; "0" for none. */
static void add_speech(struct scene *s, const bool *speaks)
{
    const struct epoch *epoch = s->epoch;
    const char *join = "";
    for (int64_t from = epoch->from; speaks && from < epoch->to;) {
        int64_t to = from;
        while (to < epoch->to && speaks[to]) to++;
        if (to > from) {
            buf_printf(&s->filter, "%sbetween(n,%lld,%lld)", join, (long long)(from - epoch->from), (long long)(to - 1 - epoch->from));
            join = "+";
        }
        from = to + 1;
    }
    if (!*join) buf_char(&s->filter, '0');
}

static bool write_label(struct scene *s, size_t index, int letters, const char **file, struct err *e)
{
    const struct tile *tile = &s->epoch->tiles[index];
    char text[512];
    size_t room = sizeof text - 32, size = layout_label(s->c->people[tile->person].name, (size_t)letters, text, room);
    if (tile->screen) size += (size_t)snprintf(text + size, 32, " (screen)");
    if (!size) size = (size_t)snprintf(text, room, "guest");
    *file = arena_printf(&s->c->arena, "label-%zu.txt", index);
    FILE *to = fopen(step_path(s->c, s->c->work_dir, *file), "we");
    bool ok = to && fwrite(text, 1, size, to) == size;
    if (to && fclose(to) != 0) ok = false;
    if (ok) return true;
    err_sys(e, ERR_INTERNAL, "compose_failed", "cannot write a name");
    return step_fail(s->c, "rendering the picture", e);
}

static int clamp_int(int n, int least, int most)
{
    return n < least ? least : n > most ? most : n;
}

/* The name, and once more on green while the person speaks. It goes in by a file, so no letter of it can mean anything to ffmpeg. */
static bool add_name(struct scene *s, size_t index, struct err *e)
{
    const struct tile *tile = &s->epoch->tiles[index];
    struct rect cell = tile->cell;
    bool picture = shown(s, tile) != NULL;
    int size = picture ? clamp_int(cell.h / 20, 11, 26) : clamp_int(cell.h / 11, 11, 44), pad = size / 3 + 1;
    const char *file;
    if (!write_label(s, index, clamp_int((cell.w - 4 * pad) * 8 / (size * 5) - (tile->screen ? 9 : 0), 3, 40), &file, e)) return false;
    const bool *speaks = tile->screen ? NULL : s->c->people[tile->person].speaks;
    for (int green = 0; green <= (speaks != NULL); green++) {
        buf_printf(&s->filter, ",drawtext=fontfile=%s:textfile=%s:expansion=none:fontsize=%d:fontcolor=white:box=1:boxcolor=%s%s:boxborderw=%d:",
                   font, file, size, green ? speaking : "black", green ? "" : "@0.6", pad);
        if (picture) buf_printf(&s->filter, "x=%d:y=%d-ascent", cell.x + 2 * pad, cell.y + cell.h - 2 * pad - size / 5);
        else buf_printf(&s->filter, "x=%d+(%d-tw)/2:y=%d+(%d-th)/2", cell.x, cell.w, cell.y, cell.h);
        if (!speaks) continue;
        buf_text(&s->filter, green ? ":enable='" : ":enable='not(");
        add_speech(s, speaks);
        buf_text(&s->filter, green ? "'" : ")'");
    }
    return true;
}

static void add_frame(struct scene *s, const struct tile *tile)
{
    const bool *speaks = tile->screen ? NULL : s->c->people[tile->person].speaks;
    struct rect cell = tile->cell;
    if (!speaks) return;
    buf_printf(&s->filter, ",drawbox=%d:%d:%d:%d:color=%s:t=4:enable='", cell.x, cell.y, cell.w, cell.h, speaking);
    add_speech(s, speaks);
    buf_char(&s->filter, '\'');
}

/* Backdrop, tiles without a picture, pictures, then names and frames on top. */
static bool build_graph(struct scene *s, struct err *e)
{
    const struct epoch *epoch = s->epoch;
    buf_printf(&s->filter, "color=c=%s:s=%dx%d:r=%d,format=yuv420p", backdrop, COMPOSE_WIDTH, COMPOSE_HEIGHT, COMPOSE_FPS);
    for (size_t i = 0; i < epoch->count; i++) {
        struct rect cell = epoch->tiles[i].cell;
        if (!shown(s, &epoch->tiles[i]))
            buf_printf(&s->filter, ",drawbox=%d:%d:%d:%d:color=%s:t=fill", cell.x + 2, cell.y + 2, cell.w - 4, cell.h - 4, empty_tile);
    }
    buf_text(&s->filter, "[l0];\n");
    for (size_t i = 0; i < epoch->count; i++) {
        const struct source *source = shown(s, &epoch->tiles[i]);
        if (source) add_picture(s, &epoch->tiles[i], source);
    }
    buf_printf(&s->filter, "[l%d]null", s->layers);
    for (size_t i = 0; i < epoch->count; i++) {
        add_frame(s, &epoch->tiles[i]);
        if (!add_name(s, i, e)) return false;
    }
    buf_text(&s->filter, "[out]\n");
    return true;
}

static bool write_text(struct compose *c, const char *name, const struct buf *text, struct err *e)
{
    FILE *to = fopen(step_path(c, c->work_dir, name), "we");
    bool ok = to && fwrite(text->data, 1, text->size, to) == text->size;
    if (to && fclose(to) != 0) ok = false;
    if (ok) return true;
    err_sys(e, ERR_INTERNAL, "compose_failed", "cannot write \"%s\"", name);
    return step_fail(c, "rendering the picture", e);
}

static bool render(struct scene *s, size_t index, struct err *e)
{
    static const char *const start[] = {FFMPEG};
    struct compose *c = s->c;
    int64_t frames = s->epoch->to - s->epoch->from;
    for (size_t i = 0; i < sizeof start / sizeof *start; i++) argue(s, start[i]);
    if (!build_graph(s, e) || !write_text(c, "graph.txt", &s->filter, e)) return false;
    /* No B-frames: each piece then begins at time 0 in decoding order too, and the joined file has no overlaps. */
    const char *const end[] = {"-filter_complex_script", "graph.txt", "-map", "[out]", "-frames:v", arena_printf(&c->arena, "%lld", (long long)frames),
        "-c:v", "libx264", "-preset", "veryfast", "-crf", "26", "-bf", "0", "-pix_fmt", "yuv420p", "-g", "50", "-threads", "2", "-video_track_timescale", "12800",
        "-f", "mp4", arena_printf(&c->arena, "epoch-%zu.mp4", index), NULL};
    for (size_t i = 0; i < sizeof end / sizeof *end; i++) argue(s, end[i]);
    return step_run(c, "rendering the picture", s->argv, frames * FRAME_US, e);
}

static bool render_epoch(struct compose *c, size_t index, struct err *e)
{
    const struct epoch *epoch = &c->epochs[index];
    struct scene s = {.c = c, .epoch = epoch, .argv = arena_array(&c->arena, const char *, 40 + 6 * epoch->count)};
    buf_init(&s.filter, 0);
    bool ok = render(&s, index, e);
    buf_release(&s.filter);
    return ok;
}

/* ---- joining */

static bool write_list(struct compose *c, struct err *e)
{
    struct buf list;
    buf_init(&list, 0);
    for (size_t i = 0; i < c->epoch_count; i++)
        buf_printf(&list, "file epoch-%zu.mp4\nduration %.3f\n", i, (double)(c->epochs[i].to - c->epochs[i].from) / COMPOSE_FPS);
    bool ok = write_text(c, "list.txt", &list, e);
    buf_release(&list);
    return ok;
}

static bool join(struct compose *c, struct err *e)
{
    const char *part = step_path(c, c->out_dir, "recording.mp4.part");
    const char *const mute[] = {FFMPEG, "-f", "concat", "-i", "list.txt", "-c", "copy", "-movflags", "+faststart", "-f", "mp4", part, NULL};
    const char *const loud[] = {FFMPEG, "-f", "concat", "-i", "list.txt", "-i", "mix.m4a", "-map", "0:v", "-map", "1:a", "-c", "copy",
        "-movflags", "+faststart", "-f", "mp4", part, NULL};
    int64_t media_us = c->frames * FRAME_US;
    if (!write_list(c, e)) return false;
    if (!step_begin(c, 5, media_us)) return step_fail(c, "joining the picture", e);
    return step_run(c, "joining the picture", c->has_audio ? loud : mute, media_us, e) &&
           step_publish(c, part, step_path(c, c->out_dir, "recording.mp4"), e);
}

bool video_render(struct compose *c, struct err *e)
{
    if (access(font, R_OK) != 0) return err_sys(e, ERR_INTERNAL, "compose_failed", "rendering the picture: install fonts-dejavu-core; cannot read \"%s\"", font);
    if (!even_out_all(c, e)) return false;
    if (!step_begin(c, 45, c->frames * FRAME_US)) return step_fail(c, "rendering the picture", e);
    for (size_t i = 0; i < c->epoch_count; i++)
        if (!render_epoch(c, i, e)) return false;
    return join(c, e);
}

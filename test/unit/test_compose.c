/* The composer on made-up track files: every person is a colour and a tone, which are looked for in the finished files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "mjr_maker.h"
#include "provider/janus/compose_parts.h"
#include <dirent.h>
#include <fcntl.h>
#include <math.h>
#include <sys/stat.h>

enum { RATE = 48000, WIDTH = 320, HEIGHT = 180 };
static const int64_t T0 = 1800000000000000; /* when the recordings began */

/* ---- the bench: a folder, tracks, a job, and what comes out of it */

struct bench {
    char dir[64], work[80], out[80], *paths[16];
    struct compose_track tracks[16];
    struct compose_job job;
    struct compose_result result;
    struct err e;
    struct buf video, audio; /* decoded: 320 × 180 RGB at 25 fps; mono float at 48 kHz */
};

static void bench_open(struct bench *b, double seconds)
{
    *b = (struct bench){.dir = "/tmp/compose-XXXXXX"};
    assert_non_null(mkdtemp(b->dir));
    snprintf(b->work, sizeof b->work, "%s/work", b->dir);
    snprintf(b->out, sizeof b->out, "%s/out", b->dir);
    b->job = (struct compose_job){.tracks = b->tracks, .work_dir = b->work, .out_dir = b->out, .started_us = T0, .ended_us = T0 + (int64_t)(seconds * 1e6)};
    buf_init(&b->video, 0);
    buf_init(&b->audio, 0);
}

static void bench_close(struct bench *b)
{
    const char *const argv[] = {"rm", "-r", b->dir, NULL};
    for (size_t i = 0; i < b->job.track_count; i++) free(b->paths[i]);
    compose_result_release(&b->result);
    buf_release(&b->video);
    buf_release(&b->audio);
    struct buf none = maker_run(argv);
    buf_release(&none);
}

static const char *add_track(struct bench *b, const char *connection, const char *name, enum compose_kind kind)
{
    size_t i = b->job.track_count++;
    assert_true(asprintf(&b->paths[i], "%s/%zu.mjr", b->dir, i) > 0);
    b->tracks[i] = (struct compose_track){.path = b->paths[i], .connection = connection, .name = name, .kind = kind};
    return b->paths[i];
}

static void add_colour(struct bench *b, const char *connection, const char *name, enum compose_kind kind, double from, double seconds, const char *colour)
{
    struct maker m = maker_open(add_track(b, connection, name, kind), 'v', T0 + (int64_t)(from * 1e6));
    maker_colour(&m, colour, kind == COMPOSE_SCREEN ? "640x360" : "320x240", seconds);
    maker_close(&m);
}

static void add_tone(struct bench *b, const char *connection, const char *name, double from, double seconds, int hertz)
{
    struct maker m = maker_open(add_track(b, connection, name, COMPOSE_MIC), 'a', T0 + (int64_t)(from * 1e6));
    maker_tone(&m, hertz, seconds);
    maker_close(&m);
}

static void decode(struct bench *b)
{
    char mp4[96];
    snprintf(mp4, sizeof mp4, "%s/recording.mp4", b->out);
    const char *const video[] = {"ffmpeg", "-v", "error", "-i", mp4, "-vf", "scale=320:180:flags=area", "-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1", NULL};
    const char *const audio[] = {"ffmpeg", "-v", "error", "-i", mp4, "-ac", "1", "-ar", "48000", "-f", "f32le", "pipe:1", NULL};
    b->video = maker_run(video);
    if (b->result.has_audio) b->audio = maker_run(audio);
}

static void run(struct bench *b)
{
    bool ok = compose_run(&b->job, &b->result, &b->e);
    if (!ok) print_message("%s: %s\n", b->e.code, b->e.text);
    assert_true(ok);
    decode(b);
}

static size_t frames(const struct bench *b)
{
    return b->video.size / (WIDTH * HEIGHT * 3);
}

/* Is the point (in the result's 1280 × 720) of that colour at that frame? VP8 and x264 shift colours a little. */
static bool is_colour(const struct bench *b, size_t frame, int x, int y, unsigned rgb)
{
    assert_in_range(frame, 0, frames(b) - 1);
    const unsigned char *p = (const unsigned char *)b->video.data + ((frame * HEIGHT + (size_t)y / 4) * WIDTH + (size_t)x / 4) * 3;
    for (int i = 0; i < 3; i++)
        if (abs(p[i] - (int)(rgb >> (16 - 8 * i) & 0xff)) > 45) return false;
    return true;
}

static void expect(const struct bench *b, double at, int x, int y, unsigned rgb)
{
    size_t frame = (size_t)lround(at * 25);
    const unsigned char *p = (const unsigned char *)b->video.data + ((frame * HEIGHT + (size_t)y / 4) * WIDTH + (size_t)x / 4) * 3;
    if (is_colour(b, frame, x, y, rgb)) return;
    fail_msg("at %.2f s (%d, %d) is %02x%02x%02x, not %06x", at, x, y, p[0], p[1], p[2], rgb);
}

/* First frame at which the point has that colour; the number of frames if never. */
static size_t first_frame(const struct bench *b, int x, int y, unsigned rgb)
{
    size_t frame = 0;
    while (frame < frames(b) && !is_colour(b, frame, x, y, rgb)) frame++;
    return frame;
}

/* Goertzel: strength of a tone in 100 ms from `at`; a full sine of ffmpeg's (amplitude 1/8) gives about 0.125. */
static double tone(const struct bench *b, double at, int hertz)
{
    const float *samples = (const float *)b->audio.data;
    size_t from = (size_t)(at * RATE), count = RATE / 10;
    assert_in_range(from + count, 0, b->audio.size / sizeof(float));
    double w = 2 * M_PI * hertz / RATE, s1 = 0, s2 = 0;
    for (size_t i = from; i < from + count; i++) {
        double s0 = (double)samples[i] + 2 * cos(w) * s1 - s2;
        s2 = s1;
        s1 = s0;
    }
    return 2 * sqrt(fabs(s1 * s1 + s2 * s2 - 2 * cos(w) * s1 * s2)) / (double)count;
}

static void expect_tone(const struct bench *b, double at, int hertz, bool there)
{
    double strength = tone(b, at, hertz);
    if (there != (strength > 0.06)) fail_msg("at %.2f s %d Hz has strength %.3f", at, hertz, strength);
}

static double tone_begins(const struct bench *b, int hertz)
{
    for (double at = 0; at + 0.1 < (double)b->audio.size / sizeof(float) / RATE; at += 0.01)
        if (tone(b, at, hertz) > 0.06) return at + 0.05; /* half of the window */
    return -1;
}

static void expect_duration(const struct bench *b, double seconds)
{
    assert_int_equal(b->result.duration_ms, lround(seconds * 1000));
    assert_int_equal(frames(b), lround(seconds * 25));
    if (b->result.has_audio) assert_true(fabs((double)b->audio.size / sizeof(float) / RATE - seconds) < 0.05);
}

static size_t count_files(const char *path)
{
    size_t count = 0;
    DIR *dir = opendir(path);
    for (struct dirent *entry; dir && (entry = readdir(dir));) count += entry->d_name[0] != '.';
    if (dir) closedir(dir);
    return count;
}

static const unsigned red = 0xff0000, blue = 0x0000ff, yellow = 0xffff00, green = 0x27ae60, tile = 0x2b303b, backdrop = 0x14161b;

/* ---- the result */

static void test_late_join_and_screen(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, 6);
    add_colour(&b, "a", "Ada", COMPOSE_CAMERA, 0, 6, "red");
    add_tone(&b, "a", "Ada", 0, 6, 440);
    add_colour(&b, "b", "Bob", COMPOSE_CAMERA, 2, 4, "blue");
    add_tone(&b, "b", "Bob", 2, 2, 880); /* falls silent at 4 s */
    add_colour(&b, "a", "Ada", COMPOSE_SCREEN, 3, 2, "yellow");
    run(&b);
    expect_duration(&b, 6);
    assert_true(b.result.has_video && b.result.has_audio);
    expect(&b, 1, 640, 360, red);
    expect(&b, 2.5, 320, 360, red);
    expect(&b, 2.5, 960, 360, blue);
    expect(&b, 4, 512, 360, yellow);
    expect(&b, 4, 1152, 96, red);
    expect(&b, 4, 1152, 288, blue);
    expect(&b, 5.5, 320, 360, red);
    expect(&b, 5.5, 960, 360, blue);
    assert_in_range(first_frame(&b, 960, 360, blue), 49, 52);
    assert_in_range(first_frame(&b, 512, 360, yellow), 74, 77);
    expect_tone(&b, 1, 440, true);
    expect_tone(&b, 1, 880, false);
    expect_tone(&b, 3, 880, true);
    expect_tone(&b, 4.5, 880, false);
    expect_tone(&b, 5.5, 440, true);
    assert_true(fabs(tone_begins(&b, 880) - 2) < 0.1);
    expect(&b, 2.5, 641, 100, green);     /* Bob speaks: frame at the left edge of his tile */
    expect(&b, 5.5, 642, 20, backdrop);   /* and now not */
    expect(&b, 5.5, 1, 100, green);       /* Ada still does */
    assert_int_equal(b.result.file_count, 3 + 5);
    assert_string_equal(b.result.files[0].name, "recording.mp4");
    assert_string_equal(b.result.files[5].name, "tracks/b-camera-1.webm");
    assert_int_equal(b.result.files[5].offset_ms, 2000);
    assert_int_equal(count_files(b.work), 0);
    bench_close(&b);
}

static void test_pause_is_cut_out(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, 7);
    const struct compose_span live[] = {{T0, T0 + 2000000}, {T0 + 5000000, T0 + 7000000}};
    b.job.live = live;
    b.job.live_count = 2;
    add_colour(&b, "a", "Ada", COMPOSE_CAMERA, 0, 2, "red");
    add_tone(&b, "a", "Ada", 0, 2, 440);
    add_colour(&b, "a", "Ada", COMPOSE_CAMERA, 5, 2, "blue");
    add_tone(&b, "a", "Ada", 5, 2, 880);
    add_tone(&b, "b", "Bob", 1, 5, 1500); /* one file right through the pause */
    run(&b);
    expect_duration(&b, 4);
    expect(&b, 0.5, 640, 360, red);
    expect(&b, 2.5, 320, 360, blue);
    assert_in_range(first_frame(&b, 320, 360, blue), 49, 52);
    expect_tone(&b, 1.5, 440, true);
    expect_tone(&b, 2.2, 440, false);
    expect_tone(&b, 2.2, 880, true);
    assert_true(fabs(tone_begins(&b, 1500) - 1) < 0.1);
    expect_tone(&b, 2.7, 1500, true);
    expect_tone(&b, 3.3, 1500, false);
    bench_close(&b);
}

static void test_resolution_changes_in_mid_stream(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, 6);
    struct maker m = maker_open(add_track(&b, "a", "Ada", COMPOSE_CAMERA), 'v', T0);
    maker_colour(&m, "red", "640x360", 2);
    maker_colour(&m, "blue", "320x180", 2);
    maker_colour(&m, "yellow", "1280x720", 2);
    maker_close(&m);
    run(&b);
    expect_duration(&b, 6);
    assert_false(b.result.has_audio);
    for (int corner = 0; corner < 4; corner++) {
        int x = corner & 1 ? 1240 : 40, y = corner & 2 ? 600 : 40;
        expect(&b, 1, x, y, red);
        expect(&b, 3, x, y, blue);
        expect(&b, 5, x, y, yellow);
        assert_in_range(first_frame(&b, x, y, blue), 49, 52);
        assert_in_range(first_frame(&b, x, y, yellow), 99, 102);
    }
    bench_close(&b);
}

static void test_segments_around_a_restart(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, 5);
    add_colour(&b, "a", "Ada", COMPOSE_CAMERA, 0, 2, "red");
    add_tone(&b, "a", "Ada", 0, 2, 440);
    add_colour(&b, "a", "Ada", COMPOSE_CAMERA, 3, 2, "blue");
    add_tone(&b, "a", "Ada", 3, 2, 440);
    assert_int_equal(truncate(b.paths[0], 5003), 0); /* a killed Janus leaves whole blocks, this is worse */
    struct mjr cut;
    assert_true(mjr_read(b.paths[0], 2000, &cut, &b.e));
    double seen = cut.spans[cut.span_count - 1].to_ms / 1000.0;
    assert_true(cut.truncated && seen > 0.2);
    mjr_release(&cut);
    run(&b);
    expect_duration(&b, 5);
    expect(&b, seen / 2, 640, 360, red);
    expect(&b, 2.5, 200, 200, tile); /* between the two: still there, without a picture */
    expect(&b, 4, 640, 360, blue);
    expect_tone(&b, 1.5, 440, true);
    expect_tone(&b, 2.4, 440, false);
    expect_tone(&b, 3.5, 440, true);
    assert_in_range(first_frame(&b, 640, 360, blue), 74, 77);
    bench_close(&b);
}

static void test_camera_switched_off_and_lost_sound(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, 8);
    struct maker m = maker_open(add_track(&b, "a", "Ada", COMPOSE_CAMERA), 'v', T0);
    maker_colour(&m, "red", "320x240", 2);
    maker_skip(&m, 4);
    maker_colour(&m, "blue", "320x240", 2);
    maker_close(&m);
    m = maker_open(add_track(&b, "a", "Ada", COMPOSE_MIC), 'a', T0);
    maker_tone(&m, 440, 2);
    maker_skip(&m, 3);
    maker_tone(&m, 880, 3);
    maker_close(&m);
    run(&b);
    expect_duration(&b, 8);
    expect(&b, 1, 640, 360, red);
    expect(&b, 4, 200, 200, tile);
    expect(&b, 7, 640, 360, blue);
    expect_tone(&b, 1.5, 440, true);
    expect_tone(&b, 3, 440, false);
    assert_true(fabs(tone_begins(&b, 880) - 5) < 0.1);
    expect_tone(&b, 7.5, 880, true);
    bench_close(&b);
}

/* Chromium's timestamps stand still while a sender has no microphone (replaceTrack(null)): seen in its recordings. */
static void test_microphone_taken_away(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, 9);
    struct maker m = maker_open(add_track(&b, "a", "Ada", COMPOSE_MIC), 'a', T0);
    maker_tone(&m, 440, 2);
    maker_hold(&m, 3);
    maker_tone(&m, 880, 2.5);
    maker_hold(&m, 0.5);
    maker_tone(&m, 1320, 1);
    maker_close(&m);
    run(&b);
    expect_tone(&b, 1.8, 440, true);
    expect_tone(&b, 3, 880, false);
    assert_true(fabs(tone_begins(&b, 880) - 5) < 0.1);
    expect_tone(&b, 7.7, 880, false);
    assert_true(fabs(tone_begins(&b, 1320) - 8) < 0.1);
    expect(&b, 1, 1, 100, green);
    expect(&b, 3.5, 200, 200, tile);
    expect(&b, 6, 1, 100, green);
    bench_close(&b);
}

static void test_sound_only_and_awkward_names(void **state)
{
    (void)state;
    static const char *const names[] = {"O'Brien: \"x\", [y]; \\n %{pts} =a", "line\nbreak\r\x1b[31m", "\xf0\x9f\x98\x80 emoji", "\xff\xfe not utf-8",
        "", "'", "textfile=/etc/passwd", "a very long name that goes on and on until it can fit into no tile of any size whatever"};
    struct bench b;
    static const char *const ids[] = {"p0", "p1", "p2", "p3", "p4", "p5", "p6", "p7"};
    bench_open(&b, 2);
    for (int i = 0; i < 8; i++) add_tone(&b, ids[i], names[i], 0, i == 0 ? 1.0 : 0.4, 500 + 100 * i);
    run(&b);
    expect_duration(&b, 2);
    assert_true(b.result.has_video && b.result.has_audio);
    expect(&b, 0.2, 213, 40, tile);
    expect(&b, 0.2, 1, 100, green);
    expect_tone(&b, 0.1, 500, true);
    expect_tone(&b, 0.1, 1200, true);
    bool text = false; /* the name stands in the middle of the only tile left: something is brighter than the tile */
    for (int x = 400; x < 880; x += 4) text |= is_colour(&b, 20, x, 360, 0xd0d0d0);
    assert_true(text);
    bench_close(&b);
}

static void test_before_and_after_the_recording(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, 2);
    struct maker m = maker_open(add_track(&b, "a", "Ada", COMPOSE_CAMERA), 'v', T0 - 2000000);
    maker_colour(&m, "red", "320x240", 3);
    maker_colour(&m, "blue", "320x240", 3);
    maker_close(&m);
    add_tone(&b, "a", "Ada", -2, 6, 440);
    add_colour(&b, "z", "Zoe", COMPOSE_CAMERA, 100, 1, "yellow"); /* wholly outside */
    b.tracks[1].shift_us = 3000000;                               /* its clock was 3 s behind */
    run(&b);
    expect_duration(&b, 2);
    expect(&b, 0.5, 640, 360, red);
    assert_in_range(first_frame(&b, 640, 360, blue), 24, 27);
    expect_tone(&b, 0.7, 440, false);
    assert_true(fabs(tone_begins(&b, 440) - 1) < 0.1);
    bench_close(&b);
}

/* ---- faults */

static bool fails(struct bench *b)
{
    bool ok = compose_run(&b->job, &b->result, &b->e);
    if (!ok) assert_int_equal(count_files(b->work), 0);
    return !ok;
}

static void write_file(const char *path, const char *text)
{
    FILE *to = fopen(path, "w");
    assert_non_null(to);
    fputs(text, to);
    fclose(to);
}

static void test_nothing_recorded(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, 2);
    assert_true(fails(&b));
    assert_string_equal(b.e.code, "compose_empty");
    assert_int_equal(b.e.kind, ERR_CONFLICT);
    struct maker m = maker_open(add_track(&b, "a", "Ada", COMPOSE_MIC), 'a', T0); /* a header and no packet */
    maker_close(&m);
    assert_true(fails(&b));
    assert_string_equal(b.e.code, "compose_empty");
    bench_close(&b);
}

static void test_broken_tracks_are_left_out(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, 1);
    write_file(add_track(&b, "a", "Ada", COMPOSE_CAMERA), "this is no recording");
    add_track(&b, "a", "Ada", COMPOSE_SCREEN); /* no such file */
    assert_true(fails(&b));
    assert_string_equal(b.e.code, "compose_failed");
    assert_non_null(strstr(b.e.text, "not a Janus recording"));
    add_tone(&b, "b", "Bob", 0, 1, 440);
    struct maker m = maker_open(add_track(&b, "b", "Bob", COMPOSE_CAMERA), 'v', T0); /* RTP, but no VP8 in it */
    for (int i = 0; i < 20; i++) maker_frame(&m, (const unsigned char *)"garbage garbage garbage", 23);
    maker_close(&m);
    run(&b);
    expect_tone(&b, 0.5, 440, true);
    assert_in_range(b.result.skipped, 2, 3);
    assert_non_null(strstr(b.result.note, "not a Janus recording"));
    bench_close(&b);
}

struct watcher { int last, stop_at, calls; };

static bool on_progress(void *ctx, int percent)
{
    struct watcher *w = ctx;
    assert_in_range(percent, w->last, 100);
    w->last = percent;
    w->calls++;
    return percent < w->stop_at;
}

static void test_cancel_then_again_then_the_same(void **state)
{
    (void)state;
    struct bench b;
    struct watcher w = {.stop_at = 40};
    char mp4[96], kept[96], part[112];
    bench_open(&b, 2);
    add_colour(&b, "a", "Ada", COMPOSE_CAMERA, 0, 2, "red");
    add_tone(&b, "a", "Ada", 0, 2, 440);
    b.job.progress = on_progress;
    b.job.ctx = &w;
    assert_true(fails(&b));
    assert_string_equal(b.e.code, "compose_cancelled");
    snprintf(mp4, sizeof mp4, "%s/recording.mp4", b.out);
    snprintf(kept, sizeof kept, "%s/kept.mp4", b.dir);
    snprintf(part, sizeof part, "%s.part", mp4);
    assert_int_equal(access(mp4, F_OK), -1);
    w = (struct watcher){.stop_at = 1000};
    write_file(part, "left by a crash");
    assert_false(fails(&b));
    assert_int_equal(w.last, 100);
    assert_int_equal(access(part, F_OK), -1);
    assert_int_equal(rename(mp4, kept), 0);
    compose_result_release(&b.result);
    w = (struct watcher){.stop_at = 1000};
    assert_false(fails(&b));
    const char *const argv[] = {"cmp", mp4, kept, NULL};
    struct buf none = maker_run(argv);
    buf_release(&none);
    bench_close(&b);
}

/* A tool that says what ffmpeg says, instead of a disk to be filled. */
static void test_disk_full_is_told_apart(void **state)
{
    (void)state;
    struct bench b;
    char tool[96], path[256], *before = strdup(getenv("PATH"));
    bench_open(&b, 1);
    add_tone(&b, "a", "Ada", 0, 1, 440);
    snprintf(tool, sizeof tool, "%s/ffmpeg", b.dir);
    snprintf(path, sizeof path, "%s:%s", b.dir, before);
    write_file(tool, "#!/bin/sh\necho 'av_interleaved_write_frame(): No space left on device' >&2\nexit 228\n");
    chmod(tool, 0700);
    setenv("PATH", path, 1);
    assert_true(fails(&b));
    assert_string_equal(b.e.code, "disk_full");
    assert_int_equal(b.e.kind, ERR_DESTINATION);
    write_file(tool, "#!/bin/sh\necho first >&2; echo 'Unknown encoder libx264' >&2\nexit 1\n");
    assert_true(fails(&b));
    assert_string_equal(b.e.code, "compose_failed");
    assert_non_null(strstr(b.e.text, "Unknown encoder libx264"));
    setenv("PATH", before, 1);
    free(before);
    bench_close(&b);
}

/* ---- layout */

static void test_cells_never_overlap(void **state)
{
    (void)state;
    for (int screens = 0; screens < 4; screens++) {
        for (int people = 0; people < 60; people++) {
            struct tile tiles[64] = {0};
            int count = screens + people;
            for (int i = 0; i < screens; i++) tiles[i].screen = true;
            layout_tiles(tiles, (size_t)count);
            for (int i = 0; i < count; i++) {
                struct rect a = tiles[i].cell;
                assert_true(a.x >= 0 && a.y >= 0 && a.w >= 16 && a.h >= 16 && a.x + a.w <= 1280 && a.y + a.h <= 720);
                assert_true(a.x % 2 == 0 && a.y % 2 == 0 && a.w % 2 == 0 && a.h % 2 == 0);
                for (int k = 0; k < i; k++) {
                    struct rect o = tiles[k].cell;
                    assert_true(a.x >= o.x + o.w || o.x >= a.x + a.w || a.y >= o.y + o.h || o.y >= a.y + a.h);
                }
            }
        }
    }
}

static void test_labels(void **state)
{
    (void)state;
    static const struct { const char *name; size_t letters; const char *label; } cases[] = {
        {"Ada", 10, "Ada"}, {"Ada", 3, "Ada"}, {"Adam", 3, "Ad…"}, {"", 5, ""}, {NULL, 5, ""}, {"a\nb\tc", 9, "a b c"}, {"\xff\xfe", 9, "??"},
        {"é😀ü", 3, "é😀ü"}, {"é😀üx", 3, "é😀…"}, {"\xe2\x80\xae" "abc", 9, " abc"}, {"\xc0\x80", 9, "??"}, {"\xed\xa0\x80", 9, "???"}, {"a\xe2", 9, "a?"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char to[64];
        assert_int_equal(layout_label(cases[i].name, cases[i].letters, to, sizeof to), strlen(cases[i].label));
        assert_string_equal(to, cases[i].label);
    }
    char small[8];
    layout_label("ääääääää", 40, small, sizeof small);
    assert_in_range(strlen(small), 1, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cells_never_overlap), cmocka_unit_test(test_labels), cmocka_unit_test(test_late_join_and_screen),
        cmocka_unit_test(test_pause_is_cut_out), cmocka_unit_test(test_resolution_changes_in_mid_stream),
        cmocka_unit_test(test_segments_around_a_restart), cmocka_unit_test(test_camera_switched_off_and_lost_sound),
        cmocka_unit_test(test_microphone_taken_away), cmocka_unit_test(test_sound_only_and_awkward_names), cmocka_unit_test(test_before_and_after_the_recording),
        cmocka_unit_test(test_nothing_recorded), cmocka_unit_test(test_broken_tracks_are_left_out),
        cmocka_unit_test(test_cancel_then_again_then_the_same), cmocka_unit_test(test_disk_full_is_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

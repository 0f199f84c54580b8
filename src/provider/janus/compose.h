/* compose.h - makes the finished recording out of Janus' track files.
 *
 * Time: every track file says when its first frame was written (Unix µs); that, on the recording's own clock, is where it goes.
 * The result covers started_us … ended_us, less the time between `live` spans (pauses). Picture: everybody who is there has a
 * tile with their name, with the camera's picture or without; who speaks gets a frame; a shared screen takes the large area.
 * Sound: everybody mixed once. Made by janus-pp-rec and ffmpeg as child processes under limits; blocks its thread for about
 * 0.2 … 0.6 of the recording's length on two cores.
 *
 * Safe to run again at any time: what a broken-off run left is swept away, a file in out_dir appears under its name only when it is
 * whole and on disk, and the same tracks give the same files. */
#pragma once
#include "base/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { COMPOSE_WIDTH = 1280, COMPOSE_HEIGHT = 720, COMPOSE_FPS = 25 };

enum compose_kind { COMPOSE_MIC, COMPOSE_CAMERA, COMPOSE_SCREEN };

/* One track file and whose it is. Files with the same `connection` share a tile: pass the person's seat to keep one tile over
 * rejoins, or the connection to keep two browsers of one person apart. */
struct compose_track {
    const char *path;
    const char *connection; /* letters, digits, - and _ */
    const char *name;       /* shown; any text */
    enum compose_kind kind;
    int64_t shift_us;       /* added to the file's clock, for when the wall clock jumped; else 0 */
};

struct compose_span { int64_t from_us, to_us; }; /* Unix µs */

struct compose_job {
    const struct compose_track *tracks;
    size_t track_count;
    const char *work_dir;          /* scratch, of one run alone; made if need be; left without what the run made */
    const char *out_dir;           /* made if need be; gets recording.{mp4,mp3,ogg} and tracks/ */
    int64_t started_us, ended_us;
    const struct compose_span *live; /* when the recording ran, in order; none: all the time */
    size_t live_count;
    bool (*progress)(void *ctx, int percent); /* grows from 0 to 100; also asked in between; false: cancel. NULL: none */
    void *ctx;
    int nice;                      /* of the child processes */
};

enum compose_file_kind { COMPOSE_VIDEO, COMPOSE_AUDIO, COMPOSE_OPUS, COMPOSE_TRACK };

struct compose_file {
    enum compose_file_kind kind;
    char *name;           /* below out_dir: "recording.mp4", "tracks/c8f2k3-camera-1.webm" */
    const char *content_type;
    int64_t size_bytes, duration_ms, offset_ms; /* offset: where it begins in the recording (tracks may begin before: < 0) */
    size_t track;         /* COMPOSE_TRACK: index in the job */
};

struct compose_result {
    bool has_video, has_audio;
    int width, height;
    int64_t duration_ms;
    struct compose_file *files;
    size_t file_count;
    size_t skipped;       /* track files that could not be read or held nothing */
    char note[256];       /* why the first unreadable one was left out, or "" */
};

/* Errors: compose_empty (conflict: nothing was recorded), compose_cancelled (conflict), disk_full (destination),
 * compose_failed (internal: the text names the step and the program's last words). On false nothing is to be released. */
bool compose_run(const struct compose_job *job, struct compose_result *result, struct err *e);
void compose_result_release(struct compose_result *result);

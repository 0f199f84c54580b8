/* compose_parts.h - inside the composer: what its steps hand to each other. Belongs to compose*.c alone.
 *
 * Everything lives in the arena of one run. Positions in the result are video frames (25 a second); sound is counted in samples,
 * 1920 a frame. */
#pragma once
#include "base/arena.h"
#include "base/child.h"
#include "provider/janus/compose.h"
#include "provider/janus/mjr.h"

enum {
    FRAME_US = 1000000 / COMPOSE_FPS,
    SAMPLE_RATE = 48000,
    FRAME_SAMPLES = SAMPLE_RATE / COMPOSE_FPS,
};

struct rect { int x, y, w, h; };

/* A running stretch of the recording and where it begins in the result. */
struct live { int64_t from_us, to_us, out_us; };

struct source {
    const struct compose_track *track;
    size_t index;                  /* in the job */
    size_t person;
    struct mjr mjr;
    char *file;                    /* unpacked track, absolute; NULL: left out */
    char *name;                    /* the same below out_dir */
    char *cfr;                     /* evened-out video, in the work folder */
    int64_t first_us;              /* of its first frame on the recording's clock */
    int width, height;             /* of the evened-out video */
    int tile_width, tile_height;   /* the largest tile it is shown in */
};

/* Frames [from, to) of the result come from this source; frame f of the result is its frame f + shift. */
struct piece { size_t source; int64_t from, to, shift; };

/* Frames [from, to) in which somebody is there. */
struct stay { size_t person; int64_t from, to; };

struct person {
    const char *connection, *name;
    int64_t first;       /* frame of the first sign of them: the order of tiles */
    float *energy;       /* sum of squared samples of each frame of the result; NULL: never a sound */
    bool *speaks;        /* for each frame; NULL: never */
};

struct tile {
    size_t person;
    bool screen;
    const struct piece *piece; /* NULL: no picture, only the name */
    struct rect cell;
};

/* Frames [from, to) of the result, all with the same tiles. */
struct epoch { int64_t from, to; struct tile *tiles; size_t count; };

struct compose {
    const struct compose_job *job;
    struct arena arena;
    char *work_dir, *out_dir;      /* absolute */
    struct live *live;
    size_t live_count;
    int64_t frames;                /* length of the result */
    struct source *sources;
    struct person *people;
    struct piece *pieces;          /* of video sources */
    struct stay *stays;
    struct epoch *epochs;
    size_t source_count, person_count, piece_count, stay_count, epoch_count;
    bool has_audio;
    size_t skipped;
    char note[256];
    double done_percent, step_percent, step_us; /* progress: before this step, of this step, media time it works through */
    int64_t step_done_us;
    int shown_percent;
    bool cancelled;
};

/* compose_plan.c: what is shown when and where; pure, no I/O. */
void plan_timeline(struct compose *c);                 /* live, frames */
void plan_people(struct compose *c);                   /* people, sources[].person */
void plan_pieces(struct compose *c);                   /* pieces, stays; wants the files' spans */
void plan_epochs(struct compose *c);                   /* epochs, tile sizes */
int64_t plan_frame(int64_t out_us);                    /* nearest frame */
/* Part of [from_us, to_us) that falls into a running stretch, as microseconds of the result; false: none. */
bool plan_clip(const struct live *live, int64_t from_us, int64_t to_us, int64_t *out_from_us, int64_t *out_to_us);

/* compose_layout.c */
void layout_tiles(struct tile *tiles, size_t count);   /* fills the cells; screens come first */
struct rect layout_fit(int width, int height, struct rect into); /* largest even size of that shape, centred */
size_t layout_label(const char *name, size_t letters, char *to, size_t room); /* one line of valid UTF-8, cut to so many letters */

/* compose_step.c: runs a tool; its errors name the step. */
/* A step is worth so many percent and works through so much media time; each run in it adds its own. False: cancelled. */
bool step_begin(struct compose *c, double percent, int64_t media_us);
bool step_run(struct compose *c, const char *what, const char *const *argv, int64_t media_us, struct err *e);
bool step_pipe(struct compose *c, const char *what, const char *const *argv, int64_t media_us,
               bool (*on_data)(void *, const void *, size_t), void *ctx, struct err *e);
bool step_fail(struct compose *c, const char *what, struct err *e); /* turns a child's or the system's error into ours */
bool step_skip(struct compose *c, struct source *source, const struct err *e); /* leaves a broken track out; false if it was not the track's fault */
bool step_publish(struct compose *c, const char *part, const char *final, struct err *e); /* fsync, rename, fsync the folder */
char *step_path(struct compose *c, const char *dir, const char *name);

/* compose_audio.c, compose_video.c */
bool audio_mix(struct compose *c, struct err *e);      /* recording.mp3, recording.ogg, mix.m4a; people[].speaks */
bool video_render(struct compose *c, struct err *e);   /* recording.mp4 */
void speech_find(struct compose *c);                   /* people[].energy -> people[].speaks */

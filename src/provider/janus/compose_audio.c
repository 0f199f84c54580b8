#include "provider/janus/compose_parts.h"
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Tracks are decoded one after the other through a pipe and added into one file of float samples: places are exact to a sample,
 * any number of people fits, who speaks comes out of the same pass, and no file is mapped (a full disk would be a SIGBUS). */

enum {
    BLOCK_SAMPLES = 16384,
    SPEECH_GAP_FRAMES = 15,   /* a breath does not end speech */
    SPEECH_LEAST_FRAMES = 3,  /* a click does not begin it */
    LEVELS = 100,             /* of loudness: 0 … -99 dB */
};

struct mixing {
    struct compose *c;
    const struct source *source;
    int fd;
    int64_t at;               /* samples of the track seen so far */
    size_t step;              /* the next pause of the sender's clock */
    int64_t late;             /* samples by which those before put off what follows */
    unsigned char rest[sizeof(float)];
    size_t rest_size;
    int sys;                  /* errno of a failed read or write */
};

/* ---- the mix */

static bool add_block(struct mixing *m, const float *samples, int64_t count, int64_t out)
{
    float mix[BLOCK_SAMPLES] = {0};
    size_t bytes = (size_t)count * sizeof *mix;
    ssize_t got = pread(m->fd, mix, bytes, (off_t)out * (off_t)sizeof *mix);
    for (int64_t i = 0; i < count; i++) mix[i] += samples[i];
    ssize_t put = got < 0 ? -1 : pwrite(m->fd, mix, bytes, (off_t)out * (off_t)sizeof *mix);
    if (put == (ssize_t)bytes) return true;
    m->sys = put < 0 ? errno : ENOSPC;
    return false;
}

static void add_energy(struct mixing *m, const float *samples, int64_t count, int64_t out)
{
    struct person *person = &m->c->people[m->source->person];
    if (!person->energy) person->energy = arena_array(&m->c->arena, float, m->c->frames);
    for (int64_t i = 0; i < count; i++) person->energy[(out + i) / FRAME_SAMPLES] += samples[i] * samples[i];
}

static int64_t samples_of(int64_t us)
{
    return us * (SAMPLE_RATE / 1000) / 1000;
}

/* Samples [at, at + count) of the track: what of them falls into a running stretch goes to its place. */
static bool place_part(struct mixing *m, const float *samples, int64_t count)
{
    struct compose *c = m->c;
    for (size_t i = 0; i < c->live_count; i++) {
        const struct live *live = &c->live[i];
        int64_t shift = samples_of(m->source->first_us - live->from_us) + samples_of(live->out_us) + m->late; /* track position -> result */
        int64_t from = samples_of(live->out_us), to = from + samples_of(live->to_us - live->from_us);
        int64_t end = c->frames * FRAME_SAMPLES;
        if (to > end) to = end;
        int64_t first = m->at + shift > from ? m->at + shift : from, last = m->at + count + shift < to ? m->at + count + shift : to;
        if (last <= first) continue;
        const float *part = samples + (first - shift - m->at);
        add_energy(m, part, last - first, first);
        if (!add_block(m, part, last - first, first)) return false;
    }
    m->at += count;
    return true;
}

static bool place_samples(struct mixing *m, const float *samples, int64_t count)
{
    const struct mjr *mjr = &m->source->mjr;
    while (count) {
        for (; m->step < mjr->step_count && m->at >= samples_of(mjr->steps[m->step].at_ms * 1000); m->step++)
            m->late = samples_of(mjr->steps[m->step].by_ms * 1000);
        int64_t left = m->step < mjr->step_count ? samples_of(mjr->steps[m->step].at_ms * 1000) - m->at : count;
        int64_t part = left < count ? left : count;
        if (!place_part(m, samples, part)) return false;
        samples += part;
        count -= part;
    }
    return true;
}

/* Decoded bytes come in any portions. */
static bool on_samples(void *ctx, const void *data, size_t size)
{
    struct mixing *m = ctx;
    const unsigned char *from = data;
    float samples[BLOCK_SAMPLES];
    while (size) {
        unsigned char *to = (unsigned char *)samples;
        size_t take = sizeof samples - m->rest_size < size ? sizeof samples - m->rest_size : size;
        memcpy(to, m->rest, m->rest_size);
        memcpy(to + m->rest_size, from, take);
        size_t have = m->rest_size + take, whole = have / sizeof(float);
        m->rest_size = have % sizeof(float);
        memcpy(m->rest, to + have - m->rest_size, m->rest_size);
        if (!place_samples(m, samples, (int64_t)whole)) return false;
        from += take;
        size -= take;
    }
    return true;
}

static int64_t length_us(const struct source *s)
{
    return s->mjr.span_count ? (int64_t)s->mjr.spans[s->mjr.span_count - 1].to_ms * 1000 : 0;
}

/* aresample's async fills what the network lost with silence, so that later sound stays in place; the other rate makes up for
 * a sound card that runs fast or slow (100 millionths are a third of a second in an hour). */
static bool add_track(struct compose *c, int fd, const struct source *source, struct err *e)
{
    int rate = (int)lround(SAMPLE_RATE / (1 + source->mjr.drift_ppm / 1e6));
    const char *filter = arena_printf(&c->arena, "aresample=48000:async=1:first_pts=0,asetrate=%d,aresample=48000", rate);
    const char *const argv[] = {"ffmpeg", "-hide_banner", "-nostdin", "-v", "error", "-threads", "1", "-i", source->file, "-af", filter,
        "-ac", "1", "-f", "f32le", "pipe:1", NULL};
    struct mixing m = {.c = c, .source = source, .fd = fd};
    if (step_pipe(c, "mixing the sound", argv, length_us(source), on_samples, &m, e)) return true;
    if (!m.sys) return false;
    errno = m.sys;
    err_sys(e, ERR_INTERNAL, "compose_failed", "cannot write the mix");
    return step_fail(c, "mixing the sound", e);
}

static bool mix_tracks(struct compose *c, int fd, struct err *e)
{
    int64_t media_us = 0;
    for (size_t i = 0; i < c->source_count; i++)
        if (c->sources[i].mjr.media == MJR_AUDIO) media_us += length_us(&c->sources[i]);
    if (!step_begin(c, 10, media_us)) return step_fail(c, "mixing the sound", e);
    for (size_t i = 0; i < c->source_count; i++) {
        struct source *s = &c->sources[i];
        if (!s->file || s->mjr.media != MJR_AUDIO) continue;
        if (add_track(c, fd, s, e)) c->has_audio = true;
        else if (!step_skip(c, s, e)) return false;
    }
    return true;
}

/* ---- who speaks */

/* Loudness of a frame as -dB, 0 … LEVELS - 1. */
static int level_of(float energy)
{
    double power = (double)energy / FRAME_SAMPLES;
    if (power < 1e-9) return LEVELS - 1;
    int level = (int)(-10 * log10(power));
    return level < 0 ? 0 : level >= LEVELS ? LEVELS - 1 : level;
}

/* The quietest tenth of what is no digital silence counts as the room's noise; speech is 10 dB above it, but a steady sound
 * (music, a tone) has no quiet tenth: hence the bounds. */
static int threshold_of(const float *energy, int64_t frames)
{
    enum { LOUD = 34, FAINT = 50 };
    int64_t seen[LEVELS] = {0}, heard = 0, quiet = 0;
    for (int64_t i = 0; i < frames; i++) seen[level_of(energy[i])]++;
    for (int i = 0; i < LEVELS - 1; i++) heard += seen[i];
    int noise = LEVELS - 2;
    while (noise > 0 && (quiet += seen[noise]) * 10 < heard) noise--;
    int threshold = noise - 10;
    return threshold < LOUD ? LOUD : threshold > FAINT ? FAINT : threshold;
}

/* Runs of `value` shorter than `least` between two others become the others. */
static void smooth(bool *speaks, int64_t frames, bool value, int64_t least)
{
    for (int64_t from = 0; from < frames;) {
        int64_t to = from + 1;
        while (to < frames && speaks[to] == speaks[from]) to++;
        if (speaks[from] == value && to - from < least && from > 0 && to < frames) memset(speaks + from, !value, (size_t)(to - from));
        from = to;
    }
}

void speech_find(struct compose *c)
{
    for (size_t p = 0; p < c->person_count; p++) {
        struct person *person = &c->people[p];
        if (!person->energy) continue;
        int threshold = threshold_of(person->energy, c->frames);
        person->speaks = arena_array(&c->arena, bool, c->frames);
        for (int64_t i = 0; i < c->frames; i++) person->speaks[i] = level_of(person->energy[i]) <= threshold;
        smooth(person->speaks, c->frames, true, SPEECH_LEAST_FRAMES);
        smooth(person->speaks, c->frames, false, SPEECH_GAP_FRAMES);
    }
}

/* ---- the files */

static bool encode(struct compose *c, const char *mp3, const char *ogg, struct err *e)
{
    const char *const argv[] = {"ffmpeg", "-hide_banner", "-nostdin", "-v", "error", "-y", "-progress", "pipe:1", "-nostats",
        "-f", "f32le", "-ar", "48000", "-ac", "1", "-i", "mix.f32",
        "-filter_complex", "[0:a]alimiter=limit=0.95:level=disabled,asplit=3[mp3][ogg][aac]",
        "-map", "[mp3]", "-c:a", "libmp3lame", "-q:a", "4", "-f", "mp3", mp3,
        "-map", "[ogg]", "-c:a", "libopus", "-b:a", "64k", "-f", "ogg", ogg,
        "-map", "[aac]", "-c:a", "aac", "-b:a", "128k", "-f", "mp4", "mix.m4a", NULL};
    int64_t media_us = c->frames * FRAME_US;
    if (!step_begin(c, 10, media_us)) return step_fail(c, "encoding the sound", e);
    return step_run(c, "encoding the sound", argv, media_us, e);
}

static bool publish(struct compose *c, struct err *e)
{
    const char *mp3 = step_path(c, c->out_dir, "recording.mp3.part"), *ogg = step_path(c, c->out_dir, "recording.ogg.part");
    return encode(c, mp3, ogg, e) && step_publish(c, mp3, step_path(c, c->out_dir, "recording.mp3"), e) &&
           step_publish(c, ogg, step_path(c, c->out_dir, "recording.ogg"), e);
}

bool audio_mix(struct compose *c, struct err *e)
{
    const char *path = step_path(c, c->work_dir, "mix.f32");
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool ok = fd >= 0 && ftruncate(fd, (off_t)c->frames * FRAME_SAMPLES * (off_t)sizeof(float)) == 0;
    if (!ok) {
        err_sys(e, ERR_INTERNAL, "compose_failed", "cannot write \"%s\"", path);
        step_fail(c, "mixing the sound", e);
    }
    ok = ok && mix_tracks(c, fd, e);
    if (fd >= 0) close(fd);
    if (!ok) return false;
    speech_find(c);
    return !c->has_audio || publish(c, e);
}

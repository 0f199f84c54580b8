#include "provider/janus/mjr.h"
#include "base/arena.h"
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum {
    HEADER_LIMIT = 16384,
    SPAN_LIMIT = 100000, /* more than a day of 1-second gaps; past it the last span just grows */
    RTP_HEADER = 12,
    OPUS_TICKS = 48, /* of its timestamps in a millisecond, whatever the rate */
    DRIFT_WINDOW_MS = 20000,
    DRIFT_LEAST_MS = 120000,
    STEP_SILENCE_MS = 250,
    STEP_LEAST_MS = 200,
    STEP_WAIT_MS = 2000,  /* of timestamps: how long the delay has to stay */
    STEP_LIMIT = 10000,
    DRIFT_MOST_PPM = 500, /* no sound card is that wrong: the sender's timestamps jumped */
};

/* How late packets come at the beginning and at the end, by their own timestamps. The least delay of a window is free of
 * network jitter; what it grows by is the sender's clock. */
struct drift {
    uint32_t window, stamp;
    int64_t ticks;
    double first, now, last; /* least delay in ms of the first window, the running one, the last whole one */
    uint32_t last_window;
    bool begun;
};

/* A pause of the sender's clock that may be one: packets came late after a silence. A network that only held them back
 * delivers the rest in a burst, and the delay falls again. */
struct step {
    bool maybe;
    double level, least, by; /* usual delay; least since the silence; of all steps so far */
    int64_t at_ticks;
    uint32_t at_ms;          /* arrival of the packet before */
};

struct reader {
    FILE *from;
    struct mjr *mjr;
    uint32_t gap_ms;
    bool opus;
    struct drift drift;
    struct step step;
};

static uint32_t big_endian(const unsigned char *p, int bytes)
{
    uint32_t n = 0;
    while (bytes--) n = n << 8 | *p++;
    return n;
}

static void copy_text(char *to, size_t room, const json_t *from)
{
    snprintf(to, room, "%s", json_is_string(from) ? json_string_value(from) : "");
}

static int64_t time_us(const json_t *header, const char *key)
{
    json_int_t n = json_integer_value(json_object_get(header, key));
    return n > 0 ? (int64_t)n : 0;
}

static bool take_header(const json_t *header, struct mjr *mjr, struct err *e)
{
    const char *type = json_string_value(json_object_get(header, "t"));
    if (!type || !type[0] || type[1] || !strchr("avd", type[0]))
        return err_set(e, ERR_CALLER, "mjr_format", "the recording's header does not say whether it is audio or video");
    mjr->media = type[0] == 'a' ? MJR_AUDIO : type[0] == 'v' ? MJR_VIDEO : MJR_DATA;
    copy_text(mjr->codec, sizeof mjr->codec, json_object_get(header, "c"));
    copy_text(mjr->description, sizeof mjr->description, json_object_get(header, "d"));
    mjr->created_us = time_us(header, "s");
    mjr->first_us = time_us(header, "u");
    return true;
}

static bool read_header(FILE *from, struct mjr *mjr, struct err *e)
{
    unsigned char start[10];
    if (fread(start, 1, sizeof start, from) != sizeof start || memcmp(start, "MJR00002", 8) != 0)
        return err_set(e, ERR_CALLER, "mjr_format", "not a Janus recording of format 2");
    char text[HEADER_LIMIT];
    size_t size = big_endian(start + 8, 2);
    if (size > sizeof text || fread(text, 1, size, from) != size)
        return err_set(e, ERR_CALLER, "mjr_format", "the recording breaks off in its header");
    json_error_t where;
    json_t *header = json_loadb(text, size, JSON_REJECT_DUPLICATES, &where);
    if (!header) return err_set(e, ERR_CALLER, "mjr_format", "the recording's header is not JSON: %s", where.text);
    bool ok = take_header(header, mjr, e);
    json_decref(header);
    return ok;
}

static bool full(size_t count)
{
    return (count & (count - 1)) == 0; /* arrays grow at powers of two */
}

static void count_packet(struct mjr *mjr, uint32_t at_ms, uint32_t gap_ms)
{
    struct mjr_span *last = mjr->span_count ? &mjr->spans[mjr->span_count - 1] : NULL;
    mjr->packets++;
    if (last && (mjr->span_count == SPAN_LIMIT || at_ms <= last->to_ms || at_ms - last->to_ms <= gap_ms)) {
        if (at_ms > last->to_ms) last->to_ms = at_ms;
        return;
    }
    if (full(mjr->span_count)) mjr->spans = xrealloc(mjr->spans, (mjr->span_count ? mjr->span_count * 2 : 1) * sizeof *mjr->spans);
    mjr->spans[mjr->span_count++] = (struct mjr_span){at_ms, at_ms};
}

static void accept_step(struct mjr *mjr, struct step *s)
{
    if (s->maybe && mjr->step_count < STEP_LIMIT) {
        s->by += s->least - s->level;
        if (full(mjr->step_count)) mjr->steps = xrealloc(mjr->steps, (mjr->step_count ? mjr->step_count * 2 : 1) * sizeof *mjr->steps);
        mjr->steps[mjr->step_count++] = (struct mjr_step){s->at_ticks / OPUS_TICKS, (int64_t)s->by};
        s->level = s->least;
    }
    s->maybe = false;
}

static void find_step(struct mjr *mjr, struct step *s, uint32_t at_ms, int64_t ticks, double delay)
{
    bool silence = at_ms > s->at_ms && at_ms - s->at_ms >= STEP_SILENCE_MS;
    s->at_ms = at_ms;
    if (s->maybe && delay < s->least) s->least = delay;
    if (s->maybe && s->least - s->level < STEP_LEAST_MS) s->maybe = false;
    if (s->maybe && (ticks - s->at_ticks > STEP_WAIT_MS * OPUS_TICKS || (silence && delay - s->least > STEP_LEAST_MS))) accept_step(mjr, s);
    if (!s->maybe && silence && delay - s->level > STEP_LEAST_MS) {
        s->maybe = true;
        s->least = delay;
        s->at_ticks = ticks;
    } else if (!s->maybe) {
        s->level = delay < s->level ? delay : s->level + (delay - s->level) / 64; /* forgets a lucky packet slowly */
    }
}

static void note_delay(struct drift *d, uint32_t window, double delay)
{
    if (d->begun && window == d->window) {
        if (delay < d->now) d->now = delay;
        return;
    }
    if (d->begun) {
        if (d->window == 0) d->first = d->now;
        d->last = d->now;
        d->last_window = d->window;
    }
    d->begun = true;
    d->window = window;
    d->now = delay;
}

static void follow(struct reader *r, uint32_t at_ms, uint32_t stamp)
{
    struct drift *d = &r->drift;
    d->ticks += d->begun ? (int32_t)(stamp - d->stamp) : 0;
    d->stamp = stamp;
    double delay = (double)at_ms - (double)d->ticks / OPUS_TICKS;
    if (!d->begun) r->step = (struct step){.level = delay, .at_ms = at_ms};
    find_step(r->mjr, &r->step, at_ms, d->ticks, delay);
    note_delay(d, at_ms / DRIFT_WINDOW_MS, delay - r->step.by);
}

static int drift_ppm(const struct drift *d)
{
    double ms = (double)d->last_window * DRIFT_WINDOW_MS;
    if (ms < DRIFT_LEAST_MS) return 0;
    double ppm = (d->last - d->first) / ms * 1e6;
    return ppm > -DRIFT_MOST_PPM && ppm < DRIFT_MOST_PPM ? (int)ppm : 0;
}

/* One packet; false at the end of the file, wherever that is. */
static bool read_packet(struct reader *r)
{
    unsigned char frame[10], packet[65535];
    size_t got = fread(frame, 1, sizeof frame, r->from);
    if (got == 0) return false;
    size_t size = got == sizeof frame ? big_endian(frame + 8, 2) : 0;
    if (got < sizeof frame || memcmp(frame, "MEET", 4) != 0 || fread(packet, 1, size, r->from) != size) {
        r->mjr->truncated = true;
        return false;
    }
    uint32_t at_ms = big_endian(frame + 4, 4);
    bool rtp = size >= RTP_HEADER && packet[0] >> 6 == 2;
    if (rtp || r->mjr->media == MJR_DATA) count_packet(r->mjr, at_ms, r->gap_ms);
    if (rtp && r->opus) follow(r, at_ms, big_endian(packet + 4, 4));
    return true;
}

bool mjr_parse(FILE *from, uint32_t gap_ms, struct mjr *mjr, struct err *e)
{
    struct reader r = {.from = from, .mjr = mjr, .gap_ms = gap_ms};
    *mjr = (struct mjr){0};
    if (!read_header(from, mjr, e)) return false;
    r.opus = strcmp(mjr->codec, "opus") == 0;
    while (read_packet(&r)) continue;
    accept_step(mjr, &r.step);
    mjr->drift_ppm = drift_ppm(&r.drift);
    return true;
}

bool mjr_read(const char *path, uint32_t gap_ms, struct mjr *mjr, struct err *e)
{
    FILE *from = fopen(path, "rbe");
    if (!from) return err_sys(e, ERR_INTERNAL, "mjr_open", "cannot read \"%s\"", path);
    bool ok = mjr_parse(from, gap_ms, mjr, e);
    fclose(from);
    return ok;
}

void mjr_release(struct mjr *mjr)
{
    free(mjr->spans);
    free(mjr->steps);
    *mjr = (struct mjr){0};
}

/* mjr_maker.h - writes track files as Janus does, out of colours and tones, so that a test can find them again in the result.
 * ffmpeg encodes VP8 (IVF) and Opus (Ogg); the packets are cut into RTP here. Included by tests only. */
#pragma once
#include "base/buf.h"
#include "base/child.h"
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct maker {
    FILE *to;
    uint16_t sequence;
    uint32_t rtp_base, rate;  /* RTP clock */
    int64_t at_us, held_us;   /* arrival of the next packet, since the first; time in which the timestamps stood still */
};

static inline bool maker_take(void *ctx, const void *data, size_t size)
{
    buf_add(ctx, data, size);
    return true;
}

/* Standard output of a tool that has to succeed. */
static inline struct buf maker_run(const char *const *argv)
{
    struct buf out;
    struct err e = {0};
    buf_init(&out, 0);
    struct child_spec spec = {.argv = argv, .on_data = maker_take, .ctx = &out, .deadline_ms = 60000};
    if (!child_run(&spec, NULL, &e)) {
        fprintf(stderr, "%s\n", e.text);
        abort();
    }
    return out;
}

static inline void maker_big_endian(unsigned char *to, uint32_t n, int bytes)
{
    while (bytes--) {
        to[bytes] = (unsigned char)(n & 0xff);
        n >>= 8;
    }
}

static inline struct maker maker_open(const char *path, char type, int64_t first_us)
{
    char header[256];
    unsigned char size[2];
    int n = snprintf(header, sizeof header, "{\"t\": \"%c\", \"c\": \"%s\", \"d\": \"x\", \"s\": %" PRId64 ", \"u\": %" PRId64 "}", type,
                     type == 'a' ? "opus" : "vp8", first_us - 100000, first_us);
    struct maker m = {.to = fopen(path, "wb"), .rate = type == 'a' ? 48000 : 90000, .rtp_base = 4294967000u}; /* wraps soon */
    assert(m.to);
    maker_big_endian(size, (uint32_t)n, 2);
    fwrite("MJR00002", 1, 8, m.to);
    fwrite(size, 1, 2, m.to);
    fwrite(header, 1, (size_t)n, m.to);
    return m;
}

static inline void maker_packet(struct maker *m, bool last, const void *descriptor, size_t descriptor_size, const void *data, size_t size)
{
    unsigned char head[22] = "MEET";
    maker_big_endian(head + 4, (uint32_t)(m->at_us / 1000), 4);
    maker_big_endian(head + 8, (uint32_t)(12 + descriptor_size + size), 2);
    head[10] = 0x80;
    head[11] = (unsigned char)(96 | (last ? 0x80 : 0));
    maker_big_endian(head + 12, m->sequence++, 2);
    maker_big_endian(head + 14, m->rtp_base + (uint32_t)((m->at_us - m->held_us) * m->rate / 1000000), 4);
    maker_big_endian(head + 18, 0x12345678, 4);
    fwrite(head, 1, sizeof head, m->to);
    fwrite(descriptor, 1, descriptor_size, m->to);
    fwrite(data, 1, size, m->to);
}

static inline void maker_frame(struct maker *m, const unsigned char *data, size_t size)
{
    for (size_t at = 0; at < size; at += 1100) {
        size_t part = size - at < 1100 ? size - at : 1100;
        maker_packet(m, at + part == size, at ? "\x00" : "\x10", 1, data + at, part);
    }
    m->at_us += 40000;
}

/* A picture of one colour and size; again and again for a camera that changes its resolution. */
static inline void maker_colour(struct maker *m, const char *colour, const char *size, double seconds)
{
    char source[128];
    snprintf(source, sizeof source, "color=c=%s:s=%s:r=25:d=%.3f", colour, size, seconds);
    const char *const argv[] = {"ffmpeg", "-v", "error", "-f", "lavfi", "-i", source, "-c:v", "libvpx", "-deadline", "realtime", "-b:v", "400k", "-g",
        "50", "-f", "ivf", "pipe:1", NULL};
    struct buf ivf = maker_run(argv);
    const unsigned char *p = (const unsigned char *)ivf.data + 32, *end = (const unsigned char *)ivf.data + ivf.size;
    while (p + 12 <= end) {
        size_t bytes = (size_t)p[0] | (size_t)p[1] << 8 | (size_t)p[2] << 16;
        maker_frame(m, p + 12, bytes);
        p += 12 + bytes;
    }
    buf_release(&ivf);
}

/* Packets of 20 ms of a tone; the first two of Ogg Opus are headers. */
static inline void maker_tone(struct maker *m, int hertz, double seconds)
{
    char source[128];
    snprintf(source, sizeof source, "sine=frequency=%d:sample_rate=48000:duration=%.3f", hertz, seconds);
    const char *const argv[] = {"ffmpeg", "-v", "error", "-f", "lavfi", "-i", source, "-c:a", "libopus", "-b:a", "48k", "-page_duration", "1", "-f",
        "ogg", "pipe:1", NULL};
    struct buf ogg = maker_run(argv);
    const unsigned char *p = (const unsigned char *)ogg.data, *end = p + ogg.size;
    for (int page = 0; p + 27 <= end; page++) {
        size_t size = 0;
        for (int i = 0; i < p[26]; i++) size += p[27 + i];
        p += 27 + p[26];
        if (page >= 2) {
            maker_packet(m, false, "", 0, p, size);
            m->at_us += 20000;
        }
        p += size;
    }
    buf_release(&ogg);
}

/* Nothing comes for a while, the clocks run on. */
static inline void maker_skip(struct maker *m, double seconds)
{
    m->at_us += (int64_t)(seconds * 1e6);
    m->sequence = (uint16_t)(m->sequence + 1);
}

/* The same, but the sender's timestamps stand still: a microphone whose track was taken away. */
static inline void maker_hold(struct maker *m, double seconds)
{
    m->at_us += (int64_t)(seconds * 1e6);
    m->held_us += (int64_t)(seconds * 1e6);
}

static inline void maker_close(struct maker *m)
{
    fclose(m->to);
}

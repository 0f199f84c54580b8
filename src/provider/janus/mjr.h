/* mjr.h - what stands in a Janus recording: one track as RTP packets with their arrival times.
 *
 * Layout (Janus record.c, format 2): "MJR00002", length of a JSON header (16 bit, big endian), the header
 * {"t":"v","c":"vp8","d":"camera","s":created,"u":first frame} with times in Unix microseconds; then for each packet
 * "MEET", milliseconds since the first (32 bit), length (16 bit), the packet. A killed Janus leaves a file that breaks off
 * anywhere: that is no error, it sets `truncated`. Any bytes may come in. */
#pragma once
#include "base/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum mjr_media { MJR_AUDIO, MJR_VIDEO, MJR_DATA };

/* A stretch of time in which packets came, in ms since first_us: [from, to], first and last arrival. */
struct mjr_span { uint32_t from_ms, to_ms; };

/* Opus timestamps count samples, and nobody counts while a microphone has no track or a laptop sleeps: from at_ms of a file's
 * timestamps on, everything was said by_ms later than they say (all steps so far together). */
struct mjr_step { int64_t at_ms, by_ms; };

struct mjr {
    enum mjr_media media;
    char codec[16];
    char description[64];           /* what the publisher called it, or "" */
    int64_t created_us, first_us;   /* first_us 0: nothing was ever written */
    uint32_t packets;
    bool truncated;
    int drift_ppm;                  /* of Opus: how much slower (> 0) the sender's sound card runs than our clock; 0: too short to say */
    struct mjr_span *spans;         /* ours: mjr_release */
    size_t span_count;
    struct mjr_step *steps;         /* ours as well */
    size_t step_count;
};

/* A silence longer than gap_ms ends a span and begins another. Errors: mjr_open, mjr_format. On false nothing is to be released. */
bool mjr_read(const char *path, uint32_t gap_ms, struct mjr *mjr, struct err *e);
bool mjr_parse(FILE *from, uint32_t gap_ms, struct mjr *mjr, struct err *e); /* the same for an open stream */
void mjr_release(struct mjr *mjr);

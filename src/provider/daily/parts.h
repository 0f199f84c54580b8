/* parts.h - what the files of this folder share. */
#pragma once
#include "core/provider.h"
#include "dailyco/within.h"
#include "provider/daily/daily.h"
#include "provider/daily/limits.h"

/* Texts that may be absent or empty: NULL then. */
#define TEXT(p, m, f) (DAILYCO_HAS(p, m, f) && *(p)->f ? (p)->f : NULL)

struct daily {
    struct provider provider;
    struct dailyco *client;
    struct limits *limits;
    struct daily *patient;           /* for jobs: shares limits and config */
    const struct config *config;     /* of the start: it lives on when another one is loaded */
    enum daily_webhook_state webhook_state; /* as it was when last looked at; of the thread that tends it */
};

/* Always false: what went wrong, for the log. Codes: daily_refused (4xx), daily_limited (429, or no turn in time), daily_not_hosting, daily_failed (5xx and
 * replies that are none), and fetch_connect, fetch_timeout, fetch_tls. */
bool daily_refused_call(const struct dailyco_error *why, struct err *e);

int64_t daily_ms(double seconds);    /* Daily's seconds, or milliseconds where somebody sends those, as UTC ms; 0: none */
const struct dailyco_recordings_bucket *daily_bucket(const struct config *c, struct dailyco_recordings_bucket *b);

/* provider_ops, by file: people.c */
bool daily_participants(void *ctx, struct arena *a, struct provider_look *looks, size_t count, struct err *e);
bool daily_history(void *ctx, struct arena *a, const char *room, int64_t since, struct facts *out, struct err *e);
/* inbound.c */
bool daily_inbound(void *ctx, struct arena *a, const struct provider_letter *letter, struct facts *out, struct err *e);
/* records.c */
bool daily_record_start(void *ctx, struct arena *a, struct provider_record *record, struct err *e);
bool daily_record_stop(void *ctx, struct arena *a, const struct provider_record *record, struct err *e);
bool daily_recordings(void *ctx, struct arena *a, const struct provider_record *record, int64_t since, struct facts *out, struct err *e);
bool daily_record_fetch(void *ctx, struct arena *a, struct provider_fetch *fetch, struct err *e);
/* webhook.c */
bool daily_tend(void *ctx, struct arena *a, bool *gap, struct err *e);

/* client.h - what the examples share: DAILY_API_KEY and, for another server than Daily's, DAILY_API_URL. */
#pragma once
#include <dailyco.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static inline struct dailyco *open_client(void)
{
    struct dailyco_error e;
    struct dailyco_options o = {.api_key = getenv("DAILY_API_KEY"), .base_url = getenv("DAILY_API_URL")};
    struct dailyco *c = dailyco_create(&o, &e);
    if (c) return c;
    fprintf(stderr, "%s (set DAILY_API_KEY)\n", e.message);
    exit(1);
}

/* Ends the program where a call failed. */
static inline void *need(void *reply, const struct dailyco_error *e)
{
    if (reply) return reply;
    fprintf(stderr, "%s: %s\n", dailyco_code_name(e->code), e->message);
    exit(1);
}

/* A text that may be absent or null. */
static inline const char *or_none(const char *text)
{
    return text ? text : "-";
}

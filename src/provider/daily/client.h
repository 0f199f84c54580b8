/* client.h - one request to Daily, with its tries. */
#pragma once
#include "base/arena.h"
#include "base/buf.h"
#include "core/provider.h"
#include "net/fetch.h"
#include <jansson.h>

struct daily {
    struct provider provider;
    struct fetcher *fetcher;
    const char *base, *domain;       /* base without a slash at its end */
    char *authorization;
    int64_t timeout_ms;
};

enum daily_repeat { REPEAT_UNDONE, REPEAT_ANY }; /* ANY: done twice is done once */

struct daily_call { const char *method, *path; struct buf *body; enum daily_repeat repeat; }; /* body NULL: none; it is released */
struct daily_reply {
    int status;                      /* 0: there was no reply */
    const json_t *json;              /* an object; NULL where there is none. Lives in the arena */
    const char *error, *info;        /* Daily's words; "" where it had none */
    int tries;
};

/* True for 2xx. */
bool daily_call(struct daily *d, struct arena *a, const struct daily_call *call, struct daily_reply *out, struct err *e);

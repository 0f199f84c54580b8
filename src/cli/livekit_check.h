/* livekit_check.h - what is wrong between roomd and its LiveKit server, in words a person can act on.
 *
 * Asks the server one thing after another, each answer a `struct finding`: what was looked at, how it is, and what to do next. It talks to the
 * server on net/fetch itself: the replies as they came (a 401 in plain text, the Date header) are what tells one fault from another.
 * Makes one room on the server, roomd-check-…, and deletes it. Never prints the secret or a token.
 * Sources: docs.livekit.io/reference/server (self-hosting, webhooks), replies of livekit-server 1.13.5. */
#pragma once
#include "core/core.h"
#include "net/fetch.h"

enum finding_state { FINDING_OK, FINDING_WARN, FINDING_FAIL, FINDING_SKIPPED };
struct finding { const char *name; enum finding_state state; const char *text, *next; }; /* next: NULL: nothing to do */

struct livekit_check {
    const struct config *config;
    struct db_conn *db;            /* reading: where a running roomd keeps what comes in */
    struct arena *arena;
    struct fetcher *fetcher;
    const char *skip;              /* names of checks, comma-separated; "" for none */
    int64_t wait_ms;               /* how long a webhook may take */
    void (*begun)(void *ctx, const char *name);                         /* the check that is under way; may be NULL */
    void (*found)(void *ctx, const struct finding *f);                  /* its outcome */
    void *ctx;
    /* its own */
    const char *base, *room;       /* http(s) form of LIVEKIT_SERVER_URL without a slash at its end; the room that it made */
    int64_t skew_ms;               /* the server's clock minus ours */
    bool room_made;
    struct finding now;
};

/* True: nothing is wrong. What rests on something that is wrong is skipped. */
bool livekit_check_run(struct livekit_check *c);
bool livekit_check_knows(const char *name); /* is there a check of that name? */

/* server.h - what every example begins with: the server and its key, from the environment.
 * LIVEKIT_SERVER_URL (wss://…), LIVEKIT_API_KEY, LIVEKIT_API_SECRET. */
#pragma once
#include <livekit.h>
#include <stdio.h>
#include <stdlib.h>

static struct livekit_key key_from_environment(void)
{
    struct livekit_key key = {getenv("LIVEKIT_API_KEY"), getenv("LIVEKIT_API_SECRET")};
    return key;
}

/* Says what went wrong, and ends. */
static void fail(const struct livekit_error *error)
{
    fprintf(stderr, "%s: %s\n", livekit_code_name(error->code), error->message);
    exit(1);
}

static inline struct livekit *connect_from_environment(void)
{
    struct livekit_error error;
    struct livekit_options options = {.url = getenv("LIVEKIT_SERVER_URL"), .key = key_from_environment()};
    struct livekit *client = livekit_create(&options, &error);
    if (!client) fail(&error);
    return client;
}

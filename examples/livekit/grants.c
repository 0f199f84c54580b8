/* grants.c - a token with everything said by hand, and what a token says (seed: "Secure JWT token generation", "Role-based permissions").
 * usage: grants           makes a token for somebody who may only share a screen, in a room that this join makes
 *        grants TOKEN     checks one */
#include "server.h"

static const char *made(const struct livekit_key *key, struct livekit_memory *memory)
{
    static const char *const sources[] = {"screen_share", "screen_share_audio"};
    static const struct livekit_pair attributes[] = {{"course", "algebra"}};
    struct livekit_video_grant video = {
        .room_join = true,
        .room = "algebra",
        .can_publish = LIVEKIT_YES,
        .can_subscribe = LIVEKIT_YES,
        .can_publish_data = LIVEKIT_NO, /* not `false`: that would be unsaid, and unsaid is as can_publish */
        .can_publish_sources = {sources, 2},
    };
    struct livekit_room_configuration room = {.empty_timeout = 300, .departure_timeout = 20, .max_participants = 10};
    struct livekit_claims claims = {.sub = "ann", .name = "Ann", .metadata = "{\"seat\":7}", .attributes = {attributes, 1}, .video = &video, .room_config = &room};
    struct livekit_error error;
    const char *token = livekit_token_create(key, &claims, 300, memory, &error);
    if (!token) fail(&error);
    return token;
}

int main(int argc, char **argv)
{
    struct livekit_error error;
    struct livekit_memory *memory = livekit_memory_create();
    struct livekit_key key = key_from_environment();
    const char *token = argc > 1 ? argv[1] : made(&key, memory);
    const struct livekit_claims *claims = livekit_token_verify(&key, 1, token, 0, memory, &error);
    if (!claims) fail(&error);
    printf("%s\n%s may%s join \"%s\" until %lld\n", token, claims->sub ? claims->sub : "nobody", claims->video && claims->video->room_join ? "" : " not",
           claims->video && claims->video->room ? claims->video->room : "", (long long)claims->exp);
    livekit_memory_destroy(memory);
    return 0;
}

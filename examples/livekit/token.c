/* token.c - access tokens by role (seed: create_room_token(room, user, role, ttl)).
 * usage: token ROOM IDENTITY NAME host|participant|viewer TTL_SECONDS */
#include "server.h"
#include <string.h>

int main(int argc, char **argv)
{
    static const char *const roles[] = {"host", "participant", "viewer"};
    struct livekit_error error;
    int role = 0;
    while (argc == 6 && role < 3 && strcmp(argv[4], roles[role]) != 0) role++;
    if (argc != 6 || role == 3) return fprintf(stderr, "usage: token ROOM IDENTITY NAME host|participant|viewer TTL_SECONDS\n"), 2;

    struct livekit_memory *memory = livekit_memory_create();
    struct livekit_key key = key_from_environment();
    const char *token = livekit_room_token(&key, argv[1], argv[2], argv[3], (enum livekit_role)role, atoi(argv[5]), memory, &error);
    if (!token) fail(&error);
    puts(token);
    livekit_memory_destroy(memory);
    return 0;
}

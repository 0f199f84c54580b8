/* moderate.c - what a host's backend does: mute, remove, end (seed: "room and participant management").
 * usage: moderate ROOM mute IDENTITY | remove IDENTITY | end */
#include "server.h"
#include <string.h>

static void mute(struct livekit *client, const char *room, const char *identity, struct livekit_memory *memory)
{
    struct livekit_error error;
    struct livekit_room_participant_identity who = {.room = room, .identity = identity};
    const struct livekit_participant_info *p = livekit_get_participant(client, &who, memory, &error);
    if (!p) fail(&error);
    for (size_t i = 0; i < p->tracks.count; i++) {
        struct livekit_mute_room_track_request request = {.room = room, .identity = identity, .track_sid = p->tracks.items[i].sid, .muted = true};
        if (!livekit_mute_published_track(client, &request, memory, &error)) fail(&error);
        printf("muted %s\n", p->tracks.items[i].sid);
    }
}

int main(int argc, char **argv)
{
    struct livekit_error error;
    if (argc < 3) return fprintf(stderr, "usage: moderate ROOM mute IDENTITY | remove IDENTITY | end\n"), 2;
    struct livekit *client = connect_from_environment();
    struct livekit_memory *memory = livekit_memory_create();
    if (!strcmp(argv[2], "mute") && argc == 4) mute(client, argv[1], argv[3], memory);
    if (!strcmp(argv[2], "remove") && argc == 4) {
        struct livekit_room_participant_identity who = {.room = argv[1], .identity = argv[3]};
        if (!livekit_remove_participant(client, &who, memory, &error)) fail(&error);
        printf("removed %s\n", argv[3]); /* their token stays good: give out short ones */
    }
    if (!strcmp(argv[2], "end")) {
        struct livekit_delete_room_request request = {.room = argv[1]};
        if (!livekit_delete_room(client, &request, memory, &error) && error.code != LIVEKIT_NOT_FOUND) fail(&error); /* not found: it had ended already */
        printf("ended %s\n", argv[1]);
    }
    livekit_memory_destroy(memory);
    livekit_destroy(client);
    return 0;
}

/* room.c - make a room and see who is in it (seed: client.create_room(…), client.list_participants(…)).
 * usage: room NAME */
#include "server.h"

int main(int argc, char **argv)
{
    struct livekit_error error;
    if (argc != 2) return fprintf(stderr, "usage: room NAME\n"), 2;
    struct livekit *client = connect_from_environment();
    struct livekit_memory *memory = livekit_memory_create();

    struct livekit_create_room_request request = {.name = argv[1], .empty_timeout = 300, .departure_timeout = 20, .max_participants = 50};
    const struct livekit_room *room = livekit_create_room(client, &request, memory, &error);
    if (!room) fail(&error);
    printf("room %s is %s, for %lld people\n", room->name, room->sid, (long long)room->max_participants);

    struct livekit_list_participants_request who = {.room = argv[1]};
    const struct livekit_list_participants_response *list = livekit_list_participants(client, &who, memory, &error);
    if (!list) fail(&error);
    for (size_t i = 0; i < list->participants.count; i++) {
        const struct livekit_participant_info *p = &list->participants.items[i];
        if (p->kind != LIVEKIT_KIND_EGRESS && p->kind != LIVEKIT_KIND_AGENT) printf("%s (%s), %zu tracks\n", p->identity, p->name, p->tracks.count);
    }
    printf("%zu participants\n", list->participants.count);

    livekit_memory_destroy(memory);
    livekit_destroy(client);
    return 0;
}

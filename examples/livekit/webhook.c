/* webhook.c - what a webhook's receiver does (seed: /webhooks/livekit/, "Process LiveKit events in real-time").
 * usage: webhook AUTHORIZATION <BODY      as a CGI program would get them */
#include "server.h"

int main(int argc, char **argv)
{
    static char body[1 << 20];
    struct livekit_error error;
    if (argc != 2) return fprintf(stderr, "usage: webhook AUTHORIZATION <BODY\n"), 2;
    size_t size = fread(body, 1, sizeof body, stdin);
    struct livekit_memory *memory = livekit_memory_create();
    struct livekit_key key = key_from_environment();
    const struct livekit_webhook_event *event = livekit_webhook_receive(&key, 1, argv[1], body, size, 0, memory, &error);
    if (!event) fail(&error); /* answer 401; LiveKit does not send it again */

    const char *room = event->room ? event->room->name : "";
    switch (event->event) {
    case LIVEKIT_ROOM_STARTED: printf("%s: call %s begins\n", room, event->room->sid); break;
    case LIVEKIT_ROOM_FINISHED: printf("%s: call %s is over\n", room, event->room->sid); break;
    case LIVEKIT_PARTICIPANT_JOINED: printf("%s: %s has come as %s\n", room, event->participant->identity, event->participant->sid); break;
    case LIVEKIT_PARTICIPANT_LEFT: printf("%s: %s has gone, for reason %d\n", room, event->participant->identity, event->participant->disconnect_reason); break;
    case LIVEKIT_EGRESS_ENDED: printf("recording %s has ended with status %d\n", event->egress_info->egress_id, event->egress_info->status); break;
    default: printf("event %d\n", event->event); /* a newer server tells more: answer 200 all the same */
    }
    livekit_memory_destroy(memory);
    return 0;
}

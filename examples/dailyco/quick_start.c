/* quick_start.c - a room, who is in it, its meeting and who was there, a token, and the end of it.
 *
 *   DAILY_API_KEY=… quick_start [ROOM] */
#include "client.h"
#include <time.h>

static bool print_participant(void *count, const struct dailyco_meeting_participant *p)
{
    printf("%s was in meeting for %" PRId64 "s\n", or_none(p->user_name), p->duration);
    ++*(size_t *)count;
    return true;
}

static void print_presence(struct dailyco *c, const char *name, struct dailyco_memory *m)
{
    struct dailyco_error e;
    const struct dailyco_presence *presence = need(dailyco_get_room_presence(c, name, NULL, m, &e), &e);
    printf("Participants in room: %" PRId64 "\n", presence->total_count);
    for (size_t i = 0; i < presence->data.count; i++) printf("  - %s (joined %s)\n", or_none(presence->data.items[i].userName), or_none(presence->data.items[i].joinTime));
}

/* A room's id is no meeting's: the meetings of a room are asked for. */
static void print_last_meeting(struct dailyco *c, const char *name, struct dailyco_memory *m)
{
    struct dailyco_error e;
    struct dailyco_meetings_query of_room = {0};
    struct dailyco_participants_query pages_of_50 = {0}, ten = {0};
    size_t all = 0;
    DAILYCO_SET(&of_room, dailyco_meetings_query, room, name);
    const struct dailyco_meeting_list *meetings = need(dailyco_list_meetings(c, &of_room, m, &e), &e);
    if (!meetings->data.count) {
        printf("No meeting yet\n");
        return;
    }
    const struct dailyco_meeting *meeting = need(dailyco_get_meeting(c, meetings->data.items[0].id, m, &e), &e);
    printf("Meeting duration: %" PRId64 "s\nMax participants: %" PRId64 "\nOngoing: %s\n", meeting->duration, meeting->max_participants, meeting->ongoing ? "True" : "False");
    DAILYCO_SET(&ten, dailyco_participants_query, limit, 10);
    const struct dailyco_meeting_participant_list *first = need(dailyco_get_meeting_participants(c, meeting->id, &ten, m, &e), &e);
    printf("First page: %zu\n", first->data.count);
    DAILYCO_SET(&pages_of_50, dailyco_participants_query, limit, 50);
    if (!dailyco_each_meeting_participant(c, meeting->id, &pages_of_50, print_participant, &all, &e)) need(NULL, &e);
    printf("All participants: %zu\n", all);
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "my-meeting-20250113143000";
    struct dailyco_error e;
    struct dailyco_memory *m = dailyco_memory_create();
    struct dailyco *c = open_client();

    struct dailyco_room_properties properties = {0};
    DAILYCO_SET(&properties, dailyco_room_properties, enable_recording, "raw-tracks");
    DAILYCO_SET(&properties, dailyco_room_properties, enable_chat, true);
    DAILYCO_SET(&properties, dailyco_room_properties, exp, (double)time(NULL) + 3600); /* it must lie ahead */
    struct dailyco_room_create request = {0};
    DAILYCO_SET(&request, dailyco_room_create, name, name);
    DAILYCO_SET(&request, dailyco_room_create, privacy, "private");
    DAILYCO_SET(&request, dailyco_room_create, properties, &properties);
    const struct dailyco_room *room = need(dailyco_create_room(c, &request, m, &e), &e);
    printf("Room created: %s\n", room->url);

    print_presence(c, name, m);
    print_last_meeting(c, name, m);

    struct dailyco_token_properties person = {0};
    DAILYCO_SET(&person, dailyco_token_properties, room_name, name);
    DAILYCO_SET(&person, dailyco_token_properties, user_id, "user_123");
    DAILYCO_SET(&person, dailyco_token_properties, start_cloud_recording, false);
    struct dailyco_token_create token_request = {0};
    DAILYCO_SET(&token_request, dailyco_token_create, properties, &person);
    const struct dailyco_token *token = need(dailyco_create_meeting_token(c, &token_request, m, &e), &e);
    printf("Meeting token: %s\n", token->token);

    const struct dailyco_room_deleted *deleted = need(dailyco_delete_room(c, name, m, &e), &e);
    printf("Room deleted: %s\n", deleted->deleted ? "True" : "False");
    dailyco_destroy(c);
    dailyco_memory_destroy(m);
    return 0;
}

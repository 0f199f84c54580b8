/* receive.c - what a server does with a webhook: verify the bytes, read the event, look at what it is about.
 *
 *   DAILY_WEBHOOK_SECRET=BASE64 receive X-WEBHOOK-SIGNATURE X-WEBHOOK-TIMESTAMP < BODY
 *
 * Prints the HTTP status to answer, then what was understood. */
#include "client.h"
#include <string.h>

static size_t read_body(char *to, size_t room)
{
    size_t size = 0, got;
    while (size < room && (got = fread(to + size, 1, room - size, stdin))) size += got;
    return size;
}

static void handle(const struct dailyco_event *event, struct dailyco_memory *m)
{
    struct dailyco_error e;
    struct dailyco_payload payload;
    const char *room = dailyco_extract_room_name(event, m);
    if (!dailyco_parse_webhook_payload(event, &payload, m, &e)) printf("%s\n", e.message); /* still 200: three failures, and Daily sends nothing any more */
    if (!strcmp(event->type, "participant.joined") && payload.participant) printf("User %s joined room %s\n", or_none(payload.participant->user_name), or_none(room));
    if (!payload.recording_ready) return;
    for (size_t i = 0; i < payload.recording_ready->tracks.count; i++) {
        const struct dailyco_track *track = &payload.recording_ready->tracks.items[i];
        if (track->type && !strcmp(track->type, "audio")) printf("Audio track ready: s3://%s (%" PRId64 " bytes)\n", or_none(track->s3Key), track->size);
    }
}

int main(int argc, char **argv)
{
    static char body[1 << 20];
    struct dailyco_error e;
    const char *secret = getenv("DAILY_WEBHOOK_SECRET");
    if (argc != 3 || !secret) {
        fprintf(stderr, "usage: DAILY_WEBHOOK_SECRET=BASE64 receive SIGNATURE TIMESTAMP < BODY\n");
        return 2;
    }
    size_t size = read_body(body, sizeof body);
    if (!dailyco_verify_webhook(body, size, argv[1], argv[2], secret, DAILYCO_WINDOW_S, 0, &e)) {
        printf("401 %s\n", e.message);
        return 0;
    }
    struct dailyco_memory *m = dailyco_memory_create();
    const struct dailyco_event *event = dailyco_is_probe(body, size) ? NULL : dailyco_event_parse(body, size, m, &e);
    printf("200 {\"status\":\"ok\"}\n");
    if (event) handle(event, m);
    dailyco_memory_destroy(m);
    return 0;
}

/* payloads.c - events that were kept, one a line on standard input, each read as what it is. */
#include "client.h"
#include <string.h>

static void show(const struct dailyco_event *event, struct dailyco_memory *m)
{
    struct dailyco_error e = {0};
    if (!strcmp(event->type, "participant.joined")) {
        const struct dailyco_participant_payload *p = dailyco_parse_participant_joined(event, m, &e);
        if (p) printf("Participant %s joined at %.3f\n", or_none(p->user_id), p->joined_at);
    } else if (!strcmp(event->type, "participant.left")) {
        const struct dailyco_participant_payload *p = dailyco_parse_participant_left(event, m, &e);
        if (p) printf("Participant was in meeting for %.0fs\n", p->duration);
    } else if (!strcmp(event->type, "recording.ready-to-download")) {
        const struct dailyco_recording_ready_payload *p = dailyco_parse_recording_ready(event, m, &e);
        if (p) printf("Recording has %zu tracks\n", p->tracks.count);
    } else if (!strcmp(event->type, "recording.error")) {
        const struct dailyco_recording_error_payload *p = dailyco_parse_recording_error(event, m, &e);
        if (p) printf("Recording error: %s\n", or_none(p->error_msg));
    } else printf("%s: %s\n", event->type, or_none(event->payload));
    if (e.code) printf("%s\n", e.message);
}

int main(void)
{
    static char line[1 << 20];
    struct dailyco_memory *m = dailyco_memory_create();
    while (fgets(line, sizeof line, stdin)) {
        struct dailyco_error e;
        const struct dailyco_event *event = dailyco_event_parse(line, strlen(line), m, &e);
        if (event) show(event, m);
        else printf("%s\n", e.message);
        dailyco_memory_reset(m);
    }
    dailyco_memory_destroy(m);
    return 0;
}

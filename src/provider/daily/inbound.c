/* inbound.c - Daily's events as facts; also seed S2's flat ones, where what else is in the payload stands beside the type. Pure. */
#include "base/buf.h"
#include "base/clock.h"
#include "model/model.h"
#include "provider/daily/parts.h"
#include <stdlib.h>
#include <string.h>

static const double MILLISECONDS_FROM = 1e11; /* as seconds that would be the year 5138 */
static const char DEFAULT_INSTANCE[] = "c3df927c-f738-4471-a2b7-066fa7e95a6b"; /* Daily's own, of every recording that was begun without one */
enum { UUID_TEXT = 36 };

int64_t daily_ms(double seconds)
{
    return time_of_seconds(seconds > MILLISECONDS_FROM ? seconds / 1000 : seconds);
}

static bool is_uuid(const char *text, size_t size)
{
    if (size != UUID_TEXT || strspn(text, "0123456789abcdefABCDEF-") < UUID_TEXT) return false;
    return text[8] == '-' && text[13] == '-' && text[18] == '-' && text[23] == '-';
}

/* Ours are called by their UUID; the default one belongs to nobody. */
static const char *instance(const char *id)
{
    return id && is_uuid(id, strlen(id)) && strcmp(id, DEFAULT_INSTANCE) != 0 ? id : NULL;
}

/* rec-rtd-INSTANCE-SECONDS: nothing in the payload says it. */
static const char *instance_of_event(struct arena *a, const char *id)
{
    enum { PREFIX = 8 };
    if (!id || strncmp(id, "rec-", 4) != 0 || strlen(id) <= PREFIX + UUID_TEXT || id[PREFIX + UUID_TEXT] != '-') return NULL;
    return instance(arena_strndup(a, id + PREFIX, UUID_TEXT));
}

#define SECONDS(p, m, f) (DAILYCO_HAS(p, m, f) ? daily_ms((p)->f) : 0)

/* ---- people */

static bool participant(const struct dailyco_event *event, struct arena *a, struct fact *f, struct dailyco_error *why)
{
    struct dailyco_payload all;
    if (!dailyco_parse_webhook_payload(event, &all, dailyco_within(a), why)) return false;
    const struct dailyco_participant_payload *p = all.participant;
    int64_t joined = SECONDS(p, dailyco_participant_payload, joined_at);
    bool left = f->kind == FACT_LEFT;
    int64_t left_at = left && joined && DAILYCO_HAS(p, dailyco_participant_payload, duration) ? joined + time_of_seconds(p->duration) : 0;
    f->person = (struct fact_person){.connection = TEXT(p, dailyco_participant_payload, session_id), .identity = TEXT(p, dailyco_participant_payload, user_id),
                                     .name = TEXT(p, dailyco_participant_payload, user_name), .joined_at = joined, .left_at = left_at};
    if (!left && joined) f->at = joined;
    if (left_at) f->at = left_at;
    return true;
}

/* ---- recordings */

static bool started(const struct dailyco_event *event, struct arena *a, struct fact *f, struct dailyco_error *why)
{
    const struct dailyco_recording_started_payload *p = dailyco_parse_recording_started(event, dailyco_within(a), why);
    if (!p) return false;
    f->recording = (struct fact_recording){.uuid = instance(TEXT(p, dailyco_recording_started_payload, instance_id)), .external = TEXT(p, dailyco_recording_started_payload, recording_id),
                                           .state = FACT_RECORDING_STARTED, .started_at = SECONDS(p, dailyco_recording_started_payload, start_ts)};
    return true;
}

static bool ready(const struct dailyco_event *event, struct arena *a, struct fact *f, struct dailyco_error *why)
{
    const struct dailyco_recording_ready_payload *p = dailyco_parse_recording_ready(event, dailyco_within(a), why);
    if (!p) return false;
    f->recording = (struct fact_recording){.uuid = instance_of_event(a, TEXT(event, dailyco_event, id)), .external = TEXT(p, dailyco_recording_ready_payload, recording_id),
                                           .state = FACT_RECORDING_READY, .started_at = SECONDS(p, dailyco_recording_ready_payload, start_ts),
                                           .duration_ms = DAILYCO_HAS(p, dailyco_recording_ready_payload, duration) ? time_of_seconds(p->duration) : 0};
    if (!f->recording.external) f->recording.state = FACT_RECORDING_STOPPED; /* nothing to be fetched by: asking will tell */
    return true;
}

static bool failed(const struct dailyco_event *event, struct arena *a, struct fact *f, struct dailyco_error *why)
{
    const struct dailyco_recording_error_payload *p = dailyco_parse_recording_error(event, dailyco_within(a), why);
    if (!p) return false;
    f->recording = (struct fact_recording){.uuid = instance(TEXT(p, dailyco_recording_error_payload, instance_id)), .external = TEXT(p, dailyco_recording_error_payload, recording_id),
                                           .state = FACT_RECORDING_FAILED, .error = TEXT(p, dailyco_recording_error_payload, error_msg)};
    return true;
}

/* Not one of Daily's; seed S2 names it. */
static bool stopped(const struct dailyco_event *event, struct arena *a, struct fact *f, struct dailyco_error *why)
{
    if (!started(event, a, f, why)) return false;
    f->recording.state = FACT_RECORDING_STOPPED;
    return true;
}

/* ---- the rest */

static bool ended(const struct dailyco_event *event, struct arena *a, struct fact *f, struct dailyco_error *why)
{
    struct dailyco_payload all;
    if (!dailyco_parse_webhook_payload(event, &all, dailyco_within(a), why)) return false;
    int64_t at = SECONDS(all.meeting, dailyco_meeting_payload, end_ts);
    if (at) f->at = at;
    return true;
}

static const struct { const char *type; enum fact_kind kind; bool (*read)(const struct dailyco_event *, struct arena *, struct fact *, struct dailyco_error *); } types[] = {
    {"participant.joined", FACT_JOINED, participant}, {"participant.left", FACT_LEFT, participant},       {"meeting.ended", FACT_EMPTY, ended},
    {"recording.started", FACT_RECORDING, started},   {"recording.stopped", FACT_RECORDING, stopped},     {"recording.ready-to-download", FACT_RECORDING, ready},
    {"recording.error", FACT_RECORDING, failed}};

bool daily_inbound(void *ctx, struct arena *a, const struct provider_letter *letter, struct facts *out, struct err *e)
{
    struct dailyco_error why = {0};
    struct fact *f = arena_new(a, struct fact);
    (void)ctx;
    *out = (struct facts){0};
    struct dailyco_event *event = dailyco_event_parse(letter->body, letter->size, dailyco_within(a), &why);
    if (!event) return daily_refused_call(&why, e);
    if (!DAILYCO_HAS(event, dailyco_event, payload)) DAILYCO_SET(event, dailyco_event, payload, arena_strndup(a, letter->body, letter->size)); /* flat */
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (strcmp(types[i].type, event->type) != 0) continue;
        *f = (struct fact){.kind = types[i].kind, .room = dailyco_extract_room_name(event, dailyco_within(a)), .at = SECONDS(event, dailyco_event, event_ts)};
        if (!types[i].read(event, a, f, &why)) return daily_refused_call(&why, e);
        *out = (struct facts){f, 1};
    }
    return true;
}

/* people.c - who is in LiveKit's rooms: by its lists, and by its webhooks. */
#include "provider/livekit/parts.h"
#include "base/clock.h"
#include <string.h>

/* ---- lists */

static struct fact_person person_of(const struct livekit_participant_info *p)
{
    int64_t joined = p->joined_at_ms ? p->joined_at_ms : time_of_seconds((double)p->joined_at);
    return (struct fact_person){.connection = p->sid, .identity = p->identity, .name = p->name, .joined_at = joined};
}

static bool look(struct livekit_provider *l, struct arena *a, struct provider_look *out, struct err *e)
{
    struct livekit_list_participants_response *list;
    if (!sfu_people(l, a, out->room, &list, e)) return false;
    struct fact_person *people = arena_array(a, struct fact_person, list->participants.count + 1);
    out->count = 0;
    for (size_t i = 0; i < list->participants.count; i++) {
        const struct livekit_participant_info *p = &list->participants.items[i];
        if (sfu_is_person(p) && p->state == LIVEKIT_ACTIVE) people[out->count++] = person_of(p); /* "joined" is when the media is up */
    }
    out->people = people;
    return true;
}

bool sfu_participants(void *ctx, struct arena *a, struct provider_look *looks, size_t count, struct err *e)
{
    for (size_t i = 0; i < count; i++)
        if (!look(ctx, a, &looks[i], e)) return false;
    return true;
}

/* ---- webhooks */

static const char *reason_of(int reason)
{
    switch (reason) {
    case LIVEKIT_REASON_DUPLICATE_IDENTITY: return "replaced";
    case LIVEKIT_REASON_PARTICIPANT_REMOVED: return "removed";
    case LIVEKIT_REASON_ROOM_DELETED:
    case LIVEKIT_REASON_ROOM_CLOSED: return "ended";
    case LIVEKIT_REASON_SERVER_SHUTDOWN:
    case LIVEKIT_REASON_STATE_MISMATCH:
    case LIVEKIT_REASON_SIGNAL_CLOSE:
    case LIVEKIT_REASON_CONNECTION_TIMEOUT:
    case LIVEKIT_REASON_MEDIA_FAILURE: return "lost";
    default: return "left";
    }
}

/* It says whole seconds, cut off: it happened in that second, and before we heard of it. */
static int64_t time_of(const struct livekit_webhook_event *event, int64_t received_at)
{
    int64_t last = time_of_seconds((double)event->created_at) + 999;
    return !event->created_at || received_at < last ? received_at : last;
}

static bool coming_and_going(const struct livekit_webhook_event *event, struct fact *f)
{
    const struct livekit_participant_info *p = event->participant;
    if (!p || !p->sid || !sfu_is_person(p)) return false;
    f->kind = event->event == LIVEKIT_PARTICIPANT_JOINED ? FACT_JOINED : FACT_LEFT;
    f->person = person_of(p);
    if (f->kind == FACT_JOINED && f->person.joined_at) f->at = f->person.joined_at;
    if (f->kind == FACT_LEFT) f->person.left_at = f->at;
    f->person.reason = reason_of(p->disconnect_reason);
    return true;
}

static bool fact_of(const struct livekit_webhook_event *event, struct arena *a, bool tracks, struct fact *f)
{
    switch (event->event) {
    case LIVEKIT_PARTICIPANT_JOINED:
    case LIVEKIT_PARTICIPANT_LEFT: return coming_and_going(event, f);
    case LIVEKIT_ROOM_FINISHED: f->kind = FACT_EMPTY; return true;
    case LIVEKIT_EGRESS_STARTED:
    case LIVEKIT_EGRESS_UPDATED:
    case LIVEKIT_EGRESS_ENDED: return event->egress_info && sfu_egress_fact(a, event->egress_info, f);
    case LIVEKIT_TRACK_PUBLISHED: f->kind = FACT_PUBLISHED; return tracks;
    default: return false; /* what was not active in the room did not come; tracks and ingresses say nothing of people */
    }
}

bool sfu_inbound(void *ctx, struct arena *a, const struct provider_letter *letter, struct facts *out, struct err *e)
{
    struct livekit_error said;
    struct fact *f = arena_new(a, struct fact);
    const struct livekit_provider *l = ctx;
    *out = (struct facts){f, 0};
    struct livekit_webhook_event *event = livekit_webhook_parse(letter->body, letter->size, livekit_within(a), &said);
    if (!event) return livekit_said("read a webhook", &said, e);
    f->at = time_of(event, letter->received_at);
    f->room = event->room && event->room->name ? event->room->name : event->egress_info ? event->egress_info->room_name : NULL;
    out->count = fact_of(event, a, l && l->config->EGRESS_TRACKS, f);
    return true;
}

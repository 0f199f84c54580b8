/* people.c - who is in Daily's rooms, and who was. */
#include "base/clock.h"
#include "model/model.h"
#include "provider/daily/parts.h"
#include <string.h>

static int64_t iso_ms(const char *text)
{
    int64_t ms;
    return text && time_parse(text, &ms) ? ms : 0;
}

static struct fact_person person_of(const struct dailyco_presence_participant *p)
{
    return (struct fact_person){.connection = p->id, .identity = TEXT(p, dailyco_presence_participant, userId), .name = TEXT(p, dailyco_presence_participant, userName),
                                .joined_at = iso_ms(TEXT(p, dailyco_presence_participant, joinTime)), .rough = true};
}

static void fill(struct arena *a, struct provider_look *look, const struct dailyco_presence *all)
{
    const struct dailyco_presence_participant *present = all->data.items;
    struct fact_person *people = arena_array(a, struct fact_person, all->data.count + 1);
    look->people = people;
    for (size_t i = 0; i < all->data.count; i++) {
        const char *room = TEXT(&present[i], dailyco_presence_participant, room);
        if (room && !strcmp(room, look->room)) people[look->count++] = person_of(&present[i]);
    }
}

/* One question for all rooms. */
bool daily_participants(void *ctx, struct arena *a, struct provider_look *looks, size_t count, struct err *e)
{
    const struct daily *d = ctx;
    struct dailyco_error why = {0};
    const struct dailyco_presence *all = dailyco_get_presence(d->client, dailyco_within(a), &why);
    if (!all) return daily_refused_call(&why, e);
    for (size_t i = 0; all->data.count && i < count; i++) fill(a, &looks[i], all);
    return true;
}

/* ---- history: to the second, and only of stays that are surely over */

enum { STILL_IN_MS = 60000, MOST_STAYS = 20000 };

struct collecting { struct arena *arena; const char *room; struct fact *facts; size_t count, room_for; int64_t now; bool ongoing; };

static bool take_stay(void *context, const struct dailyco_meeting_participant *p)
{
    struct collecting *c = context;
    if (!DAILYCO_HAS(p, dailyco_meeting_participant, participant_id) || !DAILYCO_HAS(p, dailyco_meeting_participant, join_time)) return true;
    int64_t from = time_of_seconds((double)p->join_time), to = from + (DAILYCO_HAS(p, dailyco_meeting_participant, duration) ? time_of_seconds((double)p->duration) : 0);
    if (c->ongoing && to + STILL_IN_MS > c->now) return true; /* they may be in: their duration grows */
    if (c->count == c->room_for) {
        struct fact *more = arena_array(c->arena, struct fact, c->room_for * 2);
        memcpy(more, c->facts, c->count * sizeof *more);
        c->facts = more;
        c->room_for *= 2;
    }
    const char *identity = TEXT(p, dailyco_meeting_participant, user_id), *name = TEXT(p, dailyco_meeting_participant, user_name);
    c->facts[c->count++] = (struct fact){.kind = FACT_LEFT, .room = c->room, .at = to,
        .person = {.connection = arena_strdup(c->arena, p->participant_id), .identity = identity ? arena_strdup(c->arena, identity) : NULL,
                   .name = name ? arena_strdup(c->arena, name) : NULL, .joined_at = from, .left_at = to, .rough = true}};
    return c->count < MOST_STAYS;
}

struct met { char id[129]; bool ongoing; };
struct met_list { struct met *list; size_t count; };
enum { MOST_MEETINGS = 200 };

static bool take_meeting(void *context, const struct dailyco_meeting *m)
{
    struct met_list *all = context;
    if (strlen(m->id) < sizeof all->list->id) {
        strcpy(all->list[all->count].id, m->id);
        all->list[all->count++].ongoing = !DAILYCO_HAS(m, dailyco_meeting, ongoing) || m->ongoing;
    }
    return all->count < MOST_MEETINGS;
}

bool daily_history(void *ctx, struct arena *a, const char *room, int64_t since, struct facts *out, struct err *e)
{
    const struct daily *d = ctx;
    struct dailyco_error why = {0};
    struct dailyco_meetings_query q = {0};
    struct met_list meetings = {arena_array(a, struct met, MOST_MEETINGS), 0};
    struct collecting c = {.arena = a, .room = room, .facts = arena_array(a, struct fact, 64), .room_for = 64, .now = clock_now_ms()};
    DAILYCO_SET(&q, dailyco_meetings_query, room, room);
    DAILYCO_SET(&q, dailyco_meetings_query, timeframe_start, since / 1000);
    DAILYCO_SET(&q, dailyco_meetings_query, no_participants, true);
    if (!dailyco_each_meeting(d->client, &q, take_meeting, &meetings, &why)) return daily_refused_call(&why, e);
    for (size_t i = 0; i < meetings.count; i++) {
        c.ongoing = meetings.list[i].ongoing;
        if (!dailyco_each_meeting_participant(d->client, meetings.list[i].id, NULL, take_stay, &c, &why) && why.code != DAILYCO_NOT_FOUND) return daily_refused_call(&why, e);
    }
    *out = (struct facts){c.facts, c.count};
    return true;
}

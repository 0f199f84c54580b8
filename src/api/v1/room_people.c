/* room_people.c - who is and was in a room: stays, quality of the line, what was used. */
#include "core/participant.h"
#include "core/room.h"
#include "core/stay.h"
#include "core/token.h"
#include "api/v1/page.h"

struct sum { int64_t present_ms; struct stay_use use; };

static struct sum sum_of(const struct stay_view *v, int64_t now)
{
    return (struct sum){(HAS(v, stay_view, left_at) ? v->left_at : now) - v->joined_at,
                        {.track_ms = {[track_kind_mic] = v->mic_ms, [track_kind_camera] = v->camera_ms, [track_kind_screen] = v->screen_ms},
                         .quality_ms = {[call_quality_good] = v->good_ms, [call_quality_fair] = v->fair_ms, [call_quality_poor] = v->poor_ms}}};
}

static void add(struct sum *to, const struct sum *one)
{
    to->present_ms += one->present_ms;
    for (int k = 0; k < track_kind_count; k++) to->use.track_ms[k] += one->use.track_ms[k];
    for (int q = 0; q < call_quality_count; q++) to->use.quality_ms[q] += one->use.quality_ms[q];
}

static int prevailing(const struct stay_use *u)
{
    int best = -1;
    for (int q = 0; q < call_quality_count; q++)
        if (u->quality_ms[q] > (best < 0 ? 0 : u->quality_ms[best])) best = q;
    return best;
}

static int64_t seconds(int64_t ms)
{
    return ms > 0 ? (ms + 500) / 1000 : 0;
}

/* Both models have the rows of USE_ROWS. */
#define SHOW_USE(out, m, sum_) do { \
    SET(out, m, duration_seconds, seconds((sum_)->present_ms)); \
    if (prevailing(&(sum_)->use) >= 0) SET(out, m, connection_quality, prevailing(&(sum_)->use)); \
    SET(out, m, poor_seconds, seconds((sum_)->use.quality_ms[call_quality_poor])); \
    SET(out, m, audio_seconds, seconds((sum_)->use.track_ms[track_kind_mic])); \
    SET(out, m, video_seconds, seconds((sum_)->use.track_ms[track_kind_camera])); \
    SET(out, m, screen_share_seconds, seconds((sum_)->use.track_ms[track_kind_screen])); \
} while (0)

static enum room_role role_of(const struct stay_view *v, const struct participant *p)
{
    return room_role_of((enum participant_role)(HAS(v, stay_view, role) ? v->role : p->role));
}

static void show_stay(const struct stay_view *v, const struct participant *p, const struct sum *sum, struct room_stay *out)
{
    COPY(room_stay, out, stay_view, v);
    SET(out, room_stay, role, (int)role_of(v, p));
    if (HAS(v, stay_view, token_id)) SET(out, room_stay, token, v->token_id);
    SHOW_USE(out, room_stay, sum);
}

static void show_times(const struct stay_view *first, const struct stay_view *last, struct room_person *out)
{
    CLEAR(out, room_person, joined_at);
    CLEAR(out, room_person, left_at);
    if (!first) return;
    SET(out, room_person, joined_at, first->joined_at);
    if (HAS(last, stay_view, left_at)) SET(out, room_person, left_at, last->left_at);
}

/* `stays`: all of the room, by participant; theirs are taken out of it. */
static void show(struct request *r, const struct participant *p, const struct list *stays, struct room_person *out)
{
    const struct stay_view *all = stays->items;
    size_t from = 0, n = 0;
    struct sum total = {0};
    while (from < stays->count && all[from].participant_id < p->id) from++;
    while (from + n < stays->count && all[from + n].participant_id == p->id) n++;
    struct room_stay *list = arena_array(r->scope.arena, struct room_stay, n + 1);
    for (size_t i = 0; i < n; i++) {
        struct sum one = sum_of(&all[from + i], r->scope.now);
        add(&total, &one);
        show_stay(&all[from + i], p, &one, &list[i]);
    }
    const struct stay_view *last = n ? &all[from + n - 1] : NULL;
    COPY(room_person, out, participant, p);
    SET(out, room_person, room, p->session_id);
    if (HAS(p, participant, user_id)) SET(out, room_person, user, p->user_id);
    SET(out, room_person, role, (int)(last ? role_of(last, p) : room_role_of((enum participant_role)p->role)));
    SET(out, room_person, status, p->connection_status);
    SET(out, room_person, is_present, last && !HAS(last, stay_view, left_at));
    show_times(n ? &all[from] : NULL, last, out);
    SHOW_USE(out, room_person, &total);
    SET(out, room_person, stays, ((struct list){list, n}));
}

bool rooms_people(struct request *r, struct err *e)
{
    const struct room_path *path = r->path;
    const struct rooms_page_query *q = r->query;
    struct session session;
    struct list people, stays;
    if (!room_access(&r->scope, path->room_id, ACCESS_MEMBER, &session, e) || !participant_list(&r->scope, session.id, &people, e) ||
        !stay_list(&r->scope, session.id, &stays, e)) return false;
    int64_t total = (int64_t)people.count, left = total > q->offset ? total - q->offset : 0, n = left < q->limit ? left : q->limit;
    struct room_person *items = arena_array(r->scope.arena, struct room_person, n + 1);
    for (int64_t i = 0; i < n; i++) show(r, (const struct participant *)people.items + q->offset + i, &stays, &items[i]);
    return page_fill(r, &room_person_list_model, q->limit, q->offset, total, (struct list){items, (size_t)n});
}

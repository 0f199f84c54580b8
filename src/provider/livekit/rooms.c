/* rooms.c - rooms, tokens for them, and the people in them. */
#include "base/clock.h"
#include "provider/livekit/parts.h"
#include <string.h>

enum { LEAST_S = 300, MOST_S = 86400 };

bool livekit_said(const char *what, const struct livekit_error *said, struct err *e)
{
    bool refused = said->http_status >= 400 && said->http_status < 500;
    const char *code = said->code == LIVEKIT_UNAVAILABLE ? "livekit_unavailable" : said->code == LIVEKIT_NOT_FOUND ? "livekit_unknown" : refused ? "livekit_refused" : "livekit_failed";
    return err_set(e, ERR_DESTINATION, code, "cannot %s: %s", what, said->message);
}

bool sfu_is_person(const struct livekit_participant_info *p)
{
    return p->kind != LIVEKIT_KIND_EGRESS && p->kind != LIVEKIT_KIND_INGRESS && p->kind != LIVEKIT_KIND_AGENT;
}

/* ---- rooms */

/* It lasts as long as tokens for it may be used and people may come back: who is let in, and when a session that everybody left is over, is
 * for roomd to say, and a room with nobody in it costs the server next to nothing. One that is there is given back as it is. */
bool sfu_open(void *ctx, struct arena *a, const struct provider_room_plan *plan, const char **url, struct err *e)
{
    struct livekit_provider *l = ctx;
    struct livekit_error said;
    int64_t last = (plan->expires_at - clock_now_ms()) / 1000, seconds = last < LEAST_S ? LEAST_S : last > MOST_S ? MOST_S : last;
    struct livekit_create_room_request r = {.name = plan->name, .empty_timeout = seconds, .departure_timeout = seconds, .max_participants = plan->max_participants};
    *url = l->server_url;
    return livekit_create_room(l->quick, &r, livekit_within(a), &said) || livekit_said("make the room", &said, e);
}

bool sfu_close(void *ctx, struct arena *a, const char *room, struct err *e)
{
    struct livekit_provider *l = ctx;
    struct livekit_error said;
    struct livekit_delete_room_request r = {.room = room};
    return livekit_delete_room(l->quick, &r, livekit_within(a), &said) || said.code == LIVEKIT_NOT_FOUND || livekit_said("close the room", &said, e);
}

/* ---- tokens */

static const char *role_of(const struct provider_seat_plan *plan)
{
    return plan->owner ? "host" : plan->watches ? "viewer" : "participant";
}

static struct livekit_video_grant grant_of(const struct provider_seat_plan *plan)
{
    static const char *const no_screen[] = {"camera", "microphone"};
    enum livekit_role role = plan->owner ? LIVEKIT_ROLE_HOST : plan->watches ? LIVEKIT_ROLE_VIEWER : LIVEKIT_ROLE_PARTICIPANT;
    struct livekit_video_grant grant = livekit_role_grant(plan->room, role);
    if (plan->watches || plan->screenshare) return grant;
    grant.can_publish_sources.items = no_screen;
    grant.can_publish_sources.count = 2;
    return grant;
}

bool sfu_grant(void *ctx, struct arena *a, const struct provider_seat_plan *plan, const char **token, struct err *e)
{
    struct livekit_provider *l = ctx;
    struct livekit_error said;
    struct livekit_video_grant grant = grant_of(plan);
    struct livekit_pair pairs[] = {{"roomd.identity", plan->identity}, {"roomd.role", role_of(plan)}};
    struct livekit_claims claims = {.sub = plan->user_id, .name = plan->user_name, .nbf = clock_now_ms() / 1000, .exp = plan->expires_at / 1000,
                                    .attributes = {pairs, sizeof pairs / sizeof *pairs}, .video = &grant};
    *token = livekit_token_create(&l->key, &claims, 0, livekit_within(a), &said);
    return *token || livekit_said("make a token", &said, e);
}

/* ---- people */

bool sfu_people(struct livekit_provider *l, struct arena *a, const char *room, struct livekit_list_participants_response **out, struct err *e)
{
    struct livekit_error said;
    struct livekit_list_participants_request r = {.room = room};
    *out = livekit_list_participants(l->quick, &r, livekit_within(a), &said);
    return *out || livekit_said("list who is in the room", &said, e);
}

/* Does it with everybody whose name begins so: a seat may be in by several. Who has gone meanwhile is fine. */
typedef bool with_person_fn(struct livekit_provider *l, struct arena *a, const char *room, const struct livekit_participant_info *p, const void *arg, struct livekit_error *said);

static bool with_seat(struct livekit_provider *l, struct arena *a, const char *room, const char *stem, with_person_fn *fn, const void *arg, const char *what, struct err *e)
{
    struct livekit_list_participants_response *people;
    struct livekit_error said = {0};
    if (!sfu_people(l, a, room, &people, e)) return false;
    for (size_t i = 0; i < people->participants.count; i++) {
        const struct livekit_participant_info *p = &people->participants.items[i];
        bool theirs = p->identity && !strncmp(p->identity, stem, strlen(stem));
        if (theirs && !fn(l, a, room, p, arg, &said) && said.code != LIVEKIT_NOT_FOUND) return livekit_said(what, &said, e);
    }
    return true;
}

static bool put_out(struct livekit_provider *l, struct arena *a, const char *room, const struct livekit_participant_info *p, const void *arg, struct livekit_error *said)
{
    struct livekit_room_participant_identity r = {.room = room, .identity = p->identity};
    (void)arg;
    return livekit_remove_participant(l->quick, &r, livekit_within(a), said);
}

bool sfu_remove(void *ctx, struct arena *a, const char *room, const char *user_id, struct err *e)
{
    return with_seat(ctx, a, room, user_id, put_out, NULL, "remove somebody", e);
}

static bool is_of_kind(int source, enum track_kind kind)
{
    if (kind == track_kind_mic) return source == LIVEKIT_MICROPHONE;
    return kind == track_kind_camera ? source == LIVEKIT_CAMERA : source == LIVEKIT_SCREEN_SHARE || source == LIVEKIT_SCREEN_SHARE_AUDIO;
}

static bool mute_tracks(struct livekit_provider *l, struct arena *a, const char *room, const struct livekit_participant_info *p, const void *arg, struct livekit_error *said)
{
    for (size_t i = 0; i < p->tracks.count; i++) {
        const struct livekit_track_info *t = &p->tracks.items[i];
        struct livekit_mute_room_track_request r = {.room = room, .identity = p->identity, .track_sid = t->sid, .muted = true};
        bool wanted = !t->muted && is_of_kind(t->source, *(const enum track_kind *)arg);
        if (wanted && !livekit_mute_published_track(l->quick, &r, livekit_within(a), said) && said->code != LIVEKIT_NOT_FOUND) return false;
    }
    return true;
}

bool sfu_mute(void *ctx, struct arena *a, const char *room, const char *user_id, enum track_kind kind, struct err *e)
{
    return with_seat(ctx, a, room, user_id, mute_tracks, &kind, "mute somebody", e);
}

static bool set_permission(struct livekit_provider *l, struct arena *a, const char *room, const struct livekit_participant_info *p, const void *arg, struct livekit_error *said)
{
    static const int no_screen[] = {LIVEKIT_CAMERA, LIVEKIT_MICROPHONE};
    const struct provider_seat_plan *plan = arg;
    struct livekit_participant_permission may = {.can_subscribe = true, .can_publish = !plan->watches, .can_publish_data = !plan->watches, .can_update_metadata = plan->owner};
    if (!plan->watches && !plan->screenshare) {
        may.can_publish_sources.items = no_screen;
        may.can_publish_sources.count = 2;
    }
    struct livekit_update_participant_request r = {.room = room, .identity = p->identity, .permission = &may};
    return livekit_update_participant(l->quick, &r, livekit_within(a), said);
}

bool sfu_permit(void *ctx, struct arena *a, const struct provider_seat_plan *plan, struct err *e)
{
    return with_seat(ctx, a, plan->room, plan->user_id, set_permission, plan, "change what somebody may do", e);
}

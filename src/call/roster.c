/* roster.c - people, rooms and chat lines as pages see them. */
#include "base/clock.h"
#include "call/parts.h"

void show_person(const struct peer *p, struct arena *a, struct call_person *out)
{
    struct call_track_state *tracks = arena_array(a, struct call_track_state, TRACKS);
    size_t n = 0;
    for (int k = 0; k < TRACKS; k++) {
        if (!p->tracks[k].there) continue;
        SET(&tracks[n], call_track_state, kind, k);
        SET(&tracks[n], call_track_state, muted, p->tracks[k].muted);
        n++;
    }
    *out = (struct call_person){.connection = p->connection, .participant_id = p->participant_id, .name = p->name, .role = (int)p->role, .hand = p->hand,
                                .screenshare = p->screenshare, .away = p->away_since != 0, .outside = p->outside, .quality = (int)p->quality, .tracks = {tracks, n}, .joined_at = p->joined_at};
    model_all_present(&call_person_model, out);
}

void show_room(const struct room *r, const struct peer *to, struct call_room *out)
{
    const struct session *s = &r->session;
    *out = (struct call_room){.session_id = r->session_id, .title = s->title, .status = s->status, .locked = s->locked, .chat = s->enable_chat,
                              .recording = (int)r->recording, .room_code = s->room_code, .ends_at = s->expires_at};
    model_all_present(&call_room_model, out);
    if (!r->recorded) CLEAR(out, call_room, recording);
    if (!to || to->role != participant_role_teacher) CLEAR(out, call_room, room_code);
    if (!HAS(s, session, expires_at)) CLEAR(out, call_room, ends_at);
}

void tell_person(const struct peer *p)
{
    struct call_person *person = arena_new(&p->room->hub->arena, struct call_person);
    struct call_peer m = {0};
    show_person(p, &p->room->hub->arena, person);
    SET(&m, call_peer, person, person);
    message_broadcast(p->room, NULL, "peer", &call_peer_model, &m);
}

void tell_room(const struct room *r)
{
    for (struct peer *p = r->peers; p; p = p->next) {
        struct call_room room;
        struct call_room_changed m = {0};
        show_room(r, p, &room);
        SET(&m, call_room_changed, room, &room);
        message_send(p->caller, "room", &call_room_changed_model, &m);
    }
}

/* ---- the first message */

static struct list everybody(const struct room *r, struct arena *a)
{
    size_t n = 0;
    for (const struct peer *p = r->peers; p; p = p->next) n++;
    struct call_person *people = arena_array(a, struct call_person, n + 1);
    n = 0;
    for (const struct peer *p = r->peers; p; p = p->next) show_person(p, a, &people[n++]);
    return (struct list){people, n};
}

static void show_knocker(const struct caller *w, struct call_knocker *out)
{
    *out = (struct call_knocker){.connection = w->waiting, .participant_id = w->waiting_participant, .name = w->waiting_name};
    model_all_present(&call_knocker_model, out);
}

static struct list who_waits(const struct peer *to, struct arena *a)
{
    size_t n = 0;
    if (to->role != participant_role_teacher) return (struct list){0};
    for (const struct caller *w = to->room->hub->callers; w; w = w->next) n += w->waiting[0] && w->waiting_session == to->room->session_id;
    struct call_knocker *list = arena_array(a, struct call_knocker, n + 1);
    n = 0;
    for (const struct caller *w = to->room->hub->callers; w && n < 100; w = w->next)
        if (w->waiting[0] && w->waiting_session == to->room->session_id) show_knocker(w, &list[n++]);
    return (struct list){list, n};
}

static struct list ice_servers(const struct peer *p, struct arena *a)
{
    const struct config *c = core_config(p->room->hub->core);
    struct call_ice_server *list = arena_array(a, struct call_ice_server, CONFIG_TURN_MOST + 1);
    char *user = arena_printf(a, "%lld:%s", (long long)(clock_now_ms() / 1000 + 86400), p->connection), *credential = turn_credential(a, c->TURN_SECRET, user);
    size_t n = 0, length;
    if (*c->STUN_SERVER) SET(&list[n], call_ice_server, urls, arena_printf(a, "stun:%s", c->STUN_SERVER)), n++;
    for (const char *url = config_turn_next(c->TURN_URL, &length); length; url = config_turn_next(url + length, &length), n++) {
        SET(&list[n], call_ice_server, urls, arena_strndup(a, url, length));
        SET(&list[n], call_ice_server, username, user);
        SET(&list[n], call_ice_server, credential, credential);
    }
    return (struct list){list, n};
}

void send_joined(struct caller *c, const struct list *chat, bool media)
{
    struct arena *a = &c->hub->arena;
    struct call_person *you = arena_new(a, struct call_person);
    struct call_room *room = arena_new(a, struct call_room);
    show_person(c->peer, a, you);
    show_room(c->peer->room, c->peer, room);
    struct call_joined m = {.connection = c->peer->connection, .you = you, .room = room, .people = everybody(c->peer->room, a), .chat = *chat,
                            .knocking = who_waits(c->peer, a), .ice_servers = ice_servers(c->peer, a), .media = media, .provider = c->peer->room->session.provider};
    model_all_present(&call_joined_model, &m);
    SEND(c, joined, &m);
}

void tell_hosts_knock(struct room *r, const struct caller *waiting)
{
    struct call_knocker knocker;
    struct call_knock m = {0};
    show_knocker(waiting, &knocker);
    SET(&m, call_knock, person, &knocker);
    for (struct peer *p = r->peers; p; p = p->next)
        if (p->role == participant_role_teacher) SEND(p->caller, knock, &m);
}

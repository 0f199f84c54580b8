/* notice.c - what core has committed, followed in the calls. */
#include "base/metric.h"
#include "call/parts.h"
#include <stdlib.h>
#include <string.h>

struct notice { struct hub *hub; struct event_note note; };
typedef void follow_fn(struct hub *h, struct room *r, const struct event_note *n);

/* ---- people */

static struct peer *find_participant(struct room *r, int64_t participant_id)
{
    for (struct peer *p = r ? r->peers : NULL; p; p = p->next)
        if (p->participant_id == participant_id) return p;
    return NULL;
}

static void each_waiting(struct hub *h, int64_t participant_id, void (*fn)(struct caller *c))
{
    for (struct caller *c = h->callers, *next; c; c = next) {
        next = c->next;
        if (c->waiting[0] && c->waiting_participant == participant_id) fn(c);
    }
}

static void each_waiting_for(struct hub *h, int64_t session_id, void (*fn)(struct caller *c))
{
    for (struct caller *c = h->callers, *next; c; c = next) {
        next = c->next;
        if (c->waiting[0] && c->waiting_session == session_id) fn(c);
    }
}

static void turn_away(struct caller *c)
{
    knock_gone(c);
    caller_end(c, "denied", "The host did not let you in");
}

static void send_off(struct hub *h, const struct event_note *n, const char *reason, const char *over, const char *message)
{
    for (struct peer *p; (p = find_participant(room_find(h, n->session_id), n->subject_id));) peer_remove(p, reason, n->at, over, message);
    each_waiting(h, n->subject_id, turn_away);
}

static void on_kicked(struct hub *h, struct room *r, const struct event_note *n)
{
    (void)r;
    send_off(h, n, "removed", "removed", error_row(error_participant_removed)->message);
}

static struct peer *find_by_token(struct room *r, int64_t token_id)
{
    for (struct peer *p = r ? r->peers : NULL; p; p = p->next)
        if (p->token_id == token_id) return p;
    return NULL;
}

/* Whoever came in with it goes as if removed; the seat stays for other tokens. */
static void on_revoked(struct hub *h, struct room *r, const struct event_note *n)
{
    static const char why[] = "The link that you came in with was withdrawn";
    (void)r;
    for (struct peer *p; (p = find_by_token(room_find(h, n->session_id), n->subject_id));) peer_remove(p, "removed", n->at, "removed", why);
    for (struct caller *c = h->callers, *next; c; c = next) {
        next = c->next;
        if (c->waiting[0] && c->waiting_token == n->subject_id) turn_away(c);
    }
}

/* One stay is over; the seat and other tokens for it are as good as before. */
static void on_ejected(struct hub *h, struct room *r, const struct event_note *n)
{
    json_t *data = n->data ? json_loads(n->data, 0, NULL) : NULL;
    const char *connection = json_string_value(json_object_get(data, "connection"));
    struct peer *p = r && connection ? peer_in(r, connection) : NULL;
    (void)h;
    if (p) peer_remove(p, "ejected", n->at, "removed", "You were put out of this call");
    json_decref(data);
}

static void on_gave_up(struct hub *h, struct room *r, const struct event_note *n)
{
    (void)r;
    send_off(h, n, "left", "replaced", "You left this session");
}

static void release_json(void *j)
{
    json_decref(j);
}

static const char *detail(struct hub *h, const struct event_note *n, const char *name)
{
    json_t *data = n->data ? json_loads(n->data, 0, NULL) : NULL;
    if (data) arena_defer(&h->arena, release_json, data);
    const char *text = json_string_value(json_object_get(data, name));
    return text ? text : "";
}

static void on_left(struct hub *h, struct room *r, const struct event_note *n)
{
    if (r && r->elsewhere) outside_left(r, detail(h, n, "connection"), detail(h, n, "reason"));
}

/* Who waits here for a call that has begun on another node is sent there. */
static void on_joined(struct hub *h, struct room *r, const struct event_note *n)
{
    if (r && r->elsewhere) outside_came(r, detail(h, n, "connection"));
    struct scope s = hub_scope(h, &h->arena, n->at);
    int64_t node = r || !db_is_shared(h->core->db) ? 0 : node_of(&s, n->session_id);
    if (node && node != h->core->node_id) each_waiting_for(h, n->session_id, door_again);
}

static void on_admitted(struct hub *h, struct room *r, const struct event_note *n)
{
    (void)r;
    each_waiting(h, n->subject_id, door_again);
}

static void on_denied(struct hub *h, struct room *r, const struct event_note *n)
{
    (void)r;
    each_waiting(h, n->subject_id, turn_away);
}

/* A forbidden share is not forwarded, whatever the page does; once allowed again it is. */
static void hold_share(struct peer *p)
{
    bool forbidden = !p->screenshare;
    if (p->host_muted[track_kind_screen] == forbidden) return;
    usage_count(p);
    p->host_muted[track_kind_screen] = forbidden;
    if (p->media) media_peer_mute(p->media, track_kind_words.words[track_kind_screen], forbidden);
    if (p->room->elsewhere) elsewhere_permit(p);
}

static void on_seat_changed(struct hub *h, struct room *r, const struct event_note *n)
{
    struct scope s = hub_scope(h, &h->arena, n->at);
    struct participant seat;
    struct err e;
    struct peer *p = find_participant(r, n->subject_id);
    if (!p || !participant_in(&s, n->session_id, n->subject_id, &seat, &e)) return;
    p->screenshare = seat.screenshare;
    if (!p->screenshare && p->tracks[track_kind_screen].there) SEND(p->caller, stop_share, &(struct call_stop_share){0});
    hold_share(p);
    tell_person(p);
}

/* ---- the room */

static void on_changed(struct hub *h, struct room *r, const struct event_note *n)
{
    (void)h;
    (void)n;
    if (r) room_refresh(r);
}

/* Where nobody has to knock any more, nobody has to wait either. */
static void on_updated(struct hub *h, struct room *r, const struct event_note *n)
{
    struct scope s = hub_scope(h, &h->arena, n->at);
    struct session session;
    struct err e;
    on_changed(h, r, n);
    if (session_by_id(&s, n->session_id, &session, &e) == DB_ROW && !session.waiting_room) each_waiting_for(h, n->session_id, door_again);
}

static void end_waiting(struct caller *c)
{
    caller_end(c, "ended", "This session has ended");
}

static void on_over(struct hub *h, struct room *r, const struct event_note *n)
{
    if (r) room_refresh(r);
    for (struct room *left; (left = room_find(h, n->session_id)) && left->peers;)
        peer_remove(left->peers, "ended", n->at, "ended", "This session has ended");
    each_waiting_for(h, n->session_id, end_waiting);
}

static void on_chat(struct hub *h, struct room *r, const struct event_note *n)
{
    struct call_line line;
    struct call_chat m = {0};
    struct event row = {.id = n->id, .event_data = n->data, .timestamp = n->at};
    if (!r || !event_chat_line(&row, &h->arena, &line)) return;
    SET(&m, call_chat, line, &line);
    message_broadcast(r, NULL, "chat", &call_chat_model, &m);
}

/* What an app sends by the API: to one who is in, or to all. */
static void on_app_message(struct hub *h, struct room *r, const struct event_note *n)
{
    const char *connection = detail(h, n, "connection");
    struct call_app_message m = {0};
    SET(&m, call_app_message, data, detail(h, n, "text"));
    for (struct peer *p = r ? r->peers : NULL; p; p = p->next)
        if (!*connection || !strcmp(connection, p->connection)) SEND(p->caller, app_message, &m);
}

/* ---- recording */

static void ask_everybody(struct room *r, int64_t by_user)
{
    for (struct peer *p = r->peers; p; p = p->next)
        if (by_user && p->user_id == by_user) p->consented = true; /* who starts it agrees to it */
        else if (!p->consented && p->caller) ask_consent(p->caller, r->session.title);
}

static void on_recording(struct hub *h, struct room *r, const struct event_note *n)
{
    struct scope s = hub_scope(h, &h->arena, n->at);
    struct recording rec;
    struct session session;
    struct err e;
    if (recording_by_id(&s, n->subject_id, &rec, &e) == DB_ROW && session_by_id(&s, n->session_id, &session, &e) == DB_ROW) {
        struct room around = {.hub = h, .session_id = session.id, .session = session};
        if (r || node_of(&s, session.id) == h->core->node_id) recorder_follow(r ? r : &around, &rec);
    }
    if (!r) return;
    room_refresh(r);
    if (n->type == event_recording_started) ask_everybody(r, n->user_id);
}

/* Who takes their consent back while the call is recorded cannot stay in it. */
static void on_withdrawn(struct hub *h, struct room *r, const struct event_note *n)
{
    (void)h;
    struct peer *p = find_participant(r, n->subject_id);
    if (!p) return;
    p->consented = false;
    if (r->recorded) peer_remove(p, "left", n->at, "denied", "You left because this call is being recorded");
}

static void count_ready(struct hub *h, struct room *r, const struct event_note *n)
{
    (void)h;
    (void)r;
    if (n->type == event_recording_ready) metric_add(recordings_ready_total, 1);
    else metric_add(recordings_failed_total, 1);
}

static follow_fn *const followers[event_type_count] = {
    [event_session_updated] = on_updated,      [event_session_started] = on_changed,    [event_session_reopened] = on_changed,
    [event_session_locked] = on_changed,       [event_session_unlocked] = on_changed,   [event_session_ended] = on_over,
    [event_session_cancelled] = on_over,       [event_session_deleted] = on_over,       [event_participant_kicked] = on_kicked,
    [event_participant_joined] = on_joined,    [event_participant_left] = on_left,      [event_participant_ejected] = on_ejected,
    [event_participant_left_seat] = on_gave_up, [event_participant_admitted] = on_admitted, [event_participant_denied] = on_denied,
    [event_token_revoked] = on_revoked,        [event_participant_updated] = on_seat_changed, [event_chat_message] = on_chat,      [event_app_message] = on_app_message, [event_recording_started] = on_recording,
    [event_recording_paused] = on_recording,   [event_recording_resumed] = on_recording, [event_recording_stopped] = on_recording,
    [event_recording_consent_withdrawn] = on_withdrawn,
    [event_recording_ready] = count_ready,     [event_recording_failed] = count_ready};

static void follow(void *arg)
{
    struct notice *n = arg;
    struct hub *h = n->hub;
    if (!h->stopping) followers[n->note.type](h, room_find(h, n->note.session_id), &n->note);
    arena_reset(&h->arena);
    free((char *)(uintptr_t)n->note.data);
    free(n);
}

static void on_event(void *ctx, const struct event_note *note)
{
    struct hub *h = ctx;
    metric_add(events_total, 1);
    if (!followers[note->type]) return;
    struct notice *n = xmalloc(sizeof *n);
    *n = (struct notice){h, *note};
    if (note->data) n->note.data = xstrdup(note->data);
    loop_post(h->loop, follow, n);
}

void notice_listen(struct hub *h)
{
    event_listen(h->core, on_event, h);
}

/* door.c - coming in: the decision is core's (presence_enter, on the writer); here is what follows from it. */
#include "base/rand.h"
#include "call/parts.h"
#include <stdlib.h>
#include <string.h>

struct knock { struct chore chore; struct caller *caller; const char *token, *connection; bool consent; struct audit_source source; struct entry entry; };

/* ---- chat of before */

static struct list chat_of(struct room *r)
{
    struct arena *a = &r->hub->arena;
    struct scope s = hub_scope(r->hub, a, 0);
    struct list rows;
    struct err e;
    if (!event_chat(&s, r->session_id, CHAT_BACKLOG, &rows, &e)) return (struct list){0};
    struct call_line *lines = arena_array(a, struct call_line, rows.count + 1);
    size_t n = 0;
    for (size_t i = 0; i < rows.count; i++) n += event_chat_line((const struct event *)rows.items + i, a, &lines[n]);
    return (struct list){lines, n};
}

/* ---- in */

void ask_consent(struct caller *c, const char *title)
{
    struct call_consent_needed m = {0};
    SET(&m, call_consent_needed, title, title);
    SET(&m, call_consent_needed, wording, core_config(c->hub->core)->CONSENT_WORDING);
    SEND(c, consent_needed, &m);
}

/* The page's PeerConnections are still good when both sides say so. */
static bool keep_media(const struct caller *c)
{
    return c->media && (c->peer->media != NULL || c->peer->room->elsewhere);
}

static void welcome(struct caller *c, struct peer *p)
{
    if (p->caller) { /* the old WebSocket is still there: the line broke without a word */
        struct caller *old = p->caller;
        peer_detach_caller(p);
        if (old->ws) ws_close(old->ws, 4000, "taken up elsewhere");
    }
    bool fresh = !p->away_since;
    usage_count(p);
    p->caller = c;
    c->peer = p;
    p->away_since = 0;
    bool media = keep_media(c);
    if (!media) {
        peer_stop_media(p);
        peer_start_media(p);
    }
    struct list chat = chat_of(p->room);
    send_joined(c, &chat, media);
    if (media && p->media) media_peer_offer_again(p->media);
    else if (!p->media && !p->room->elsewhere) SEND(c, media_lost, &(struct call_media_lost){0});
    if (p->room->recorded && !p->consented) ask_consent(c, p->room->session.title); /* it began while they were away, or the question was lost with the line */
    tell_person(p);
    log_info(fresh ? "call.joined" : "call.back", LOG_INT("session", p->room->session_id), LOG_STR("connection", p->connection), LOG_INT("participant", p->participant_id));
    count_people(p->room->hub);
}

/* What came in the same commit as the decision was told before it: the session may be over by now, or the person removed. */
static const char *not_welcome(struct hub *h, const char *connection)
{
    struct scope s = hub_scope(h, &h->arena, 0);
    struct span span;
    struct session session;
    struct participant person;
    struct join_pass pass;
    struct err e;
    if (!presence_person(&s, connection, &span, &session, &person, &pass, &e) || session_is_over(&session)) return "ended";
    return person.connection_status == connection_status_kicked || pass.revoked ? "removed" : NULL;
}

static void come_in(struct caller *c, const struct entry *in)
{
    if (in->taken_over) room_take_up(c->hub, in->session.id);
    struct room *r = room_open(c->hub, &in->session);
    struct peer *p = peer_in(r, in->span.connection);
    if (!p) p = peer_add(r, &in->span, &in->participant, &in->pass); /* before the old one goes: the last one's leaving closes the room */
    if (in->replaced) {
        struct peer *old = peer_in(r, in->replaced);
        if (old) peer_remove(old, "replaced", 0, "replaced", "You came in from another window; this one is closed");
    }
    p->consented = HAS(&in->participant, participant, consented_at);
    const char *why = not_welcome(c->hub, p->connection);
    if (!why) {
        welcome(c, p);
        return;
    }
    peer_remove(p, why, 0, NULL, NULL);
    caller_end(c, why, error_row(strcmp(why, "ended") ? error_participant_removed : error_session_not_active)->message);
}

/* ---- not yet in */

/* As in not_welcome(): whoever was let in, or told that it is over, in the same commit was so before they waited. */
static bool still_waits(struct hub *h, const struct entry *in)
{
    struct scope s = hub_scope(h, &h->arena, 0);
    struct session session;
    struct participant seat;
    struct err e;
    if (session_by_id(&s, in->session.id, &session, &e) != DB_ROW || !participant_in(&s, session.id, in->participant.id, &seat, &e)) return false;
    return session.waiting_room && !session_is_over(&session) && !seat.admitted && seat.connection_status != connection_status_kicked;
}

static void wait_outside(struct caller *c, const struct entry *in)
{
    struct room *r = room_find(c->hub, in->session.id);
    struct call_waiting m = {0};
    rand_text(c->waiting, 16, RAND_ID);
    c->waiting_session = in->session.id;
    c->waiting_participant = in->participant.id;
    c->waiting_token = in->pass.token_id;
    free(c->waiting_name);
    c->waiting_name = xstrdup(in->participant.name);
    SET(&m, call_waiting, connection, c->waiting);
    SET(&m, call_waiting, title, in->session.title);
    SEND(c, waiting, &m);
    if (r) tell_hosts_knock(r, c);
}

void knock_gone(struct caller *c)
{
    struct room *r = c->waiting[0] ? room_find(c->hub, c->waiting_session) : NULL;
    struct call_knock_gone m = {0};
    SET(&m, call_knock_gone, connection, c->waiting);
    for (struct peer *p = r ? r->peers : NULL; p; p = p->next)
        if (p->role == participant_role_teacher) SEND(p->caller, knock_gone, &m);
    c->waiting[0] = '\0';
}

/* ---- the decision */

static const char *over_reason(const struct err *e)
{
    if (err_is(e, error_participant_removed)) return "removed";
    if (err_is(e, error_session_not_active)) return "ended";
    return err_is(e, error_bad_join_token) || err_is(e, error_token_used_up) ? "denied" : NULL;
}

static void refused(struct caller *c, const struct err *e)
{
    const char *over = over_reason(e);
    if (over) caller_end(c, over, e->text);
    else message_error(c, e, "join");
}

static void forget_entry(struct hub *h, const struct entry *in);

/* http://… to ws://…/api/v1/call */
static void send_elsewhere(struct caller *c, const struct entry *in)
{
    struct call_moved m = {0};
    if (strncmp(in->elsewhere, "http", 4) != 0) return;
    SET(&m, call_moved, url, arena_printf(&c->hub->arena, "ws%s/api/v1/call", in->elsewhere + 4));
    SEND(c, moved, &m);
    log_info("call.moved", LOG_INT("session", in->session.id), LOG_STR("to", in->elsewhere));
    ws_close(c->ws, 4002, "the call is on another node");
}

static void knock(struct caller *c, const char *connection);

static void decided(void *arg)
{
    struct knock *k = arg;
    struct caller *c = k->caller;
    c->entering = false;
    if (k->chore.err.kind != ERR_NONE) refused(c, &k->chore.err);
    else if (!c->ws || c->hub->stopping) forget_entry(c->hub, &k->entry);
    else if (k->entry.outcome == ENTRY_ELSEWHERE) send_elsewhere(c, &k->entry);
    else if (k->entry.outcome == ENTRY_WAIT && !still_waits(c->hub, &k->entry)) knock(c, NULL);
    else if (k->entry.outcome == ENTRY_WAIT) wait_outside(c, &k->entry);
    else if (k->entry.outcome == ENTRY_CONSENT) ask_consent(c, k->entry.session.title);
    else come_in(c, &k->entry);
    arena_reset(&c->hub->arena);
    caller_release(c);
    chore_release(&k->chore);
    free(k);
}

bool door_expects(const struct peer *p)
{
    for (const struct caller *c = p->room->hub->callers; c; c = c->next)
        if ((c->entering || c->held) && c->connection && !strcmp(c->connection, p->connection)) return true;
    return false;
}

/* The socket went away while the decision was made: nobody is there to be in, unless they were before. */
static bool leave(struct scope *s, void *arg, struct err *e)
{
    return presence_leave(s, arg, "lost", 0, e);
}

static void forget_entry(struct hub *h, const struct entry *in)
{
    if (in->outcome != ENTRY_IN || in->resumed) return;
    struct task *t = task_create(h->core);
    t->run = leave;
    t->arg = arena_strdup(&t->arena, in->span.connection);
    task_submit(t);
}

static bool enter(struct scope *s, void *arg, struct err *e)
{
    struct knock *k = arg;
    struct scope own = *s;
    own.source = &k->source;
    return presence_enter(&own, k->token, k->connection, k->consent, &k->entry, e);
}

static void knock(struct caller *c, const char *connection)
{
    struct knock *k = xcalloc(1, sizeof *k);
    *k = (struct knock){.caller = c, .consent = c->consent};
    chore_init(&k->chore, c->hub, k, enter, decided);
    k->token = arena_strdup(&k->chore.arena, c->token);
    k->connection = arena_strdup(&k->chore.arena, connection);
    k->source = (struct audit_source){.kind = audit_actor_seat, .ip = arena_strdup(&k->chore.arena, c->client)};
    c->references++;
    c->entering = true;
    chore_start(&k->chore);
}

void door_join(struct caller *c, const struct call_join *m)
{
    free(c->token);
    c->token = xstrdup(m->token);
    c->consent = m->consent;
    c->media = m->media;
    free(c->connection);
    c->connection = HAS(m, call_join, connection) ? xstrdup(m->connection) : NULL;
    if (c->waiting[0]) knock_gone(c);
    if (c->hub->settling) c->held = true;
    else knock(c, c->connection);
}

void door_open(struct hub *h)
{
    if (!h->settling) return;
    h->settling = false;
    for (struct caller *c = h->callers; c; c = c->next) {
        if (c->held && c->ws) knock(c, c->connection);
        c->held = false;
    }
}

void door_again(struct caller *c)
{
    knock_gone(c);
    if (!c->entering) knock(c, NULL);
}

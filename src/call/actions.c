#include "call/actions.h"
#include "core/user.h"
#include "provider/janus/sdp.h"
#include <stdlib.h>
#include <string.h>

/* ---- deeds: changes that go through the database */

/* What hosts do is told; what everybody does is in the events. */
static bool tell(struct scope *s, const struct deed *d, struct err *e)
{
    bool person = d->participant_id != d->source.participant_id;
    struct audit_act act = {.action = arena_printf(s->arena, "call.%s", d->about), .subject = person ? "participant" : "session",
                            .subject_id = audit_id(s->arena, person ? d->participant_id : d->session_id)};
    return !message_is_hosts(d->about) || audit_note(s, &act, e);
}

static bool run(struct scope *s, void *arg, struct err *e)
{
    struct deed *d = arg;
    struct user actor = {.id = d->user_id};
    struct scope own = *s;
    own.source = &d->source;
    if (d->user_id) own.actor = &actor;
    return d->run(&own, d, e) && tell(&own, d, e);
}

static void deed_finish(void *arg)
{
    struct deed *d = arg;
    if (d->chore.err.kind != ERR_NONE) message_error(d->caller, &d->chore.err, d->about);
    caller_release(d->caller);
    chore_release(&d->chore);
    free(d->text);
    free(d);
}

struct deed *deed_new(struct caller *c, const char *about, bool (*deed)(struct scope *, struct deed *, struct err *))
{
    struct deed *d = xcalloc(1, sizeof *d);
    *d = (struct deed){.caller = c, .about = about, .run = deed};
    chore_init(&d->chore, c->hub, d, run, deed_finish);
    c->references++;
    if (c->peer) {
        d->session_id = c->peer->room->session_id;
        d->participant_id = c->peer->participant_id;
        d->user_id = c->peer->user_id;
        d->source = (struct audit_source){.kind = audit_actor_seat, .user_id = d->user_id, .participant_id = d->participant_id, .ip = arena_strdup(&d->chore.arena, c->client)};
    }
    return d;
}

void deed_start(struct deed *d)
{
    chore_start(&d->chore);
}

static bool the_session(struct scope *s, const struct deed *d, struct session *out, struct err *e)
{
    enum db_found found = session_by_id(s, d->session_id, out, e);
    return found == DB_NONE ? err_fail(e, error_session_not_found) : found == DB_ROW;
}

static bool the_seat(struct scope *s, const struct deed *d, struct participant *out, struct err *e)
{
    return participant_in(s, d->session_id, d->participant_id, out, e);
}

/* ---- coming and going */

bool act_join(struct caller *c, const void *message, struct err *e)
{
    if (c->entering || c->held || c->peer) return err_fail(e, error_bad_message);
    door_join(c, message);
    return true;
}

bool act_leave(struct caller *c, const void *message, struct err *e)
{
    (void)message;
    (void)e;
    if (c->peer) peer_remove(c->peer, "left", 0, NULL, NULL);
    if (c->ws) ws_close(c->ws, 1000, "left");
    return true;
}

bool act_media_restart(struct caller *c, const void *message, struct err *e)
{
    (void)message;
    peer_stop_media(c->peer);
    peer_start_media(c->peer);
    if (c->peer->room->elsewhere) return true;
    if (!c->peer->media) return err_fail(e, error_media_unavailable);
    SEND(c, media_ready, &(struct call_media_ready){0});
    return true;
}

/* ---- media */

static bool deed_share(struct scope *s, struct deed *d, struct err *e)
{
    return event_emit(s, d->flag ? event_screenshare_started : event_screenshare_stopped, d->session_id, &(struct event_details){.participant_id = d->participant_id}, e);
}

static void note_share(struct caller *c, bool started)
{
    struct deed *d = deed_new(c, "publish", deed_share);
    d->flag = started;
    deed_start(d);
}

static void lift_mute(struct peer *p, enum track_kind kind)
{
    if (p->host_muted[kind]) usage_count(p);
    p->host_muted[kind] = false;
    if (p->media) media_peer_mute(p->media, track_kind_words.words[kind], false);
}

static void take_tracks(struct peer *p, const struct track tracks[TRACKS])
{
    bool shared = p->tracks[track_kind_screen].there;
    usage_count(p);
    memcpy(p->tracks, tracks, sizeof p->tracks);
    if (shared == p->tracks[track_kind_screen].there) return;
    note_share(p->caller, !shared);
    if (!shared) lift_mute(p, track_kind_screen); /* a new share, begun by the person; the host's mute was for the last one */
}

bool act_publish(struct caller *c, const void *message, struct err *e)
{
    const struct call_publish *m = message;
    const struct call_track *in = m->tracks.items;
    struct media_track tracks[TRACKS];
    struct track sent[TRACKS] = {0};
    for (size_t i = 0; i < m->tracks.count; i++) {
        if (in[i].kind == track_kind_screen && !c->peer->screenshare) {
            SEND(c, stop_share, &(struct call_stop_share){0});
            return err_fail(e, error_not_allowed);
        }
        snprintf(tracks[i].mid, sizeof tracks[i].mid, "%s", in[i].mid);
        snprintf(tracks[i].kind, sizeof tracks[i].kind, "%s", track_kind_words.words[in[i].kind]);
        sent[in[i].kind] = (struct track){true, in[i].muted || c->peer->host_muted[in[i].kind]};
    }
    if (!sdp_check_offer(m->sdp, tracks, m->tracks.count, e)) return false;
    if (!c->peer->media) return err_fail(e, error_media_unavailable);
    take_tracks(c->peer, sent);
    media_peer_publish(c->peer->media, m->sdp, tracks, m->tracks.count);
    for (int k = 0; k < TRACKS; k++)
        if (c->peer->host_muted[k]) media_peer_mute(c->peer->media, track_kind_words.words[k], true);
    tell_person(c->peer);
    return true;
}

/* The provider forwards what it allows; this is what the roster shows, and what is counted. */
bool act_tracks(struct caller *c, const void *message, struct err *e)
{
    const struct call_tracks *m = message;
    const struct call_track_sent *in = m->tracks.items;
    struct track sent[TRACKS] = {0};
    if (!c->peer->room->elsewhere) return err_fail(e, error_bad_message);
    for (size_t i = 0; i < m->tracks.count; i++) {
        sent[in[i].kind] = (struct track){true, in[i].muted};
        if (!in[i].muted) lift_mute(c->peer, (enum track_kind)in[i].kind);
    }
    take_tracks(c->peer, sent);
    c->peer->sending = m->tracks.count > 0;
    tell_person(c->peer);
    return true;
}

bool act_sub_answer(struct caller *c, const void *message, struct err *e)
{
    const struct call_sub_answer *m = message;
    (void)e;
    if (c->peer->media) media_peer_sub_answer(c->peer->media, m->sdp);
    return true;
}

bool act_ice(struct caller *c, const void *message, struct err *e)
{
    const struct call_ice *m = message;
    (void)e;
    if (c->peer->media) media_peer_ice(c->peer->media, peer_connection_words.words[m->pc], HAS(m, call_ice, candidate) ? m->candidate : "null");
    return true;
}

bool act_mute(struct caller *c, const void *message, struct err *e)
{
    const struct call_mute *m = message;
    struct track *t = &c->peer->tracks[m->kind];
    if (m->kind == track_kind_screen && !m->muted && !c->peer->screenshare) return err_fail(e, error_not_allowed);
    if (!t->there) return true; /* nothing of the kind was published: late, or made up */
    usage_count(c->peer);
    t->muted = m->muted;
    if (!m->muted) lift_mute(c->peer, (enum track_kind)m->kind);
    tell_person(c->peer);
    return true;
}

static struct peer *other(struct caller *c, const char *connection, struct err *e)
{
    struct peer *p = peer_in(c->peer->room, connection);
    if (!p) err_fail(e, error_participant_not_found);
    return p;
}

static bool deed_muted(struct scope *s, struct deed *d, struct err *e)
{
    (void)s, (void)d, (void)e;
    return true; /* here it is done already */
}

static void note_mute(struct caller *c, const struct peer *p, int kind)
{
    struct deed *d = deed_new(c, "mute_peer", p->room->elsewhere ? deed_mute : deed_muted);
    d->participant_id = p->participant_id;
    d->number = kind;
    deed_start(d);
}

static void hold_back(struct peer *p, enum track_kind kind)
{
    usage_count(p);
    p->tracks[kind].muted = p->host_muted[kind] = true;
    if (p->media) media_peer_mute(p->media, track_kind_words.words[kind], true);
}

bool act_mute_peer(struct caller *c, const void *message, struct err *e)
{
    const struct call_mute_peer *m = message;
    struct peer *p = other(c, m->connection, e);
    if (!p) return false;
    struct call_muted muted = {0};
    SET(&muted, call_muted, kind, m->kind);
    if (p->tracks[m->kind].there) hold_back(p, (enum track_kind)m->kind);
    note_mute(c, p, m->kind);
    SEND(p->caller, muted, &muted);
    tell_person(p);
    return true;
}

/* ---- gestures and talk */

bool act_hand(struct caller *c, const void *message, struct err *e)
{
    const struct call_hand *m = message;
    struct peer *p = HAS(m, call_hand, connection) ? other(c, m->connection, e) : c->peer;
    if (!p) return false;
    if (p != c->peer && (c->peer->role != participant_role_teacher || m->raised)) return err_fail(e, error_not_allowed);
    p->hand = m->raised;
    tell_person(p);
    return true;
}

bool act_report(struct caller *c, const void *message, struct err *e)
{
    const struct call_report *m = message;
    (void)e;
    if (c->peer->quality == (enum call_quality)m->quality) return true;
    usage_count(c->peer);
    c->peer->quality = (enum call_quality)m->quality;
    tell_person(c->peer);
    return true;
}

static bool deed_say(struct scope *s, struct deed *d, struct err *e)
{
    struct participant p;
    return the_seat(s, d, &p, e) && EMIT(s, chat_message, d->session_id, e, .participant_id = p.id, .name = p.name, .text = d->text);
}

bool act_say(struct caller *c, const void *message, struct err *e)
{
    const struct call_say *m = message;
    if (!c->peer->room->session.enable_chat) return err_fail(e, error_not_allowed);
    struct deed *d = deed_new(c, "say", deed_say);
    d->text = xstrdup(m->text);
    deed_start(d);
    return true;
}

static bool deed_consent(struct scope *s, struct deed *d, struct err *e)
{
    struct participant p;
    return the_seat(s, d, &p, e) && participant_consent(s, &p, consent_way_call, d->flag, e);
}

bool act_consent(struct caller *c, const void *message, struct err *e)
{
    const struct call_consent *m = message;
    (void)e;
    struct deed *d = deed_new(c, "consent", deed_consent);
    d->flag = c->peer->consented = m->given;
    deed_start(d);
    if (!m->given) peer_remove(c->peer, "left", 0, "denied", "You left because this call is being recorded");
    return true;
}

/* ---- what only the host may */

static bool deed_remove(struct scope *s, struct deed *d, struct err *e)
{
    struct session session;
    struct participant p;
    return the_session(s, d, &session, e) && the_seat(s, d, &p, e) && participant_kick(s, &session, &p, e);
}

bool act_remove(struct caller *c, const void *message, struct err *e)
{
    const struct call_remove *m = message;
    (void)e;
    struct deed *d = deed_new(c, "remove", deed_remove);
    d->participant_id = m->participant_id;
    deed_start(d);
    return true;
}

static bool deed_admit(struct scope *s, struct deed *d, struct err *e)
{
    struct participant p;
    return the_seat(s, d, &p, e) && participant_admit(s, &p, d->flag, e);
}

bool act_admit(struct caller *c, const void *message, struct err *e)
{
    const struct call_admit *m = message;
    for (const struct caller *w = c->hub->callers; w; w = w->next) {
        if (w->waiting_session != c->peer->room->session_id || strcmp(w->waiting, m->connection) != 0) continue;
        struct deed *d = deed_new(c, "admit", deed_admit);
        d->participant_id = w->waiting_participant;
        d->flag = m->admit;
        deed_start(d);
        return true;
    }
    return err_fail(e, error_participant_not_found);
}

static bool deed_lock(struct scope *s, struct deed *d, struct err *e)
{
    struct session session;
    return the_session(s, d, &session, e) && session_set_locked(s, &session, d->flag, e);
}

bool act_lock(struct caller *c, const void *message, struct err *e)
{
    const struct call_lock *m = message;
    (void)e;
    struct deed *d = deed_new(c, "lock", deed_lock);
    d->flag = m->locked;
    deed_start(d);
    return true;
}

static bool deed_allow(struct scope *s, struct deed *d, struct err *e)
{
    struct participant p;
    return the_seat(s, d, &p, e) && participant_allow_screenshare(s, &p, d->flag, e);
}

bool act_allow(struct caller *c, const void *message, struct err *e)
{
    const struct call_allow *m = message;
    (void)e;
    struct deed *d = deed_new(c, "allow", deed_allow);
    d->participant_id = m->participant_id;
    d->flag = m->screenshare;
    deed_start(d);
    return true;
}

static bool deed_record(struct scope *s, struct deed *d, struct err *e)
{
    struct session session;
    struct recording rec;
    if (!the_session(s, d, &session, e)) return false;
    if (d->number == record_action_start) return recording_begin(s, &session, &rec, e);
    enum db_found found = recording_running(s, session.id, &rec, e);
    if (found == DB_NONE) return err_fail(e, error_recording_not_running);
    return found == DB_ROW && recording_act(s, &rec, (enum record_action)d->number, e);
}

bool act_record(struct caller *c, const void *message, struct err *e)
{
    const struct call_record *m = message;
    (void)e;
    struct deed *d = deed_new(c, "record", deed_record);
    d->number = m->action;
    deed_start(d);
    return true;
}

static bool deed_end(struct scope *s, struct deed *d, struct err *e)
{
    struct session session;
    return the_session(s, d, &session, e) && session_set_status(s, &session, session_status_ended, "host", e);
}

bool act_end(struct caller *c, const void *message, struct err *e)
{
    (void)message;
    (void)e;
    deed_start(deed_new(c, "end", deed_end));
    return true;
}

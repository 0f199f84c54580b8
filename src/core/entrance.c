#include "core/entrance.h"
#include "core/errand.h"
#include "core/event.h"
#include "core/participant.h"
#include "core/presence.h"
#include "core/recording.h"
#include "core/session.h"

static const char SQL_KNOCK[] =
    "INSERT INTO knocks (participant_id, session_id, seen_at, denied) VALUES ($1, $2, $3, 0) ON CONFLICT (participant_id) DO UPDATE SET seen_at = excluded.seen_at";
static const char SQL_DENY[] = "UPDATE knocks SET denied = 1 WHERE participant_id = $1";
static const char SQL_DENIED_GONE[] = "DELETE FROM knocks WHERE participant_id = $1 AND denied = 1";
static const char SQL_KNOCK_GONE[] = "DELETE FROM knocks WHERE participant_id = $1";
static const char SQL_KNOCKING[] =
    "SELECT {p} FROM knocks k JOIN participants p ON p.id = k.participant_id WHERE k.session_id = $1 AND k.seen_at > $2 AND k.denied = 0 AND p.admitted = 0 ORDER BY k.id LIMIT 100";

enum { TOKEN_MS = 300000, KNOCK_MS = 15000, CHAT_LINES = 500 };

/* ---- what the page is told */

static bool show_room(struct scope *s, const struct entry *in, struct door_reply *out, struct err *e)
{
    const struct session *session = &in->session;
    struct call_room *room = arena_new(s->arena, struct call_room);
    struct recording r;
    bool host = in->participant.role == participant_role_teacher;
    *room = (struct call_room){.session_id = session->id, .title = session->title, .status = session->status, .locked = session->locked, .chat = session->enable_chat,
                               .room_code = session->room_code, .ends_at = session->expires_at};
    model_all_present(&call_room_model, room);
    enum db_found found = recording_running(s, session->id, &r, e);
    if (found == DB_ROW) room->recording = r.status;
    else CLEAR(room, call_room, recording);
    if (!host) CLEAR(room, call_room, room_code);
    if (!HAS(session, session, expires_at)) CLEAR(room, call_room, ends_at);
    SET(out, door_reply, room, room);
    SET(out, door_reply, records, found == DB_ROW || session->enable_recording);
    return found != DB_FAILED;
}

static bool show_knocking(struct scope *s, const struct entry *in, struct door_reply *out, struct err *e)
{
    struct list rows = {0};
    if (in->participant.role == participant_role_teacher &&
        !db_all(s->db, SQL_KNOCKING, participant, &rows, s->arena, e, INT_(in->session.id), INT_(s->now - KNOCK_MS))) return false;
    struct call_knocker *list = arena_array(s->arena, struct call_knocker, rows.count + 1);
    for (size_t i = 0; i < rows.count; i++) {
        const struct participant *p = (const struct participant *)rows.items + i;
        list[i] = (struct call_knocker){.connection = arena_printf(s->arena, "%lld", (long long)p->id), .participant_id = p->id, .name = p->name};
        model_all_present(&call_knocker_model, &list[i]);
    }
    SET(out, door_reply, knocking, ((struct list){list, rows.count}));
    return true;
}

static bool show_chat(struct scope *s, const struct entry *in, struct door_reply *out, struct err *e)
{
    struct list rows = {0};
    size_t n = 0;
    if (in->outcome == ENTRY_IN && in->session.enable_chat && !event_chat(s, in->session.id, CHAT_LINES, &rows, e)) return false;
    struct call_line *lines = arena_array(s->arena, struct call_line, rows.count + 1);
    for (size_t i = 0; i < rows.count; i++) n += event_chat_line((const struct event *)rows.items + i, s->arena, &lines[n]);
    SET(out, door_reply, chat, ((struct list){lines, n}));
    return true;
}

static bool show(struct scope *s, const struct entry *in, struct door_reply *out, struct err *e)
{
    static const enum door_outcome outcomes[] = {[ENTRY_IN] = door_outcome_in, [ENTRY_WAIT] = door_outcome_wait, [ENTRY_CONSENT] = door_outcome_consent};
    const struct participant *p = &in->participant;
    SET(out, door_reply, outcome, (int)outcomes[in->outcome]);
    SET(out, door_reply, provider, in->session.provider);
    SET(out, door_reply, participant_id, p->id);
    SET(out, door_reply, name, p->name);
    SET(out, door_reply, role, p->role);
    SET(out, door_reply, screenshare, p->screenshare);
    SET(out, door_reply, consent_wording, core_config(s->core)->CONSENT_WORDING);
    return show_room(s, in, out, e) && show_knocking(s, in, out, e) && show_chat(s, in, out, e);
}

static bool show_grant(struct scope *s, const struct entry *in, struct door_reply *out, struct err *e)
{
    struct grant g;
    if (!errand_grant(s, &in->session, &in->participant, in->pass.token_id, s->now + TOKEN_MS, &g, e)) return false;
    SET(out, door_reply, server_url, g.server_url);
    SET(out, door_reply, access_token, g.token);
    SET(out, door_reply, identity, g.identity);
    return true;
}

/* ---- the door */

static bool on_our_page(struct scope *s, const struct session *session, struct err *e)
{
    return errand_on_our_page(s, session) || err_fail(e, error_provider_cannot);
}

static bool knock(struct scope *s, const struct entry *in, struct door_reply *out, struct err *e)
{
    if (!db_run(s->db, SQL_DENIED_GONE, e, INT_(in->participant.id))) return false;
    if (db_changes(s->db)) SET(out, door_reply, outcome, door_outcome_denied);
    return db_changes(s->db) || db_run(s->db, SQL_KNOCK, e, INT_(in->participant.id), INT_(in->session.id), INT_(s->now));
}

bool entrance_open(struct scope *s, const struct door_request *in, struct door_reply *out, struct err *e)
{
    struct entry entry;
    if (!presence_admit(s, in->token, in->consent, &entry, e) || !on_our_page(s, &entry.session, e)) return false;
    if (!show(s, &entry, out, e)) return false;
    if (entry.outcome == ENTRY_WAIT) return knock(s, &entry, out, e);
    return entry.outcome != ENTRY_IN || show_grant(s, &entry, out, e);
}

/* Nothing is decided here, so who was let in once sees the room until it is over. */
static bool look(struct scope *s, const char *token, struct entry *out, struct err *e)
{
    *out = (struct entry){.outcome = ENTRY_IN};
    if (!join_token_check(s, token, &out->session, &out->participant, &out->pass, e) || !on_our_page(s, &out->session, e)) return false;
    join_pass_apply(&out->pass, &out->session, &out->participant);
    if (out->session.waiting_room && out->participant.role != participant_role_teacher && !out->participant.admitted) out->outcome = ENTRY_WAIT;
    return true;
}

bool entrance_see(struct scope *s, const char *token, struct door_reply *out, struct err *e)
{
    struct entry entry;
    return look(s, token, &entry, e) && show(s, &entry, out, e);
}

/* ---- deeds */

struct deed { struct scope *s; const struct door_deed *in; struct entry *me; struct participant other; };

static bool mute(struct deed *d, struct err *e)
{
    enum track_kind kind = HAS(d->in, door_deed, kind) ? (enum track_kind)d->in->kind : track_kind_mic;
    return errand_mute(d->s, &d->me->session, &d->other, kind, e);
}

static bool remove_them(struct deed *d, struct err *e)
{
    return participant_kick(d->s, &d->me->session, &d->other, e);
}

static bool answer_knock(struct deed *d, struct err *e)
{
    bool admit = d->in->action == door_action_admit;
    return participant_admit(d->s, &d->other, admit, e) && db_run(d->s->db, admit ? SQL_KNOCK_GONE : SQL_DENY, e, INT_(d->other.id));
}

static bool lock(struct deed *d, struct err *e)
{
    return session_set_locked(d->s, &d->me->session, d->in->action == door_action_lock, e);
}

static bool allow(struct deed *d, struct err *e)
{
    return participant_allow_screenshare(d->s, &d->other, d->in->action == door_action_allow_screen, e) && errand_permit(d->s, &d->me->session, &d->other, e);
}

static bool agree(struct deed *d, bool given, struct err *e)
{
    struct participant seat; /* as it is kept: not with the role of this stay */
    return participant_in(d->s, d->me->session.id, d->me->participant.id, &seat, e) && participant_consent(d->s, &seat, d->in->action == door_action_record ? consent_way_host : consent_way_call, given, e);
}

static bool record(struct deed *d, struct err *e)
{
    struct recording r;
    return agree(d, true, e) && recording_begin(d->s, &d->me->session, &r, e);
}

static bool stop_recording(struct deed *d, struct err *e)
{
    struct recording r;
    enum db_found found = recording_running(d->s, d->me->session.id, &r, e);
    return found == DB_NONE ? errand_record_stopped(d->s) || err_fail(e, error_recording_not_running) : found == DB_ROW && recording_act(d->s, &r, record_action_stop, e);
}

static bool end(struct deed *d, struct err *e)
{
    return session_set_status(d->s, &d->me->session, session_status_ended, "host", e);
}

static bool say(struct deed *d, struct err *e)
{
    if (!d->me->session.enable_chat || d->me->outcome != ENTRY_IN) return err_fail(e, error_not_allowed);
    if (!HAS(d->in, door_deed, text)) return err_fail(e, error_bad_message);
    return EMIT(d->s, chat_message, d->me->session.id, e, .participant_id = d->me->participant.id, .name = d->me->participant.name, .text = d->in->text);
}

static bool consent(struct deed *d, struct err *e)
{
    return agree(d, d->in->action == door_action_consent, e);
}

static bool nothing(struct deed *d, struct err *e)
{
    (void)d, (void)e;
    return true;
}

static bool leave(struct deed *d, struct err *e)
{
    return db_run(d->s->db, SQL_KNOCK_GONE, e, INT_(d->me->participant.id)); /* that they are gone the provider tells */
}

enum { HOST = 1, SOMEBODY = 2 };
static const struct { bool (*run)(struct deed *d, struct err *e); int need; } deeds[] = {
    [door_action_mute] = {mute, HOST | SOMEBODY}, [door_action_remove] = {remove_them, HOST | SOMEBODY}, [door_action_admit] = {answer_knock, HOST | SOMEBODY},
    [door_action_deny] = {answer_knock, HOST | SOMEBODY}, [door_action_lock] = {lock, HOST}, [door_action_unlock] = {lock, HOST},
    [door_action_allow_screen] = {allow, HOST | SOMEBODY}, [door_action_deny_screen] = {allow, HOST | SOMEBODY}, [door_action_record] = {record, HOST},
    [door_action_stop_recording] = {stop_recording, HOST}, [door_action_end] = {end, HOST}, [door_action_say] = {say, 0}, [door_action_consent] = {consent, 0},
    [door_action_refuse] = {consent, 0}, [door_action_report] = {nothing, 0}, [door_action_leave] = {leave, 0}};

bool entrance_act(struct scope *s, const struct door_deed *in, struct door_reply *out, struct err *e)
{
    struct entry me;
    struct deed d = {s, in, &me, {0}};
    int need = deeds[in->action].need;
    if (!look(s, in->token, &me, e)) return false;
    if (session_is_over(&me.session)) return err_fail(e, error_session_not_active);
    if (need & HOST && me.participant.role != participant_role_teacher) return err_fail(e, error_not_allowed);
    if (need & SOMEBODY && !HAS(in, door_deed, participant_id)) return err_fail(e, error_participant_not_found);
    if (need & SOMEBODY && !participant_in(s, me.session.id, in->participant_id, &d.other, e)) return false;
    return deeds[in->action].run(&d, e) && show(s, &me, out, e);
}

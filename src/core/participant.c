#include "core/participant.h"
#include "base/rand.h"
#include "core/consent.h"
#include "core/errand.h"
#include "core/event.h"
#include "core/session.h"
#include "core/user.h"
#include <stdio.h>
#include <string.h>

static const char SQL_OF_USER[] = "SELECT {} FROM participants WHERE user_id = $2 AND session_id = $1 LIMIT 1";
static const char SQL_BY_ID[] = "SELECT {} FROM participants WHERE id = $1";
static const char SQL_OF_IDENTITY[] = "SELECT {} FROM participants WHERE session_id = $1 AND identity = $2";
static const char SQL_LIST[] = "SELECT {} FROM participants WHERE session_id = $1 ORDER BY id";
static const char SQL_COUNT[] = "SELECT count(*) FROM participants WHERE session_id = $1";
static const char SQL_OF_MANY[] =
    "SELECT p.id, p.token_generation, (SELECT count(*) FROM participants WHERE session_id = $1) FROM participants p WHERE p.user_id = $2 AND p.session_id = $1";
/* Where people come and go with tokens (core/terms.h), who is in takes a seat; elsewhere who may come in. */
static const char SQL_SEATS[] =
    "SELECT CASE WHEN EXISTS (SELECT 1 FROM session_terms t WHERE t.session_id = $1) THEN (SELECT count(*) FROM connection_spans c WHERE c.session_id = $1 AND c.left_at IS NULL) "
    "ELSE (SELECT count(*) FROM participants p WHERE p.session_id = $1 AND p.connection_status <> 'kicked') END";
static const char SQL_ROOM_TYPE[] = "SELECT room_type IN ('webinar', 'broadcast') FROM rooms WHERE session_id = $1";
static const char SQL_PRESENT[] = "SELECT 1 FROM connection_spans WHERE session_id = (SELECT session_id FROM participants WHERE id = $1) AND participant_id = $1 AND left_at IS NULL LIMIT 1";

enum { NAME_LONGEST = 200 }; /* bytes */

enum db_found participant_of_user(struct scope *s, int64_t session_id, int64_t user_id, struct participant *out, struct err *e)
{
    return db_one(s->db, SQL_OF_USER, participant, out, s->arena, e, INT_(session_id), INT_(user_id));
}

bool participant_in(struct scope *s, int64_t session_id, int64_t participant_id, struct participant *out, struct err *e)
{
    enum db_found found = db_one(s->db, SQL_BY_ID, participant, out, s->arena, e, INT_(participant_id));
    if (found == DB_FAILED) return false;
    return (found == DB_ROW && out->session_id == session_id) || err_fail(e, error_participant_not_found);
}

bool participant_list(struct scope *s, int64_t session_id, struct list *out, struct err *e)
{
    return db_all(s->db, SQL_LIST, participant, out, s->arena, e, INT_(session_id));
}

bool participant_count(struct scope *s, int64_t session_id, int64_t *count, struct err *e)
{
    return db_number(s->db, SQL_COUNT, count, e, INT_(session_id)) == DB_ROW;
}

enum db_found participant_of_many(struct scope *s, int64_t session_id, int64_t user_id, struct participant *seat, int64_t *count, struct err *e)
{
    struct seat_of_many row;
    enum db_found found = db_one(s->db, SQL_OF_MANY, seat_of_many, &row, s->arena, e, INT_(session_id), INT_(user_id));
    if (found != DB_ROW) return found;
    *seat = (struct participant){.id = row.id, .session_id = session_id, .token_generation = row.token_generation};
    *count = row.total;
    return DB_ROW;
}

bool participant_present(struct scope *s, int64_t participant_id, bool *present, struct err *e)
{
    int64_t one;
    enum db_found found = db_number(s->db, SQL_PRESENT, &one, e, INT_(participant_id));
    *present = found == DB_ROW;
    return found != DB_FAILED;
}

static bool save(struct scope *s, const struct participant *p, struct err *e)
{
    return db_update(s->db, "participants", participant, p, e);
}

bool participant_may_share(const struct session *session, enum participant_role role)
{
    return role == participant_role_teacher || (role == participant_role_student && session->enable_screenshare);
}

static bool take_seat(struct scope *s, const struct session *session, struct participant *p, struct err *e)
{
    SET(p, participant, session_id, session->id);
    SET(p, participant, connection_status, connection_status_invited);
    SET(p, participant, screenshare, participant_may_share(session, (enum participant_role)p->role));
    SET(p, participant, admitted, p->role == participant_role_teacher);
    SET(p, participant, token_generation, 0);
    SET(p, participant, created_at, s->now);
    return db_insert(s->db, "participants", participant, p, e) && (!HAS(p, participant, user_id) || session_count_seat(s, session, p->user_id, e)) &&
           EMIT(s, participant_added, session->id, e, .participant_id = p->id, .name = p->name, .status = participant_role_words.words[p->role]);
}

bool participant_add(struct scope *s, const struct session *session, const struct user *user, enum participant_role role, struct participant *out, struct err *e)
{
    *out = (struct participant){0};
    SET(out, participant, user_id, user->id);
    SET(out, participant, identity, arena_printf(s->arena, "user-%lld", (long long)user->id));
    SET(out, participant, name, user_name(user));
    SET(out, participant, role, (int)role);
    return take_seat(s, session, out, e);
}

static bool has_free_seat(struct scope *s, const struct session *session, struct err *e)
{
    int64_t taken;
    if (db_number(s->db, SQL_SEATS, &taken, e, INT_(session->id)) != DB_ROW) return false;
    return taken < session->max_participants || err_fail(e, error_session_full);
}

bool participant_seat(struct scope *s, const struct session *session, const struct user *user, enum participant_role role, struct participant *out, struct err *e)
{
    enum db_found found = participant_of_user(s, session->id, user->id, out, e);
    if (found != DB_NONE) return found == DB_ROW;
    if (role == participant_role_teacher) return err_fail(e, error_not_allowed); /* there is one */
    return has_free_seat(s, session, e) && participant_add(s, session, user, role, out, e);
}

/* Who comes to a webinar or a broadcast (core/room.h) without having been given a role watches. */
static bool newcomer(struct scope *s, const struct session *session, enum participant_role *role, struct err *e)
{
    int64_t watched = 0;
    enum db_found found = db_number(s->db, SQL_ROOM_TYPE, &watched, e, INT_(session->id));
    *role = watched ? participant_role_viewer : participant_role_student;
    return found != DB_FAILED;
}

enum db_found participant_of_identity(struct scope *s, int64_t session_id, const char *identity, struct participant *out, struct err *e)
{
    return db_one(s->db, SQL_OF_IDENTITY, participant, out, s->arena, e, INT_(session_id), TEXT_(identity));
}

bool participant_readmit(struct scope *s, const struct session *session, struct participant *p, struct err *e)
{
    if (p->connection_status != connection_status_kicked) return true;
    SET(p, participant, connection_status, connection_status_invited);
    SET(p, participant, created_at, s->now);
    CLEAR(p, participant, left_at);
    return has_free_seat(s, session, e) && save(s, p, e) &&
           EMIT(s, participant_added, session->id, e, .participant_id = p->id, .name = p->name, .status = participant_role_words.words[p->role]);
}

/* Saves only what is new: who is in already and comes again costs no write. */
static bool mark_joined(struct scope *s, struct participant *p, struct err *e)
{
    if (p->connection_status == connection_status_joined && HAS(p, participant, joined_at)) return true;
    SET(p, participant, connection_status, connection_status_joined);
    if (!HAS(p, participant, joined_at)) SET(p, participant, joined_at, s->now);
    return save(s, p, e);
}

bool participant_join(struct scope *s, struct session *session, struct participant *out, struct err *e)
{
    bool is_teacher = s->actor->id == session->teacher_id;
    if (session_is_over(session)) return err_fail(e, error_session_not_active);
    enum db_found found = participant_of_user(s, session->id, s->actor->id, out, e);
    if (found == DB_FAILED) return false;
    if (found == DB_ROW && out->connection_status == connection_status_kicked) return err_fail(e, error_participant_removed);
    if (found == DB_NONE) {
        if (session->locked && !is_teacher) return err_fail(e, error_session_locked);
        enum participant_role role;
        if (!has_free_seat(s, session, e) || !newcomer(s, session, &role, e) || !participant_add(s, session, s->actor, role, out, e)) return false;
    }
    if (is_teacher && session->status == session_status_scheduled && !session_set_status(s, session, session_status_active, NULL, e)) return false;
    return mark_joined(s, out, e);
}

bool participant_seat_named(struct scope *s, const struct session *session, const char *identity, const char *name, enum participant_role role, struct participant *out, struct err *e)
{
    enum db_found found = participant_of_identity(s, session->id, identity, out, e);
    if (found != DB_NONE) return found == DB_ROW;
    if (!has_free_seat(s, session, e)) return false;
    *out = (struct participant){0};
    SET(out, participant, identity, identity);
    SET(out, participant, name, name);
    SET(out, participant, role, (int)role);
    return take_seat(s, session, out, e);
}

/* At most as long as a seat's name may be, and no character cut in two. */
static const char *short_name(struct arena *a, const char *name)
{
    size_t n = strlen(name);
    if (n <= NAME_LONGEST) return name;
    for (n = NAME_LONGEST; n && ((unsigned char)name[n] & 0xc0) == 0x80;) n--;
    return arena_strndup(a, name, n);
}

bool participant_seen(struct scope *s, const struct session *session, const char *identity, const char *name, struct participant *out, struct err *e)
{
    enum participant_role role;
    if (!newcomer(s, session, &role, e)) return false;
    *out = (struct participant){0};
    SET(out, participant, identity, identity);
    SET(out, participant, name, short_name(s->arena, name));
    SET(out, participant, role, (int)role);
    return take_seat(s, session, out, e);
}

bool participant_join_guest(struct scope *s, struct session *session, const char *name, struct participant *out, struct err *e)
{
    char identity[24] = "guest-";
    enum participant_role role;
    if (session_is_over(session)) return err_fail(e, error_session_not_active);
    if (!session->allow_guests) return err_fail(e, error_guests_not_allowed);
    if (session->locked) return err_fail(e, error_session_locked);
    if (!has_free_seat(s, session, e) || !newcomer(s, session, &role, e)) return false;
    rand_text(identity + 6, 12, RAND_ID);
    if (s->errands && !s->errands->identity[0]) memcpy(s->errands->identity, identity, sizeof identity);
    *out = (struct participant){0};
    SET(out, participant, identity, arena_strdup(s->arena, s->errands ? s->errands->identity : identity)); /* whom a token was made for */
    SET(out, participant, name, name);
    SET(out, participant, role, (int)role);
    return take_seat(s, session, out, e);
}

bool participant_leave(struct scope *s, const struct session *session, struct participant *out, struct err *e)
{
    enum db_found found = participant_of_user(s, session->id, s->actor->id, out, e);
    if (found == DB_NONE) return err_fail(e, error_not_a_participant);
    if (found == DB_FAILED || out->connection_status == connection_status_kicked) return found == DB_ROW;
    SET(out, participant, connection_status, connection_status_left);
    if (!HAS(out, participant, left_at)) SET(out, participant, left_at, s->now);
    return save(s, out, e) && EMIT(s, participant_left_seat, session->id, e, .participant_id = out->id);
}

bool participant_kick(struct scope *s, const struct session *session, struct participant *p, struct err *e)
{
    if (p->role == participant_role_teacher) return err_fail(e, error_not_allowed);
    if (p->connection_status == connection_status_kicked) return true;
    SET(p, participant, connection_status, connection_status_kicked);
    SET(p, participant, token_generation, p->token_generation + 1);
    if (!HAS(p, participant, left_at)) SET(p, participant, left_at, s->now);
    return save(s, p, e) && errand_remove(s, session, p, e) && EMIT(s, participant_kicked, session->id, e, .participant_id = p->id);
}

bool participant_allow_screenshare(struct scope *s, struct participant *p, bool allowed, struct err *e)
{
    SET(p, participant, screenshare, allowed && p->role != participant_role_viewer);
    return save(s, p, e) && EMIT(s, participant_updated, p->session_id, e, .participant_id = p->id, .flag = &p->screenshare, .flag_name = "screenshare");
}

bool participant_allow_all(struct scope *s, int64_t session_id, bool allowed, struct err *e)
{
    struct list rows;
    if (!participant_list(s, session_id, &rows, e)) return false;
    struct participant *p = (struct participant *)(uintptr_t)rows.items;
    for (size_t i = 0; i < rows.count; i++)
        if (p[i].role == participant_role_student && p[i].screenshare != allowed && !participant_allow_screenshare(s, &p[i], allowed, e)) return false;
    return true;
}

bool participant_admit(struct scope *s, struct participant *p, bool admit, struct err *e)
{
    SET(p, participant, admitted, admit);
    return save(s, p, e) &&
           event_emit(s, admit ? event_participant_admitted : event_participant_denied, p->session_id, &(struct event_details){.participant_id = p->id}, e);
}

bool participant_consent(struct scope *s, struct participant *p, enum consent_way way, bool given, struct err *e)
{
    bool before = HAS(p, participant, consented_at);
    if (given && before) return true; /* once is enough; a refusal is always noted */
    if (given) SET(p, participant, consented_at, s->now);
    else CLEAR(p, participant, consented_at);
    enum consent_decision decision = given ? consent_decision_given : before ? consent_decision_withdrawn : consent_decision_refused;
    if (!save(s, p, e) || !consent_note(s, p, decision, way, e)) return false;
    if (decision == consent_decision_withdrawn) return EMIT(s, recording_consent_withdrawn, p->session_id, e, .participant_id = p->id, .name = p->name);
    return EMIT(s, recording_consent, p->session_id, e, .participant_id = p->id, .name = p->name, .flag = &given, .flag_name = "given");
}

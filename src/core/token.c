#include "core/token.h"
#include "base/buf.h"
#include "core/errand.h"
#include "core/event.h"
#include "core/identity.h"
#include "core/participant.h"
#include "core/provider.h"
#include "core/session.h"
#include "core/user.h"
#include <string.h>

static const char SQL_SEAT[] = "SELECT {} FROM participants WHERE id = $1";
static const char SQL_BY_ID[] = "SELECT {} FROM join_tokens WHERE id = $1";
static const char SQL_USE[] = "UPDATE join_tokens SET use_count = use_count + 1, last_used_at = $2 WHERE id = $1";
static const char SQL_STAY[] = "INSERT INTO stays (connection, token_id, mic_ms, camera_ms, screen_ms, good_ms, fair_ms, poor_ms) VALUES ($1, $2, 0, 0, 0, 0, 0, 0)";
static const char SQL_OF_STAY[] = "SELECT {t} FROM stays y JOIN join_tokens t ON t.id = y.token_id WHERE y.connection = $1";
static const char SQL_REVOKE[] = "UPDATE join_tokens SET revoked_at = $2 WHERE id = $1";
#define VIEW \
    "SELECT t.id, t.session_id, t.participant_id, p.user_id, p.identity, p.name, t.role, t.issued_by, t.max_uses, t.use_count, t.last_used_at, t.expires_at, t.revoked_at, " \
    "t.created_at FROM join_tokens t JOIN participants p ON p.id = t.participant_id WHERE t.session_id = $1 "
static const char SQL_LIST[] = VIEW "ORDER BY t.id LIMIT $2 OFFSET $3";
static const char SQL_SEE[] = VIEW "AND t.id = $2";
static const char SQL_COUNT[] = "SELECT count(*) FROM join_tokens WHERE session_id = $1";

_Static_assert((int)participant_role_teacher == (int)room_role_host && (int)participant_role_student == (int)room_role_participant &&
               (int)participant_role_viewer == (int)room_role_viewer, "the same roles by other names, the mightiest first");

enum participant_role room_role_seat(enum room_role role) { return (enum participant_role)role; }
enum room_role room_role_of(enum participant_role role) { return (enum room_role)role; }

/* ---- the secret */

static void add_claim(struct buf *claims, const char *name, int64_t n)
{
    buf_text(claims, name);
    buf_int(claims, n);
}

static char *sign(struct scope *s, const struct participant *p, const struct join_token *t, int64_t expires)
{
    char bytes[200];
    struct buf claims;
    buf_init_in(&claims, bytes, sizeof bytes);
    add_claim(&claims, "{\"sid\":", p->session_id);
    add_claim(&claims, ",\"pid\":", p->id);
    add_claim(&claims, ",\"gen\":", p->token_generation);
    if (t) add_claim(&claims, ",\"tid\":", t->id);
    add_claim(&claims, ",\"exp\":", expires);
    buf_char(&claims, '}');
    char *token = jwt_sign_bytes(s->arena, &s->core->join_key, claims.data, claims.size);
    buf_release(&claims);
    return token;
}

char *join_token_sign(struct scope *s, const struct participant *p)
{
    return sign(s, p, NULL, s->now / 1000 + core_config(s->core)->JOIN_TOKEN_EXPIRE_MINUTES * 60);
}

static int64_t claim(const json_t *claims, const char *name)
{
    return json_integer_value(json_object_get(claims, name));
}

static struct join_pass pass_of(const struct join_token *t)
{
    return (struct join_pass){t->id, (enum participant_role)t->role, HAS(t, join_token, max_uses) && t->use_count >= t->max_uses, HAS(t, join_token, revoked_at)};
}

static bool check_row(struct scope *s, const struct participant *p, int64_t id, struct join_pass *pass, struct err *e)
{
    struct join_token t;
    enum db_found found = db_one(s->db, SQL_BY_ID, join_token, &t, s->arena, e, INT_(id));
    if (found == DB_FAILED) return false;
    if (found == DB_NONE || t.participant_id != p->id || HAS(&t, join_token, revoked_at)) return err_fail(e, error_bad_join_token);
    *pass = pass_of(&t);
    return true;
}

bool join_token_check(struct scope *s, const char *token, struct session *session, struct participant *p, struct join_pass *pass, struct err *e)
{
    struct join_pass own;
    pass = pass ? pass : &own;
    *pass = (struct join_pass){0};
    const json_t *claims = jwt_verify(s->arena, &s->core->join_key, token, s->now / 1000);
    if (!claims) return err_fail(e, error_bad_join_token);
    enum db_found seat = db_one(s->db, SQL_SEAT, participant, p, s->arena, e, INT_(claim(claims, "pid")));
    if (seat == DB_FAILED) return false;
    if (seat == DB_NONE || p->session_id != claim(claims, "sid")) return err_fail(e, error_bad_join_token);
    enum db_found found = session_by_id(s, p->session_id, session, e);
    if (found == DB_FAILED) return false;
    if (found == DB_NONE) return err_fail(e, error_bad_join_token);
    if (p->connection_status == connection_status_kicked) return err_fail(e, error_participant_removed);
    if (p->token_generation != claim(claims, "gen")) return err_fail(e, error_bad_join_token);
    return !json_object_get(claims, "tid") || check_row(s, p, claim(claims, "tid"), pass, e);
}

/* ---- what it opens */

void join_pass_apply(const struct join_pass *pass, const struct session *session, struct participant *p)
{
    if (!pass->token_id || (int)pass->role == p->role) return;
    SET(p, participant, role, (int)pass->role);
    SET(p, participant, screenshare, participant_may_share(session, pass->role));
}

bool join_pass_use(struct scope *s, const struct join_pass *pass, const char *connection, struct err *e)
{
    return !pass->token_id || (db_run(s->db, SQL_USE, e, INT_(pass->token_id), INT_(s->now)) && db_run(s->db, SQL_STAY, e, TEXT_(connection), INT_(pass->token_id)));
}

bool join_pass_by_id(struct scope *s, int64_t token_id, struct join_pass *pass, struct err *e)
{
    struct join_token t;
    enum db_found found = db_one(s->db, SQL_BY_ID, join_token, &t, s->arena, e, INT_(token_id));
    *pass = found == DB_ROW ? pass_of(&t) : (struct join_pass){.revoked = true};
    return found != DB_FAILED;
}

bool join_pass_of(struct scope *s, const char *connection, struct join_pass *pass, struct err *e)
{
    struct join_token t;
    enum db_found found = db_one(s->db, SQL_OF_STAY, join_token, &t, s->arena, e, TEXT_(connection));
    *pass = found == DB_ROW ? pass_of(&t) : (struct join_pass){0};
    return found != DB_FAILED;
}

/* ---- tokens with an id */

/* A token's role is the token's alone: the seat itself never becomes a host's, or it would stay one after the token is revoked. */
static enum participant_role seat_role(const struct token_create *in)
{
    return in->role == room_role_viewer ? participant_role_viewer : participant_role_student;
}

static bool seat_of_account(struct scope *s, const struct session *session, const struct token_create *in, struct participant *out, struct err *e)
{
    struct user user;
    enum db_found found = user_by_id(s, HAS(in, token_create, user) ? in->user : s->actor->id, &user, e);
    if (found != DB_ROW) return found == DB_NONE && err_fail(e, error_user_not_found);
    return participant_seat(s, session, &user, seat_role(in), out, e);
}

static bool seat_of_identity(struct scope *s, const struct session *session, const struct token_create *in, struct participant *out, struct err *e)
{
    if (HAS(in, token_create, user)) return err_fail(e, error_identity_or_user);
    if (identity_is_ours(in->identity)) return err_fail(e, error_identity_reserved);
    return participant_seat_named(s, session, in->identity, HAS(in, token_create, name) ? in->name : in->identity, seat_role(in), out, e);
}

static bool seat_for(struct scope *s, const struct session *session, const struct token_create *in, struct participant *out, struct err *e)
{
    if (session_is_host(s, session)) return HAS(in, token_create, identity) ? seat_of_identity(s, session, in, out, e) : seat_of_account(s, session, in, out, e);
    bool own = !HAS(in, token_create, identity) && (!HAS(in, token_create, user) || in->user == s->actor->id);
    enum db_found found = own ? participant_of_user(s, session->id, s->actor->id, out, e) : DB_NONE;
    if (found == DB_FAILED) return false;
    return (found == DB_ROW && in->role >= out->role) || err_fail(e, error_forbidden);
}

bool token_issue(struct scope *s, const struct session *session, const struct token_create *in, struct join_token *out, struct participant *seat, char **secret, struct err *e)
{
    if (session_is_over(session)) return err_fail(e, error_session_not_active);
    if (provider_remote(s->core, session->provider) && !errand_on_our_page(s, session)) return err_fail(e, error_provider_cannot); /* its tokens cannot be counted, nor taken back */
    if (!seat_for(s, session, in, seat, e)) return false;
    if (seat->connection_status == connection_status_kicked) return err_fail(e, error_participant_removed);
    *out = (struct join_token){0};
    SET(out, join_token, session_id, session->id);
    SET(out, join_token, participant_id, seat->id);
    SET(out, join_token, role, (int)room_role_seat((enum room_role)in->role));
    SET(out, join_token, issued_by, s->actor->id);
    if (HAS(in, token_create, max_uses)) SET(out, join_token, max_uses, in->max_uses);
    SET(out, join_token, use_count, 0);
    SET(out, join_token, expires_at, (s->now / 1000 + in->ttl) * 1000);
    SET(out, join_token, created_at, s->now);
    if (!db_insert(s->db, "join_tokens", join_token, out, e)) return false;
    *secret = sign(s, seat, out, out->expires_at / 1000);
    return EMIT(s, token_issued, session->id, e, .participant_id = seat->id, .token_id = out->id, .status = room_role_words.words[in->role]);
}

bool token_list(struct scope *s, int64_t session_id, int64_t limit, int64_t offset, struct list *out, int64_t *total, struct err *e)
{
    return db_all(s->db, SQL_LIST, token_view, out, s->arena, e, INT_(session_id), INT_(limit), INT_(offset)) &&
           db_number(s->db, SQL_COUNT, total, e, INT_(session_id)) == DB_ROW;
}

bool token_see(struct scope *s, int64_t session_id, int64_t id, struct token_view *out, struct err *e)
{
    enum db_found found = db_one(s->db, SQL_SEE, token_view, out, s->arena, e, INT_(session_id), INT_(id));
    return found == DB_NONE ? err_fail(e, error_token_not_found) : found == DB_ROW;
}

bool token_revoke(struct scope *s, int64_t session_id, int64_t id, struct err *e)
{
    struct token_view t;
    if (!token_see(s, session_id, id, &t, e)) return false;
    if (HAS(&t, token_view, revoked_at)) return true;
    return db_run(s->db, SQL_REVOKE, e, INT_(id), INT_(s->now)) && EMIT(s, token_revoked, session_id, e, .token_id = id, .participant_id = t.participant_id);
}

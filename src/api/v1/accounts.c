/* accounts.c - sign up, sign in, who am I. */
#include "api/api.h"
#include "api/audit.h"
#include "api/limit.h"
#include "core/user.h"
#include <ctype.h>
#include <string.h>

static bool reply_user(struct request *r, const struct user *u)
{
    struct user_reply *out = arena_new(r->scope.arena, struct user_reply);
    COPY(user_reply, out, user, u);
    return reply_with(r, out);
}

struct registration { struct request *request; const struct user_create *in; const char *hash; struct user *out; };

static bool write_user(struct scope *s, void *arg, struct err *e)
{
    struct registration *job = arg;
    if (!user_create_hashed(s, job->in->email, HAS(job->in, user_create, full_name) ? job->in->full_name : NULL, job->hash, user_role_teacher, job->out, e)) return false;
    request_subject(job->request, "user", job->out->id);
    return true;
}

bool v1_register(struct request *r, struct err *e)
{
    const struct user_create *in = r->body;
    char hash[128];
    struct user *user = arena_new(r->scope.arena, struct user);
    if (!core_config(r->api->core)->REGISTRATION) return err_fail(e, error_registration_closed);
    if (!password_hash(in->password, hash, e)) return false;
    struct registration job = {r, in, hash, user};
    return request_write(r, write_user, &job, e) && reply_user(r, user);
}

/* A wrong address costs as much time as a wrong password. */
static const char *hash_or_dummy(enum db_found found, const struct user *u)
{
    static const char dummy[] = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    return found == DB_ROW ? u->password_hash : dummy;
}

static bool find_user(struct request *r, const char *email, struct user *out, enum db_found *found, struct err *e)
{
    struct db_conn *c = db_reader(r->api->core->db, e);
    if (!c) return false;
    struct scope s = r->scope;
    s.db = c;
    *found = user_by_email(&s, email, out, e);
    db_conn_close(c);
    return *found != DB_FAILED;
}

/* Addresses are found in any case, so guesses are counted in any case. */
static uint64_t account_key(struct arena *a, const char *address)
{
    char *lower = arena_strdup(a, address);
    for (char *c = lower; *c; c++) *c = (char)tolower((unsigned char)*c);
    return limit_key(lower);
}

/* Who came in, and who tried to: what was typed for a name is not kept, since now and then it is a password. */
static bool nothing(struct scope *s, void *arg, struct err *e)
{
    (void)s, (void)arg, (void)e;
    return true;
}

static bool note_login(struct request *r, const struct user *known, int status, struct err *e)
{
    r->status = status;
    request_subject(r, "user", known ? known->id : 0);
    if (known && status == 200) {
        r->source.kind = audit_actor_user;
        r->source.user_id = known->id;
    }
    return request_write(r, nothing, NULL, e);
}

bool v1_login(struct request *r, struct err *e)
{
    const struct login_form *in = r->body;
    struct user user;
    enum db_found found;
    bool limited = core_config(r->api->core)->RATE_LIMITS;
    uint64_t key = account_key(r->scope.arena, in->username);
    if (limited && !limit_peek(limit_account, key, r->scope.now).allowed) return err_fail(e, error_too_many_requests);
    if (!find_user(r, in->username, &user, &found, e)) return false;
    if (!password_verify(hash_or_dummy(found, &user), in->password) || found != DB_ROW) {
        if (limited) limit_take(limit_account, key, r->scope.now);
        return note_login(r, found == DB_ROW ? &user : NULL, 401, e) && err_fail(e, error_wrong_password);
    }
    if (!user.is_active) return note_login(r, &user, 400, e) && err_fail(e, error_inactive_user);
    if (!note_login(r, &user, 200, e)) return false;
    struct token_reply *out = arena_new(r->scope.arena, struct token_reply);
    SET(out, token_reply, access_token, access_token_sign(&r->scope, &user));
    SET(out, token_reply, token_type, "bearer");
    return reply_with(r, out);
}

bool v1_me(struct request *r, struct err *e)
{
    (void)e;
    return reply_user(r, r->scope.actor);
}

#include "core/user.h"
#include "core/api_key.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char SQL_BY_ID[] = "SELECT {} FROM users WHERE id = $1";
static const char SQL_BY_EMAIL[] = "SELECT {} FROM users WHERE email = $1";
static const char SQL_LIST[] = "SELECT {} FROM users ORDER BY id LIMIT $1 OFFSET $2";
static const char SQL_COUNT[] = "SELECT count(*) FROM users";
static const char SQL_OTHER_ADMIN[] = "SELECT 1 FROM users WHERE is_superuser = 1 AND is_active = 1 AND id <> $1 LIMIT 1";
static const char SQL_SET_PASSWORD[] = "UPDATE users SET password_hash = $2, updated_at = $3 WHERE id = $1";

static char *lower(struct arena *a, const char *text)
{
    char *copy = arena_strdup(a, text);
    for (char *c = copy; *c; c++) *c = (char)tolower((unsigned char)*c);
    return copy;
}

bool user_create_hashed(struct scope *s, const char *email, const char *full_name, const char *hash, enum user_role role, struct user *out, struct err *e)
{
    *out = (struct user){0};
    model_all_present(&user_model, out);
    out->email = lower(s->arena, email);
    out->password_hash = hash;
    out->role = (int)role;
    out->is_active = true;
    out->is_superuser = role == user_role_admin;
    out->created_at = out->updated_at = s->now;
    out->full_name = full_name;
    if (!full_name) CLEAR(out, user, full_name);
    if (db_insert(s->db, "users", user, out, e)) return true;
    return db_is_unique_violation(e) ? err_fail(e, error_email_taken) : false;
}

enum db_found user_by_id(struct scope *s, int64_t id, struct user *out, struct err *e)
{
    return db_one(s->db, SQL_BY_ID, user, out, s->arena, e, INT_(id));
}

enum db_found user_by_email(struct scope *s, const char *email, struct user *out, struct err *e)
{
    return db_one(s->db, SQL_BY_EMAIL, user, out, s->arena, e, TEXT_(lower(s->arena, email)));
}

bool user_set_password(struct scope *s, int64_t id, const char *hash, struct err *e)
{
    return db_run(s->db, SQL_SET_PASSWORD, e, INT_(id), TEXT_(hash), INT_(s->now));
}

bool user_list(struct scope *s, int64_t skip, int64_t limit, struct list *out, int64_t *total, struct err *e)
{
    return db_all(s->db, SQL_LIST, user, out, s->arena, e, INT_(limit), INT_(skip)) && db_number(s->db, SQL_COUNT, total, e) == DB_ROW;
}

bool user_admin_only(const struct scope *s, struct err *e)
{
    return (s->actor && s->actor->is_superuser) || err_fail(e, error_forbidden);
}

/* A box without an administrator could be repaired at its console only. */
static bool others_run_it(struct scope *s, const struct user *u, struct err *e)
{
    int64_t one;
    if (u->is_superuser && u->is_active) return true;
    enum db_found found = db_number(s->db, SQL_OTHER_ADMIN, &one, e, INT_(u->id));
    return found == DB_NONE ? err_fail(e, error_last_admin) : found == DB_ROW;
}

bool user_may_go(struct scope *s, const struct user *u, struct err *e)
{
    struct user gone = *u;
    gone.is_active = false;
    return !u->is_superuser || !u->is_active || others_run_it(s, &gone, e);
}

bool user_change(struct scope *s, int64_t id, const struct user_update *change, const char *hash, struct user *out, struct err *e)
{
    enum db_found found = user_by_id(s, id, out, e);
    if (found != DB_ROW) return found == DB_NONE ? err_fail(e, error_user_not_found) : false;
    bool was_admin = out->is_superuser && out->is_active;
    struct user_update plain = *change;
    plain.bits_null &= (uint64_t)1 << user_update_f_full_name; /* null elsewhere changes nothing */
    COPY(user, out, user_update, &plain);
    if (HAS(change, user_update, role) && !HAS(change, user_update, is_superuser)) SET(out, user, is_superuser, change->role == user_role_admin);
    if (hash) SET(out, user, password_hash, hash);
    SET(out, user, updated_at, s->now);
    return (!was_admin || others_run_it(s, out, e)) && db_update(s->db, "users", user, out, e);
}

const char *user_name(const struct user *u)
{
    return HAS(u, user, full_name) && u->full_name[0] ? u->full_name : u->email;
}

char *access_token_sign(struct scope *s, const struct user *u)
{
    int64_t now_s = s->now / 1000, minutes = core_config(s->core)->ACCESS_TOKEN_EXPIRE_MINUTES;
    char claims[160];
    snprintf(claims, sizeof claims, "{\"sub\":\"%lld\",\"iat\":%lld,\"exp\":%lld}", (long long)u->id, (long long)now_s, (long long)(now_s + minutes * 60));
    return jwt_sign(s->arena, &s->core->access_key, claims);
}

static bool token_user_id(struct scope *s, const char *token, int64_t *id, struct err *e)
{
    const json_t *claims = jwt_verify(s->arena, &s->core->access_key, token, s->now / 1000);
    const char *sub = json_string_value(json_object_get(claims, "sub"));
    char *end;
    *id = sub ? strtoll(sub, &end, 10) : 0;
    return (*id > 0 && !*end && json_object_get(claims, "exp")) || err_fail(e, error_bad_credentials);
}

bool bearer_is_ours(const char *bearer)
{
    const char *dot = strchr(bearer, '.');
    return api_key_is_one(bearer) || (!strncmp(bearer, "eyJ", 3) && dot && strchr(dot + 1, '.'));
}

const char *bearer_name(struct scope *s, const char *bearer)
{
    const json_t *claims = api_key_is_one(bearer) ? NULL : jwt_verify(s->arena, &s->core->access_key, bearer, s->now / 1000);
    const char *name = json_string_value(json_object_get(claims, "name"));
    return name && *name && strlen(name) <= 200 ? name : NULL;
}

bool bearer_user(struct scope *s, const char *bearer, struct user *out, struct bearer_rights *rights, struct err *e)
{
    struct api_key key = {0};
    int64_t id = 0;
    bool is_key = api_key_is_one(bearer);
    rights->scopes = EVERY_SCOPE;
    if (!(is_key ? api_key_check(s, bearer, &key, &rights->scopes, e) : token_user_id(s, bearer, &id, e))) return false;
    rights->key_id = key.id;
    enum db_found found = user_by_id(s, is_key ? key.user_id : id, out, e);
    if (found == DB_FAILED) return false;
    if (found == DB_NONE) return err_fail(e, error_bad_credentials);
    return out->is_active || err_fail(e, error_inactive_user);
}

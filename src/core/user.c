#include "core/user.h"
#include "base/rand.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char SQL_BY_ID[] = "SELECT {} FROM users WHERE id = $1";
static const char SQL_BY_EMAIL[] = "SELECT {} FROM users WHERE email = $1";
static const char SQL_LIST[] = "SELECT {} FROM users ORDER BY id";
static const char SQL_SET_PASSWORD[] = "UPDATE users SET password_hash = $2, updated_at = $3 WHERE id = $1";
static const char SQL_KEY_BY_HASH[] = "SELECT {} FROM api_keys WHERE hash = $1 AND revoked_at IS NULL";
static const char SQL_KEYS[] = "SELECT {} FROM api_keys ORDER BY id";
static const char SQL_REVOKE[] = "UPDATE api_keys SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL";

static const char KEY_PREFIX[] = "rk_";
enum { KEY_RANDOM = 40, KEY_SHOWN = 9 };

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

bool user_list(struct scope *s, struct list *out, struct err *e)
{
    return db_all(s->db, SQL_LIST, user, out, s->arena, e);
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

static bool key_user_id(struct scope *s, const char *key, int64_t *id, struct err *e)
{
    char hash[65];
    struct api_key row = {0};
    sha256_hex(key, strlen(key), hash);
    if (db_one(s->db, SQL_KEY_BY_HASH, api_key, &row, s->arena, e, TEXT_(hash)) != DB_ROW) return err_fail(e, error_bad_credentials);
    *id = row.user_id;
    return true;
}

static bool token_user_id(struct scope *s, const char *token, int64_t *id, struct err *e)
{
    const json_t *claims = jwt_verify(s->arena, &s->core->access_key, token, s->now / 1000);
    const char *sub = json_string_value(json_object_get(claims, "sub"));
    char *end;
    *id = sub ? strtoll(sub, &end, 10) : 0;
    return (*id > 0 && !*end && json_object_get(claims, "exp")) || err_fail(e, error_bad_credentials);
}

bool bearer_user(struct scope *s, const char *bearer, struct user *out, struct err *e)
{
    int64_t id = 0;
    bool is_key = !strncmp(bearer, KEY_PREFIX, sizeof KEY_PREFIX - 1);
    if (!(is_key ? key_user_id(s, bearer, &id, e) : token_user_id(s, bearer, &id, e))) return false;
    enum db_found found = user_by_id(s, id, out, e);
    if (found == DB_FAILED) return false;
    if (found == DB_NONE) return err_fail(e, error_bad_credentials);
    return out->is_active || err_fail(e, error_inactive_user);
}

bool api_key_create(struct scope *s, const char *name, int64_t user_id, char key[64], struct api_key *out, struct err *e)
{
    char hash[65];
    strcpy(key, KEY_PREFIX);
    rand_text(key + sizeof KEY_PREFIX - 1, KEY_RANDOM, RAND_ID);
    sha256_hex(key, strlen(key), hash);
    *out = (struct api_key){0};
    SET(out, api_key, name, name);
    SET(out, api_key, prefix, arena_strndup(s->arena, key, KEY_SHOWN));
    SET(out, api_key, hash, arena_strdup(s->arena, hash));
    SET(out, api_key, user_id, user_id);
    SET(out, api_key, created_at, s->now);
    return db_insert(s->db, "api_keys", api_key, out, e);
}

bool api_key_list(struct scope *s, struct list *out, struct err *e)
{
    return db_all(s->db, SQL_KEYS, api_key, out, s->arena, e);
}

bool api_key_revoke(struct scope *s, int64_t id, struct err *e)
{
    if (!db_run(s->db, SQL_REVOKE, e, INT_(id), INT_(s->now))) return false;
    return db_changes(s->db) || err_set(e, ERR_CALLER, "no_key", "there is no key %lld that could be revoked; `roomd key list` shows them", (long long)id);
}

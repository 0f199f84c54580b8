#include "core/api_key.h"
#include "base/fault.h"
#include "base/rand.h"
#include "core/key_seal.h"
#include <stdio.h>
#include <string.h>

static const char SQL_BY_HASH[] = "SELECT {} FROM api_keys WHERE hash = $1 AND revoked_at IS NULL";
static const char SQL_LIST[] = "SELECT {} FROM api_keys ORDER BY id LIMIT $1 OFFSET $2";
static const char SQL_COUNT[] = "SELECT count(*) FROM api_keys";
static const char SQL_REVOKE[] = "UPDATE api_keys SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL";

static const char PREFIX[] = "rk_";
enum { RANDOM = 40, SHOWN = 9 };

static const char *const words[] = {
#define SCOPE(name, word, doc) word,
#define NEEDS(tag, read, change)
#include "spec/scopes.def"
#undef SCOPE
#undef NEEDS
};

const char *api_scope_word(enum api_scope scope)
{
    return words[scope];
}

static bool scope_of(const char *word, size_t size, api_scopes *out)
{
    for (size_t i = 0; i < api_scope_count; i++)
        if (strlen(words[i]) == size && !memcmp(words[i], word, size)) return *out |= (api_scopes)1 << i, true;
    return false;
}

bool api_scopes_parse(const char *text, api_scopes *out, struct err *e)
{
    *out = text ? 0 : EVERY_SCOPE;
    for (const char *p = text ? text : ""; *(p += strspn(p, " ,")); p += strcspn(p, " ,")) {
        size_t size = strcspn(p, " ,");
        if (scope_of(p, size, out)) continue;
        err_fail(e, error_unknown_scope);
        return err_say(e, "%s: %.*s", error_row(error_unknown_scope)->message, (int)(size < 60 ? size : 60), p);
    }
    return true;
}

static const char *scopes_text(struct arena *a, api_scopes scopes)
{
    struct buf text;
    buf_init(&text, 0);
    for (size_t i = 0; i < api_scope_count; i++)
        if (scopes >> i & 1) buf_printf(&text, "%s%s", text.size ? " " : "", words[i]);
    const char *out = arena_strndup(a, text.data, text.size);
    buf_release(&text);
    return out;
}

bool api_scopes_hold(api_scopes have, api_scopes wanted, struct err *e)
{
    if (have == EVERY_SCOPE || (wanted != EVERY_SCOPE && !(wanted & ~have))) return true;
    size_t missing = 0;
    while (missing + 1 < api_scope_count && !((wanted & ~have) >> missing & 1)) missing++;
    err_fail(e, error_missing_scope);
    return err_say(e, "%s %s", error_row(error_missing_scope)->message, words[missing]);
}

bool api_key_create(struct scope *s, const char *name, api_scopes scopes, int64_t user_id, char key[64], struct api_key *out, struct err *e)
{
    char hash[65];
    strcpy(key, PREFIX);
    rand_text(key + sizeof PREFIX - 1, RANDOM, RAND_ID);
    sha256_hex(key, strlen(key), hash);
    *out = (struct api_key){0};
    SET(out, api_key, name, name);
    SET(out, api_key, prefix, arena_strndup(s->arena, key, SHOWN));
    SET(out, api_key, hash, arena_strdup(s->arena, hash));
    SET(out, api_key, user_id, user_id);
    SET(out, api_key, created_at, s->now);
    if (scopes != EVERY_SCOPE) SET(out, api_key, scope, scopes_text(s->arena, scopes));
    return db_insert(s->db, "api_keys", api_key, out, e) && FAULT_POINT(api_key_made) && key_seal_keep(s, out->id, key, e);
}

bool api_key_list(struct scope *s, int64_t skip, int64_t limit, struct list *out, int64_t *total, struct err *e)
{
    return db_all(s->db, SQL_LIST, api_key, out, s->arena, e, INT_(limit), INT_(skip)) && db_number(s->db, SQL_COUNT, total, e) == DB_ROW;
}

bool api_key_revoke(struct scope *s, int64_t id, struct err *e)
{
    return db_run(s->db, SQL_REVOKE, e, INT_(id), INT_(s->now)) && (db_changes(s->db) || err_fail(e, error_key_not_found));
}

bool api_key_is_one(const char *bearer)
{
    return !strncmp(bearer, PREFIX, sizeof PREFIX - 1);
}

bool api_key_check(struct scope *s, const char *bearer, struct api_key *out, api_scopes *scopes, struct err *e)
{
    char hash[65];
    sha256_hex(bearer, strlen(bearer), hash);
    enum db_found found = db_one(s->db, SQL_BY_HASH, api_key, out, s->arena, e, TEXT_(hash));
    if (found == DB_NONE) return err_fail(e, error_bad_credentials);
    if (found == DB_ROW) api_scopes_parse(HAS(out, api_key, scope) ? out->scope : NULL, scopes, NULL); /* words after one that is not known count for nothing */
    return found == DB_ROW;
}

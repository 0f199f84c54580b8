#include "core/key_seal.h"
#include "core/api_key.h"
#include <string.h>

static const char SQL_SEALS[] =
    "SELECT k.user_id, k.scope, l.sealed FROM api_key_seals l JOIN api_keys k ON k.id = l.api_key_id JOIN users u ON u.id = k.user_id WHERE k.revoked_at IS NULL AND u.is_active = 1 ORDER BY l.id DESC";

bool key_seal_keep(struct scope *s, int64_t api_key_id, const char *key, struct err *e)
{
    struct api_key_seal row = {0};
    SET(&row, api_key_seal, api_key_id, api_key_id);
    SET(&row, api_key_seal, sealed, seal_text(s->arena, &s->core->seal_key, key, strlen(key)));
    return db_insert(s->db, "api_key_seals", api_key_seal, &row, e);
}

static bool may_make_rooms(const struct sealed_key *k)
{
    api_scopes scopes;
    if (!HAS(k, sealed_key, scope)) return true;
    api_scopes_parse(k->scope, &scopes, NULL);
    return api_scopes_hold(scopes, (api_scopes)1 << api_scope_rooms_write, NULL);
}

json_t *key_seal_verify(struct scope *s, const char *token, int64_t leeway_s, int64_t *account)
{
    struct list rows;
    if (!db_all(s->db, SQL_SEALS, sealed_key, &rows, s->arena, NULL)) return NULL;
    const struct sealed_key *k = rows.items;
    for (size_t i = 0; i < rows.count; i++) {
        size_t size;
        struct hmac_key key;
        const char *text = may_make_rooms(&k[i]) ? unseal_text(s->arena, &s->core->seal_key, k[i].sealed, &size) : NULL;
        if (!text) continue;
        hmac_key_set(&key, text, size);
        json_t *claims = jwt_verify_within(s->arena, &key, token, s->now / 1000, leeway_s);
        if (claims) return *account = k[i].user_id, claims;
    }
    return NULL;
}

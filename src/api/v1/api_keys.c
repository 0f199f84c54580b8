/* api_keys.c - keys of other backends, for those who administer them. */
#include "api/api.h"
#include "core/user.h"

bool v1_key_list(struct request *r, struct err *e)
{
    const struct page_query *q = r->query;
    struct list rows;
    int64_t total;
    if (!user_admin_only(&r->scope, e) || !api_key_list(&r->scope, q->skip, q->limit, &rows, &total, e)) return false;
    struct key_reply *items = arena_array(r->scope.arena, struct key_reply, rows.count + 1);
    for (size_t i = 0; i < rows.count; i++) COPY(key_reply, &items[i], api_key, (const struct api_key *)rows.items + i);
    struct key_list *out = arena_new(r->scope.arena, struct key_list);
    SET(out, key_list, keys, ((struct list){items, rows.count}));
    SET(out, key_list, total, total);
    return reply_with(r, out);
}

static bool owner_of(struct request *r, const struct key_create *in, int64_t *id, struct err *e)
{
    struct user user;
    *id = HAS(in, key_create, user_id) ? in->user_id : r->scope.actor->id;
    enum db_found found = user_by_id(&r->scope, *id, &user, e);
    return found == DB_NONE ? err_fail(e, error_user_not_found) : found == DB_ROW;
}

/* Nobody gives what they do not have. */
bool v1_key_create(struct request *r, struct err *e)
{
    const struct key_create *in = r->body;
    struct key_created *out = arena_new(r->scope.arena, struct key_created);
    struct api_key row;
    api_scopes wanted;
    int64_t owner;
    char key[64];
    if (!user_admin_only(&r->scope, e) || !api_scopes_parse(HAS(in, key_create, scope) ? in->scope : NULL, &wanted, e)) return false;
    if (!api_scopes_hold(r->scopes, wanted, e) || !owner_of(r, in, &owner, e) || !api_key_create(&r->scope, in->name, wanted, owner, key, &row, e)) return false;
    COPY(key_created, out, api_key, &row);
    SET(out, key_created, key, arena_strdup(r->scope.arena, key));
    return reply_with(r, out);
}

bool v1_key_revoke(struct request *r, struct err *e)
{
    const struct key_path *path = r->path;
    return user_admin_only(&r->scope, e) && api_key_revoke(&r->scope, path->key_id, e);
}

/* users.c - accounts, for those who administer them. */
#include "api/api.h"
#include "api/audit.h"
#include "core/user.h"

static bool reply_user(struct request *r, const struct user *u)
{
    struct user_reply *out = arena_new(r->scope.arena, struct user_reply);
    COPY(user_reply, out, user, u);
    return reply_with(r, out);
}

bool v1_user_list(struct request *r, struct err *e)
{
    const struct page_query *q = r->query;
    struct list rows;
    int64_t total;
    if (!user_admin_only(&r->scope, e) || !user_list(&r->scope, q->skip, q->limit, &rows, &total, e)) return false;
    struct user_reply *items = arena_array(r->scope.arena, struct user_reply, rows.count + 1);
    for (size_t i = 0; i < rows.count; i++) COPY(user_reply, &items[i], user, (const struct user *)rows.items + i);
    struct user_list *out = arena_new(r->scope.arena, struct user_list);
    SET(out, user_list, users, ((struct list){items, rows.count}));
    SET(out, user_list, total, total);
    return reply_with(r, out);
}

bool v1_user_get(struct request *r, struct err *e)
{
    const struct user_path *path = r->path;
    struct user user;
    if (path->user_id != r->scope.actor->id && !user_admin_only(&r->scope, e)) return false;
    enum db_found found = user_by_id(&r->scope, path->user_id, &user, e);
    if (found == DB_NONE) err_fail(e, error_user_not_found);
    return found == DB_ROW && reply_user(r, &user);
}

struct change { struct request *r; const char *hash; struct user *out; };

static bool write_new(struct scope *s, void *arg, struct err *e)
{
    const struct change *c = arg;
    const struct user_add *in = c->r->body;
    if (!user_create_hashed(s, in->email, HAS(in, user_add, full_name) ? in->full_name : NULL, c->hash, (enum user_role)in->role, c->out, e)) return false;
    request_subject(c->r, "user", c->out->id);
    return true;
}

bool v1_user_add(struct request *r, struct err *e)
{
    const struct user_add *in = r->body;
    char hash[128];
    struct change c = {r, hash, arena_new(r->scope.arena, struct user)};
    return user_admin_only(&r->scope, e) && password_hash(in->password, hash, e) && request_write(r, write_new, &c, e) && reply_user(r, c.out);
}

static bool write_change(struct scope *s, void *arg, struct err *e)
{
    const struct change *c = arg;
    const struct user_path *path = c->r->path;
    return user_change(s, path->user_id, c->r->body, c->hash, c->out, e);
}

bool v1_user_change(struct request *r, struct err *e)
{
    const struct user_update *in = r->body;
    char hash[128];
    bool password = HAS(in, user_update, password);
    struct change c = {r, password ? hash : NULL, arena_new(r->scope.arena, struct user)};
    if (!user_admin_only(&r->scope, e) || (password && !password_hash(in->password, hash, e))) return false;
    return request_write(r, write_change, &c, e) && reply_user(r, c.out);
}

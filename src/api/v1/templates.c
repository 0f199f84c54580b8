/* templates.c - room templates: everybody reads, administrators write. */
#include "core/template.h"
#include "api/v1/page.h"

static bool reply_template(struct request *r, const struct room_template *t)
{
    struct template_reply *out = arena_new(r->scope.arena, struct template_reply);
    COPY(template_reply, out, room_template, t);
    return reply_with(r, out);
}

static bool may_write(struct request *r, struct err *e)
{
    return r->scope.actor->is_superuser || err_fail(e, error_forbidden);
}

static bool find(struct request *r, struct room_template *t, struct err *e)
{
    const struct template_path *path = r->path;
    return template_find(&r->scope, path->template_id, t, e);
}

bool rooms_template_create(struct request *r, struct err *e)
{
    struct room_template t;
    return may_write(r, e) && template_make(&r->scope, r->body, &t, e) && reply_template(r, &t);
}

bool rooms_template_get(struct request *r, struct err *e)
{
    struct room_template t;
    return find(r, &t, e) && reply_template(r, &t);
}

bool rooms_template_list(struct request *r, struct err *e)
{
    const struct template_query *q = r->query;
    struct list rows;
    int64_t total;
    if (!template_list(&r->scope, q, &rows, &total, e)) return false;
    struct template_reply *items = arena_array(r->scope.arena, struct template_reply, rows.count + 1);
    for (size_t i = 0; i < rows.count; i++) COPY(template_reply, &items[i], room_template, (const struct room_template *)rows.items + i);
    return page_fill(r, &template_list_model, q->limit, q->offset, total, (struct list){items, rows.count});
}

bool rooms_template_update(struct request *r, struct err *e)
{
    struct room_template t;
    return may_write(r, e) && find(r, &t, e) && template_change(&r->scope, &t, r->body, e) && reply_template(r, &t);
}

bool rooms_template_delete(struct request *r, struct err *e)
{
    struct room_template t;
    return may_write(r, e) && find(r, &t, e) && template_delete(&r->scope, &t, e);
}

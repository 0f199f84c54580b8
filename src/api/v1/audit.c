/* audit.c - the audit log, for those who administer the box. */
#include "api/api.h"
#include "core/user.h"
#include <string.h>

static bool reply_rows(struct request *r, const struct list *rows, int64_t total)
{
    struct audit_reply *items = arena_array(r->scope.arena, struct audit_reply, rows->count + 1);
    for (size_t i = 0; i < rows->count; i++) COPY(audit_reply, &items[i], audit_entry, (const struct audit_entry *)rows->items + i);
    struct audit_list *out = arena_new(r->scope.arena, struct audit_list);
    SET(out, audit_list, entries, ((struct list){items, rows->count}));
    SET(out, audit_list, total, total);
    return reply_with(r, out);
}

bool v1_audit_list(struct request *r, struct err *e)
{
    const struct audit_query *q = r->query;
    struct list rows;
    int64_t total;
    if (!user_admin_only(&r->scope, e) || !audit_list(&r->scope, q, &rows, &total, e)) return false;
    if (!HAS(q, audit_query, format) || strcmp(q->format, "csv") != 0) return reply_rows(r, &rows, total);
    http_reply_header(r->http, "Content-Disposition", "attachment; filename=\"audit.csv\"");
    return reply_text(r, "text/csv; charset=utf-8", audit_csv(r->scope.arena, &rows));
}

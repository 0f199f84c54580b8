/* inbox.c - what providers have told, for those who look after the server: what is set aside and why, looking at it again. */
#include "core/inbox.h"
#include "api/api.h"
#include "core/user.h"
#include <string.h>

#define FILTER_OF(m, q) \
    (struct inbox_filter){HAS(q, m, state) ? inbox_state_words.words[(q)->state] : NULL, HAS(q, m, provider) ? (q)->provider : NULL, HAS(q, m, event_type) ? (q)->event_type : NULL, \
                          HAS(q, m, room_name) ? (q)->room_name : NULL, HAS(q, m, since) ? (q)->since : 0, HAS(q, m, until) ? (q)->until : 0, 0, 0}

bool v1_inbox_list(struct request *r, struct err *e)
{
    const struct inbox_query *q = r->query;
    struct inbox_filter f = FILTER_OF(inbox_query, q);
    struct inbox_list *out = arena_new(r->scope.arena, struct inbox_list);
    struct list rows;
    int64_t set_aside;
    if (HAS(q, inbox_query, before)) f.to_id = q->before - 1;
    if (!user_admin_only(&r->scope, e) || !inbox_set_aside(&r->scope, &set_aside, e)) return false;
    if (HAS(q, inbox_query, before) && q->before == 1) rows = (struct list){0};
    else if (!inbox_list(&r->scope, &f, q->limit, &rows, e)) return false;
    const struct inbox_reply *items = rows.items;
    SET(out, inbox_list, events, rows);
    if ((int64_t)rows.count == q->limit) SET(out, inbox_list, next, items[rows.count - 1].id);
    SET(out, inbox_list, set_aside, set_aside);
    return reply_with(r, out);
}

static bool find(struct request *r, struct inbox *row, struct err *e)
{
    return user_admin_only(&r->scope, e) && inbox_find(&r->scope, ((const struct inbox_path *)r->path)->inbox_id, row, e);
}

bool v1_inbox_get(struct request *r, struct err *e)
{
    struct inbox row;
    struct inbox_detail *out = arena_new(r->scope.arena, struct inbox_detail);
    if (!find(r, &row, e)) return false;
    COPY(inbox_detail, out, inbox, &row);
    SET(out, inbox_detail, size_bytes, (int64_t)strlen(row.body));
    return reply_with(r, out);
}

bool v1_inbox_replay_one(struct request *r, struct err *e)
{
    struct inbox row;
    int64_t count, last;
    struct inbox_reply *out = arena_new(r->scope.arena, struct inbox_reply);
    if (!find(r, &row, e)) return false;
    struct inbox_filter f = {.state = inbox_state_words.words[row.state], .from_id = row.id, .to_id = row.id};
    if (row.state != inbox_state_received && (!inbox_replay(&r->scope, &f, &count, &last, e) || !inbox_find(&r->scope, row.id, &row, e))) return false;
    COPY(inbox_reply, out, inbox, &row);
    SET(out, inbox_reply, size_bytes, (int64_t)strlen(row.body));
    return reply_with(r, out);
}

bool v1_inbox_replay(struct request *r, struct err *e)
{
    const struct inbox_replay *in = r->body;
    struct inbox_filter f = FILTER_OF(inbox_replay, in);
    struct inbox_replayed *out = arena_new(r->scope.arena, struct inbox_replayed);
    int64_t count, last;
    if (HAS(in, inbox_replay, from_id)) f.from_id = in->from_id;
    if (HAS(in, inbox_replay, to_id)) f.to_id = in->to_id;
    if (!user_admin_only(&r->scope, e) || !inbox_replay(&r->scope, &f, &count, &last, e)) return false;
    SET(out, inbox_replayed, count, count);
    if (last) SET(out, inbox_replayed, last_id, last);
    return reply_with(r, out);
}

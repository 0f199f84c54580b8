/* room_tokens.c - join tokens with an id: issue, list, revoke. */
#include "core/room.h"
#include "core/token.h"
#include "core/errand.h"
#include "api/api.h"
#include "api/v1/page.h"

static bool lets_in(const struct request *r, const struct token_view *t)
{
    return !HAS(t, token_view, revoked_at) && t->expires_at > r->scope.now && !(HAS(t, token_view, max_uses) && t->use_count >= t->max_uses);
}

static void show(struct request *r, const struct session *session, const struct token_view *t, struct token_shown *out)
{
    COPY(token_shown, out, token_view, t);
    SET(out, token_shown, room, session->id);
    SET(out, token_shown, livekit_room_name, session->room_name);
    SET(out, token_shown, participant, t->participant_id);
    if (HAS(t, token_view, user_id)) SET(out, token_shown, user, t->user_id);
    SET(out, token_shown, role, (int)room_role_of((enum participant_role)t->role));
    SET(out, token_shown, is_active, lets_in(r, t));
}

static bool open_room(struct request *r, const char *room_id, enum access need, struct session *out, struct err *e)
{
    return room_access(&r->scope, room_id, need, out, e);
}

/* For client SDKs: the page's link keeps a token of ours. */
static bool show_grant(struct request *r, const struct session *session, const struct participant *seat, const struct join_token *t, struct token_shown *out, struct err *e)
{
    struct participant as = *seat;
    struct grant g;
    join_pass_apply(&(struct join_pass){.token_id = t->id, .role = (enum participant_role)t->role}, session, &as);
    if (!errand_grant(&r->scope, session, &as, t->id, t->expires_at, &g, e)) return false;
    SET(out, token_shown, token, g.token);
    SET(out, token_shown, server_url, g.server_url);
    return true;
}

bool rooms_token_create(struct request *r, struct err *e)
{
    const struct room_path *path = r->path;
    struct session session;
    struct join_token token;
    struct participant seat;
    struct token_view view = {0};
    struct token_shown *out = arena_new(r->scope.arena, struct token_shown);
    char *secret;
    if (!open_room(r, path->room_id, ACCESS_MEMBER, &session, e) || !token_issue(&r->scope, &session, r->body, &token, &seat, &secret, e)) return false;
    COPY(token_view, &view, participant, &seat);
    COPY(token_view, &view, join_token, &token);
    show(r, &session, &view, out);
    SET(out, token_shown, token, secret);
    SET(out, token_shown, join_url, session_room_url(&r->scope, &session, secret));
    return (!errand_on_our_page(&r->scope, &session) || show_grant(r, &session, &seat, &token, out, e)) && reply_with(r, out);
}

bool rooms_token_list(struct request *r, struct err *e)
{
    const struct room_path *path = r->path;
    const struct rooms_page_query *q = r->query;
    struct session session;
    struct list rows;
    int64_t total;
    if (!open_room(r, path->room_id, ACCESS_TEACHER, &session, e) || !token_list(&r->scope, session.id, q->limit, q->offset, &rows, &total, e)) return false;
    struct token_shown *items = arena_array(r->scope.arena, struct token_shown, rows.count + 1);
    for (size_t i = 0; i < rows.count; i++) show(r, &session, (const struct token_view *)rows.items + i, &items[i]);
    return page_fill(r, &token_page_model, q->limit, q->offset, total, (struct list){items, rows.count});
}

static bool reply_token(struct request *r, const struct session *session, int64_t id, struct err *e)
{
    struct token_view view;
    struct token_shown *out = arena_new(r->scope.arena, struct token_shown);
    if (!token_see(&r->scope, session->id, id, &view, e)) return false;
    show(r, session, &view, out);
    return reply_with(r, out);
}

bool rooms_token_get(struct request *r, struct err *e)
{
    const struct token_path *path = r->path;
    struct session session;
    return open_room(r, path->room_id, ACCESS_TEACHER, &session, e) && reply_token(r, &session, path->token_id, e);
}

bool rooms_token_revoke(struct request *r, struct err *e)
{
    const struct token_path *path = r->path;
    struct session session;
    return open_room(r, path->room_id, ACCESS_TEACHER, &session, e) && token_revoke(&r->scope, session.id, path->token_id, e) &&
           reply_token(r, &session, path->token_id, e);
}

bool rooms_token_delete(struct request *r, struct err *e)
{
    const struct token_path *path = r->path;
    struct session session;
    return open_room(r, path->room_id, ACCESS_TEACHER, &session, e) && token_revoke(&r->scope, session.id, path->token_id, e);
}

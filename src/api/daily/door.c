/* door.c - a room's own address, PUBLIC_URL/ROOM?t=TOKEN: a meeting token becomes a seat and a join token for it, and the call's page does the rest. */
#include "api/daily/daily.h"
#include "core/errand.h"
#include "core/identity.h"
#include "core/participant.h"
#include "core/token.h"
#include "core/user.h"
#include <stdlib.h>
#include <string.h>

const char *daily_door_path(struct request *r)
{
    struct session session;
    const char *name = r->http->path + 1;
    size_t size = strcspn(name, "/");
    if (strcmp(r->http->method, "GET") != 0 || !size || (name[size] && name[size + 1])) return NULL;
    name = arena_strndup(r->scope.arena, name, size);
    db_read_share(r->scope.db);
    if (!daily_room_is_name(name) || session_by_room_name(&r->scope, name, &session, NULL) != DB_ROW) return NULL;
    return arena_printf(r->scope.arena, "/v1/door/%s", name);
}

/* ---- what a token says of the seat */

static bool says_no(const char *json)
{
    return !strcmp(json, "false") || !strcmp(json, "[]") || !strcmp(json, "\"\"");
}

static bool holds(const char *json, const char *full, const char *brief)
{
    json_t *j = json_loads(json, JSON_DECODE_ANY, NULL);
    bool found = json_is_true(j);
    for (size_t i = 0; i < json_array_size(j); i++) {
        const char *word = json_string_value(json_array_get(j, i));
        found |= word && !strcmp(word, full);
    }
    for (const char *p = json_is_string(j) ? json_string_value(j) : ""; *p && !found; p += strcspn(p, ","), p += *p == ',')
        found = strcspn(p, ",") == strlen(brief) && !strncmp(p, brief, strlen(brief));
    json_decref(j);
    return found;
}

/* The token's word, else the room's. NULL: neither says anything. */
static const char *can_send(struct request *r, const struct session_terms *terms, const struct dailyco_token_claims *c)
{
    struct dailyco_room_properties p;
    if (HAS(c, dailyco_token_claims, p) && HAS(c->p, dailyco_token_claim_permissions, cs)) return c->p->cs;
    if (!terms->id || !strstr(terms->kept, "\"permissions\"") || !daily_config_merge(r, terms->kept, NULL, &p, NULL)) return NULL;
    return HAS(&p, dailyco_room_properties, permissions) && HAS(p.permissions, dailyco_permissions, canSend) ? p.permissions->canSend : NULL;
}

static enum room_role role_of(const struct dailyco_token_claims *c, const char *sends)
{
    if (HAS(c, dailyco_token_claims, o) && c->o) return room_role_host;
    return sends && says_no(sends) ? room_role_viewer : room_role_participant;
}

static bool may_share(const struct dailyco_token_claims *c, const char *sends)
{
    if (HAS(c, dailyco_token_claims, ss) && !c->ss) return false;
    return !sends || holds(sends, "screenVideo", "sv");
}

/* A number is a text here: what is kept of it is an identity. */
static const char *user_id_of(struct arena *a, const struct dailyco_token_claims *c)
{
    if (!HAS(c, dailyco_token_claims, ud)) return NULL;
    const char *text = c->ud[0] == MIXED_MARK[0] ? c->ud + 1 : c->ud;
    return *text ? arena_strdup(a, text) : NULL;
}

static int64_t lifetime(struct scope *s, const struct dailyco_token_claims *c)
{
    int64_t ttl = core_config(s->core)->JOIN_TOKEN_EXPIRE_MINUTES * 60, left = HAS(c, dailyco_token_claims, exp) ? (int64_t)c->exp - s->now / 1000 : ttl;
    return left < ttl ? left : ttl;
}

/* ---- coming in with one */

static bool note_terms(struct scope *s, int64_t token_id, const struct dailyco_token_claims *c, struct err *e)
{
    struct token_terms t = {0};
    SET(&t, token_terms, token_id, token_id);
    SET(&t, token_terms, starts_recording, HAS(c, dailyco_token_claims, sr) && c->sr);
    if (HAS(c, dailyco_token_claims, ejt) && c->ejt && HAS(c, dailyco_token_claims, exp)) SET(&t, token_terms, eject_at, (int64_t)(c->exp * 1000));
    if (HAS(c, dailyco_token_claims, eje)) SET(&t, token_terms, stay_seconds, c->eje);
    return terms_of_token(s, &t, e);
}

/* A token lets in without knocking, unless it says otherwise. */
static bool settle_seat(struct scope *s, const struct session *session, struct participant *seat, const struct dailyco_token_claims *c, const char *sends, struct err *e)
{
    bool knocks = HAS(c, dailyco_token_claims, k) && c->k;
    if (seat->screenshare && !may_share(c, sends) && !participant_allow_screenshare(s, seat, false, e)) return false;
    return !session->waiting_room || knocks || seat->admitted || participant_admit(s, seat, true, e);
}

static bool seat_by_token(struct request *r, const struct session *session, const struct session_terms *terms, const struct daily_claims *c, char **secret, struct err *e)
{
    struct scope s = r->scope;
    struct user account;
    struct token_create in = {0};
    struct join_token token;
    struct participant seat;
    const char *user_id = user_id_of(s.arena, &c->claims), *sends = can_send(r, terms, &c->claims);
    if (user_by_id(&s, c->account, &account, e) != DB_ROW) return daily_fail(e, error_bad_meeting_token, "the token's account is gone");
    s.actor = &account;
    if (!session_is_host(&s, session)) return daily_fail(e, error_bad_meeting_token, "the token is for another domain");
    SET(&in, token_create, identity, identity_of_stay(s.arena, user_id, terms->id && terms->one_stay_each));
    SET(&in, token_create, name, HAS(&c->claims, dailyco_token_claims, u) ? c->claims.u : user_id ? user_id : "Guest");
    SET(&in, token_create, role, (int)role_of(&c->claims, sends));
    SET(&in, token_create, ttl, lifetime(&s, &c->claims));
    return token_issue(&s, session, &in, &token, &seat, secret, e) && note_terms(&s, token.id, &c->claims, e) && settle_seat(&s, session, &seat, &c->claims, sends, e);
}

/* ---- the way on */

static bool go_to(struct request *r, const char *url)
{
    r->location = url;
    return true;
}

static const char *page(struct request *r, const struct session *session, const char *token)
{
    return session_room_url(&r->scope, session, token);
}

/* Without a token: whom the room's address alone lets in, or who may knock, is asked for a name; the others are told by the page. */
static const char *without_token(struct request *r, const struct session *session, const struct session_terms *terms)
{
    bool open = terms->id && (terms->is_public || session->waiting_room) && session->allow_guests;
    if (!open) return page(r, session, NULL);
    return arena_printf(r->scope.arena, "%s/join/%s", core_config(r->api->core)->PUBLIC_URL, session->room_code);
}

static bool is_for(const struct daily_claims *c, const struct session *session)
{
    return !HAS(&c->claims, dailyco_token_claims, r) || !strcmp(c->claims.r, session->room_name);
}

bool daily_door(struct request *r, struct err *e)
{
    const struct daily_room_path *path = r->path;
    const struct daily_door_query *q = r->query;
    struct session session;
    struct session_terms terms = {0};
    struct daily_claims c;
    struct err why = {0};
    char *secret;
    enum db_found found = session_by_room_name(&r->scope, path->room_name, &session, e);
    if (found != DB_ROW) return found == DB_NONE && daily_fail(e, error_room_not_found, path->room_name);
    if (terms_find(&r->scope, session.id, &terms, e) == DB_FAILED) return false;
    if (!HAS(q, daily_door_query, t) || !*q->t) return go_to(r, without_token(r, &session, &terms));
    /* One that is not good is shown to the page: it may be a join link of ours, else it says so. */
    if (!daily_token_read(&r->scope, q->t, false, &c, &why) || !is_for(&c, &session)) return go_to(r, page(r, &session, q->t));
    return seat_by_token(r, &session, &terms, &c, &secret, e) && go_to(r, page(r, &session, secret));
}

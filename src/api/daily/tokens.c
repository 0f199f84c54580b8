/* tokens.c - /v1/meeting-tokens: made here, or signed by their holders with an API key (HS256, the key's text).
 * A token is good for rooms whose host is the account that it was made for; of a room's existence it says nothing. */
#include "api/daily/claims.h"
#include "api/daily/daily.h"
#include "core/alias.h"
#include "core/key_seal.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

static const int64_t ANY_TIME = INT64_MAX / 4; /* leeway: what the clock says is looked at here */

/* ---- making one */

static bool may_have(struct request *r, const struct dailyco_token_properties *p, struct err *e)
{
    struct session session;
    char text[40];
    if (HAS(p, dailyco_token_properties, exp) && p->exp * 1000 <= (double)r->scope.now) {
        snprintf(text, sizeof text, "%.17g", p->exp);
        return daily_fail(e, error_time_past, text);
    }
    enum db_found found = HAS(p, dailyco_token_properties, room_name) ? session_by_room_name(&r->scope, p->room_name, &session, e) : DB_NONE;
    return found == DB_NONE || (found == DB_ROW && session_allows(&r->scope, ACCESS_TEACHER, &session, e));
}

/* The account is said besides, as nothing else of the token does. */
static const char *payload(struct request *r, struct dailyco_token_claims *c)
{
    struct buf text;
    SET(c, dailyco_token_claims, d, alias_text(&r->scope, ALIAS_DOMAIN, 1));
    SET(c, dailyco_token_claims, iat, (double)(r->scope.now / 1000));
    buf_init(&text, 0);
    model_write(&text, &dailyco_token_claims_model, c);
    const char *out = arena_printf(r->scope.arena, "%.*s,\"a\":%lld}", (int)text.size - 1, text.data, (long long)r->scope.actor->id);
    buf_release(&text);
    return out;
}

bool daily_token_create(struct request *r, struct err *e)
{
    static const struct dailyco_token_properties nothing;
    const struct dailyco_token_create *in = r->body;
    const struct dailyco_token_properties *p = HAS(in, dailyco_token_create, properties) ? in->properties : &nothing;
    struct dailyco_token_claims claims;
    struct dailyco_token *out = arena_new(r->scope.arena, struct dailyco_token);
    if (!may_have(r, p, e)) return false;
    daily_claims_of(r->scope.arena, p, &claims);
    claims.exp = floor(claims.exp); /* Daily's answers have whole ones, whatever was sent */
    claims.nbf = floor(claims.nbf);
    SET(out, dailyco_token, token, jwt_sign(r->scope.arena, &r->api->core->meeting_key, payload(r, &claims)));
    return reply_with(r, out);
}

/* ---- reading one */

static bool refuse(struct err *e, const char *why)
{
    return daily_fail(e, error_bad_meeting_token, why);
}

/* Who signed it, and for whom. */
static json_t *signed_claims(struct scope *s, const char *token, int64_t *account)
{
    json_t *claims = jwt_verify_within(s->arena, &s->core->meeting_key, token, s->now / 1000, ANY_TIME);
    if (claims) *account = json_integer_value(json_object_get(claims, "a"));
    else claims = key_seal_verify(s, token, ANY_TIME, account);
    return claims;
}

static bool in_time(struct scope *s, const struct dailyco_token_claims *c, bool ignore_nbf, struct err *e)
{
    double now = (double)s->now / 1000;
    if (HAS(c, dailyco_token_claims, exp) && c->exp <= now) return refuse(e, "the token has expired");
    return ignore_nbf || !HAS(c, dailyco_token_claims, nbf) || c->nbf <= now || refuse(e, "the token is not valid yet");
}

bool daily_token_read(struct scope *s, const char *token, bool ignore_nbf, struct daily_claims *out, struct err *e)
{
    struct violations v = {.count = 0};
    char domain[37];
    json_t *claims = signed_claims(s, token, &out->account);
    if (!claims || !out->account) return refuse(e, "the token's signature is not valid");
    if (!model_parse(&dailyco_token_claims_model, claims, &out->claims, s->arena, PARSE_FOREIGN, &v)) return refuse(e, "the token's payload is not valid");
    alias_uuid(s->core, ALIAS_DOMAIN, 1, domain);
    if (!HAS(&out->claims, dailyco_token_claims, d) || strcmp(out->claims.d, domain) != 0) return refuse(e, "the token is for another domain");
    return in_time(s, &out->claims, ignore_nbf, e);
}

bool daily_token_get(struct request *r, struct err *e)
{
    const struct daily_token_path *path = r->path;
    const struct daily_token_query *q = r->query;
    struct daily_claims c;
    struct dailyco_token_properties *out = arena_new(r->scope.arena, struct dailyco_token_properties);
    if (!daily_token_read(&r->scope, path->token, q->ignoreNbf, &c, e)) return false;
    if (!daily_sees_all(r) && c.account != r->scope.actor->id) return refuse(e, "the token is for another domain");
    daily_properties_of(r->scope.arena, &c.claims, out);
    daily_permissions_in_both(r->scope.arena, &c.claims, out);
    return reply_with(r, out);
}

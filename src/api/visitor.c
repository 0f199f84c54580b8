/* visitor.c - callers of routes for Matrix: somebody with a token of the homeserver, or an account of ours with its own bearer.
 * A bearer that looks like one of ours is never shown to the homeserver, be it good or not. */
#include "api/api.h"
#include "api/limit.h"
#include "core/user.h"
#include "matrix/matrix.h"
#include <string.h>

/* Whoever tries tokens by the dozen is not passed on to the homeserver. */
static bool door_is_open(const struct request *r)
{
    return !core_config(r->api->core)->RATE_LIMITS || limit_peek(limit_matrix_door, limit_key(r->http->client), r->scope.now).allowed;
}

enum visitor visitor_known(struct request *r, struct err *e)
{
    bool good = false;
    char user[MATRIX_ID];
    r->bearer = request_bearer(r);
    if (!r->bearer || bearer_is_ours(r->bearer)) {
        r->bearer = NULL;
        return authenticate(r, e) ? VISITOR_KNOWN : VISITOR_REFUSED;
    }
    if (!matrix_known(r->api->matrix, r->bearer, user, &good, e)) {
        if (door_is_open(r)) return VISITOR_LATER;
        err_fail(e, error_too_many_requests);
        return VISITOR_REFUSED;
    }
    if (good) r->matrix_user = arena_strdup(r->scope.arena, user);
    return good ? VISITOR_KNOWN : VISITOR_REFUSED;
}

bool visitor_ask(struct request *r, struct err *e)
{
    char user[MATRIX_ID];
    if (matrix_whoami(r->api->matrix, r->bearer, user, e)) {
        r->matrix_user = arena_strdup(r->scope.arena, user);
        return true;
    }
    if (err_is(e, error_bad_credentials)) limit_take(limit_matrix_door, limit_key(r->http->client), r->scope.now);
    return false;
}

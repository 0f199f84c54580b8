/* token.c - meeting tokens that one signs oneself: a JWT with short words for Daily's long ones (claims.c). */
#include "base/clock.h"
#include "dailyco/claims.h"
#include "dailyco/internal.h"
#include <string.h>

/* ---- signing */

static bool key_of(const char *api_key, struct hmac_key *key, struct dailyco_error *e)
{
    if (e) *e = (struct dailyco_error){.code = DAILYCO_OK};
    if (!api_key || !*api_key) return dc_fail(e, DAILYCO_BAD_ARGUMENT, "there is no API key");
    hmac_key_set(key, api_key, strlen(api_key)); /* the text, not what it may be the digits of */
    return true;
}

static bool has_short_names(const struct dailyco_token_properties *p, struct dailyco_error *e)
{
    const char *without = DAILYCO_HAS(p, dailyco_token_properties, enable_prejoin_ui) ? "enable_prejoin_ui" : DAILYCO_HAS(p, dailyco_token_properties, enable_live_captions_ui) ? "enable_live_captions_ui"
        : DAILYCO_HAS(p, dailyco_token_properties, enable_terse_logging) ? "enable_terse_logging" : NULL;
    return !without || dc_fail(e, DAILYCO_BAD_ARGUMENT, "%s has no short name: ask Daily for such a token", without);
}

char *dailyco_token_sign(const char *api_key, const char *domain_id, const struct dailyco_token_properties *p, int64_t now_s, struct dailyco_memory *m, struct dailyco_error *e)
{
    struct hmac_key key;
    struct buf json;
    struct dailyco_token_claims claims;
    char *token = NULL;
    if (!key_of(api_key, &key, e) || !has_short_names(p, e)) return NULL;
    if (!domain_id || !*domain_id) return dc_fail(e, DAILYCO_BAD_ARGUMENT, "a token needs the domain's id: dailyco_get_domain"), NULL;
    buf_init(&json, 0);
    if (dc_check(&dailyco_token_properties_model, p, &json, e)) {
        dailyco_claims_of(&m->arena, p, &claims);
        if (DAILYCO_HAS(p, dailyco_token_properties, more)) DAILYCO_SET(&claims, dailyco_token_claims, more, p->more);
        DAILYCO_SET(&claims, dailyco_token_claims, d, domain_id);
        DAILYCO_SET(&claims, dailyco_token_claims, iat, (double)(now_s ? now_s : clock_now_ms() / 1000));
        buf_reset(&json);
        model_write(&json, &dailyco_token_claims_model, &claims);
        token = jwt_sign(&m->arena, &key, json.data);
    }
    buf_release(&json);
    explicit_bzero(&key, sizeof key);
    return token;
}

/* ---- verifying */

static const int64_t FOR_EVER_S = (int64_t)1 << 40; /* times are looked at here, to say which one is wrong */

static const struct dailyco_token_claims *claims_of(const char *api_key, const char *token, struct arena *a, struct dailyco_error *e)
{
    struct hmac_key key;
    if (!key_of(api_key, &key, e)) return NULL;
    const json_t *j = jwt_verify_within(a, &key, token, 0, FOR_EVER_S);
    explicit_bzero(&key, sizeof key);
    if (j) return dc_read(&dailyco_token_claims_model, j, a, e);
    dc_fail(e, DAILYCO_TOKEN_SIGNATURE, "the meeting token was not signed with this key, or is none");
    return NULL;
}

struct dailyco_token_properties *dailyco_token_verify(const char *api_key, const char *domain_id, const char *token, bool ignore_nbf, int64_t now_s, struct dailyco_memory *m, struct dailyco_error *e)
{
    const struct dailyco_token_claims *c = claims_of(api_key, token, &m->arena, e);
    double now = (double)(now_s ? now_s : clock_now_ms() / 1000);
    if (!c) return NULL;
    if (domain_id && (!c->d || strcmp(c->d, domain_id) != 0)) return dc_fail(e, DAILYCO_TOKEN_DOMAIN, "the meeting token is of another domain"), NULL;
    if (DAILYCO_HAS(c, dailyco_token_claims, exp) && c->exp <= now) return dc_fail(e, DAILYCO_TOKEN_EXPIRED, "the meeting token has expired"), NULL;
    if (!ignore_nbf && DAILYCO_HAS(c, dailyco_token_claims, nbf) && c->nbf > now) return dc_fail(e, DAILYCO_TOKEN_NOT_YET, "the meeting token is not good yet"), NULL;
    struct dailyco_token_properties *p = arena_new(&m->arena, struct dailyco_token_properties);
    dailyco_properties_of(&m->arena, c, p);
    return p;
}

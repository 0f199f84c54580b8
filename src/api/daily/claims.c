#include "api/daily/claims.h"
#include "dailyco/claims.h"

/* Properties for which Daily published no short word keep their own. */
#define LONG_ONLY(X) X(enable_prejoin_ui) X(enable_live_captions_ui) X(enable_terse_logging)

static const char *text_of(struct arena *a, const struct model *m, const void *in)
{
    struct buf text;
    buf_init(&text, 0);
    model_write(&text, m, in);
    const char *own = arena_strndup(a, text.data, text.size);
    buf_release(&text);
    return own;
}

void daily_claims_of(struct arena *a, const struct dailyco_token_properties *p, struct dailyco_token_claims *out)
{
    json_t *more = json_object();
    dailyco_claims_of(a, p, out);
#define X(f) if (HAS(p, dailyco_token_properties, f)) json_object_set_new(more, #f, json_boolean(p->f));
    LONG_ONLY(X)
#undef X
    if (json_object_size(more)) SET(out, dailyco_token_claims, more, json_text(a, more));
    json_decref(more);
}

void daily_properties_of(struct arena *a, const struct dailyco_token_claims *c, struct dailyco_token_properties *out)
{
    json_t *more = HAS(c, dailyco_token_claims, more) ? json_loads(c->more, 0, NULL) : NULL;
    dailyco_properties_of(a, c, out);
#define X(f) if (json_is_boolean(json_object_get(more, #f))) SET(out, dailyco_token_properties, f, json_is_true(json_object_get(more, #f)));
    LONG_ONLY(X)
#undef X
    json_decref(more);
}

void daily_permissions_in_both(struct arena *a, const struct dailyco_token_claims *c, struct dailyco_token_properties *out)
{
    struct dailyco_permissions *both = arena_new(a, struct dailyco_permissions);
    if (!HAS(out, dailyco_token_properties, permissions)) return;
    *both = *out->permissions;
    SET(both, dailyco_permissions, more, text_of(a, &dailyco_token_claim_permissions_model, c->p));
    SET(out, dailyco_token_properties, permissions, both);
}

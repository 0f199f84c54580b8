/* fuzz_claims.c - any JSON as a meeting token's payload: what is read of it is settled after one round, and libdailyco reads what roomd signs. */
#include "api/daily/claims.h"
#include "dailyco/internal.h"
#include "net/crypto.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t size);

static const char *text_of(struct arena *a, const struct model *m, const void *in)
{
    struct buf text;
    buf_init(&text, 0);
    model_write(&text, m, in);
    const char *own = arena_strndup(a, text.data, text.size);
    json_t *read = json_loads(own, JSON_REJECT_DUPLICATES, NULL);
    if (!read) abort();
    json_decref(read);
    buf_release(&text);
    return own;
}

/* To the payload and back, as of a token that roomd makes. */
static void round(struct arena *a, struct dailyco_token_properties *p)
{
    struct dailyco_token_claims c;
    daily_claims_of(a, p, &c);
    daily_properties_of(a, &c, p);
}

/* Signed, it is a token for the library too, unless it is over. */
static void read_by_library(struct dailyco_memory *m, const struct dailyco_token_properties *p)
{
    struct hmac_key key;
    struct dailyco_error e;
    struct dailyco_token_claims c;
    daily_claims_of(&m->arena, p, &c);
    SET(&c, dailyco_token_claims, d, "domain");
    hmac_key_set(&key, "key", 3);
    const char *token = jwt_sign(&m->arena, &key, text_of(&m->arena, &dailyco_token_claims_model, &c));
    if (dailyco_token_verify("other key", "domain", token, true, 1, m, &e) || e.code != DAILYCO_TOKEN_SIGNATURE) abort();
    const struct dailyco_token_properties *theirs = dailyco_token_verify("key", "domain", token, true, 1, m, &e);
    bool timed = HAS(p, dailyco_token_properties, exp) || HAS(p, dailyco_token_properties, nbf);
    if (!theirs && (!timed || (e.code != DAILYCO_TOKEN_EXPIRED && e.code != DAILYCO_TOKEN_SIGNATURE))) abort();
    if (theirs && theirs->room_name && strcmp(theirs->room_name, p->room_name) != 0) abort();
}

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t size)
{
    struct dailyco_memory *m = dailyco_memory_create();
    struct violations v = {.count = 0};
    struct dailyco_token_claims c;
    struct dailyco_token_properties p;
    json_t *j = json_loadb((const char *)bytes, size, JSON_REJECT_DUPLICATES, NULL);
    if (j && model_parse(&dailyco_token_claims_model, j, &c, &m->arena, PARSE_FOREIGN, &v)) {
        daily_properties_of(&m->arena, &c, &p);
        text_of(&m->arena, &dailyco_token_properties_model, &p);
        round(&m->arena, &p);
        const char *once = text_of(&m->arena, &dailyco_token_properties_model, &p);
        round(&m->arena, &p);
        if (strcmp(once, text_of(&m->arena, &dailyco_token_properties_model, &p)) != 0) abort();
        read_by_library(m, &p);
    }
    json_decref(j);
    dailyco_memory_destroy(m);
    return 0;
}

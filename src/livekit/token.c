#include "base/clock.h"
#include "livekit/internal.h"
#include <openssl/crypto.h>
#include <string.h>

enum { SIX_HOURS_S = 6 * 3600, SIGNATURE_TEXT = 43, USUAL_CLAIMS = 500 };

static bool is_said(const char *text)
{
    return text && *text;
}

bool lk_key_given(const struct livekit_key *key, struct livekit_error *e)
{
    return (key && is_said(key->key) && is_said(key->secret)) || lk_fail(e, LIVEKIT_BAD_REQUEST, "an API key and its secret are needed");
}

/* ---- making */

static bool upload_is_secret(const struct livekit_s3_upload *s3, const struct livekit_gcp_upload *gcp, const struct livekit_azure_blob_upload *azure, const struct livekit_ali_oss_upload *ali)
{
    return (s3 && (is_said(s3->secret) || is_said(s3->session_token))) || (gcp && is_said(gcp->credentials)) || (azure && is_said(azure->account_key)) || (ali && is_said(ali->secret));
}

#define ANY_SECRET(outputs) \
    for (size_t i = 0; i < (outputs).count; i++) \
        if (upload_is_secret((outputs).items[i].s3, (outputs).items[i].gcp, (outputs).items[i].azure, (outputs).items[i].aliOSS)) return true

/* The bearer of a token can read it, and LiveKit's own SDKs refuse what would be given away. */
static bool has_credentials(const struct livekit_room_egress *e)
{
    if (!e) return false;
    if (e->tracks && upload_is_secret(e->tracks->s3, e->tracks->gcp, e->tracks->azure, e->tracks->aliOSS)) return true;
    if (e->participant) {
        ANY_SECRET(e->participant->file_outputs);
        ANY_SECRET(e->participant->segment_outputs);
    }
    if (!e->room) return false;
    ANY_SECRET(e->room->file_outputs);
    ANY_SECRET(e->room->segment_outputs);
    ANY_SECRET(e->room->image_outputs);
    return e->room->stream_outputs.count > 0;
}

static bool is_complete(const struct livekit_claims *c, struct livekit_error *e)
{
    if (c->video && c->video->room_join && (!is_said(c->sub) || !is_said(c->video->room)))
        return lk_fail(e, LIVEKIT_BAD_REQUEST, "a token for joining needs the identity (sub) and the room");
    if (c->room_config && has_credentials(c->room_config->egress))
        return lk_fail(e, LIVEKIT_BAD_REQUEST, "room_config holds credentials or a stream's address, and the bearer of the token could read them");
    return true;
}

char *lk_sign(const struct livekit_key *key, const struct livekit_claims *claims, struct arena *a, struct livekit_error *e)
{
    struct hmac_key k;
    struct buf json;
    char usual[USUAL_CLAIMS], *token = NULL;
    buf_init_in(&json, usual, sizeof usual);
    hmac_key_set(&k, key->secret, strlen(key->secret));
    if (lk_write(&json, &livekit_claims_message, claims)) token = jwt_sign_bytes(a, &k, json.data, json.size);
    else lk_fail(e, LIVEKIT_BAD_REQUEST, "a text of the token is not UTF-8");
    buf_release(&json);
    return token;
}

char *livekit_token_create(const struct livekit_key *key, const struct livekit_claims *claims, int64_t ttl_s, struct livekit_memory *m, struct livekit_error *e)
{
    struct livekit_claims c = claims ? *claims : (struct livekit_claims){0};
    if (!lk_key_given(key, e) || !is_complete(&c, e)) return NULL;
    int64_t now_s = clock_now_s();
    if (!c.iss) c.iss = key->key;
    if (!c.nbf) c.nbf = now_s;
    if (!c.exp) c.exp = now_s + (ttl_s > 0 ? ttl_s : SIX_HOURS_S);
    return lk_sign(key, &c, &m->arena, e);
}

struct livekit_video_grant livekit_role_grant(const char *room, enum livekit_role role)
{
    enum livekit_tristate sends = role == LIVEKIT_ROLE_VIEWER ? LIVEKIT_NO : LIVEKIT_YES;
    struct livekit_video_grant grant = {.room_join = true, .room = room, .can_publish = sends, .can_subscribe = LIVEKIT_YES, .can_publish_data = sends};
    if (role == LIVEKIT_ROLE_HOST) grant.can_update_own_metadata = LIVEKIT_YES;
    return grant;
}

char *livekit_room_token(const struct livekit_key *key, const char *room, const char *identity, const char *name, enum livekit_role role, int64_t ttl_s,
                         struct livekit_memory *m, struct livekit_error *e)
{
    const struct livekit_video_grant grant = livekit_role_grant(room, role);
    return livekit_token_create(key, &(struct livekit_claims){.sub = identity, .name = name, .video = &grant}, ttl_s, m, e);
}

/* ---- checking */

struct token { const char *text, *claims, *signature; size_t signed_size; }; /* header.claims.signature */

static bool split(const char *text, struct token *t)
{
    const char *dot = strchr(text, '.'), *last = dot ? strchr(dot + 1, '.') : NULL;
    if (!last || strchr(last + 1, '.')) return false;
    *t = (struct token){text, dot + 1, last + 1, (size_t)(last - text)};
    return true;
}

static void release_json(void *j)
{
    json_decref(j);
}

static json_t *part(struct arena *a, const char *from, const char *to)
{
    size_t n;
    char *text = base64url_decode(a, from, (size_t)(to - from), &n);
    json_t *j = text ? json_loadb(text, n, JSON_REJECT_DUPLICATES, NULL) : NULL;
    if (j) arena_defer(a, release_json, j);
    return json_is_object(j) ? j : NULL;
}

static bool is_signed_by(const struct token *t, const struct livekit_key *key)
{
    struct hmac_key k;
    unsigned char hash[HMAC_SIZE];
    char expected[SIGNATURE_TEXT + 1];
    if (!is_said(key->key) || !is_said(key->secret)) return false;
    hmac_key_set(&k, key->secret, strlen(key->secret));
    hmac_sha256(&k, t->text, t->signed_size, hash);
    base64url(hash, sizeof hash, expected);
    return strlen(t->signature) == SIGNATURE_TEXT && CRYPTO_memcmp(expected, t->signature, SIGNATURE_TEXT) == 0;
}

static const char *issuer_of(const json_t *claims)
{
    const char *iss = json_string_value(json_object_get(claims, "iss"));
    return iss ? iss : "";
}

/* Nothing of an unsigned token counts; its key is looked at only to say what is wrong. */
static bool fail_signature(const struct livekit_key *keys, size_t count, const json_t *claims, struct livekit_error *e)
{
    for (size_t i = 0; i < count; i++)
        if (keys[i].key && !strcmp(keys[i].key, issuer_of(claims))) return lk_fail(e, LIVEKIT_TOKEN_SIGNATURE, "the token is signed with another secret than that of its key");
    return lk_fail(e, LIVEKIT_TOKEN_KEY, "the token is of an API key that is not known here");
}

static bool in_time(const json_t *claims, int64_t now_s, struct livekit_error *e)
{
    const json_t *exp = json_object_get(claims, "exp"), *nbf = json_object_get(claims, "nbf");
    if (!json_is_number(exp)) return lk_fail(e, LIVEKIT_TOKEN_WITHOUT_EXPIRY, "the token has no expiry");
    double late_s = (double)now_s - json_number_value(exp), early_s = json_is_number(nbf) ? json_number_value(nbf) - (double)now_s : 0;
    if (late_s >= LIVEKIT_LEEWAY_S) return lk_fail(e, LIVEKIT_TOKEN_EXPIRED, "the token expired %.0f s ago", late_s);
    if (nbf && !json_is_number(nbf)) return lk_fail(e, LIVEKIT_TOKEN_MALFORMED, "the token's nbf is no number");
    return early_s <= LIVEKIT_LEEWAY_S || lk_fail(e, LIVEKIT_TOKEN_NOT_YET, "the token is good only in %.0f s: do the clocks differ?", early_s);
}

json_t *lk_claims_of(const struct livekit_key *keys, size_t count, const char *token, int64_t now_s, struct arena *a, struct livekit_error *e)
{
    struct token t;
    if (!is_said(token)) return lk_fail(e, LIVEKIT_TOKEN_MISSING, "there is no token"), NULL;
    if (!split(token, &t)) return lk_fail(e, LIVEKIT_TOKEN_MALFORMED, "the token is no JWT: it has not three parts"), NULL;
    const json_t *header = part(a, t.text, t.claims - 1);
    const char *alg = json_string_value(json_object_get(header, "alg"));
    if (!header) return lk_fail(e, LIVEKIT_TOKEN_MALFORMED, "the token's header is no JSON object"), NULL;
    if (!alg || strcmp(alg, "HS256") != 0) return lk_fail(e, LIVEKIT_TOKEN_ALGORITHM, "the token is not signed with HS256"), NULL;
    size_t i = 0;
    while (i < count && !is_signed_by(&t, &keys[i])) i++;
    json_t *claims = part(a, t.claims, t.signature - 1);
    if (i == count) return fail_signature(keys, count, claims, e), NULL;
    if (!claims) return lk_fail(e, LIVEKIT_TOKEN_MALFORMED, "the token's claims are no JSON object"), NULL;
    if (strcmp(issuer_of(claims), keys[i].key) != 0) return lk_fail(e, LIVEKIT_TOKEN_KEY, "the token names another API key than the one that signed it"), NULL;
    return in_time(claims, now_s ? now_s : clock_now_s(), e) ? claims : NULL;
}

struct livekit_claims *livekit_token_verify(const struct livekit_key *keys, size_t count, const char *token, int64_t now_s, struct livekit_memory *m, struct livekit_error *e)
{
    const json_t *claims = lk_claims_of(keys, count, token, now_s, &m->arena, e);
    if (!claims) return NULL;
    struct livekit_claims *out = arena_new(&m->arena, struct livekit_claims);
    lk_read(&livekit_claims_message, claims, out, &m->arena);
    return out;
}

#include "net/crypto.h"
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/params.h>
#include <openssl/core_names.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum { PASSWORD_PASSES = 2, PASSWORD_MEMORY = 19 << 20, CONTEXTS = 8 };

bool crypto_start(struct err *e)
{
    return sodium_init() >= 0 || err_set(e, ERR_INTERNAL, "crypto", "libsodium cannot start");
}

/* ---- HMAC: making a context costs more than the hash, so each thread keeps one a key. */
struct prepared { struct hmac_key key; EVP_MAC_CTX *context; };
static _Thread_local struct prepared prepared[CONTEXTS];
static _Thread_local size_t next_slot;
static pthread_key_t at_thread_end;
static pthread_once_t key_once = PTHREAD_ONCE_INIT;

void hmac_key_set(struct hmac_key *k, const void *secret, size_t size)
{
    *k = (struct hmac_key){.size = size};
    if (size > sizeof k->bytes) {
        EVP_Digest(secret, size, k->bytes, NULL, EVP_sha256(), NULL);
        k->size = 32;
    } else memcpy(k->bytes, secret, size);
}

void hmac_key_derive(struct hmac_key *k, const char *secret, const char *purpose)
{
    struct hmac_key master;
    unsigned char out[HMAC_SIZE];
    hmac_key_set(&master, secret, strlen(secret));
    hmac_sha256(&master, purpose, strlen(purpose), out);
    hmac_key_set(k, out, sizeof out);
}

static void forget_contexts(void *own)
{
    struct prepared *p = own;
    for (size_t i = 0; i < CONTEXTS; i++) EVP_MAC_CTX_free(p[i].context);
}

static void make_key(void)
{
    pthread_key_create(&at_thread_end, forget_contexts);
}

static EVP_MAC_CTX *prepare(struct prepared *p, const struct hmac_key *k)
{
    if (!p->context) {
        pthread_once(&key_once, make_key);
        pthread_setspecific(at_thread_end, prepared);
        EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
        p->context = EVP_MAC_CTX_new(mac);
        EVP_MAC_free(mac);
    }
    char digest[] = "SHA256";
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0), OSSL_PARAM_construct_end()};
    p->key = *k;
    EVP_MAC_init(p->context, k->bytes, k->size ? k->size : 1, params);
    return p->context;
}

static EVP_MAC_CTX *context_of(const struct hmac_key *k)
{
    for (size_t i = 0; i < CONTEXTS; i++)
        if (prepared[i].context && prepared[i].key.size == k->size && !memcmp(prepared[i].key.bytes, k->bytes, sizeof k->bytes)) {
            EVP_MAC_init(prepared[i].context, NULL, 0, NULL); /* same key, from the start */
            return prepared[i].context;
        }
    return prepare(&prepared[next_slot++ % CONTEXTS], k);
}

void hmac_sha256(const struct hmac_key *k, const void *data, size_t size, unsigned char out[HMAC_SIZE])
{
    size_t length;
    EVP_MAC_CTX *c = context_of(k);
    EVP_MAC_update(c, data, size);
    EVP_MAC_final(c, out, &length, HMAC_SIZE);
}

void sha256_bytes(const void *data, size_t size, unsigned char out[32])
{
    EVP_Digest(data, size, out, NULL, EVP_sha256(), NULL);
}

void hex_text(const void *data, size_t size, char *out)
{
    sodium_bin2hex(out, size * 2 + 1, data, size);
}

void sha256_hex(const void *data, size_t size, char out[65])
{
    unsigned char hash[32];
    sha256_bytes(data, size, hash);
    hex_text(hash, sizeof hash, out);
}

bool equal_secret(const char *a, const char *b)
{
    size_t n = strlen(a);
    return n == strlen(b) && CRYPTO_memcmp(a, b, n) == 0;
}

/* ---- base64url */

size_t base64url(const void *data, size_t size, char *out)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const unsigned char *in = data;
    char *to = out;
    for (; size >= 3; in += 3, size -= 3) {
        *to++ = letters[in[0] >> 2];
        *to++ = letters[(in[0] & 3) << 4 | in[1] >> 4];
        *to++ = letters[(in[1] & 15) << 2 | in[2] >> 6];
        *to++ = letters[in[2] & 63];
    }
    if (size) {
        *to++ = letters[in[0] >> 2];
        *to++ = letters[(in[0] & 3) << 4 | (size > 1 ? in[1] >> 4 : 0)];
        if (size > 1) *to++ = letters[(in[1] & 15) << 2];
    }
    *to = '\0';
    return (size_t)(to - out);
}

char *base64url_decode(struct arena *a, const char *text, size_t size, size_t *out_size)
{
    unsigned char *out = arena_alloc(a, size + 1);
    const char *end;
    if (sodium_base642bin(out, size, text, size, NULL, out_size, &end, sodium_base64_VARIANT_URLSAFE_NO_PADDING) || end != text + size) return NULL;
    out[*out_size] = '\0';
    return (char *)out;
}

void base64_text(const void *data, size_t size, char *out)
{
    sodium_bin2base64(out, sodium_base64_encoded_len(size, sodium_base64_VARIANT_ORIGINAL), data, size, sodium_base64_VARIANT_ORIGINAL);
}

bool base64_bytes(const char *text, void *out, size_t room, size_t *size)
{
    const char *end;
    size_t n = strlen(text);
    return sodium_base642bin(out, room, text, n, NULL, size, &end, sodium_base64_VARIANT_ORIGINAL) == 0 && end == text + n;
}

/* ---- sealed texts: nonce and box, as base64url */

_Static_assert((int)crypto_secretbox_KEYBYTES == (int)HMAC_SIZE, "a derived key is a key for a box");

char *seal_text(struct arena *a, const struct hmac_key *k, const void *data, size_t size)
{
    size_t whole = crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES + size;
    unsigned char *box = arena_alloc(a, whole);
    randombytes_buf(box, crypto_secretbox_NONCEBYTES);
    crypto_secretbox_easy(box + crypto_secretbox_NONCEBYTES, data, size, box, k->bytes);
    char *text = arena_alloc(a, (whole * 4 + 2) / 3 + 1);
    base64url(box, whole, text);
    return text;
}

char *unseal_text(struct arena *a, const struct hmac_key *k, const char *sealed, size_t *size)
{
    size_t whole, extra = crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES;
    const unsigned char *box = (const unsigned char *)base64url_decode(a, sealed, strlen(sealed), &whole);
    if (!box || whole < extra) return NULL;
    *size = whole - extra;
    unsigned char *out = arena_alloc(a, *size + 1);
    return crypto_secretbox_open_easy(out, box + crypto_secretbox_NONCEBYTES, whole - crypto_secretbox_NONCEBYTES, box, k->bytes) ? NULL : (char *)out;
}

/* ---- JWT */

static const char jwt_header[] = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."; /* {"alg":"HS256","typ":"JWT"} */
enum { SIGNATURE_TEXT = 43 };

char *jwt_sign(struct arena *a, const struct hmac_key *k, const char *claims)
{
    return jwt_sign_bytes(a, k, claims, strlen(claims));
}

char *jwt_sign_bytes(struct arena *a, const struct hmac_key *k, const char *claims, size_t size)
{
    size_t head = sizeof jwt_header - 1;
    char *token = arena_bytes(a, head + (size * 4 + 2) / 3 + SIGNATURE_TEXT + 8);
    memcpy(token, jwt_header, head);
    size_t n = head + base64url(claims, size, token + head);
    unsigned char hash[HMAC_SIZE];
    hmac_sha256(k, token, n, hash);
    token[n] = '.';
    base64url(hash, sizeof hash, token + n + 1);
    return token;
}

static void json_release(void *j)
{
    json_decref(j);
}

static json_t *json_part(struct arena *a, const char *from, size_t size)
{
    size_t n;
    char *text = base64url_decode(a, from, size, &n);
    json_t *j = text ? json_loadb(text, n, JSON_REJECT_DUPLICATES, NULL) : NULL;
    if (j) arena_defer(a, json_release, j);
    return json_is_object(j) ? j : NULL;
}

static bool in_time(const json_t *claims, int64_t now_s, int64_t leeway_s)
{
    const json_t *exp = json_object_get(claims, "exp"), *nbf = json_object_get(claims, "nbf");
    if (exp && (!json_is_number(exp) || json_number_value(exp) <= (double)(now_s - leeway_s))) return false;
    return !nbf || (json_is_number(nbf) && json_number_value(nbf) <= (double)(now_s + leeway_s));
}

/* Nearly everybody writes it as we do. */
static bool is_hs256(struct arena *a, const char *header, size_t size)
{
    if (size == sizeof jwt_header - 2 && !memcmp(header, jwt_header, size)) return true;
    const char *alg = json_string_value(json_object_get(json_part(a, header, size), "alg"));
    return alg && !strcmp(alg, "HS256");
}

json_t *jwt_verify_within(struct arena *a, const struct hmac_key *k, const char *token, int64_t now_s, int64_t leeway_s)
{
    const char *claims_at = strchr(token, '.'), *signature = claims_at ? strchr(claims_at + 1, '.') : NULL;
    if (!signature || strlen(signature + 1) != SIGNATURE_TEXT) return NULL;
    unsigned char hash[HMAC_SIZE];
    char expected[SIGNATURE_TEXT + 1];
    hmac_sha256(k, token, (size_t)(signature - token), hash);
    base64url(hash, sizeof hash, expected);
    if (CRYPTO_memcmp(expected, signature + 1, SIGNATURE_TEXT)) return NULL;
    if (!is_hs256(a, token, (size_t)(claims_at - token))) return NULL;
    json_t *claims = json_part(a, claims_at + 1, (size_t)(signature - claims_at - 1));
    return claims && in_time(claims, now_s, leeway_s) ? claims : NULL;
}

json_t *jwt_verify(struct arena *a, const struct hmac_key *k, const char *token, int64_t now_s)
{
    return jwt_verify_within(a, k, token, now_s, 0);
}

/* ---- passwords */

bool password_hash(const char *password, char out[128], struct err *e)
{
    return crypto_pwhash_str_alg(out, password, strlen(password), PASSWORD_PASSES, PASSWORD_MEMORY, crypto_pwhash_ALG_ARGON2ID13) == 0 ||
           err_set(e, ERR_INTERNAL, "memory", "not enough memory to hash a password");
}

bool password_verify(const char *hash, const char *password)
{
    return crypto_pwhash_str_verify(hash, password, strlen(password)) == 0;
}

char *turn_credential(struct arena *a, const char *secret, const char *username)
{
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    HMAC(EVP_sha1(), secret, (int)strlen(secret), (const unsigned char *)username, strlen(username), hash, &n);
    char *out = arena_alloc(a, sodium_base64_ENCODED_LEN(EVP_MAX_MD_SIZE, sodium_base64_VARIANT_ORIGINAL));
    return sodium_bin2base64(out, sodium_base64_ENCODED_LEN(EVP_MAX_MD_SIZE, sodium_base64_VARIANT_ORIGINAL), hash, n, sodium_base64_VARIANT_ORIGINAL);
}

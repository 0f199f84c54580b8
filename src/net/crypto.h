/* crypto.h - keyed hashes, tokens and passwords, on OpenSSL and libsodium. Any thread. */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

enum { HMAC_SIZE = 32, SECRET_SIZE = 32 };

/* A key for HMAC-SHA256. Lives as long as the program: threads keep a prepared context for it. */
struct hmac_key { unsigned char bytes[64]; size_t size; };

void hmac_key_set(struct hmac_key *k, const void *secret, size_t size); /* longer than 64 bytes: hashed, as RFC 2104 says */
/* A key for one purpose out of a common secret, so that a token made for one is nothing for another. */
void hmac_key_derive(struct hmac_key *k, const char *secret, const char *purpose);
void hmac_sha256(const struct hmac_key *k, const void *data, size_t size, unsigned char out[HMAC_SIZE]);
void sha256_bytes(const void *data, size_t size, unsigned char out[32]);
void hex_text(const void *data, size_t size, char *out);                /* lower case; room for size * 2 + 1 */
void sha256_hex(const void *data, size_t size, char out[65]);
bool equal_secret(const char *a, const char *b); /* in constant time; only the lengths show */

/* Kept where others may read: encrypted and authenticated (XSalsa20-Poly1305) under a derived key, as text. NULL: it is none of ours. */
char *seal_text(struct arena *a, const struct hmac_key *derived, const void *data, size_t size);
char *unseal_text(struct arena *a, const struct hmac_key *derived, const char *sealed, size_t *size);

size_t base64url(const void *data, size_t size, char *out);           /* no padding; room for (size * 4 + 2) / 3 + 1; gives the length */
char *base64url_decode(struct arena *a, const char *text, size_t size, size_t *out_size); /* NULL if it is none */

void base64_text(const void *data, size_t size, char *out);           /* standard, with padding; room for (size + 2) / 3 * 4 + 1 */
bool base64_bytes(const char *text, void *out, size_t room, size_t *size); /* false: it is none, or does not fit */

/* JWT (RFC 7519), HS256 and nothing else: `alg` of a foreign header is compared, never obeyed. */
char *jwt_sign(struct arena *a, const struct hmac_key *k, const char *claims_json);
char *jwt_sign_bytes(struct arena *a, const struct hmac_key *k, const char *claims_json, size_t size);
/* Checks signature, `exp` and `nbf` against now_s. The claims live as long as the arena. NULL if anything is wrong. */
json_t *jwt_verify_within(struct arena *a, const struct hmac_key *k, const char *token, int64_t now_s, int64_t leeway_s); /* of clocks that differ */
json_t *jwt_verify(struct arena *a, const struct hmac_key *k, const char *token, int64_t now_s);

bool password_hash(const char *password, char out[128], struct err *e);  /* argon2id, 19 MiB, 2 passes; slow on purpose */
bool password_verify(const char *hash, const char *password);
char *turn_credential(struct arena *a, const char *secret, const char *username); /* coturn's REST scheme: base64(HMAC-SHA1) */
bool crypto_start(struct err *e);

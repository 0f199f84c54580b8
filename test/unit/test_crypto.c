/* Keyed hashes, JWT by the book, passwords. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "net/crypto.h"
#include <string.h>

static struct arena arena;

static int setup(void **state)
{
    struct err e;
    (void)state;
    arena_init(&arena);
    return crypto_start(&e) ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

static void hex(const unsigned char *bytes, size_t size, char *out)
{
    for (size_t i = 0; i < size; i++) snprintf(out + i * 2, 3, "%02x", bytes[i]);
}

/* RFC 4231, cases 1, 2 and 6 (a key longer than a block). */
static void test_hmac_vectors(void **state)
{
    (void)state;
    unsigned char key1[20], key6[131], out[HMAC_SIZE];
    char text[65];
    memset(key1, 0x0b, sizeof key1);
    memset(key6, 0xaa, sizeof key6);
    const struct { const void *key; size_t size; const char *data, *mac; } cases[] = {
        {key1, sizeof key1, "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
        {"Jefe", 4, "what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {key6, sizeof key6, "Test Using Larger Than Block-Size Key - Hash Key First", "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"}};
    for (int round = 0; round < 3; round++)
        for (size_t i = 0; i < 3; i++) {
            struct hmac_key k;
            hmac_key_set(&k, cases[i].key, cases[i].size);
            hmac_sha256(&k, cases[i].data, strlen(cases[i].data), out);
            hex(out, sizeof out, text);
            assert_string_equal(text, cases[i].mac);
        }
}

static void test_more_keys_than_contexts(void **state)
{
    (void)state;
    struct hmac_key keys[20];
    unsigned char first[20][HMAC_SIZE], again[HMAC_SIZE];
    for (size_t i = 0; i < 20; i++) {
        hmac_key_set(&keys[i], &"0123456789abcdefghij"[i], 1);
        hmac_sha256(&keys[i], "x", 1, first[i]);
    }
    for (size_t i = 0; i < 20; i++) {
        hmac_sha256(&keys[i], "x", 1, again);
        assert_memory_equal(again, first[i], HMAC_SIZE);
        if (i) assert_memory_not_equal(first[i], first[0], HMAC_SIZE);
    }
}

static void test_purposes_keep_keys_apart(void **state)
{
    (void)state;
    struct hmac_key a, b, again;
    hmac_key_derive(&a, "secret", "join");
    hmac_key_derive(&b, "secret", "link");
    hmac_key_derive(&again, "secret", "join");
    assert_memory_equal(a.bytes, again.bytes, 32);
    assert_memory_not_equal(a.bytes, b.bytes, 32);
    const char *token = jwt_sign(&arena, &a, "{\"sub\":\"1\"}");
    assert_non_null(jwt_verify(&arena, &again, token, 0));
    assert_null(jwt_verify(&arena, &b, token, 0));
}

static void test_base64url(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {{"", ""}, {"f", "Zg"}, {"fo", "Zm8"}, {"foo", "Zm9v"}, {"foob", "Zm9vYg"}, {"\xff\xfe\xfd", "__79"}, {"\xfb\xef", "--8"}};
    static const char *const bad[] = {"Z", "Zg==", "Zm9v=", "Zm 9v", "Zm9+", "Zm9/", "Zm9v\n", "Zh"};
    size_t size;
    char out[16];
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        assert_int_equal(base64url(pairs[i][0], strlen(pairs[i][0]), out), strlen(pairs[i][1]));
        assert_string_equal(out, pairs[i][1]);
        char *back = base64url_decode(&arena, out, strlen(out), &size);
        assert_int_equal(size, strlen(pairs[i][0]));
        assert_memory_equal(back, pairs[i][0], size);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (base64url_decode(&arena, bad[i], strlen(bad[i]), &size)) fail_msg("\"%s\" was decoded", bad[i]);
}

/* RFC 7515, appendix A.1. */
static const char RFC_TOKEN[] = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ."
                                "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
static const char RFC_KEY[] = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
enum { RFC_EXPIRES = 1300819380 };

static struct hmac_key rfc_key(void)
{
    struct hmac_key k;
    size_t size;
    char *raw = base64url_decode(&arena, RFC_KEY, strlen(RFC_KEY), &size);
    hmac_key_set(&k, raw, size);
    return k;
}

static void test_jwt_of_the_rfc(void **state)
{
    (void)state;
    struct hmac_key k = rfc_key();
    json_t *claims = jwt_verify(&arena, &k, RFC_TOKEN, RFC_EXPIRES - 1);
    assert_non_null(claims);
    assert_string_equal(json_string_value(json_object_get(claims, "iss")), "joe");
    assert_null(jwt_verify(&arena, &k, RFC_TOKEN, RFC_EXPIRES));
}

static void test_every_changed_byte_is_noticed(void **state)
{
    (void)state;
    struct hmac_key k = rfc_key();
    for (size_t i = 0; i < strlen(RFC_TOKEN); i++) {
        char changed[sizeof RFC_TOKEN];
        memcpy(changed, RFC_TOKEN, sizeof changed);
        for (int bit = 0; bit < 8; bit++) {
            changed[i] = (char)(RFC_TOKEN[i] ^ 1 << bit);
            if (jwt_verify(&arena, &k, changed, 0)) fail_msg("byte %zu, bit %d: still taken", i, bit);
        }
        memcpy(changed, RFC_TOKEN, sizeof changed);
        changed[i] = '\0';
        assert_null(jwt_verify(&arena, &k, changed, 0));
    }
}

static char *signed_as(const struct hmac_key *k, const char *header, const char *claims)
{
    char *token = arena_alloc(&arena, 4096);
    size_t n = base64url(header, strlen(header), token);
    token[n++] = '.';
    n += base64url(claims, strlen(claims), token + n);
    unsigned char hash[HMAC_SIZE];
    hmac_sha256(k, token, n, hash);
    token[n] = '.';
    base64url(hash, sizeof hash, token + n + 1);
    return token;
}

/* All with a right signature. */
static void test_headers_and_claims_that_are_refused(void **state)
{
    (void)state;
    struct hmac_key k = rfc_key();
    static const char good[] = "{\"alg\":\"HS256\"}";
    assert_non_null(jwt_verify(&arena, &k, signed_as(&k, good, "{\"exp\":101}"), 100));
    assert_non_null(jwt_verify(&arena, &k, signed_as(&k, good, "{\"nbf\":100,\"exp\":100.5}"), 100));
    static const char *const headers[] = {"{}", "{\"alg\":\"none\"}", "{\"alg\":\"HS512\"}", "{\"alg\":\"hs256\"}", "{\"alg\":null}", "{\"alg\":[\"HS256\"]}", "[]", "\"HS256\"", "", "{\"alg\":\"HS256\",\"alg\":\"none\"}", "nonsense"};
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) assert_null(jwt_verify(&arena, &k, signed_as(&k, headers[i], "{}"), 100));
    static const char *const claims[] = {"", "[]", "5", "{", "{\"exp\":100}", "{\"exp\":\"200\"}", "{\"exp\":null}", "{\"exp\":-1}", "{\"nbf\":101}", "{\"nbf\":\"1\"}", "{\"exp\":1,\"exp\":200}"};
    for (size_t i = 0; i < sizeof claims / sizeof *claims; i++)
        if (jwt_verify(&arena, &k, signed_as(&k, good, claims[i]), 100)) fail_msg("claims %s were taken", claims[i]);
    static const char *const shapes[] = {"", ".", "..", "...", "a.b", "a.b.c.d", "eyJhbGciOiJub25lIn0.e30."};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) assert_null(jwt_verify(&arena, &k, shapes[i], 0));
}

static void test_sign_and_verify_claims_of_every_length(void **state)
{
    (void)state;
    struct hmac_key k = rfc_key();
    for (int n = 0; n < 200; n++) {
        char claims[256];
        snprintf(claims, sizeof claims, "{\"x\":\"%0*d\"}", n + 1, 0);
        assert_non_null(jwt_verify(&arena, &k, jwt_sign(&arena, &k, claims), 0));
    }
}

static void test_passwords(void **state)
{
    (void)state;
    char hash[128], again[128];
    struct err e;
    assert_true(password_hash("correct horse", hash, &e));
    assert_true(password_hash("correct horse", again, &e));
    assert_string_not_equal(hash, again);
    assert_memory_equal(hash, "$argon2id$", 10);
    assert_true(password_verify(hash, "correct horse"));
    assert_false(password_verify(hash, "correct horsf"));
    assert_false(password_verify(hash, ""));
    assert_false(password_verify("", "x"));
    assert_false(password_verify("$argon2id$nonsense", "x"));
}

static void test_small_things(void **state)
{
    (void)state;
    char hash[65];
    sha256_hex("abc", 3, hash);
    assert_string_equal(hash, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_true(equal_secret("abc", "abc"));
    assert_true(equal_secret("", ""));
    assert_false(equal_secret("abc", "abd"));
    assert_false(equal_secret("abc", "ab"));
    /* openssl dgst -sha1 -hmac north -binary | base64 over "1893495600:c1" */
    assert_int_equal(strlen(turn_credential(&arena, "north", "1893495600:c1")), 28);
}

static void sealed_texts(void **state)
{
    struct hmac_key k, other;
    struct arena a;
    size_t size;
    (void)state;
    arena_init(&a);
    hmac_key_derive(&k, "secret", "a");
    hmac_key_derive(&other, "secret", "b");
    char *sealed = seal_text(&a, &k, "one\0two", 7);
    assert_memory_equal(unseal_text(&a, &k, sealed, &size), "one\0two", 8);
    assert_int_equal(size, 7);
    assert_string_not_equal(sealed, seal_text(&a, &k, "one\0two", 7));
    assert_null(unseal_text(&a, &other, sealed, &size));
    sealed[30] = sealed[30] == 'A' ? 'B' : 'A';
    assert_null(unseal_text(&a, &k, sealed, &size));
    assert_null(unseal_text(&a, &k, "", &size));
    assert_null(unseal_text(&a, &k, "short", &size));
    assert_string_equal(unseal_text(&a, &k, seal_text(&a, &k, "", 0), &size), "");
    arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hmac_vectors), cmocka_unit_test(test_more_keys_than_contexts), cmocka_unit_test(test_purposes_keep_keys_apart), cmocka_unit_test(test_base64url),
        cmocka_unit_test(test_jwt_of_the_rfc), cmocka_unit_test(test_every_changed_byte_is_noticed), cmocka_unit_test(test_headers_and_claims_that_are_refused),
        cmocka_unit_test(test_sign_and_verify_claims_of_every_length), cmocka_unit_test(test_passwords), cmocka_unit_test(sealed_texts), cmocka_unit_test(test_small_things)};
    return cmocka_run_group_tests(tests, setup, teardown);
}

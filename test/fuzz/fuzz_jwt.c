/* fuzz_jwt.c - any text as a token: nothing that was not signed is taken, and whatever is in a signed one does no harm. */
#include "net/crypto.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t size)
{
    static struct hmac_key key;
    if (!key.size) hmac_key_set(&key, "a key that nobody guesses", 25);
    struct arena a;
    size_t decoded;
    arena_init(&a);
    char *text = arena_strndup(&a, (const char *)bytes, size);
    if (jwt_verify(&a, &key, text, 0)) abort();
    base64url_decode(&a, text, size, &decoded);
    char *token = jwt_sign(&a, &key, text);
    json_t *claims = jwt_verify(&a, &key, token, 1000), *own = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    if (claims && !json_equal(claims, own)) abort();
    json_decref(own);
    token[strlen(token) - 1] ^= 1;
    if (jwt_verify(&a, &key, token, 1000)) abort();
    arena_release(&a);
    return 0;
}

/* mint.c SECONDS - join tokens of liblivekit, in turn with the bare work on the same bytes: HMAC-SHA256 with a prepared key, and base64url.
 * Prints one line of JSON for each round: {"floor_rps":…,"rps":…}, a second of processor time. */
#include "base/clock.h"
#include "livekit.h"
#include "net/crypto.h"
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BATCH = 256, SLICE_US = 100000 };
static const struct livekit_key key = {"APIabcdefghijkl", "a-secret-of-livekit-that-has-fortytwo-bytes"};
static volatile size_t sink; /* so that nothing is thought to be for nothing */

static char *join_token(struct livekit_memory *m)
{
    struct livekit_error e;
    char *token = livekit_room_token(&key, "session-5f1c7a90-2b7e", "user-4711", "Ada Lovelace", LIVEKIT_ROLE_HOST, 300, m, &e);
    if (!token) exit(1);
    return token;
}

static void mint(struct livekit_memory *m)
{
    for (int i = 0; i < BATCH; i++) {
        sink += (size_t)*join_token(m);
        livekit_memory_reset(m);
    }
}

struct bare { EVP_MAC_CTX *context; char claims[1024], token[2048]; size_t head, size; };

static void prepare(struct bare *b, struct livekit_memory *m)
{
    struct arena a;
    const char *token = join_token(m), *dot = strchr(token, '.') + 1;
    arena_init(&a);
    const char *claims = base64url_decode(&a, dot, strcspn(dot, "."), &b->size);
    memcpy(b->claims, claims, b->size);
    b->head = (size_t)(dot - token);
    memcpy(b->token, token, b->head);
    arena_release(&a);
    char digest[] = "SHA256";
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0), OSSL_PARAM_construct_end()};
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    b->context = EVP_MAC_CTX_new(mac);
    EVP_MAC_free(mac);
    EVP_MAC_init(b->context, (const unsigned char *)key.secret, strlen(key.secret), params);
}

static void bare(struct bare *b)
{
    unsigned char hash[32];
    size_t length;
    for (int i = 0; i < BATCH; i++) {
        size_t n = b->head + base64url(b->claims, b->size, b->token + b->head);
        EVP_MAC_init(b->context, NULL, 0, NULL);
        EVP_MAC_update(b->context, (const unsigned char *)b->token, n);
        EVP_MAC_final(b->context, hash, &length, sizeof hash);
        b->token[n] = '.';
        sink += base64url(hash, sizeof hash, b->token + n + 1);
    }
}

/* Of processor time: what others do on the box is not what is measured. */
static int64_t spent_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static double bare_rps(struct bare *b)
{
    int64_t began = spent_us(), took;
    size_t done = 0;
    for (; (took = spent_us() - began) < SLICE_US; done += BATCH) bare(b);
    return (double)done * 1e6 / (double)took;
}

static double mint_rps(struct livekit_memory *m)
{
    int64_t began = spent_us(), took;
    size_t done = 0;
    for (; (took = spent_us() - began) < SLICE_US; done += BATCH) mint(m);
    return (double)done * 1e6 / (double)took;
}

int main(int argc, char **argv)
{
    static struct bare b;
    struct livekit_memory *m = livekit_memory_create();
    prepare(&b, m);
    int64_t until = clock_monotonic_us() + (argc > 1 ? atoi(argv[1]) : 2) * 1000000;
    do {
        double floor = bare_rps(&b), ours = mint_rps(m);
        printf("{\"floor_rps\":%.0f,\"rps\":%.0f}\n", floor, ours);
    } while (clock_monotonic_us() < until);
    EVP_MAC_CTX_free(b.context);
    livekit_memory_destroy(m);
    return 0;
}

/* livekit_tokens.c - liblivekit's tokens by JSON, for comparing with other libraries. Lines in: `sign CLAIMS` or `verify TOKEN`; lines out: the token,
 * the claims, or `error CODE`. usage: livekit_tokens KEY SECRET */
#include "livekit/internal.h"
#include <stdio.h>
#include <string.h>

static void sign(const struct livekit_key *key, const char *text, struct livekit_memory *m)
{
    struct livekit_error e;
    const struct livekit_claims *claims = lk_read_bytes(&livekit_claims_message, text, strlen(text), &m->arena);
    const char *token = claims ? livekit_token_create(key, claims, 600, m, &e) : NULL;
    if (token) puts(token);
    else printf("error %s\n", claims ? livekit_code_name(e.code) : "no JSON");
}

static void verify(const struct livekit_key *key, const char *token, struct livekit_memory *m)
{
    struct livekit_error e;
    struct buf json;
    const struct livekit_claims *claims = livekit_token_verify(key, 1, token, 0, m, &e);
    buf_init(&json, 0);
    if (claims && lk_write(&json, &livekit_claims_message, claims)) puts(json.data);
    else printf("error %s\n", livekit_code_name(e.code));
    buf_release(&json);
}

int main(int argc, char **argv)
{
    static char line[1 << 20];
    if (argc != 3) return 2;
    setvbuf(stdout, NULL, _IOLBF, 0);
    const struct livekit_key key = {argv[1], argv[2]};
    while (fgets(line, sizeof line, stdin)) {
        struct livekit_memory *m = livekit_memory_create();
        line[strcspn(line, "\n")] = '\0';
        if (!strncmp(line, "sign ", 5)) sign(&key, line + 5, m);
        else verify(&key, line + strcspn(line, " ") + 1, m);
        livekit_memory_destroy(m);
    }
    return 0;
}

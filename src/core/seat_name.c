#include "core/seat_name.h"
#include <stdio.h>
#include <string.h>

enum { MAC_BYTES = 12, MAC_TEXT = 16, LONGEST = 100 };

static void sign(struct core *core, const char *plain, char out[MAC_TEXT + 1])
{
    unsigned char hash[HMAC_SIZE];
    char text[48];
    hmac_sha256(&core->seat_key, plain, strlen(plain), hash);
    base64url(hash, MAC_BYTES, text);
    memcpy(out, text, MAC_TEXT);
    out[MAC_TEXT] = '\0';
}

static void write_plain(const struct seat_name *n, char out[LONGEST])
{
    snprintf(out, LONGEST, "seat-%lld-%lld-%lld", (long long)n->participant_id, (long long)n->generation, (long long)n->token_id);
}

const char *seat_name(struct core *core, struct arena *a, const struct participant *p, int64_t token_id)
{
    char plain[LONGEST], mac[MAC_TEXT + 1];
    write_plain(&(struct seat_name){p->id, p->token_generation, token_id}, plain);
    sign(core, plain, mac);
    return arena_printf(a, "%s-%s", plain, mac);
}

const char *seat_name_stem(struct arena *a, int64_t participant_id)
{
    return arena_printf(a, "seat-%lld-", (long long)participant_id);
}

bool seat_name_read(struct core *core, const char *text, struct seat_name *out)
{
    char plain[LONGEST], mac[MAC_TEXT + 1];
    long long seat, generation, token;
    int end = 0;
    if (strlen(text) >= LONGEST || sscanf(text, "seat-%18lld-%18lld-%18lld-%n", &seat, &generation, &token, &end) != 3 || !end) return false;
    *out = (struct seat_name){seat, generation, token};
    write_plain(out, plain);
    sign(core, plain, mac);
    return (size_t)end == strlen(plain) + 1 && !strncmp(text, plain, strlen(plain)) && equal_secret(text + end, mac);
}

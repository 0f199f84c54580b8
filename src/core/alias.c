#include "core/alias.h"
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { MAC = 10, NUMBER = 6 }; /* bytes: what proves it, and the number, covered */

static void mac_of(struct core *core, enum alias kind, int64_t number, unsigned char to[MAC])
{
    unsigned char hash[HMAC_SIZE];
    char text[40];
    int n = snprintf(text, sizeof text, "%d:%lld", (int)kind, (long long)number);
    hmac_sha256(&core->alias_key, text, (size_t)n, hash);
    memcpy(to, hash, MAC);
    to[6] = (to[6] & 0x0f) | 0x40; /* as a random one: version 4 */
    to[8] = (to[8] & 0x3f) | 0x80;
}

static void cover_of(struct core *core, const unsigned char mac[MAC], unsigned char to[NUMBER])
{
    unsigned char hash[HMAC_SIZE];
    hmac_sha256(&core->alias_key, mac, MAC, hash);
    memcpy(to, hash, NUMBER);
}

void alias_uuid(struct core *core, enum alias kind, int64_t number, char to[37])
{
    unsigned char b[MAC + NUMBER], cover[NUMBER];
    mac_of(core, kind, number, b);
    cover_of(core, b, cover);
    for (size_t i = 0; i < NUMBER; i++) b[MAC + i] = (unsigned char)((number >> (8 * i)) ^ cover[i]);
    for (size_t i = 0; i < sizeof b; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) *to++ = '-';
        *to++ = "0123456789abcdef"[b[i] >> 4];
        *to++ = "0123456789abcdef"[b[i] & 15];
    }
    *to = '\0';
}

char *alias_text(struct scope *s, enum alias kind, int64_t number)
{
    char *text = arena_alloc(s->arena, 37);
    alias_uuid(s->core, kind, number, text);
    return text;
}

static bool bytes_of(const char *uuid, unsigned char to[MAC + NUMBER])
{
    size_t at = 0;
    if (strlen(uuid) != 36) return false;
    for (size_t i = 0; i < MAC + NUMBER; i++) {
        unsigned byte;
        at += uuid[at] == '-';
        if (strspn(uuid + at, "0123456789abcdefABCDEF") < 2 || sscanf(uuid + at, "%2x", &byte) != 1) return false;
        to[i] = (unsigned char)byte;
        at += 2;
    }
    return at == 36;
}

int64_t alias_number(struct core *core, enum alias kind, const char *uuid)
{
    unsigned char b[MAC + NUMBER], cover[NUMBER];
    char right[37];
    int64_t number = 0;
    if (!bytes_of(uuid, b)) return 0;
    cover_of(core, b, cover);
    for (size_t i = 0; i < NUMBER; i++) number |= (int64_t)(b[MAC + i] ^ cover[i]) << (8 * i);
    alias_uuid(core, kind, number, right);
    return strcasecmp(right, uuid) ? 0 : number;
}

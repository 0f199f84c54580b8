#include "net/guard.h"
#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* Not for the public: what an IPv4 address may not be. */
static const struct { uint32_t network; int bits; } refused4[] = {
    {0x00000000, 8},  /* this host */
    {0x0a000000, 8},  /* private */
    {0x64400000, 10}, /* shared by a provider's customers */
    {0x7f000000, 8},  /* loopback */
    {0xa9fe0000, 16}, /* link-local; clouds' metadata */
    {0xac100000, 12}, /* private */
    {0xc0000000, 24}, /* protocol assignments */
    {0xc0000200, 24}, /* documentation */
    {0xc0586300, 24}, /* 6to4 relays, withdrawn */
    {0xc0a80000, 16}, /* private */
    {0xc6120000, 15}, /* benchmarks */
    {0xc6336400, 24}, /* documentation */
    {0xcb007100, 24}, /* documentation */
    {0xe0000000, 4},  /* multicast */
    {0xf0000000, 4},  /* reserved, broadcast */
};

/* IPv6: where an IPv4 address is inside, `inner` says at which byte, and that one decides. */
static const struct { unsigned char prefix[16]; int bits, inner; } special6[] = {
    {{[10] = 0xff, [11] = 0xff}, 96, 12},             /* ::ffff:0:0/96 mapped */
    {{[1] = 0x64, [2] = 0xff, [3] = 0x9b, [0] = 0x00}, 96, 12}, /* 64:ff9b::/96 NAT64 */
    {{0x20, 0x02}, 16, 2},                            /* 6to4 */
    {{0}, 96, -1},                                    /* unspecified, loopback, compatible */
    {{[1] = 0x64, [2] = 0xff, [3] = 0x9b, [5] = 0x01}, 48, -1}, /* 64:ff9b:1::/48 local NAT64 */
    {{0x01}, 64, -1},                                 /* 100::/64 discard */
    {{0x20, 0x01}, 23, -1},                           /* 2001::/23 protocol assignments, Teredo */
    {{0x20, 0x01, 0x0d, 0xb8}, 32, -1},               /* documentation */
    {{0x3f, 0xff}, 20, -1},                           /* documentation */
    {{0x5f, 0x00}, 16, -1},                           /* segment routing */
    {{0xfc}, 7, -1},                                  /* unique local */
    {{0xfe, 0x80}, 10, -1},                           /* link-local */
    {{0xfe, 0xc0}, 10, -1},                           /* site-local */
    {{0xff}, 8, -1},                                  /* multicast */
};

static bool same_bits(const unsigned char *a, const unsigned char *b, int bits)
{
    if (memcmp(a, b, (size_t)bits / 8) != 0) return false;
    int rest = bits % 8;
    return !rest || (a[bits / 8] ^ b[bits / 8]) >> (8 - rest) == 0;
}

static bool public4(const unsigned char *bytes)
{
    uint32_t address = (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
    for (size_t i = 0; i < sizeof refused4 / sizeof *refused4; i++)
        if ((address ^ refused4[i].network) >> (32 - refused4[i].bits) == 0) return false;
    return true;
}

static bool public6(const unsigned char *bytes)
{
    for (size_t i = 0; i < sizeof special6 / sizeof *special6; i++)
        if (same_bits(bytes, special6[i].prefix, special6[i].bits)) return special6[i].inner >= 0 && public4(bytes + special6[i].inner);
    return true;
}

static void map4(unsigned char to[16], const void *address)
{
    memset(to, 0, 16);
    to[10] = to[11] = 0xff;
    memcpy(to + 12, address, 4);
}

static bool lets(const struct guard *g, const unsigned char address[16])
{
    if (g->open || public6(address)) return true;
    for (size_t i = 0; i < g->count; i++)
        if (same_bits(address, g->allowed[i].address, g->allowed[i].bits)) return true;
    return false;
}

bool guard_lets(const struct guard *g, const struct sockaddr *to)
{
    unsigned char address[16];
    if (to->sa_family == AF_INET) map4(address, &((const struct sockaddr_in *)(const void *)to)->sin_addr);
    else if (to->sa_family == AF_INET6) memcpy(address, &((const struct sockaddr_in6 *)(const void *)to)->sin6_addr, 16);
    else return g->open;
    return lets(g, address);
}

/* ---- networks that are allowed */

static bool parse_address(const char *text, unsigned char to[16], int *bits)
{
    struct in_addr v4;
    if (inet_pton(AF_INET, text, &v4) == 1) {
        map4(to, &v4);
        return *bits = 32, true;
    }
    return *bits = 128, inet_pton(AF_INET6, text, to) == 1;
}

static bool parse_network(const char *text, struct guard_network *out)
{
    char address[64];
    int all, bits;
    size_t n = strcspn(text, "/");
    if (n >= sizeof address) return false;
    memcpy(address, text, n);
    address[n] = '\0';
    if (!parse_address(address, out->address, &all)) return false;
    bits = all;
    if (text[n]) {
        char *end;
        size_t digits = strspn(text + n + 1, "0123456789");
        if (!digits || digits > 3) return false;
        bits = (int)strtol(text + n + 1, &end, 10);
        if (*end || bits > all) return false;
    }
    out->bits = bits + 128 - all;
    return true;
}

bool guard_set(struct guard *g, bool open, const char *allowed, struct err *e)
{
    char word[80];
    *g = (struct guard){.open = open};
    for (const char *p = allowed; *(p += strspn(p, " ,\t")); p += strcspn(p, " ,\t")) {
        size_t n = strcspn(p, " ,\t");
        if (n >= sizeof word) n = sizeof word - 1;
        memcpy(word, p, n);
        word[n] = '\0';
        if (g->count == GUARD_NETWORKS) return err_set(e, ERR_CALLER, "config", "more than %d networks", GUARD_NETWORKS);
        if (!parse_network(word, &g->allowed[g->count])) return err_set(e, ERR_CALLER, "config", "\"%s\" is no network such as 10.0.0.0/8", word);
        g->count++;
    }
    return true;
}

/* ---- URLs */

static char *part_of(const char *url, CURLUPart part)
{
    char *out = NULL;
    CURLU *u = curl_url();
    if (!u || curl_url_set(u, CURLUPART_URL, url, 0) || curl_url_get(u, part, &out, 0)) out = NULL;
    curl_url_cleanup(u);
    return out;
}

static bool has_part(const char *url, CURLUPart part)
{
    char *text = part_of(url, part);
    curl_free(text);
    return text != NULL;
}

bool url_is_http(const char *url)
{
    char *scheme = part_of(url, CURLUPART_SCHEME);
    bool ok = scheme && (!strcmp(scheme, "http") || !strcmp(scheme, "https")) && strstr(url, "://") && !has_part(url, CURLUPART_USER) && !has_part(url, CURLUPART_PASSWORD);
    curl_free(scheme);
    return ok;
}

bool guard_lets_url(const struct guard *g, const char *url)
{
    unsigned char address[16];
    char *host = part_of(url, CURLUPART_HOST);
    int bits;
    bool ok = host != NULL;
    if (ok && *host == '[') host[strcspn(host, "]")] = '\0';
    if (ok && parse_address(*host == '[' ? host + 1 : host, address, &bits)) ok = lets(g, address);
    else if (ok && !strcasecmp(host, "localhost")) ok = g->open;
    curl_free(host);
    return ok;
}

#include "net/sigv4.h"
#include "base/buf.h"
#include "net/crypto.h"
#include <stdio.h>
#include <string.h>
#include <time.h>

void sigv4_time(int64_t now_ms, char out[SIGV4_TIME])
{
    time_t s = (time_t)(now_ms / 1000);
    struct tm t;
    gmtime_r(&s, &t);
    strftime(out, SIGV4_TIME, "%Y%m%dT%H%M%SZ", &t);
}

char *sigv4_escape_path(struct arena *a, const char *key)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";
    char *out = arena_alloc(a, strlen(key) * 3 + 1), *to = out;
    for (const unsigned char *p = (const unsigned char *)key; *p; p++)
        if (strchr(plain, *p)) *to++ = (char)*p;
        else to += snprintf(to, 4, "%%%02X", *p);
    return out;
}

static void step(const void *key, size_t key_size, const char *text, unsigned char out[HMAC_SIZE])
{
    struct hmac_key k;
    hmac_key_set(&k, key, key_size);
    hmac_sha256(&k, text, strlen(text), out);
}

/* date/region/s3/aws4_request */
static char *scope_of(struct arena *a, const struct sigv4_key *k, const char *time)
{
    return arena_printf(a, "%.8s/%s/s3/aws4_request", time, k->region);
}

static char *sign(struct arena *a, const struct sigv4_key *k, const char *canonical, const char *time)
{
    unsigned char hash[HMAC_SIZE];
    char hex[65], day[9], *out = arena_alloc(a, 65);
    const char *secret = arena_printf(a, "AWS4%s", k->secret);
    sha256_hex(canonical, strlen(canonical), hex);
    snprintf(day, sizeof day, "%.8s", time);
    step(secret, strlen(secret), day, hash);
    step(hash, sizeof hash, k->region, hash);
    step(hash, sizeof hash, "s3", hash);
    step(hash, sizeof hash, "aws4_request", hash);
    step(hash, sizeof hash, arena_printf(a, "AWS4-HMAC-SHA256\n%s\n%s\n%s", time, scope_of(a, k, time), hex), hash);
    hex_text(hash, sizeof hash, out);
    return out;
}

static char *names_of(struct arena *a, const struct sigv4_request *r)
{
    char *names = arena_strdup(a, "");
    for (size_t i = 0; i < r->header_count; i++) names = arena_printf(a, "%s%s%s", names, i ? ";" : "", r->headers[i].name);
    return names;
}

static char *canonical_of(struct arena *a, const struct sigv4_request *r)
{
    char *headers = arena_strdup(a, "");
    for (size_t i = 0; i < r->header_count; i++) headers = arena_printf(a, "%s%s:%s\n", headers, r->headers[i].name, r->headers[i].value);
    return arena_printf(a, "%s\n%s\n%s\n%s\n%s\n%s", r->method, r->path, r->query, headers, names_of(a, r), r->payload);
}

char *sigv4_authorization(struct arena *a, const struct sigv4_key *k, const struct sigv4_request *r, const char *time)
{
    return arena_printf(a, "AWS4-HMAC-SHA256 Credential=%s/%s,SignedHeaders=%s,Signature=%s", k->id, scope_of(a, k, time), names_of(a, r), sign(a, k, canonical_of(a, r), time));
}

/* The parts of a scope and a key's id are escaped as values of a query are: "/" too. */
static char *escape(struct arena *a, const char *text)
{
    const char *from = sigv4_escape_path(a, text);
    char *out = arena_alloc(a, strlen(from) * 3 + 1), *to = out;
    for (; *from; from++) {
        if (*from == '/') to = stpcpy(to, "%2F");
        else *to++ = *from;
    }
    return out;
}

char *sigv4_presigned(struct arena *a, const struct sigv4_key *k, const char *base, const char *host, const char *path, const char *query, const char *time, int seconds)
{
    const struct sigv4_header headers[] = {{"host", host}};
    const char *all = arena_printf(a, "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=%s&X-Amz-Date=%s&X-Amz-Expires=%d&X-Amz-SignedHeaders=host%s%s",
                                   escape(a, arena_printf(a, "%s/%s", k->id, scope_of(a, k, time))), time, seconds, *query ? "&" : "", query);
    struct sigv4_request r = {"GET", path, all, headers, 1, "UNSIGNED-PAYLOAD"};
    return arena_printf(a, "%s%s?%s&X-Amz-Signature=%s", base, path, all, sign(a, k, canonical_of(a, &r), time));
}

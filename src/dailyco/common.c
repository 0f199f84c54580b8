#include "dailyco/internal.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct dailyco_memory *dailyco_memory_create(void)
{
    return xcalloc(1, sizeof(struct dailyco_memory));
}

void dailyco_memory_reset(struct dailyco_memory *m)
{
    arena_reset(&m->arena);
}

void dailyco_memory_destroy(struct dailyco_memory *m)
{
    if (!m) return;
    arena_release(&m->arena);
    free(m);
}

void *dailyco_memory_take(struct dailyco_memory *m, size_t size)
{
    return arena_alloc(&m->arena, size);
}

/* ---- errors */

static const char *const code_names[DAILYCO_CODE_COUNT] = {
    [DAILYCO_OK] = "ok", [DAILYCO_UNAUTHENTICATED] = "unauthenticated", [DAILYCO_FORBIDDEN] = "forbidden", [DAILYCO_PLAN] = "plan", [DAILYCO_NOT_FOUND] = "not_found",
    [DAILYCO_NOT_HOSTING] = "not_hosting", [DAILYCO_ALREADY_EXISTS] = "already_exists", [DAILYCO_ALREADY_RECORDING] = "already_recording", [DAILYCO_PROBE_FAILED] = "probe_failed",
    [DAILYCO_INVALID_REQUEST] = "invalid_request", [DAILYCO_RATE_LIMITED] = "rate_limited", [DAILYCO_UNAVAILABLE] = "unavailable", [DAILYCO_SERVER] = "server",
    [DAILYCO_UNREACHABLE] = "unreachable", [DAILYCO_TIMEOUT] = "timeout", [DAILYCO_TLS] = "tls", [DAILYCO_BAD_REPLY] = "bad_reply", [DAILYCO_BAD_ARGUMENT] = "bad_argument",
    [DAILYCO_CANCELED] = "canceled", [DAILYCO_MALFORMED] = "malformed", [DAILYCO_SIGNATURE] = "signature", [DAILYCO_TOO_OLD] = "too_old", [DAILYCO_TOKEN_SIGNATURE] = "token_signature",
    [DAILYCO_TOKEN_DOMAIN] = "token_domain", [DAILYCO_TOKEN_EXPIRED] = "token_expired", [DAILYCO_TOKEN_NOT_YET] = "token_not_yet"};

const char *dailyco_code_name(enum dailyco_code code)
{
    return (unsigned)code < DAILYCO_CODE_COUNT ? code_names[code] : "unknown";
}

static void cut_out(char *at, size_t size)
{
    static const char word[] = "***";
    size_t put = size < sizeof word - 1 ? size : sizeof word - 1;
    memcpy(at, word, put);
    memmove(at + put, at + size, strlen(at + size) + 1);
}

/* A server may send back in its complaint what it complains about. */
void dc_hide(char *text, const char *secret)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";
    for (char *at; (at = strstr(text, "eyJ"));) cut_out(at, strspn(at, letters));
    for (char *at; secret && strlen(secret) >= 4 && (at = strstr(text, secret));) cut_out(at, strlen(secret));
    for (char *p = text; *p; p++)
        if ((unsigned char)*p < ' ' || *p == 0x7f) *p = ' ';
    for (size_t n = strlen(text); n && text[n - 1] == ' ';) text[--n] = '\0';
}

bool dc_fail(struct dailyco_error *e, enum dailyco_code code, const char *format, ...)
{
    va_list args;
    if (!e) return false;
    e->code = code;
    va_start(args, format);
    vsnprintf(e->message, sizeof e->message, format, args);
    va_end(args);
    dc_hide(e->message, NULL);
    return false;
}

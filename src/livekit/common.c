#include "livekit/internal.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct livekit_memory *livekit_memory_create(void)
{
    return xcalloc(1, sizeof(struct livekit_memory));
}

void livekit_memory_reset(struct livekit_memory *m)
{
    arena_reset(&m->arena);
}

void livekit_memory_destroy(struct livekit_memory *m)
{
    if (!m) return;
    arena_release(&m->arena);
    free(m);
}

void *livekit_memory_take(struct livekit_memory *m, size_t size)
{
    return arena_alloc(&m->arena, size);
}

/* ---- errors */

static const char *const code_names[LIVEKIT_CODE_COUNT] = {
    [LIVEKIT_OK] = "ok", [LIVEKIT_CANCELED] = "canceled", [LIVEKIT_UNKNOWN_ERROR] = "unknown", [LIVEKIT_INVALID_ARGUMENT] = "invalid_argument",
    [LIVEKIT_MALFORMED] = "malformed", [LIVEKIT_DEADLINE_EXCEEDED] = "deadline_exceeded", [LIVEKIT_NOT_FOUND] = "not_found", [LIVEKIT_BAD_ROUTE] = "bad_route",
    [LIVEKIT_ALREADY_EXISTS] = "already_exists", [LIVEKIT_PERMISSION_DENIED] = "permission_denied", [LIVEKIT_UNAUTHENTICATED] = "unauthenticated",
    [LIVEKIT_RESOURCE_EXHAUSTED] = "resource_exhausted", [LIVEKIT_FAILED_PRECONDITION] = "failed_precondition", [LIVEKIT_ABORTED] = "aborted",
    [LIVEKIT_OUT_OF_RANGE] = "out_of_range", [LIVEKIT_UNIMPLEMENTED] = "unimplemented", [LIVEKIT_INTERNAL] = "internal", [LIVEKIT_UNAVAILABLE] = "unavailable",
    [LIVEKIT_DATA_LOSS] = "data_loss", [LIVEKIT_UNREACHABLE] = "unreachable", [LIVEKIT_TIMEOUT] = "timeout", [LIVEKIT_TLS] = "tls", [LIVEKIT_BAD_REPLY] = "bad_reply",
    [LIVEKIT_BAD_REQUEST] = "bad_request", [LIVEKIT_TOKEN_MISSING] = "token_missing", [LIVEKIT_TOKEN_MALFORMED] = "token_malformed",
    [LIVEKIT_TOKEN_ALGORITHM] = "token_algorithm", [LIVEKIT_TOKEN_KEY] = "token_key", [LIVEKIT_TOKEN_SIGNATURE] = "token_signature",
    [LIVEKIT_TOKEN_WITHOUT_EXPIRY] = "token_without_expiry", [LIVEKIT_TOKEN_EXPIRED] = "token_expired", [LIVEKIT_TOKEN_NOT_YET] = "token_not_yet",
    [LIVEKIT_BODY_HASH_MISSING] = "body_hash_missing", [LIVEKIT_BODY_HASH_WRONG] = "body_hash_wrong", [LIVEKIT_BODY_MALFORMED] = "body_malformed"};

const char *livekit_code_name(enum livekit_code code)
{
    return (unsigned)code < LIVEKIT_CODE_COUNT ? code_names[code] : "unknown";
}

int lk_code_find(const char *name)
{
    if (!strcmp(name, "dataloss")) return LIVEKIT_DATA_LOSS; /* as older generations wrote it */
    for (int i = LIVEKIT_CANCELED; i <= LIVEKIT_DATA_LOSS; i++)
        if (!strcmp(code_names[i], name)) return i;
    return -1;
}

/* A server may send a token back in its complaint about it. */
static void hide_tokens(char *text)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.", word[] = "<token>";
    for (char *at; (at = strstr(text, "eyJ"));) {
        size_t size = strspn(at, letters), rest = strlen(at + size);
        size_t put = size < sizeof word - 1 ? size : sizeof word - 1;
        memcpy(at, word, put);
        memmove(at + put, at + size, rest + 1);
    }
}

bool lk_fail(struct livekit_error *e, enum livekit_code code, const char *format, ...)
{
    char text[4096];
    va_list args;
    if (!e) return false;
    *e = (struct livekit_error){.code = code};
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    hide_tokens(text);
    for (char *p = text; *p; p++)
        if ((unsigned char)*p < ' ') *p = ' ';
    size_t n = strlen(text);
    while (n && text[n - 1] == ' ') text[--n] = '\0';
    snprintf(e->message, sizeof e->message, "%.*s", (int)sizeof e->message - 1, text);
    return false;
}

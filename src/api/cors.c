/* cors.c - which other origins' pages may call (BACKEND_CORS_ORIGINS: comma-separated or a JSON list; * for all). */
#include "api/api.h"
#include <string.h>

static bool listed(const char *origins, const char *origin)
{
    size_t n = strlen(origin);
    for (const char *p = origins; *p;) {
        p += strspn(p, " ,[]\"'");
        size_t size = strcspn(p, " ,[]\"'");
        if ((size == 1 && *p == '*') || (size == n && !memcmp(p, origin, n)) || (size == n + 1 && p[n] == '/' && !memcmp(p, origin, n))) return true;
        p += size;
    }
    return false;
}

void cors_headers(struct request *r)
{
    const char *origin = http_header(r->http, "Origin");
    if (!origin || !listed(core_config(r->api->core)->BACKEND_CORS_ORIGINS, origin)) return;
    http_reply_header(r->http, "Access-Control-Allow-Origin", origin);
    http_reply_header(r->http, "Access-Control-Allow-Credentials", "true");
    http_reply_header(r->http, "Vary", "Origin");
    http_reply_header(r->http, "Access-Control-Expose-Headers", "X-Request-Id, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, Retry-After, Idempotent-Replayed");
    if (strcmp(r->http->method, "OPTIONS") != 0) return;
    http_reply_header(r->http, "Access-Control-Allow-Methods", "GET, POST, PUT, PATCH, DELETE, OPTIONS");
    const char *wanted = http_header(r->http, "Access-Control-Request-Headers"); /* a page's libraries add headers of their own, and this origin is trusted */
    http_reply_header(r->http, "Access-Control-Allow-Headers", wanted && *wanted ? wanted : "Authorization, Content-Type, Idempotency-Key, Last-Event-ID, X-Request-Id");
    http_reply_header(r->http, "Access-Control-Max-Age", "600");
}

#include "provider/daily/client.h"
#include "base/clock.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { TRIES = 3, FIRST_PAUSE_MS = 250, CONNECT_MS = 3000 };

static void drop_json(void *json)
{
    json_decref(json);
}

static const char *text_of(const json_t *json, const char *name)
{
    const char *text = json_string_value(json_object_get(json, name));
    return text ? text : "";
}

static void read_reply(struct arena *a, const struct fetch_reply *in, struct daily_reply *out)
{
    json_t *json = json_loadb(in->body, in->size, 0, NULL);
    if (json) arena_defer(a, drop_json, json);
    out->status = in->status;
    out->json = json_is_object(json) ? json : NULL;
    out->error = text_of(json, "error");
    out->info = text_of(json, "info");
}

static bool refused(const struct daily_reply *r, const struct daily_call *call, struct err *e)
{
    const char *code = r->status == 429 ? "daily_limited" : r->status >= 400 && r->status < 500 ? "daily_refused" : "daily_failed";
    return err_set(e, ERR_DESTINATION, code, "Daily answered %s %s with %d %s%s%s", call->method, call->path, r->status, r->error, *r->info ? ": " : "", r->info);
}

static bool try_once(struct daily *d, struct arena *a, const struct daily_call *call, int64_t left_ms, struct daily_reply *out, struct fetch_reply *raw, struct err *e)
{
    const char *headers[] = {d->authorization, call->body ? "Content-Type: application/json" : NULL, NULL};
    struct fetch what = {.method = call->method, .url = arena_printf(a, "%s%s", d->base, call->path), .headers = headers, .body = call->body ? call->body->data : NULL,
                         .body_size = call->body ? call->body->size : 0, .connect_ms = left_ms < CONNECT_MS ? left_ms : CONNECT_MS, .total_ms = left_ms};
    *out = (struct daily_reply){.error = "", .info = "", .tries = out->tries + 1};
    *raw = (struct fetch_reply){0};
    if (!fetch(d->fetcher, &what, a, raw, e)) return false;
    read_reply(a, raw, out);
    return (out->status >= 200 && out->status < 300) || refused(out, call, e);
}

static bool worth_another(const struct daily_call *call, const struct daily_reply *r, const struct err *e)
{
    if (r->status == 429 || !strcmp(e->code, "fetch_connect")) return true;
    return call->repeat == REPEAT_ANY && (r->status >= 500 || !strcmp(e->code, "fetch_failed"));
}

static int64_t pause_ms(struct arena *a, const struct fetch_reply *raw, int tries)
{
    const char *wish = raw->headers ? fetch_header(raw, a, "Retry-After") : NULL;
    int64_t own = FIRST_PAUSE_MS << (2 * (tries - 1)), seconds = wish ? strtoll(wish, NULL, 10) : 0;
    return seconds > 0 && seconds < 3600 ? seconds * 1000 : own;
}

static void pause_for(int64_t ms)
{
    struct timespec t = {ms / 1000, ms % 1000 * 1000000};
    while (nanosleep(&t, &t) && errno == EINTR) {}
}

bool daily_call(struct daily *d, struct arena *a, const struct daily_call *call, struct daily_reply *out, struct err *e)
{
    struct fetch_reply raw;
    int64_t deadline = clock_monotonic_ms() + d->timeout_ms, left = d->timeout_ms;
    bool ok;
    *out = (struct daily_reply){0};
    for (;;) {
        ok = try_once(d, a, call, left, out, &raw, e);
        int64_t pause = ok ? 0 : pause_ms(a, &raw, out->tries);
        left = deadline - clock_monotonic_ms() - pause;
        if (ok || out->tries >= TRIES || left <= 0 || !worth_another(call, out, e)) break;
        pause_for(pause);
    }
    if (call->body) buf_release(call->body);
    return ok;
}

/* client.c - one call with its tries. The calls themselves are rows: spec/dailyco_calls.def. */
#include "base/clock.h"
#include "base/rand.h"
#include "dailyco/internal.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

enum { TRIES = 3, CONNECT_MS = 3000, DEADLINE_MS = 10000, PAUSE_MS = 250, LONGEST_PAUSE_MS = 60000, LARGEST_REPLY = 32 << 20 };
static const char daily[] = "https://api.daily.co/v1";

struct dailyco {
    struct fetcher *fetcher;
    char *base, *authorization, *agent; /* base: without a slash at its end */
    struct dailyco_options o;           /* its texts are the caller's, and not looked at */
};

static char *joined(const char *a, const char *b)
{
    char *text = xmalloc(strlen(a) + strlen(b) + 1);
    stpcpy(stpcpy(text, a), b);
    return text;
}

static bool one_line(const char *text)
{
    return text && *text && !text[strcspn(text, "\r\n")];
}

struct dailyco *dailyco_create(const struct dailyco_options *o, struct dailyco_error *e)
{
    const char *base = o->base_url ? o->base_url : daily;
    if (e) *e = (struct dailyco_error){.code = DAILYCO_OK};
    if (!one_line(o->api_key)) return dc_fail(e, DAILYCO_BAD_ARGUMENT, "there is no API key"), NULL;
    if (strncasecmp(base, "https://", 8) != 0 && strncasecmp(base, "http://", 7) != 0) return dc_fail(e, DAILYCO_BAD_ARGUMENT, "the base URL must begin with https:// or http://"), NULL;
    if (o->user_agent && !one_line(o->user_agent)) return dc_fail(e, DAILYCO_BAD_ARGUMENT, "the user agent is no line of text"), NULL;
    struct dailyco *c = xcalloc(1, sizeof *c);
    c->fetcher = fetcher_create();
    c->base = xstrdup(base);
    for (size_t n = strlen(c->base); c->base[n - 1] == '/';) c->base[--n] = '\0';
    c->authorization = joined("Authorization: Bearer ", o->api_key);
    c->agent = joined("User-Agent: ", o->user_agent ? o->user_agent : "dailyco-c");
    c->o = *o;
    if (c->o.tries <= 0) c->o.tries = TRIES;
    if (c->o.connect_ms <= 0) c->o.connect_ms = CONNECT_MS;
    if (c->o.deadline_ms <= 0) c->o.deadline_ms = DEADLINE_MS;
    if (c->o.pause_ms <= 0) c->o.pause_ms = PAUSE_MS;
    return c;
}

void dailyco_destroy(struct dailyco *c)
{
    if (!c) return;
    fetcher_destroy(c->fetcher);
    explicit_bzero(c->authorization, strlen(c->authorization));
    free(c->authorization);
    free(c->agent);
    free(c->base);
    free(c);
}

/* ---- what is sent */

static const char *query_of(const struct buf *json, struct arena *a)
{
    const json_t *j = dc_load(json->data, json->size, a);
    const char *query = "", *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)j, name, value) {
        const char *text = json_is_string(value) ? json_string_value(value) : json_is_boolean(value) ? (json_is_true(value) ? "true" : "false") : arena_printf(a, "%lld", (long long)json_integer_value(value));
        query = arena_printf(a, "%s%c%s=%s", query, *query ? '&' : '?', name, fetch_escape(a, text));
    }
    return query;
}

static const char *path_of(const struct dc_call *call, const char *argument, struct arena *a)
{
    const char *hole = strstr(call->path, "%s");
    return hole ? arena_printf(a, "%.*s%s%s", (int)(hole - call->path), call->path, fetch_escape(a, argument), hole + 2) : call->path;
}

static bool prepare(const struct dailyco *c, const struct dc_call *call, const char *argument, const void *request, struct buf *body, struct fetch *what, struct arena *a, struct dailyco_error *e)
{
    bool hole = strstr(call->path, "%s") != NULL, get = !strcmp(call->method, "GET");
    if (hole && (!argument || !*argument || !strcmp(argument, ".") || !strcmp(argument, ".."))) return dc_fail(e, DAILYCO_BAD_ARGUMENT, "%s: of what?", call->operation);
    const void *none = call->request ? arena_alloc(a, call->request->size) : NULL;
    if (call->request && !dc_check(call->request, request ? request : none, body, e)) return false;
    const char *query = get && call->request ? query_of(body, a) : "";
    *what = (struct fetch){.method = call->method, .url = arena_printf(a, "%s%s%s", c->base, path_of(call, argument, a), query), .connect_ms = c->o.connect_ms, .largest = LARGEST_REPLY};
    if (!get && call->request) what->body = body->data, what->body_size = body->size;
    return true;
}

/* ---- one try */

static bool fail_fetch(const struct dc_call *call, const struct err *err, struct dailyco_error *e)
{
    static const struct { const char *code; enum dailyco_code is; bool maybe_done; } table[] = {
        {"fetch_url", DAILYCO_BAD_ARGUMENT, false}, {"fetch_connect", DAILYCO_UNREACHABLE, false}, {"fetch_timeout", DAILYCO_TIMEOUT, true},
        {"fetch_tls", DAILYCO_TLS, false}, {"fetch_too_large", DAILYCO_BAD_REPLY, true}, {"fetch_failed", DAILYCO_UNREACHABLE, true}};
    size_t i = 0;
    while (i < sizeof table / sizeof *table - 1 && strcmp(table[i].code, err->code) != 0) i++;
    e->maybe_done = table[i].maybe_done && strcmp(call->method, "GET") != 0;
    return dc_fail(e, table[i].is, "%s: %s", call->operation, err->text);
}

static void *try_once(struct dailyco *c, const struct dc_call *call, struct fetch *what, struct dailyco_try *t, struct arena *a, struct dailyco_error *e)
{
    struct fetch_reply r = {0};
    struct err err;
    const char *headers[] = {c->authorization, c->agent, what->body ? "Content-Type: application/json" : NULL, NULL};
    int64_t began = clock_monotonic_ms();
    what->headers = headers;
    what->total_ms = t->left_ms;
    if (what->connect_ms > t->left_ms) what->connect_ms = t->left_ms;
    *e = (struct dailyco_error){.operation = call->operation, .tries = t->number};
    void *reply = fetch(c->fetcher, what, a, &r, &err) ? dc_answer(call, &r, a, e) : (fail_fetch(call, &err, e), NULL);
    const char *key = c->authorization + sizeof "Authorization: Bearer " - 1;
    dc_hide(e->info, key);
    dc_hide(e->message, key);
    t->status = e->status;
    t->retry_after_ms = e->retry_after_ms;
    t->took_ms = clock_monotonic_ms() - began;
    if (c->o.after) c->o.after(c->o.context, t);
    return reply;
}

/* ---- whether another is worth it, and what an earlier one did */

/* A room that has no name yet could become two. */
static bool twice_is_as_once(const struct dc_call *call, const void *request)
{
    if (call->repeat != REPEAT_NAMED) return call->repeat != REPEAT_ONCE;
    return request && DAILYCO_HAS((const struct dailyco_room_create *)request, dailyco_room_create, name);
}

static bool worth_another(const struct dc_call *call, bool twice_is_once, const struct dailyco_error *e)
{
    switch (e->code) {
    case DAILYCO_RATE_LIMITED: return true;
    case DAILYCO_UNAVAILABLE: return twice_is_once || call->limit == DAILYCO_LIMIT_START; /* nobody was free: nothing was begun */
    case DAILYCO_UNREACHABLE: return twice_is_once || !e->maybe_done;
    case DAILYCO_SERVER: return twice_is_once;
    default: return false;
    }
}

static bool is_done(const struct dc_call *call, bool in_doubt, const struct dailyco_error *e)
{
    switch (call->repeat) {
    case REPEAT_GONE: return e->code == DAILYCO_NOT_FOUND;
    case REPEAT_VANISHED: return in_doubt && e->code == DAILYCO_NOT_FOUND;
    case REPEAT_RUNNING: return in_doubt && e->code == DAILYCO_ALREADY_RECORDING;
    case REPEAT_STOPPED: return in_doubt && e->code == DAILYCO_INVALID_REQUEST && e->status == 400;
    case REPEAT_NAMED: return in_doubt && e->code == DAILYCO_ALREADY_EXISTS;
    default: return false;
    }
}

/* What the answer would have been, as far as it can be known. */
static void *answer_of_done(struct dailyco *c, const struct dc_call *call, const void *request, struct dailyco_memory *m, struct dailyco_error *e)
{
    if (call->repeat == REPEAT_NAMED) return dailyco_get_room(c, ((const struct dailyco_room_create *)request)->name, m, e);
    int tries = e->tries, status = e->status;
    char *reply = arena_alloc(&m->arena, call->reply->size);
    if (call->reply->fields[0].type == FIELD_BOOL) { /* deleted */
        *(bool *)(reply + call->reply->fields[0].offset) = true;
        *(uint64_t *)(void *)(reply + call->reply->present_offset) |= 1;
    }
    *e = (struct dailyco_error){.operation = call->operation, .tries = tries, .status = status};
    return reply;
}

static int64_t pause_ms(const struct dailyco *c, const struct dailyco_error *e)
{
    if (e->retry_after_ms) return e->retry_after_ms;
    int64_t own = c->o.pause_ms << (2 * (e->tries < 10 ? e->tries - 1 : 9));
    if (own > LONGEST_PAUSE_MS) own = LONGEST_PAUSE_MS;
    return own * 3 / 4 + rand_below((uint32_t)(own / 2 + 1)); /* not everybody at once */
}

static void wait_ms(int64_t ms)
{
    struct timespec t = {ms / 1000, ms % 1000 * 1000000};
    while (nanosleep(&t, &t) && errno == EINTR) {}
}

/* ---- the call */

static void *run(struct dailyco *c, const struct dc_call *call, struct fetch *what, const void *request, struct dailyco_memory *m, struct dailyco_error *e)
{
    bool twice_is_once = twice_is_as_once(call, request), in_doubt = false;
    struct dailyco_try t = {.operation = call->operation, .limit = call->limit, .number = 1, .left_ms = c->o.deadline_ms};
    int64_t until = clock_monotonic_ms() + c->o.deadline_ms;
    what->once = !twice_is_once;
    for (;; t.number++) {
        if (c->o.before && !c->o.before(c->o.context, &t)) {
            dc_fail(e, DAILYCO_CANCELED, "%s: canceled", call->operation);
            return NULL;
        }
        t.left_ms = until - clock_monotonic_ms();
        if (t.left_ms <= 0) break;
        void *reply = try_once(c, call, what, &t, &m->arena, e);
        if (reply) return reply;
        if (is_done(call, in_doubt, e)) return answer_of_done(c, call, request, m, e);
        in_doubt |= e->maybe_done;
        e->maybe_done = in_doubt;
        int64_t pause = pause_ms(c, e);
        t.left_ms = until - clock_monotonic_ms() - pause;
        if (t.number >= c->o.tries || t.left_ms <= 0 || !worth_another(call, twice_is_once, e)) return NULL;
        wait_ms(pause);
    }
    dc_fail(e, DAILYCO_TIMEOUT, "%s: no time was left", call->operation);
    return NULL;
}

void *dc_perform(struct dailyco *c, const struct dc_call *call, const char *argument, const void *request, struct dailyco_memory *m, struct dailyco_error *e)
{
    struct dailyco_error own = {.operation = call->operation};
    struct buf body;
    struct fetch what;
    buf_init(&body, 0);
    void *reply = prepare(c, call, argument, request, &body, &what, &m->arena, &own) ? run(c, call, &what, request, m, &own) : NULL;
    buf_release(&body);
    if (reply) own.code = DAILYCO_OK, own.message[0] = '\0';
    if (e) *e = own;
    return reply;
}

#define CALL(name, method, path, request, reply, limit, repeat) \
    static const struct dc_call call = {#name, #method, path, request, &reply##_model, DAILYCO_LIMIT_##limit, REPEAT_##repeat}
#define ASK(name, method, path, reply, limit, repeat, doc) \
    struct reply *dailyco_##name(struct dailyco *c, struct dailyco_memory *m, struct dailyco_error *e) \
    { \
        CALL(name, method, path, NULL, reply, limit, repeat); \
        return dc_perform(c, &call, NULL, NULL, m, e); \
    }
#define ASK_OF(name, argument, method, path, reply, limit, repeat, doc) \
    struct reply *dailyco_##name(struct dailyco *c, const char *argument, struct dailyco_memory *m, struct dailyco_error *e) \
    { \
        CALL(name, method, path, NULL, reply, limit, repeat); \
        return dc_perform(c, &call, argument, NULL, m, e); \
    }
#define SEND(name, method, path, asked, reply, limit, repeat, doc) \
    struct reply *dailyco_##name(struct dailyco *c, const struct asked *r, struct dailyco_memory *m, struct dailyco_error *e) \
    { \
        CALL(name, method, path, &asked##_model, reply, limit, repeat); \
        return dc_perform(c, &call, NULL, r, m, e); \
    }
#define SEND_OF(name, argument, method, path, asked, reply, limit, repeat, doc) \
    struct reply *dailyco_##name(struct dailyco *c, const char *argument, const struct asked *r, struct dailyco_memory *m, struct dailyco_error *e) \
    { \
        CALL(name, method, path, &asked##_model, reply, limit, repeat); \
        return dc_perform(c, &call, argument, r, m, e); \
    }
#include "spec/dailyco_calls.def"

/* client.c - calls of the server's API: Twirp over JSON (twitchtv.github.io/twirp/docs/spec_v7.html), one table of calls for all of them. */
#include "base/clock.h"
#include "livekit/internal.h"
#include "net/fetch.h"
#include "base/rand.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

enum { TOKEN_S = 600, TRIES = 3, FIRST_WAIT_MS = 100, LARGEST_REPLY = 16 << 20, RING_MARGIN_MS = 15000 };

struct livekit {
    struct fetcher *fetcher;
    char *base, *key, *secret, *agent;
    int64_t connect_ms, deadline_ms;
    int tries;
};

enum grant { GRANT_ROOM_CREATE, GRANT_ROOM_LIST, GRANT_ROOM_ADMIN, GRANT_MOVE, GRANT_ROOM_RECORD, GRANT_INGRESS_ADMIN, GRANT_SIP_ADMIN, GRANT_SIP_CALL, GRANT_SIP_TRANSFER };
enum deadline { DEADLINE_QUICK, DEADLINE_SLOW, DEADLINE_START, DEADLINE_RING };
enum repeat { REPEAT_ONCE, REPEAT_AGAIN };
static const int64_t deadlines_ms[] = {[DEADLINE_QUICK] = 10000, [DEADLINE_SLOW] = 30000, [DEADLINE_START] = 60000, [DEADLINE_RING] = 90000};

struct call {
    const char *path;
    const struct lk_message *request, *reply;
    enum grant grant;
    enum deadline deadline;
    enum repeat repeat;
};

/* ---- making a client */

/* ws://, wss://, http://, https:// → http(s)://, without a slash at the end. NULL: none of them. */
static char *base_of(const char *url)
{
    static const char *const schemes[][2] = {{"ws://", "http://"}, {"wss://", "https://"}, {"http://", "http://"}, {"https://", "https://"}};
    for (size_t i = 0; url && i < sizeof schemes / sizeof *schemes; i++) {
        size_t n = strlen(schemes[i][0]);
        if (strncasecmp(url, schemes[i][0], n) != 0 || !url[n] || url[n] == '/') continue;
        struct buf b;
        buf_init(&b, 0);
        buf_printf(&b, "%s%s", schemes[i][1], url + n);
        while (b.data[b.size - 1] == '/') b.data[--b.size] = '\0';
        return buf_take(&b);
    }
    return NULL;
}

struct livekit *livekit_create(const struct livekit_options *o, struct livekit_error *e)
{
    if (!lk_key_given(&o->key, e)) return NULL;
    char *base = base_of(o->url);
    if (!base) return lk_fail(e, LIVEKIT_BAD_REQUEST, "the server's address must begin with wss://, ws://, https:// or http://"), NULL;
    struct livekit *c = xcalloc(1, sizeof *c);
    *c = (struct livekit){fetcher_create(), base, xstrdup(o->key.key), xstrdup(o->key.secret), NULL, o->connect_ms, o->deadline_ms, o->tries > 0 ? o->tries : TRIES};
    struct buf agent;
    buf_init(&agent, 0);
    buf_printf(&agent, "User-Agent: %s", o->user_agent ? o->user_agent : "livekit-c");
    c->agent = buf_take(&agent);
    return c;
}

void livekit_destroy(struct livekit *c)
{
    if (!c) return;
    fetcher_destroy(c->fetcher);
    free(c->base);
    free(c->key);
    explicit_bzero(c->secret, strlen(c->secret));
    free(c->secret);
    free(c->agent);
    free(c);
}

/* ---- the token of one call */

static const char *text_of(const struct call *call, const void *request, const char *name)
{
    const struct lk_field *f = request ? lk_field_find(call->request, name) : NULL;
    return f ? *(const char *const *)((const char *)request + f->offset) : NULL;
}

static bool set_grants(const struct call *call, const void *request, struct livekit_video_grant *video, struct livekit_sip_grant *sip, struct livekit_error *e)
{
    bool admin = call->grant == GRANT_ROOM_ADMIN || call->grant == GRANT_MOVE || call->grant == GRANT_SIP_TRANSFER;
    video->room_create = call->grant == GRANT_ROOM_CREATE;
    video->room_list = call->grant == GRANT_ROOM_LIST;
    video->room_record = call->grant == GRANT_ROOM_RECORD;
    video->ingress_admin = call->grant == GRANT_INGRESS_ADMIN;
    sip->admin = call->grant == GRANT_SIP_ADMIN;
    sip->call = call->grant == GRANT_SIP_CALL || call->grant == GRANT_SIP_TRANSFER;
    if (!admin) return true;
    video->room_admin = true;
    video->room = text_of(call, request, call->grant == GRANT_SIP_TRANSFER ? "room_name" : "room");
    if (call->grant == GRANT_MOVE) video->destination_room = text_of(call, request, "destination_room");
    return (video->room && *video->room) || lk_fail(e, LIVEKIT_BAD_REQUEST, "%s needs a room", strchr(call->path, '/') + 1);
}

static const char *authorization(const struct livekit *c, const struct call *call, const void *request, struct arena *a, struct livekit_error *e)
{
    struct livekit_video_grant video = {0};
    struct livekit_sip_grant sip = {0};
    if (!set_grants(call, request, &video, &sip, e)) return NULL;
    int64_t now_s = clock_now_s();
    const struct livekit_claims claims = {.iss = c->key, .nbf = now_s, .exp = now_s + TOKEN_S, .video = &video, .sip = sip.admin || sip.call ? &sip : NULL};
    const char *token = lk_sign(&(struct livekit_key){c->key, c->secret}, &claims, a, e);
    return token ? arena_printf(a, "Authorization: Bearer %s", token) : NULL;
}

/* ---- what came back */

static enum livekit_code code_of_status(int status)
{
    switch (status) {
    case 400: return LIVEKIT_INTERNAL;
    case 401: return LIVEKIT_UNAUTHENTICATED;
    case 403: return LIVEKIT_PERMISSION_DENIED;
    case 404: return LIVEKIT_BAD_ROUTE;
    case 429: return LIVEKIT_RESOURCE_EXHAUSTED;
    case 502:
    case 503:
    case 504: return LIVEKIT_UNAVAILABLE;
    default: return status >= 300 && status < 400 ? LIVEKIT_INTERNAL : LIVEKIT_UNKNOWN_ERROR;
    }
}

static bool has_type(const struct fetch_reply *r, struct arena *a, const char *type)
{
    const char *said = fetch_header(r, a, "Content-Type");
    size_t n = strlen(type);
    return said && !strncasecmp(said, type, n) && (!said[n] || said[n] == ';' || said[n] == ' ');
}

static int sip_status(const struct livekit_error_reply *reply)
{
    for (size_t i = 0; i < reply->meta.count; i++)
        if (!strcmp(reply->meta.items[i].name, "sip_status_code")) return atoi(reply->meta.items[i].value);
    return 0;
}

/* Only what says that it is a Twirp error is taken for one: keys and clocks are complained about in plain text, and proxies speak HTML. */
static bool fail_reply(const struct call *call, const struct fetch_reply *r, struct arena *a, struct livekit_error *e, bool *is_twirp)
{
    const struct livekit_error_reply *said = has_type(r, a, "application/json") ? lk_read_bytes(&livekit_error_reply_message, r->body, r->size, a) : NULL;
    int code = said && said->code ? lk_code_find(said->code) : -1;
    *is_twirp = said && said->code;
    if (*is_twirp) lk_fail(e, code < 0 ? LIVEKIT_UNKNOWN_ERROR : (enum livekit_code)code, "%s: %s", call->path, said->msg ? said->msg : said->code);
    else if (has_type(r, a, "text/plain")) lk_fail(e, code_of_status(r->status), "%s: HTTP %d: %.2000s", call->path, r->status, r->body);
    else lk_fail(e, code_of_status(r->status), "%s: HTTP %d, and not in LiveKit's words: is this LiveKit's address?", call->path, r->status);
    if (!e) return false;
    e->http_status = r->status;
    if (*is_twirp) e->sip_status = sip_status(said);
    e->maybe_done = e->code == LIVEKIT_DEADLINE_EXCEEDED || (!*is_twirp && r->status >= 500);
    return false;
}

static bool fail_fetch(const struct call *call, const struct err *err, struct livekit_error *e)
{
    static const struct { const char *code; enum livekit_code is; bool maybe_done; } table[] = {
        {"fetch_url", LIVEKIT_BAD_REQUEST, false}, {"fetch_connect", LIVEKIT_UNREACHABLE, false}, {"fetch_timeout", LIVEKIT_TIMEOUT, true},
        {"fetch_tls", LIVEKIT_TLS, false}, {"fetch_too_large", LIVEKIT_BAD_REPLY, true}, {"fetch_failed", LIVEKIT_UNREACHABLE, true}};
    size_t i = 0;
    while (i < sizeof table / sizeof *table - 1 && strcmp(table[i].code, err->code) != 0) i++;
    lk_fail(e, table[i].is, "%s: %s", call->path, err->text);
    if (e) e->maybe_done = table[i].maybe_done;
    return false;
}

/* ---- one call */

/* A stop may not wait forever for another try, nor a caller. */
static void wait_ms(int64_t ms)
{
    struct timespec t = {ms / 1000, ms % 1000 * 1000000};
    while (nanosleep(&t, &t) && errno == EINTR) {}
}

static int64_t deadline_of(const struct livekit *c, const struct call *call, const void *request)
{
    if (c->deadline_ms) return c->deadline_ms;
    int64_t ms = deadlines_ms[call->deadline];
    const struct lk_field *ringing = request ? lk_field_find(call->request, "ringing_timeout") : NULL;
    int64_t rings_ms = ringing ? *(const int64_t *)((const char *)request + ringing->offset) : 0;
    return call->deadline == DEADLINE_RING && rings_ms + RING_MARGIN_MS > ms ? rings_ms + RING_MARGIN_MS : ms;
}

/* One try. *again: another may go better, and does no harm. */
static void *try_once(struct livekit *c, const struct call *call, const struct fetch *what, struct arena *a, struct livekit_error *e, bool *again)
{
    struct fetch_reply r;
    struct err err;
    struct livekit_error own = {0};
    bool is_twirp = true;
    void *reply = NULL;
    if (!fetch(c->fetcher, what, a, &r, &err)) {
        fail_fetch(call, &err, &own);
        *again = own.code == LIVEKIT_UNREACHABLE && (call->repeat == REPEAT_AGAIN || !own.maybe_done);
    } else if (r.status != 200) {
        fail_reply(call, &r, a, &own, &is_twirp);
        /* "no response from servers" came after seconds of asking all of them: asking again asks the same */
        *again = call->repeat == REPEAT_AGAIN && own.code == LIVEKIT_UNAVAILABLE && !strstr(own.message, "no response from servers");
    } else if (!(reply = lk_read_bytes(call->reply, r.body, r.size, a))) {
        lk_fail(&own, LIVEKIT_BAD_REPLY, "%s: HTTP 200, but the reply is no JSON object: is this LiveKit's address?", call->path);
        own.http_status = r.status;
        own.maybe_done = true;
        *again = false;
    }
    if (!reply && e) *e = own;
    return reply;
}

static void *call_server(struct livekit *c, const struct call *call, const void *request, struct livekit_memory *m, struct livekit_error *e)
{
    struct buf body;
    struct arena *a = &m->arena;
    const char *token = authorization(c, call, request, a, e), *headers[] = {token, "Content-Type: application/json", "Accept: application/json", c->agent, NULL};
    if (!token) return NULL;
    buf_init(&body, 0);
    void *reply = NULL;
    bool again = lk_write(&body, call->request, request);
    if (!again) lk_fail(e, LIVEKIT_BAD_REQUEST, "%s: a text of the request is not UTF-8", call->path);
    int64_t until = clock_monotonic_ms() + deadline_of(c, call, request), left;
    for (int i = 0; again && !reply && (left = until - clock_monotonic_ms()) > 0; i++) {
        if (i) wait_ms(left < FIRST_WAIT_MS << 2 * (i - 1) ? left : FIRST_WAIT_MS << 2 * (i - 1));
        const struct fetch what = {.url = arena_printf(a, "%s/twirp/livekit.%s", c->base, call->path), .headers = headers, .body = body.data, .body_size = body.size,
                                   .connect_ms = c->connect_ms, .total_ms = left, .largest = LARGEST_REPLY, .once = call->repeat == REPEAT_ONCE};
        reply = try_once(c, call, &what, a, e, &again);
        again = again && i + 1 < c->tries;
    }
    buf_release(&body);
    return reply;
}

#define CALL(name, service, method, request, reply, grant, deadline, repeat, doc) \
    struct reply *livekit_##name(struct livekit *c, const struct request *r, struct livekit_memory *m, struct livekit_error *e) \
    { \
        static const struct call call = {#service "/" #method, &request##_message, &reply##_message, GRANT_##grant, DEADLINE_##deadline, REPEAT_##repeat}; \
        return call_server(c, &call, r, m, e); \
    }
#include "spec/livekit_calls.def"
#undef CALL

/* ---- a room for telephone callers */

enum { PIN_TRIES = 10, PIN_SHORTEST = 6, PIN_LONGEST = 16 };

struct livekit_sip_dispatch_rule_info *livekit_open_dial_in(struct livekit *c, const char *trunk_id, const char *room, int digits, struct livekit_memory *m, struct livekit_error *e)
{
    struct livekit_error own = {0};
    struct livekit_sip_dispatch_rule_info *made = NULL;
    if (!trunk_id || !*trunk_id || !room || !*room) return lk_fail(e, LIVEKIT_BAD_REQUEST, "a dial-in needs the trunk and the room"), NULL;
    if (digits < PIN_SHORTEST || digits > PIN_LONGEST) return lk_fail(e, LIVEKIT_BAD_REQUEST, "a PIN has %d to %d digits", PIN_SHORTEST, PIN_LONGEST), NULL;
    char *pin = arena_alloc(&m->arena, (size_t)digits + 1);
    for (int i = 0; i < PIN_TRIES && !made; i++) {
        rand_text(pin, (size_t)digits, "0123456789");
        const struct livekit_sip_dispatch_rule_direct direct = {.room_name = room, .pin = pin};
        const struct livekit_sip_dispatch_rule rule = {.dispatch_rule_direct = &direct};
        made = livekit_create_sip_dispatch_rule(c, &(struct livekit_create_sip_dispatch_rule_request){.rule = &rule, .trunk_ids = {&trunk_id, 1}, .name = room, .hide_phone_number = true}, m, &own);
        if (!made && !strstr(own.message, "already exists")) break; /* another room's PIN: draw again */
    }
    if (!made && e) *e = own;
    return made;
}

#include "cli/livekit_check.h"
#include "base/clock.h"
#include "base/rand.h"
#include "livekit/signal.h"
#include "net/ws_ask.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

static const char SQL_CAME[] = "SELECT count(*) FROM inbox WHERE provider = 'livekit' AND event_type = 'room_started' AND room_name = $1";

enum { ASK_MS = 10000, WORKER_MS = 40000, LOOK_MS = 100, SKEW_WARN_MS = 10000, SKEW_FAIL_MS = 55000, TOKEN_S = 300, SHORT_SECRET = 32 };
static const char OLDEST[] = "1.9.3", TRIED[] = "1.13.5"; /* doc/livekit.md */
static const char UNSEEN[] = "not looked at: see above";

/* ---- saying */

static enum finding_state say(struct livekit_check *c, enum finding_state state, const char *text, const char *next)
{
    c->now.state = state;
    c->now.text = text;
    c->now.next = next;
    return state;
}

static enum finding_state ok(struct livekit_check *c, const char *text)
{
    return say(c, FINDING_OK, text, NULL);
}

#define TEXT(...) arena_printf(c->arena, __VA_ARGS__)

/* ---- asking */

static void drop_json(void *json)
{
    json_decref(json);
}

static const json_t *json_of(struct livekit_check *c, const struct fetch_reply *r)
{
    json_t *json = json_loadb(r->body, r->size, 0, NULL);
    if (json) arena_defer(c->arena, drop_json, json);
    return json_is_object(json) ? json : NULL;
}

static const char *text_of(const json_t *o, const char *name)
{
    const char *text = json_string_value(json_object_get(o, name));
    return text ? text : "";
}

/* A token with the grants of this one call. By the server's clock, so that a wrong clock does not look like a wrong secret. */
static const char *authorization(struct livekit_check *c, const char *grants)
{
    struct hmac_key *key = arena_new(c->arena, struct hmac_key); /* threads keep a context for it */
    json_t *claims = json_loads(grants, 0, NULL);
    int64_t now = (clock_now_ms() + c->skew_ms) / 1000;
    json_object_set_new(claims, "iss", json_string(c->config->LIVEKIT_API_KEY));
    json_object_set_new(claims, "nbf", json_integer(now));
    json_object_set_new(claims, "exp", json_integer(now + TOKEN_S));
    hmac_key_set(key, c->config->LIVEKIT_API_SECRET, strlen(c->config->LIVEKIT_API_SECRET));
    return TEXT("Authorization: Bearer %s", jwt_sign(c->arena, key, json_take_text(c->arena, claims)));
}

static bool call(struct livekit_check *c, const char *method, const char *grants, const char *body, int64_t total_ms, struct fetch_reply *out, struct err *e)
{
    const char *headers[] = {authorization(c, grants), "Content-Type: application/json", NULL};
    struct fetch what = {.method = "POST", .url = TEXT("%s/twirp/livekit.%s", c->base, method), .headers = headers, .body = body, .body_size = strlen(body),
                         .connect_ms = ASK_MS, .total_ms = total_ms};
    return fetch(c->fetcher, &what, c->arena, out, e);
}

static enum finding_state broke(struct livekit_check *c, const char *what, const struct err *e)
{
    return say(c, FINDING_FAIL, TEXT("%s: %s", what, e->text), "look whether livekit-server runs, and into its log");
}

/* What the server said that nobody expected; never a token, which a 401 may repeat. */
static enum finding_state odd(struct livekit_check *c, const char *what, const struct fetch_reply *r)
{
    const json_t *json = json_of(c, r);
    return say(c, FINDING_FAIL, TEXT("%s: the server answered %d %s", what, r->status, json ? text_of(json, "msg") : ""), "look into livekit-server's log");
}

/* ---- settings */

static enum finding_state check_settings(struct livekit_check *c)
{
    const struct config *s = c->config;
    const char *url = s->LIVEKIT_SERVER_URL, *missing = !*url ? "LIVEKIT_SERVER_URL" : !*s->LIVEKIT_API_KEY ? "LIVEKIT_API_KEY" : !*s->LIVEKIT_API_SECRET ? "LIVEKIT_API_SECRET" : NULL;
    if (missing)
        return say(c, FINDING_FAIL, TEXT("%s is not set", missing), "in roomd.yaml:\nlivekit:\n  url: wss://livekit.example.com\n  api_key: …      # a line of livekit.yaml's keys: KEY: SECRET\n  api_secret: …");
    static const char *const schemes[][2] = {{"wss://", "https://"}, {"ws://", "http://"}, {"https://", "https://"}, {"http://", "http://"}};
    for (size_t i = 0; i < 4; i++)
        if (!strncasecmp(url, schemes[i][0], strlen(schemes[i][0]))) c->base = TEXT("%s%s", schemes[i][1], url + strlen(schemes[i][0]));
    if (!c->base) return say(c, FINDING_FAIL, TEXT("LIVEKIT_SERVER_URL is \"%s\", which is no address of a LiveKit server", url), "write it as wss://HOST, or ws://HOST:7880 without TLS");
    size_t n = strlen(c->base);
    while (n && c->base[n - 1] == '/') n--;
    c->base = arena_strndup(c->arena, c->base, n);
    if (strlen(s->LIVEKIT_API_SECRET) < SHORT_SECRET)
        return say(c, FINDING_WARN, "LIVEKIT_API_SECRET has fewer than 32 characters: whoever guesses it may do anything", "livekit-server generate-keys; then set the pair there and here");
    return ok(c, TEXT("%s, key \"%s\"", url, s->LIVEKIT_API_KEY));
}

/* ---- the way there */

static const char *address(const struct livekit_check *c)
{
    return strstr(c->base, "://") + 3;
}

/* Does something answer when spoken to without TLS? */
static bool answers_plainly(struct livekit_check *c)
{
    struct fetch_reply r;
    struct err e;
    return fetch(c->fetcher, &(struct fetch){.url = TEXT("http://%s/", address(c)), .connect_ms = ASK_MS, .total_ms = ASK_MS}, c->arena, &r, &e);
}

static enum finding_state not_reached(struct livekit_check *c, const struct err *e)
{
    if (!strcmp(e->code, "fetch_tls") && answers_plainly(c))
        return say(c, FINDING_FAIL, TEXT("%s speaks plain HTTP, and the URL asks for TLS", address(c)), TEXT("set LIVEKIT_SERVER_URL to ws://%s, or put a TLS proxy before livekit-server", address(c)));
    if (!strcmp(e->code, "fetch_tls"))
        return say(c, FINDING_FAIL, TEXT("TLS with %s", e->text), "the certificate must be one for this host, from an authority that this box knows (apt install ca-certificates)");
    if (!strcmp(e->code, "fetch_timeout"))
        return say(c, FINDING_FAIL, TEXT("%s does not answer within 10 seconds", address(c)), "a firewall may swallow it: open the port, or correct LIVEKIT_SERVER_URL");
    if (!strcmp(e->code, "fetch_connect"))
        return say(c, FINDING_FAIL, TEXT("nothing answers at %s", e->text), "start livekit-server, or correct host and port in LIVEKIT_SERVER_URL (the port is 7880 where nobody changed it)");
    return say(c, FINDING_FAIL, e->text, "correct LIVEKIT_SERVER_URL");
}

static void note_clock(struct livekit_check *c, const struct fetch_reply *r)
{
    struct tm t = {0};
    const char *date = fetch_header(r, c->arena, "Date"), *end = date ? strptime(date, "%a, %d %b %Y %H:%M:%S GMT", &t) : NULL;
    if (end && !*end) c->skew_ms = (int64_t)timegm(&t) * 1000 + 500 - clock_now_ms(); /* to the middle of its second */
}

static enum finding_state check_url(struct livekit_check *c)
{
    struct fetch_reply r;
    struct err e = {0};
    if (!fetch(c->fetcher, &(struct fetch){.url = TEXT("%s/", c->base), .connect_ms = ASK_MS, .total_ms = ASK_MS}, c->arena, &r, &e)) return not_reached(c, &e);
    note_clock(c, &r);
    if (r.status == 400 && strstr(r.body, "HTTPS"))
        return say(c, FINDING_FAIL, TEXT("%s speaks TLS, and the URL does not", address(c)), TEXT("set LIVEKIT_SERVER_URL to wss://%s", address(c)));
    if (r.status >= 300 && r.status < 400) {
        const char *to = fetch_header(&r, c->arena, "Location");
        return say(c, FINDING_FAIL, TEXT("%s sends on to %s", address(c), to ? to : "elsewhere"), "set LIVEKIT_SERVER_URL to where livekit-server itself is; tokens are not sent on");
    }
    if (r.status >= 502 && r.status <= 504) return say(c, FINDING_FAIL, TEXT("a proxy at %s answers %d: it does not reach livekit-server", address(c), r.status), "start livekit-server, or correct the proxy's target");
    if (!strncmp(c->base, "http://", 7) && !c->config->loopback)
        return say(c, FINDING_WARN, TEXT("%s answers, without TLS", address(c)), "browsers on https pages only connect to wss://: put a TLS proxy before livekit-server");
    return ok(c, TEXT("%s answers", address(c)));
}

static enum finding_state check_clock(struct livekit_check *c)
{
    int64_t s = (c->skew_ms < 0 ? -c->skew_ms : c->skew_ms) / 1000;
    const char *text = TEXT("the server's clock is %lld seconds %s this box's", (long long)s, c->skew_ms < 0 ? "behind" : "ahead of");
    if (s * 1000 >= SKEW_FAIL_MS) return say(c, FINDING_FAIL, TEXT("%s: tokens and webhooks are refused", text), "set both clocks by NTP: timedatectl set-ntp true");
    if (s * 1000 >= SKEW_WARN_MS) return say(c, FINDING_WARN, text, "set both clocks by NTP: timedatectl set-ntp true");
    return ok(c, "both clocks agree");
}

/* ---- key and secret */

static const char list_grant[] = "{\"video\":{\"roomList\":true}}";

static enum finding_state refused(struct livekit_check *c, const struct fetch_reply *r)
{
    const char *key = c->config->LIVEKIT_API_KEY;
    const char *keys = TEXT("compare LIVEKIT_API_KEY with livekit.yaml:\nkeys:\n  %s: SECRET", key);
    if (strstr(r->body, "invalid API key")) return say(c, FINDING_FAIL, TEXT("the server does not know the key \"%s\"", key), keys);
    if (strstr(r->body, "signature is invalid")) return say(c, FINDING_FAIL, TEXT("the key \"%s\" is right, and LIVEKIT_API_SECRET is not its secret", key), "copy the secret from livekit.yaml (keys:) or its key file, without blanks");
    if (strstr(r->body, "expired") || strstr(r->body, "not valid yet")) return say(c, FINDING_FAIL, "the server takes the token's time for wrong", "set both clocks by NTP: timedatectl set-ntp true");
    return say(c, FINDING_FAIL, TEXT("the server refuses the key \"%s\" (%d)", key, r->status), keys);
}

static enum finding_state check_key(struct livekit_check *c)
{
    struct fetch_reply r;
    struct err e = {0};
    if (!call(c, "RoomService/ListRooms", list_grant, "{\"names\":[\"roomd-check\"]}", ASK_MS, &r, &e)) return broke(c, "asking for rooms", &e);
    if (r.status == 401 || r.status == 403) return refused(c, &r);
    if (r.status == 404 || !json_of(c, &r))
        return say(c, FINDING_FAIL, TEXT("a web server is at %s, and no LiveKit server (%d)", address(c), r.status), "correct LIVEKIT_SERVER_URL; if a path of a proxy leads to livekit-server, write it with the path");
    return r.status == 200 ? ok(c, "key and secret are a pair that the server knows") : odd(c, "asking for rooms", &r);
}

/* ---- webhooks */

static const char create_grant[] = "{\"video\":{\"roomCreate\":true}}";

static void delete_room(struct livekit_check *c)
{
    struct fetch_reply r;
    struct err e;
    if (c->room_made) call(c, "RoomService/DeleteRoom", create_grant, TEXT("{\"room\":\"%s\"}", c->room), ASK_MS, &r, &e);
    c->room_made = false;
}

static enum finding_state check_room(struct livekit_check *c)
{
    struct fetch_reply r;
    struct err e = {0};
    char end[13];
    rand_text(end, 12, "0123456789abcdef");
    c->room = TEXT("roomd-check-%s", end);
    if (!call(c, "RoomService/CreateRoom", create_grant, TEXT("{\"name\":\"%s\",\"empty_timeout\":60}", c->room), ASK_MS, &r, &e)) return broke(c, "making a room", &e);
    c->room_made = r.status == 200;
    return c->room_made ? ok(c, "a room can be made") : odd(c, "making a room", &r);
}

static enum finding_state need_room(struct livekit_check *c)
{
    if (c->room && !c->room_made) return say(c, FINDING_SKIPPED, UNSEEN, NULL);
    return c->room_made ? FINDING_OK : check_room(c);
}

/* Of a roomd that runs with these settings on this box. -1: none answers. */
static int64_t unsigned_count(struct livekit_check *c)
{
    struct fetch_reply r;
    struct err e;
    static const char name[] = "\nroomd_inbox_unverified_total ";
    if (!fetch(c->fetcher, &(struct fetch){.url = TEXT("http://%s/metrics", c->config->LISTEN), .connect_ms = ASK_MS, .total_ms = ASK_MS}, c->arena, &r, &e)) return -1;
    const char *at = strstr(r.body, name);
    return at ? strtoll(at + sizeof name - 1, NULL, 10) : 0;
}

static const char *webhook_settings(struct livekit_check *c)
{
    return TEXT("in livekit.yaml, then restart livekit-server:\nwebhook:\n  api_key: %s\n  urls:\n    - %s/webhooks/livekit/", c->config->LIVEKIT_API_KEY, c->config->PUBLIC_URL);
}

static bool wait_for_webhook(struct livekit_check *c, int64_t *came)
{
    int64_t until = clock_monotonic_ms() + c->wait_ms;
    struct err e;
    do {
        struct timespec pause = {0, LOOK_MS * 1000000L};
        if (db_number(c->db, SQL_CAME, came, &e, TEXT_(c->room)) != DB_ROW) return false;
        if (!*came) nanosleep(&pause, NULL);
    } while (!*came && clock_monotonic_ms() < until);
    return true;
}

static enum finding_state check_webhook(struct livekit_check *c)
{
    int64_t came = 0, before = unsigned_count(c);
    enum finding_state room = check_room(c);
    if (room != FINDING_OK) return room;
    if (before < 0) return say(c, FINDING_WARN, TEXT("no roomd answers at %s, so nobody would hear what LiveKit tells", c->config->LISTEN), "start roomd serve with the same settings, and run this again");
    if (!wait_for_webhook(c, &came)) return say(c, FINDING_FAIL, "the database did not say what came in", "roomd doctor");
    if (came) return ok(c, "what happens on the server comes in here, signed");
    if (unsigned_count(c) > before)
        return say(c, FINDING_FAIL, "an event came in, and was not signed with LIVEKIT_API_SECRET", TEXT("set webhook.api_key in livekit.yaml to %s, and run roomd serve with the secret of this key", c->config->LIVEKIT_API_KEY));
    return say(c, FINDING_FAIL, TEXT("the server told nothing of a new room within %lld seconds", (long long)(c->wait_ms / 1000)), webhook_settings(c));
}

/* ---- its version: told to who joins, so somebody who may do nothing stands at the door of our own room and leaves.
 * The door is a WebSocket: what is in the way of browsers and apps shows here too. */

static bool is_older(const char *version, const char *than)
{
    for (int part = 0; part < 3; part++) {
        char *end, *than_end;
        long a = strtol(version, &end, 10), b = strtol(than, &than_end, 10);
        if (a != b) return a < b;
        version = end + (*end == '.');
        than = than_end + (*than_end == '.');
    }
    return false;
}

static enum finding_state judge_version(struct livekit_check *c, const char *version)
{
    if (*version < '0' || *version > '9' || !is_older(version, OLDEST)) return ok(c, TEXT("livekit-server %s, and WebSockets reach it", version));
    return say(c, FINDING_WARN, TEXT("livekit-server %s is older than %s, the oldest that roomd is made for", version, OLDEST), TEXT("update livekit-server; roomd was tried with %s", TRIED));
}

static enum finding_state check_version(struct livekit_check *c)
{
    struct fetch_reply r;
    struct err e = {0};
    char version[32];
    if (need_room(c) != FINDING_OK) return c->now.state;
    const char *header = authorization(c, TEXT("{\"sub\":\"roomd-check\",\"video\":{\"roomJoin\":true,\"room\":\"%s\",\"hidden\":true,\"canPublish\":false,\"canSubscribe\":false}}", c->room));
    if (!ws_ask(c->fetcher, TEXT("%s/rtc", c->base), header, ASK_MS, c->arena, &r, &e)) return broke(c, "joining a room by WebSocket", &e);
    if (r.status != 101)
        return say(c, FINDING_FAIL, TEXT("%s/rtc takes no WebSocket (%d): no browser or app can join", address(c), r.status), "if a proxy is before livekit-server, let it pass WebSockets (the headers Upgrade and Connection)");
    if (!signal_server_version(r.body, r.size, version, sizeof version)) return say(c, FINDING_WARN, "WebSockets reach the server, and it does not say its version", TEXT("roomd was tried with livekit-server %s", TRIED));
    return judge_version(c, version);
}

/* ---- Redis, egress, SIP */

static bool without_redis(struct livekit_check *c, const struct fetch_reply *r)
{
    const json_t *json = json_of(c, r);
    return json && strstr(text_of(json, "msg"), "redis required");
}

static const char redis_next[] = "in livekit.yaml, the same for livekit-server, egress and sip:\nredis:\n  address: 127.0.0.1:6379";
static const char record_grant[] = "{\"video\":{\"roomRecord\":true}}";

static enum finding_state check_redis(struct livekit_check *c)
{
    struct fetch_reply r;
    struct err e = {0};
    if (!call(c, "Egress/ListEgress", record_grant, "{\"room_name\":\"roomd-check\"}", ASK_MS, &r, &e)) return broke(c, "asking for recordings", &e);
    if (without_redis(c, &r)) return say(c, FINDING_FAIL, "livekit-server runs without Redis: no recording and no dial-in", redis_next);
    return r.status == 200 ? ok(c, "livekit-server has Redis") : odd(c, "asking for recordings", &r);
}

/* A track that is not there: a worker takes it on, and gives it up by itself. No worker: 503 after some twenty seconds. */
static enum finding_state check_egress(struct livekit_check *c)
{
    struct fetch_reply r;
    struct err e = {0};
    if (need_room(c) != FINDING_OK) return c->now.state;
    const char *body = TEXT("{\"room_name\":\"%s\",\"track_id\":\"TR_roomd_check\",\"file\":{\"filepath\":\"/tmp/%s\",\"disable_manifest\":true}}", c->room, c->room);
    if (!call(c, "Egress/StartTrackEgress", record_grant, body, WORKER_MS, &r, &e)) return broke(c, "asking for an egress worker", &e);
    if (r.status == 503 || r.status == 408 || r.status == 429)
        return say(c, FINDING_FAIL, TEXT("no egress worker takes a recording (%s)", text_of(json_of(c, &r), "msg")), "run livekit/egress with the server's url, key, secret and redis; if it runs, its log says why it is not willing (cpu_cost, pulseaudio)");
    return r.status == 200 ? ok(c, "an egress worker takes recordings") : odd(c, "asking for an egress worker", &r);
}

static const char sip_grant[] = "{\"sip\":{\"admin\":true}}";

static const json_t *item_of(const json_t *reply, const char *member, const char *id)
{
    size_t i;
    const json_t *item;
    json_array_foreach(json_object_get(reply, "items"), i, item)
        if (!strcmp(text_of(item, member), id)) return item;
    return NULL;
}

static size_t plain_number(const char *text, char *out, size_t room)
{
    size_t n = 0;
    for (; *text && n + 1 < room; text++)
        if (*text >= '0' && *text <= '9') out[n++] = *text;
    out[n] = '\0';
    return n;
}

static bool trunk_has(const json_t *trunk, const char *number)
{
    char wanted[64], there[64];
    size_t i;
    const json_t *n, *all = json_object_get(trunk, "numbers");
    plain_number(number, wanted, sizeof wanted);
    json_array_foreach(all, i, n) {
        plain_number(json_string_value(n) ? json_string_value(n) : "", there, sizeof there);
        if (!strcmp(wanted, there)) return true;
    }
    return !json_array_size(all); /* it takes any */
}

static enum finding_state check_numbers(struct livekit_check *c, const json_t *trunk)
{
    json_t *map = json_loads(c->config->LIVEKIT_DIAL_IN_NUMBERS, 0, NULL), *number;
    const char *country;
    if (!json_object_size(map)) {
        json_decref(map);
        return say(c, FINDING_FAIL, "LIVEKIT_DIAL_IN_NUMBERS is empty: nobody can be told where to call", "in roomd.yaml:\nlivekit:\n  dial_in_numbers: {US: +1-555-0100}");
    }
    arena_defer(c->arena, drop_json, map);
    json_object_foreach(map, country, number)
        if (trunk && !trunk_has(trunk, json_string_value(number)))
            return say(c, FINDING_FAIL, TEXT("the number %s (%s) is none of the trunk's", json_string_value(number), country), TEXT("add it to the trunk %s, or correct LIVEKIT_DIAL_IN_NUMBERS", c->config->LIVEKIT_SIP_TRUNK_ID));
    return FINDING_OK;
}

static enum finding_state check_rule(struct livekit_check *c)
{
    struct fetch_reply r;
    struct err e = {0};
    const char *id = c->config->LIVEKIT_SIP_DISPATCH_RULE_ID;
    if (!*id) return FINDING_OK;
    if (!call(c, "SIP/ListSIPDispatchRule", sip_grant, "{}", ASK_MS, &r, &e)) return broke(c, "asking for dispatch rules", &e);
    if (r.status != 200) return odd(c, "asking for dispatch rules", &r);
    const json_t *rule = item_of(json_of(c, &r), "sip_dispatch_rule_id", id);
    if (!rule) return say(c, FINDING_FAIL, TEXT("there is no dispatch rule \"%s\"", id), "lk sip dispatch list shows what there is; correct LIVEKIT_SIP_DISPATCH_RULE_ID, or leave it out");
    if (!*c->config->LIVEKIT_SIP_TRUNK_ID && !json_array_size(json_object_get(rule, "trunk_ids")))
        return say(c, FINDING_FAIL, TEXT("the dispatch rule \"%s\" names no trunk, and LIVEKIT_SIP_TRUNK_ID is not set", id), "set LIVEKIT_SIP_TRUNK_ID: a rule for all trunks would answer strangers' calls");
    return FINDING_OK;
}

static enum finding_state check_sip(struct livekit_check *c)
{
    struct fetch_reply r;
    struct err e = {0};
    const json_t *trunk = NULL;
    const char *id = c->config->LIVEKIT_SIP_TRUNK_ID;
    if (!c->config->LIVEKIT_SIP_ENABLED) return say(c, FINDING_SKIPPED, "LIVEKIT_SIP_ENABLED is off", NULL);
    if (!*id && !*c->config->LIVEKIT_SIP_DISPATCH_RULE_ID)
        return say(c, FINDING_FAIL, "LIVEKIT_SIP_ENABLED is on, and no trunk is named", "make an inbound trunk (lk sip inbound create), and set LIVEKIT_SIP_TRUNK_ID");
    if (!call(c, "SIP/ListSIPInboundTrunk", sip_grant, "{}", ASK_MS, &r, &e)) return broke(c, "asking for SIP trunks", &e);
    if (without_redis(c, &r)) return say(c, FINDING_FAIL, "livekit-server runs without Redis: no dial-in", redis_next);
    if (r.status != 200) return odd(c, "asking for SIP trunks", &r);
    if (*id && !(trunk = item_of(json_of(c, &r), "sip_trunk_id", id)))
        return say(c, FINDING_FAIL, TEXT("there is no inbound trunk \"%s\"", id), "lk sip inbound list shows what there is; correct LIVEKIT_SIP_TRUNK_ID");
    enum finding_state state = check_numbers(c, trunk);
    if (state == FINDING_OK) state = check_rule(c);
    return state == FINDING_OK ? ok(c, "trunk and numbers are there; whether livekit-sip answers shows when somebody calls") : state;
}

/* ---- all of them */

enum { WAY = 1, KEY = 2, REDIS = 4 }; /* what a check rests on, and what it gives */
static const struct { const char *name; enum finding_state (*run)(struct livekit_check *c); unsigned needs, gives; } checks[] = {
    {"settings", check_settings, 0, WAY},
    {"url", check_url, WAY, WAY},
    {"clock", check_clock, WAY, 0},
    {"key", check_key, WAY, KEY},
    {"webhook", check_webhook, WAY | KEY, 0},
    {"version", check_version, WAY | KEY, 0},
    {"redis", check_redis, WAY | KEY, REDIS},
    {"egress", check_egress, WAY | KEY | REDIS, 0},
    {"sip", check_sip, WAY | KEY | REDIS, 0},
};
enum { CHECKS = sizeof checks / sizeof *checks };

bool livekit_check_knows(const char *name)
{
    for (size_t i = 0; i < CHECKS; i++)
        if (!strcmp(checks[i].name, name)) return true;
    return false;
}

static bool is_skipped(const struct livekit_check *c, const char *name)
{
    size_t n = strlen(name);
    for (const char *at = c->skip; (at = strstr(at, name)); at += n)
        if ((at == c->skip || at[-1] == ',') && (!at[n] || at[n] == ',')) return true;
    return false;
}

bool livekit_check_run(struct livekit_check *c)
{
    bool good = true;
    unsigned broken = 0;
    for (size_t i = 0; i < CHECKS; i++) {
        c->now = (struct finding){.name = checks[i].name};
        if (c->begun) c->begun(c->ctx, checks[i].name);
        if (checks[i].needs & broken) say(c, FINDING_SKIPPED, UNSEEN, NULL);
        else if (is_skipped(c, checks[i].name) && strcmp(checks[i].name, "settings") != 0) say(c, FINDING_SKIPPED, "left out", NULL);
        else if (checks[i].run(c) == FINDING_FAIL) good = false, broken |= checks[i].gives;
        c->found(c->ctx, &c->now);
    }
    delete_room(c);
    return good;
}

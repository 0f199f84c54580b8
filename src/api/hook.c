#include "api/hook.h"
#include "base/buf.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { WINDOW_S = 300, LEEWAY_S = 60, SIGNATURE_TEXT = 44, TIMESTAMP_LONGEST = 20, NAME_LONGEST = 300 };
static const int64_t MILLISECONDS_FROM = 100000000000; /* as seconds that would be the year 5138 */

static void hash_body(const char *body, size_t size, char out[SIGNATURE_TEXT + 1])
{
    unsigned char hash[HMAC_SIZE];
    sha256_bytes(body, size, hash);
    base64_text(hash, sizeof hash, out);
}

/* ---- signatures */

static bool is_recent(const char *timestamp, int64_t now_ms)
{
    size_t n = strlen(timestamp);
    if (!n || n > TIMESTAMP_LONGEST - 5 || strspn(timestamp, "0123456789") != n) return false;
    int64_t at = strtoll(timestamp, NULL, 10);
    int64_t away = now_ms - (at > MILLISECONDS_FROM ? at : at * 1000);
    return llabs(away) <= WINDOW_S * 1000;
}

bool hook_daily_signed(const struct hmac_key *key, const char *timestamp, const char *signature, const char *body, size_t size, int64_t now_ms)
{
    unsigned char hash[HMAC_SIZE];
    char expected[SIGNATURE_TEXT + 1];
    struct buf text;
    if (!key->size || !timestamp || !signature || !is_recent(timestamp, now_ms)) return false;
    buf_init(&text, 0);
    buf_printf(&text, "%s.", timestamp);
    buf_add(&text, body, size);
    hmac_sha256(key, text.data, text.size, hash);
    buf_release(&text);
    base64_text(hash, sizeof hash, expected);
    return equal_secret(expected, signature);
}

bool hook_livekit_signed(struct arena *a, const struct hmac_key *key, const char *api_key, const char *authorization, const char *body, size_t size, int64_t now_ms)
{
    char hash[SIGNATURE_TEXT + 1];
    if (!key->size || !*api_key || !authorization) return false;
    if (!strncasecmp(authorization, "Bearer ", 7)) authorization += 7;
    const json_t *claims = jwt_verify_within(a, key, authorization, now_ms / 1000, LEEWAY_S);
    const char *issuer = json_string_value(json_object_get(claims, "iss")), *said = json_string_value(json_object_get(claims, "sha256"));
    if (!issuer || strcmp(issuer, api_key) != 0 || !json_object_get(claims, "exp") || !said) return false; /* a join token of the same key has no sha256 */
    hash_body(body, size, hash);
    return equal_secret(hash, said);
}

/* ---- what it is about */

static void release_json(void *j)
{
    json_decref(j);
}

static json_t *object_of(struct arena *a, const char *body, size_t size)
{
    json_t *j = json_loadb(body, size, JSON_DECODE_ANY, NULL);
    if (j) arena_defer(a, release_json, j);
    return json_is_object(j) ? j : NULL;
}

static const char *text_at(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text && *text && strlen(text) <= NAME_LONGEST ? text : NULL;
}

/* Daily's ids are not unique by themselves: two rooms that record with the default instance in one second share one. */
static const char *told_apart(const json_t *payload)
{
    static const char *const names[] = {"recording_id", "session_id", "meeting_id", "room", "room_name"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (text_at(payload, names[i])) return text_at(payload, names[i]);
    return "";
}

/* Who comes and goes is told twice at times, with different ids: the stay is what is the same. */
static const char *identity_of(struct arena *a, const char *type, const char *id, const json_t *payload)
{
    const char *stay = text_at(payload, "session_id");
    if (!type) return NULL;
    if (stay && (!strncmp(type, "participant.", 12) || !strncmp(type, "waiting-participant.", 20))) return arena_printf(a, "%s %s", type, stay);
    return id ? arena_printf(a, "%s %s %s", type, id, told_apart(payload)) : NULL;
}

void hook_daily_read(struct arena *a, const char *body, size_t size, struct envelope *out)
{
    const json_t *event = object_of(a, body, size), *payload = json_object_get(event, "payload");
    *out = (struct envelope){.is_object = event != NULL, .type = text_at(event, "type")};
    const char *test = text_at(event, "test"), *id = text_at(event, "id");
    out->is_probe = test && !strcmp(test, "test") && json_object_size(event) == 1;
    if (!json_is_object(payload)) {
        payload = event; /* flat */
        id = NULL;
    }
    out->room_name = text_at(payload, "room_name");
    if (!out->room_name) out->room_name = text_at(payload, "room");
    out->identity = identity_of(a, out->type, id, payload);
}

void hook_livekit_read(struct arena *a, const char *body, size_t size, struct envelope *out)
{
    const json_t *event = object_of(a, body, size), *egress = json_object_get(event, "egressInfo"), *ingress = json_object_get(event, "ingressInfo");
    *out = (struct envelope){.is_object = event != NULL, .type = text_at(event, "event"), .identity = text_at(event, "id")};
    out->room_name = text_at(json_object_get(event, "room"), "name");
    if (!out->room_name) out->room_name = text_at(egress, "roomName");
    if (!out->room_name) out->room_name = text_at(ingress, "roomName");
}

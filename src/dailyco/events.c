/* events.c - webhooks that come in: who sent them, and what they say. */
#include "base/clock.h"
#include "dailyco/hook.h"
#include "dailyco/internal.h"
#include <stdlib.h>
#include <string.h>

enum { SIGNATURE_TEXT = 44, TIMESTAMP_LONGEST = 15, NAME_LONGEST = 300, SECRET_LONGEST = 1024 };
static const int64_t MILLISECONDS_FROM = 100000000000; /* as seconds that would be the year 5138 */

/* ---- signatures */

static void sign(const struct hmac_key *key, const char *timestamp, const void *body, size_t size, char out[SIGNATURE_TEXT + 1])
{
    unsigned char hash[HMAC_SIZE];
    struct buf text;
    buf_init(&text, 0);
    buf_text(&text, timestamp);
    buf_char(&text, '.');
    buf_add(&text, body, size);
    hmac_sha256(key, text.data, text.size, hash);
    buf_release(&text);
    base64_text(hash, sizeof hash, out);
}

bool dailyco_hook_signed(const struct hmac_key *key, const char *timestamp, const char *signature, const void *body, size_t size)
{
    char expected[SIGNATURE_TEXT + 1];
    if (!key->size || !timestamp || !*timestamp || !signature) return false;
    sign(key, timestamp, body, size, expected);
    return equal_secret(expected, signature);
}

bool dailyco_hook_recent(const char *timestamp, int64_t now_ms, int64_t window_s)
{
    size_t n = timestamp ? strlen(timestamp) : 0;
    if (!n || n > TIMESTAMP_LONGEST || strspn(timestamp, "0123456789") != n) return false;
    int64_t at = strtoll(timestamp, NULL, 10);
    return llabs(now_ms - (at > MILLISECONDS_FROM ? at : at * 1000)) <= window_s * 1000;
}

static bool key_of(struct hmac_key *key, const char *secret)
{
    unsigned char bytes[SECRET_LONGEST];
    size_t size;
    if (!secret || !*secret || !base64_bytes(secret, bytes, sizeof bytes, &size) || !size) return false;
    hmac_key_set(key, bytes, size);
    explicit_bzero(bytes, sizeof bytes);
    return true;
}

bool dailyco_verify_webhook(const void *body, size_t size, const char *signature, const char *timestamp, const char *secret, int64_t window_s, int64_t now_s, struct dailyco_error *e)
{
    struct hmac_key key;
    if (e) *e = (struct dailyco_error){.code = DAILYCO_OK};
    if (!key_of(&key, secret)) return dc_fail(e, DAILYCO_BAD_ARGUMENT, "the webhook's secret is no base64");
    bool ok = dailyco_hook_signed(&key, timestamp, signature, body, size) || dc_fail(e, DAILYCO_SIGNATURE, "the webhook's signature is wrong");
    explicit_bzero(&key, sizeof key);
    if (!ok || window_s <= 0) return ok;
    return dailyco_hook_recent(timestamp, now_s ? now_s * 1000 : clock_now_ms(), window_s) || dc_fail(e, DAILYCO_TOO_OLD, "the webhook's timestamp is too far from the clock's time");
}

bool dailyco_verify_webhook_signature(const void *body, size_t size, const char *signature, const char *timestamp, const char *secret)
{
    return dailyco_verify_webhook(body, size, signature, timestamp, secret, 0, 0, NULL);
}

bool dailyco_sign_webhook(const void *body, size_t size, const char *timestamp, const char *secret, char out[45])
{
    struct hmac_key key;
    if (!key_of(&key, secret)) return false;
    sign(&key, timestamp, body, size, out);
    explicit_bzero(&key, sizeof key);
    return true;
}

/* ---- the envelope */

static const char *text_at(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text && *text && strlen(text) <= NAME_LONGEST ? text : NULL;
}

const char *dailyco_hook_room(const json_t *payload)
{
    const char *name = text_at(payload, "room_name");
    return name ? name : text_at(payload, "room");
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
const char *dailyco_hook_identity(struct arena *a, const char *type, const char *id, const json_t *payload)
{
    const char *stay = text_at(payload, "session_id");
    if (!type) return NULL;
    if (stay && (!strncmp(type, "participant.", 12) || !strncmp(type, "waiting-participant.", 20))) return arena_printf(a, "%s %s", type, stay);
    return id ? arena_printf(a, "%s %s %s", type, id, told_apart(payload)) : NULL;
}

bool dailyco_is_probe(const void *body, size_t size)
{
    struct arena a = {0};
    const json_t *j = dc_load(body, size, &a);
    const char *test = json_string_value(json_object_get(j, "test"));
    bool is = test && !strcmp(test, "test") && json_object_size(j) == 1;
    arena_release(&a);
    return is;
}

struct dailyco_event *dailyco_event_parse(const void *body, size_t size, struct dailyco_memory *m, struct dailyco_error *e)
{
    const json_t *j = dc_load(body, size, &m->arena);
    if (e) *e = (struct dailyco_error){.code = DAILYCO_OK};
    if (!j) dc_fail(e, DAILYCO_MALFORMED, "the webhook's body is no JSON");
    return j ? dc_read(&dailyco_event_model, j, &m->arena, e) : NULL;
}

/* Without an object: NULL, which jansson takes for one that has nothing. */
static const json_t *payload_of(const struct dailyco_event *event, struct dailyco_memory *m)
{
    const json_t *j = event->payload ? dc_load(event->payload, strlen(event->payload), &m->arena) : NULL;
    return json_is_object(j) ? j : NULL;
}

const char *dailyco_extract_room_name(const struct dailyco_event *event, struct dailyco_memory *m)
{
    return dailyco_hook_room(payload_of(event, m));
}

const char *dailyco_event_identity(const struct dailyco_event *event, struct dailyco_memory *m)
{
    return dailyco_hook_identity(&m->arena, event->type, event->id, payload_of(event, m));
}

/* ---- payloads */

/* A type's beginning, its shape, and where that goes. The longer ones first. */
#define ROW(beginning, member) {beginning, &dailyco_##member##_payload_model, offsetof(struct dailyco_payload, member)}
static const struct kind { const char *beginning; const struct model *model; size_t offset; } kinds[] = {
    ROW("meeting.", meeting), ROW("participant.", participant), ROW("waiting-participant.", participant), ROW("recording.started", recording_started),
    ROW("recording.ready-to-download", recording_ready), ROW("recording.error", recording_error), ROW("transcript.", transcript), ROW("streaming.", streaming),
    ROW("batch-processor.", batch), ROW("dialout.", dialout), ROW("dialin.", dialin), ROW("calltransfer.", calltransfer)};

static const struct kind *kind_of(const char *type)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        size_t n = strlen(kinds[i].beginning);
        if (!strncmp(type, kinds[i].beginning, n) && (type[n] == '\0' || type[n - 1] == '.')) return &kinds[i];
    }
    return NULL;
}

bool dailyco_parse_webhook_payload(const struct dailyco_event *event, struct dailyco_payload *out, struct dailyco_memory *m, struct dailyco_error *e)
{
    const struct kind *kind = kind_of(event->type);
    *out = (struct dailyco_payload){0};
    if (e) *e = (struct dailyco_error){.code = DAILYCO_OK};
    if (!kind) return true;
    const json_t *j = payload_of(event, m);
    void *payload = j ? dc_read(kind->model, j, &m->arena, e) : NULL;
    if (!j) return dc_fail(e, DAILYCO_MALFORMED, "%s: the payload is no object", event->type);
    memcpy((char *)out + kind->offset, &payload, sizeof payload);
    return payload;
}

static bool parse_only(const struct dailyco_event *event, const char *type, struct dailyco_payload *out, struct dailyco_memory *m, struct dailyco_error *e)
{
    *out = (struct dailyco_payload){0};
    if (!strcmp(event->type, type)) return dailyco_parse_webhook_payload(event, out, m, e);
    if (e) *e = (struct dailyco_error){.code = DAILYCO_OK};
    return dc_fail(e, DAILYCO_BAD_ARGUMENT, "this event is %s, not %s", event->type, type);
}

#define PARSE(name, type, member) \
    const struct dailyco_##member##_payload *dailyco_parse_##name(const struct dailyco_event *event, struct dailyco_memory *m, struct dailyco_error *e) \
    { \
        struct dailyco_payload p; \
        parse_only(event, type, &p, m, e); \
        return p.member; \
    }
PARSE(participant_joined, "participant.joined", participant)
PARSE(participant_left, "participant.left", participant)
PARSE(recording_started, "recording.started", recording_started)
PARSE(recording_ready, "recording.ready-to-download", recording_ready)

const struct dailyco_recording_error_payload *dailyco_parse_recording_error(const struct dailyco_event *event, struct dailyco_memory *m, struct dailyco_error *e)
{
    struct dailyco_payload p;
    if (!parse_only(event, "recording.error", &p, m, e)) return NULL;
    struct dailyco_recording_error_payload *own = arena_copy(&m->arena, p.recording_error, sizeof *own);
    if (!own->error_msg && own->error) DAILYCO_SET(own, dailyco_recording_error_payload, error_msg, own->error);
    return own;
}

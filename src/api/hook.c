#include "api/hook.h"
#include "dailyco/hook.h"
#include "model/skim.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { WINDOW_S = 300, LEEWAY_S = 60, SIGNATURE_TEXT = 44, NAME_LONGEST = 300 };

static void hash_body(const char *body, size_t size, char out[SIGNATURE_TEXT + 1])
{
    unsigned char hash[HMAC_SIZE];
    sha256_bytes(body, size, hash);
    base64_text(hash, sizeof hash, out);
}

/* ---- signatures */

bool hook_daily_signed(const struct hmac_key *key, const char *timestamp, const char *signature, const char *body, size_t size, int64_t now_ms)
{
    return dailyco_hook_recent(timestamp, now_ms, WINDOW_S) && dailyco_hook_signed(key, timestamp, signature, body, size);
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
    out->room_name = dailyco_hook_room(payload);
    out->identity = dailyco_hook_identity(a, out->type, id, payload);
}

static void livekit_read_all(struct arena *a, const char *body, size_t size, struct envelope *out)
{
    const json_t *event = object_of(a, body, size), *egress = json_object_get(event, "egressInfo"), *ingress = json_object_get(event, "ingressInfo");
    *out = (struct envelope){.is_object = event != NULL, .type = text_at(event, "event"), .identity = text_at(event, "id")};
    out->room_name = text_at(json_object_get(event, "room"), "name");
    if (!out->room_name) out->room_name = text_at(egress, "roomName");
    if (!out->room_name) out->room_name = text_at(ingress, "roomName");
}

static const char *text_of(struct arena *a, const struct skim_text *t)
{
    return t->text && t->size && t->size <= NAME_LONGEST ? arena_strndup(a, t->text, t->size) : NULL;
}

/* They come in storms, and here only these few words count: what is plain is not taken apart. */
void hook_livekit_read(struct arena *a, const char *body, size_t size, struct envelope *out)
{
    struct skim_text t[] = {{.name = "event"}, {.name = "id"}, {.in = "room", .name = "name"}, {.in = "egressInfo", .name = "roomName"}, {.in = "ingressInfo", .name = "roomName"}};
    if (!json_skim(body, size, t, sizeof t / sizeof *t)) {
        livekit_read_all(a, body, size, out);
        return;
    }
    *out = (struct envelope){.is_object = true, .type = text_of(a, &t[0]), .identity = text_of(a, &t[1])};
    for (size_t i = 2; i < 5 && !out->room_name; i++) out->room_name = text_of(a, &t[i]);
}

/* Where the text that follows the name begins; NULL: there is none. */
static char *text_after(char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == ':')) at++;
    return at < end && *at == '"' ? at + 1 : NULL;
}

const char *hook_livekit_redacted(struct arena *a, const char *body, size_t size)
{
    static const char *const names[] = {"\"turnPassword\"", "\"turn_password\""};
    char *copy = NULL;
    for (size_t i = 0; i < 2; i++) {
        const char *from = copy ? copy : body;
        const char *found = memmem(from, size, names[i], strlen(names[i]));
        while (found) {
            if (!copy) {
                copy = memcpy(arena_alloc(a, size + 1), body, size);
                found = copy + (found - body);
            }
            char *c = text_after((char *)(uintptr_t)found + strlen(names[i]), copy + size);
            for (bool escaped = false; c && c < copy + size && (escaped || *c != '"'); *c++ = 'x') escaped = !escaped && *c == '\\';
            found = memmem(found + 1, (size_t)(copy + size - found - 1), names[i], strlen(names[i]));
        }
    }
    return copy ? copy : body;
}

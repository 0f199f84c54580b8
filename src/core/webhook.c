/* webhook.c - endpoints: made, changed, stopped. */
#include "core/webhook.h"
#include "base/rand.h"
#include "core/event.h"
#include <stdio.h>
#include <string.h>

static const char SQL_BY_ID[] = "SELECT {} FROM webhook_endpoints WHERE id = $1 AND deleted_at IS NULL";
static const char SQL_BY_UUID[] = "SELECT {} FROM webhook_endpoints WHERE uuid = $1 AND deleted_at IS NULL";
static const char SQL_LIST[] = "SELECT {} FROM webhook_endpoints WHERE deleted_at IS NULL AND ($1 = '' OR shape = $1) ORDER BY id LIMIT $2 OFFSET $3";
static const char SQL_COUNT[] = "SELECT count(*) FROM webhook_endpoints WHERE deleted_at IS NULL AND ($1 = '' OR shape = $1)";
static const char SQL_NEWEST[] = "SELECT coalesce(max(id), 0) FROM events";

enum { SECRET_BYTES = 32, LEAST_BYTES = 24, MOST_BYTES = 64 };
static const char PREFIX[] = "whsec_";

bool webhook_find(struct scope *s, int64_t id, struct webhook_endpoint *out, struct err *e)
{
    enum db_found found = db_one(s->db, SQL_BY_ID, webhook_endpoint, out, s->arena, e, INT_(id));
    return found == DB_NONE ? err_fail(e, error_webhook_not_found) : found == DB_ROW;
}

bool webhook_by_uuid(struct scope *s, const char *uuid, struct webhook_endpoint *out, struct err *e)
{
    enum db_found found = db_one(s->db, SQL_BY_UUID, webhook_endpoint, out, s->arena, e, TEXT_(uuid));
    return found == DB_NONE ? err_fail(e, error_webhook_not_found) : found == DB_ROW;
}

bool webhook_list(struct scope *s, int shape, int64_t skip, int64_t limit, struct list *out, int64_t *total, struct err *e)
{
    const char *word = shape < 0 ? "" : webhook_shape_words.words[shape];
    return db_all(s->db, SQL_LIST, webhook_endpoint, out, s->arena, e, TEXT_(word), INT_(limit), INT_(skip)) && db_number(s->db, SQL_COUNT, total, e, TEXT_(word)) == DB_ROW;
}

/* ---- secrets: kept sealed */

static const char *base64_part(enum webhook_shape shape, const char *secret)
{
    if (shape != webhook_shape_standard) return secret;
    return strncmp(secret, PREFIX, sizeof PREFIX - 1) ? NULL : secret + sizeof PREFIX - 1;
}

bool webhook_secret_is_valid(enum webhook_shape shape, const char *secret)
{
    unsigned char bytes[256];
    size_t size;
    const char *text = base64_part(shape, secret);
    if (!text || !base64_bytes(text, bytes, sizeof bytes, &size) || !size) return false;
    return shape != webhook_shape_standard || (size >= LEAST_BYTES && size <= MOST_BYTES);
}

static const char *new_secret(struct arena *a, enum webhook_shape shape)
{
    unsigned char bytes[SECRET_BYTES];
    char text[64];
    rand_bytes(bytes, sizeof bytes);
    base64_text(bytes, sizeof bytes, text);
    return arena_printf(a, "%s%s", shape == webhook_shape_standard ? PREFIX : "", text);
}

static const char *sealed(struct scope *s, const char *text)
{
    return seal_text(s->arena, &s->core->webhook_key, text, strlen(text));
}

static bool choose_secret(struct scope *s, struct webhook_endpoint *w, const char *given, const char **out, struct err *e)
{
    enum webhook_shape shape = (enum webhook_shape)w->shape;
    *out = given ? given : new_secret(s->arena, shape);
    if (!webhook_secret_is_valid(shape, *out)) return err_fail(e, error_bad_webhook_secret);
    SET(w, webhook_endpoint, secret, sealed(s, *out));
    return true;
}

const char *webhook_secret(struct scope *s, const struct webhook_endpoint *w)
{
    size_t size;
    return unseal_text(s->arena, &s->core->webhook_key, w->secret, &size);
}

bool webhook_set_authorization(struct scope *s, struct webhook_endpoint *w, const char *value)
{
    if (value) SET(w, webhook_endpoint, authorization_value, sealed(s, value));
    else CLEAR(w, webhook_endpoint, authorization_value);
    return true;
}

static bool key_of(struct arena *a, const struct core *core, enum webhook_shape shape, const char *kept, struct hmac_key *out)
{
    unsigned char bytes[256];
    size_t size;
    const char *secret = unseal_text(a, &core->webhook_key, kept, &size), *text = secret ? base64_part(shape, secret) : NULL;
    if (!text || !base64_bytes(text, bytes, sizeof bytes, &size) || !size) return false;
    hmac_key_set(out, bytes, size);
    return true;
}

bool webhook_keys_open(const struct core *core, struct arena *a, const struct webhook_endpoint *w, struct webhook_keys *out, struct err *e)
{
    size_t size;
    enum webhook_shape shape = (enum webhook_shape)w->shape;
    *out = (struct webhook_keys){0};
    if (!key_of(a, core, shape, w->secret, &out->now)) return err_set(e, ERR_INTERNAL, "webhook_secret", "the secret of this endpoint cannot be read (was SECRET_KEY changed?); give it another");
    if (HAS(w, webhook_endpoint, old_secret) && key_of(a, core, shape, w->old_secret, &out->old)) out->old_until = w->old_secret_until;
    if (HAS(w, webhook_endpoint, authorization_value)) out->authorization = unseal_text(a, &core->webhook_key, w->authorization_value, &size);
    return true;
}

/* ---- changes */

static bool pass_over(struct scope *s, struct webhook_endpoint *w, struct err *e)
{
    int64_t newest;
    if (db_number(s->db, SQL_NEWEST, &newest, e) != DB_ROW) return false;
    SET(w, webhook_endpoint, position, newest);
    return true;
}

static void fill(struct scope *s, const struct webhook_new *in, struct webhook_endpoint *out)
{
    char uuid[37];
    rand_uuid(uuid);
    *out = (struct webhook_endpoint){0};
    SET(out, webhook_endpoint, uuid, arena_strdup(s->arena, uuid));
    SET(out, webhook_endpoint, url, in->url);
    if (in->description) SET(out, webhook_endpoint, description, in->description);
    SET(out, webhook_endpoint, shape, (int)in->shape);
    SET(out, webhook_endpoint, retry, (int)in->retry);
    if (in->event_types && *in->event_types) SET(out, webhook_endpoint, event_types, in->event_types);
    if (in->session_id) SET(out, webhook_endpoint, session_id, in->session_id);
    SET(out, webhook_endpoint, state, webhook_state_active);
    SET(out, webhook_endpoint, position, 0);
    SET(out, webhook_endpoint, failed_count, 0);
    if (s->actor) SET(out, webhook_endpoint, user_id, s->actor->id);
    SET(out, webhook_endpoint, created_at, s->now);
    SET(out, webhook_endpoint, updated_at, s->now);
}

/* Told first, so that it does not hear of itself. */
bool webhook_create(struct scope *s, const struct webhook_new *in, struct webhook_endpoint *out, const char **secret, struct err *e)
{
    fill(s, in, out);
    if (!choose_secret(s, out, in->secret, secret, e) || !webhook_set_authorization(s, out, in->authorization)) return false;
    if (!db_insert(s->db, "webhook_endpoints", webhook_endpoint, out, e) || !EMIT(s, webhook_created, in->session_id, e, .webhook_id = out->id)) return false;
    return pass_over(s, out, e) && db_update(s->db, "webhook_endpoints", webhook_endpoint, out, e);
}

static bool keep(struct scope *s, struct webhook_endpoint *w, struct err *e)
{
    SET(w, webhook_endpoint, updated_at, s->now);
    return db_update(s->db, "webhook_endpoints", webhook_endpoint, w, e);
}

bool webhook_store(struct scope *s, struct webhook_endpoint *w, struct err *e)
{
    return keep(s, w, e) && EMIT(s, webhook_updated, 0, e, .webhook_id = w->id, .status = webhook_state_words.words[w->state]);
}

static void forget_failures(struct webhook_endpoint *w)
{
    SET(w, webhook_endpoint, failed_count, 0);
    CLEAR(w, webhook_endpoint, failing_since);
    CLEAR(w, webhook_endpoint, held_until);
    CLEAR(w, webhook_endpoint, reason);
}

bool webhook_set_state(struct scope *s, struct webhook_endpoint *w, enum webhook_state state, bool skip, const char *reason, struct err *e)
{
    SET(w, webhook_endpoint, state, (int)state);
    if (state == webhook_state_active) {
        forget_failures(w);
        return (!skip || pass_over(s, w, e)) && webhook_store(s, w, e);
    }
    SET(w, webhook_endpoint, reason, reason);
    if (!keep(s, w, e)) return false;
    if (state == webhook_state_paused) return EMIT(s, webhook_paused, 0, e, .webhook_id = w->id, .reason = reason);
    return EMIT(s, webhook_disabled, 0, e, .webhook_id = w->id, .reason = reason);
}

bool webhook_rotate(struct scope *s, struct webhook_endpoint *w, const char *secret, int64_t old_ms, const char **out, struct err *e)
{
    const char *old = w->secret;
    if (!choose_secret(s, w, secret, out, e)) return false;
    SET(w, webhook_endpoint, old_secret, old);
    SET(w, webhook_endpoint, old_secret_until, s->now + old_ms);
    return webhook_store(s, w, e);
}

bool webhook_delete(struct scope *s, struct webhook_endpoint *w, struct err *e)
{
    SET(w, webhook_endpoint, deleted_at, s->now);
    return keep(s, w, e) && EMIT(s, webhook_deleted, 0, e, .webhook_id = w->id);
}

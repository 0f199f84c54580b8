/* webhook_log.c - what became of messages: noted in batches, listed, replayed, swept. */
#include "base/clock.h"
#include "base/log.h"
#include "base/metric.h"
#include "core/event.h"
#include "core/webhook.h"
#include <stdio.h>
#include <string.h>

static const char SQL_ACTIVE[] = "SELECT {} FROM webhook_endpoints WHERE state = 'active' AND deleted_at IS NULL ORDER BY id";
/* With SQLite there is nobody else, whatever an older row says. */
static const char SQL_LEASE[] =
    "UPDATE webhook_endpoints SET node_id = $2, lease_until = $3 WHERE id = $1 AND state = 'active' AND deleted_at IS NULL "
    "AND (node_id IS NULL OR node_id = $2 OR lease_until <= $4)";
static const char SQL_BY_ID[] = "SELECT {} FROM webhook_endpoints WHERE id = $1";
static const char SQL_RELEASE[] = "UPDATE webhook_endpoints SET node_id = NULL, lease_until = NULL WHERE id = $1 AND node_id = $2";
static const char SQL_WAITING[] = "SELECT {} FROM webhook_deliveries WHERE endpoint_id = $1 AND state = 'waiting' AND event_id > $2 ORDER BY event_id LIMIT $3";
static const char SQL_NOTED[] = "SELECT {} FROM webhook_deliveries WHERE endpoint_id = $1 AND event_id > $2 ORDER BY event_id";
static const char SQL_EVENTS[] = "SELECT {} FROM events WHERE id > $1 ORDER BY id LIMIT $2";
static const char SQL_EVENT[] = "SELECT {} FROM events WHERE id = $1";
static const char SQL_LETTER[] = "SELECT {} FROM webhook_deliveries WHERE endpoint_id = $1 AND event_id = $2";
static const char SQL_RECORD[] =
    "INSERT INTO webhook_deliveries (endpoint_id, event_id, session_id, event_type, message_id, state, attempts, due_at, body, status, answer, error, duration_ms, first_at, last_at, created_at) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) ON CONFLICT (endpoint_id, event_id) DO UPDATE SET "
    "message_id = coalesce(excluded.message_id, webhook_deliveries.message_id), state = excluded.state, attempts = excluded.attempts, due_at = excluded.due_at, "
    "body = coalesce(excluded.body, webhook_deliveries.body), status = excluded.status, answer = excluded.answer, error = excluded.error, duration_ms = excluded.duration_ms, "
    "first_at = excluded.first_at, last_at = excluded.last_at";
/* From the step on that cleans deliveries (core/erasure_steps.c); by then events are clean. */
static const char SQL_FORGETTING[] = "SELECT 1 FROM erasures WHERE finished_at >= $1 OR (status <> 'done' AND step IN ('texts', 'audit', 'seats', 'storage')) LIMIT 1";
static const char SQL_OURS[] = "SELECT 1 FROM webhook_endpoints WHERE id = $1 AND node_id = $2";
static const char SQL_ATTEMPT[] =
    "INSERT INTO webhook_attempts (delivery_id, at, status, answer, error, duration_ms) "
    "SELECT id, CAST($3 AS BIGINT), CAST($4 AS BIGINT), CAST($5 AS TEXT), CAST($6 AS TEXT), CAST($7 AS BIGINT) FROM webhook_deliveries WHERE endpoint_id = $1 AND event_id = $2";
static const char SQL_ACCOUNT[] =
    "UPDATE webhook_endpoints SET position = CASE WHEN position > $2 THEN position ELSE $2 END, failed_count = $3, failing_since = $4, held_until = $5, last_attempt_at = coalesce($6, last_attempt_at), "
    "last_success_at = coalesce($7, last_success_at) WHERE id = $1 AND node_id = $8";
static const char SQL_LOG[] = "SELECT {} FROM webhook_deliveries WHERE endpoint_id = $1 AND ($2 = '' OR state = $2) ORDER BY id DESC LIMIT $3 OFFSET $4";
static const char SQL_LOG_COUNT[] = "SELECT count(*) FROM webhook_deliveries WHERE endpoint_id = $1 AND ($2 = '' OR state = $2)";
static const char SQL_DELIVERY[] = "SELECT {} FROM webhook_deliveries WHERE endpoint_id = $1 AND id = $2";
static const char SQL_ATTEMPTS[] = "SELECT {} FROM webhook_attempts WHERE delivery_id = $1 ORDER BY id";
static const char SQL_AGAIN[] = "UPDATE webhook_deliveries SET state = 'waiting', attempts = 0, due_at = $2, first_at = NULL WHERE id = $1";
/* Types that are not the endpoint's are left out when they are put into words; most are left out here. */
#define REPLAYED "e.id > $2 AND e.timestamp >= $3 AND e.timestamp < $4 AND ($5 IS NULL OR e.session_id = $5) AND ($6 = '' OR $6 LIKE '% ' || e.event_type || ' %')"
static const char SQL_REPLAY_LAST[] = "SELECT max(id) FROM (SELECT e.id FROM events e WHERE " REPLAYED " AND e.id <= $7 ORDER BY e.id LIMIT $8) AS part";
static const char SQL_REPLAY[] =
    "INSERT INTO webhook_deliveries (endpoint_id, event_id, session_id, event_type, state, attempts, due_at, created_at) "
    "SELECT CAST($1 AS BIGINT), e.id, e.session_id, e.event_type, 'waiting', 0, CAST($8 AS BIGINT), CAST($8 AS BIGINT) FROM events e WHERE " REPLAYED " AND e.id <= $7 "
    "ON CONFLICT (endpoint_id, event_id) DO UPDATE SET state = 'waiting', attempts = 0, due_at = excluded.due_at, first_at = NULL";
static const char SQL_FAILED_LAST[] =
    "SELECT max(event_id) FROM (SELECT d.event_id FROM webhook_deliveries d JOIN events e ON e.id = d.event_id WHERE d.endpoint_id = $1 AND d.state = 'failed' AND " REPLAYED " AND e.id <= $7 "
    "ORDER BY d.event_id LIMIT $8) AS part";
static const char SQL_REPLAY_FAILED[] =
    "UPDATE webhook_deliveries SET state = 'waiting', attempts = 0, due_at = $8, first_at = NULL WHERE endpoint_id = $1 AND state = 'failed' AND event_id IN "
    "(SELECT e.id FROM events e WHERE " REPLAYED " AND e.id <= $7)";
static const char SQL_NEWEST[] = "SELECT coalesce(max(id), 0) FROM events";
#define OLD "(SELECT d.id FROM webhook_deliveries d WHERE d.created_at <= $1 AND d.state <> 'waiting' ORDER BY d.created_at LIMIT 200)"
#define LEFT_OVER "(SELECT d.id FROM webhook_deliveries d WHERE d.endpoint_id IN (SELECT w.id FROM webhook_endpoints w WHERE w.deleted_at IS NOT NULL) ORDER BY d.endpoint_id, d.id LIMIT 200)"
static const char *const SQL_SWEEP[] = {
    "DELETE FROM webhook_attempts WHERE delivery_id IN " OLD, "DELETE FROM webhook_deliveries WHERE id IN " OLD};
static const char *const SQL_SWEEP_DELETED[] = {
    "DELETE FROM webhook_attempts WHERE delivery_id IN " LEFT_OVER, "DELETE FROM webhook_deliveries WHERE id IN " LEFT_OVER};
static const char SQL_SWEEP_DUE[] = "SELECT 1 WHERE EXISTS " OLD " OR EXISTS " LEFT_OVER;

enum { REPLAY_AT_ONCE = 10000 };

/* ---- for the sender */

bool webhook_active(struct scope *s, struct list *out, struct err *e)
{
    return db_all(s->db, SQL_ACTIVE, webhook_endpoint, out, s->arena, e);
}

bool webhook_lease(struct scope *s, int64_t id, int64_t lease_ms, struct webhook_endpoint *out, bool *mine, struct err *e)
{
    if (!db_run(s->db, SQL_LEASE, e, INT_(id), INT_(s->core->node_id), INT_(s->now + lease_ms), INT_(db_conn_is_shared(s->db) ? s->now : INT64_MAX))) return false;
    *mine = db_changes(s->db) > 0;
    return !*mine || !out || db_one(s->db, SQL_BY_ID, webhook_endpoint, out, s->arena, e, INT_(id)) == DB_ROW;
}

bool webhook_release(struct scope *s, int64_t id, struct err *e)
{
    return db_run(s->db, SQL_RELEASE, e, INT_(id), INT_(s->core->node_id));
}

bool webhook_waiting(struct scope *s, int64_t endpoint_id, int64_t after_event, int64_t limit, struct list *out, struct err *e)
{
    return db_all(s->db, SQL_WAITING, waiting_delivery, out, s->arena, e, INT_(endpoint_id), INT_(after_event), INT_(limit));
}

bool webhook_noted(struct scope *s, int64_t endpoint_id, int64_t after_event, struct list *out, struct err *e)
{
    return db_all(s->db, SQL_NOTED, waiting_delivery, out, s->arena, e, INT_(endpoint_id), INT_(after_event));
}

bool webhook_events(struct scope *s, int64_t after, int64_t limit, struct list *out, struct err *e)
{
    return db_all(s->db, SQL_EVENTS, event, out, s->arena, e, INT_(after), INT_(limit));
}

/* In the words that the event has now; without a body where the endpoint is not told of it, or it is gone. */
static bool letter_now(struct scope *s, const struct webhook_endpoint *w, int64_t event_id, struct webhook_letter *out, struct err *e)
{
    struct event event;
    enum db_found found = db_one(s->db, SQL_EVENT, event, &event, s->arena, e, INT_(event_id));
    *out = (struct webhook_letter){0};
    return found == DB_ROW ? webhook_render(s, w, &event, out, e) : found == DB_NONE;
}

bool webhook_letter_of(struct scope *s, const struct webhook_endpoint *w, int64_t event_id, struct webhook_letter *out, struct err *e)
{
    struct kept_letter kept;
    enum db_found found = db_one(s->db, SQL_LETTER, kept_letter, &kept, s->arena, e, INT_(w->id), INT_(event_id));
    if (found == DB_ROW && HAS(&kept, kept_letter, body)) return *out = (struct webhook_letter){kept.message_id, kept.body}, true;
    return found != DB_FAILED && letter_now(s, w, event_id, out, e);
}

/* ---- noting */

#define OPTIONAL_TEXT(d, f) TEXT_(HAS(d, webhook_delivery, f) ? (d)->f : NULL)
#define OPTIONAL_INT(d, f) OPT_(HAS(d, webhook_delivery, f), (d)->f)

static bool record_one(struct scope *s, const struct webhook_outcome *o, struct err *e)
{
    const struct webhook_delivery *d = &o->row;
    if (!db_run(s->db, SQL_RECORD, e, INT_(d->endpoint_id), INT_(d->event_id), OPTIONAL_INT(d, session_id), TEXT_(d->event_type), OPTIONAL_TEXT(d, message_id),
                TEXT_(delivery_state_words.words[d->state]), INT_(d->attempts), OPTIONAL_INT(d, due_at), OPTIONAL_TEXT(d, body), OPTIONAL_INT(d, status), OPTIONAL_TEXT(d, answer),
                OPTIONAL_TEXT(d, error), OPTIONAL_INT(d, duration_ms), OPTIONAL_INT(d, first_at), OPTIONAL_INT(d, last_at), INT_(d->created_at)))
        return false;
    if (!o->attempted || d->state == delivery_state_delivered) return true;
    return db_run(s->db, SQL_ATTEMPT, e, INT_(d->endpoint_id), INT_(d->event_id), INT_(d->last_at), OPTIONAL_INT(d, status), OPTIONAL_TEXT(d, answer), OPTIONAL_TEXT(d, error), INT_(d->duration_ms));
}

static bool stop_endpoint(struct scope *s, const struct webhook_account *a, struct err *e)
{
    struct webhook_endpoint w;
    if (db_one(s->db, SQL_BY_ID, webhook_endpoint, &w, s->arena, e, INT_(a->endpoint_id)) != DB_ROW) return false;
    if (w.state != webhook_state_active || HAS(&w, webhook_endpoint, deleted_at)) return true; /* somebody was faster */
    metric_add(webhook_stopped_total, 1);
    log_warn("webhook.stopped", LOG_INT("endpoint", w.id), LOG_STR("state", webhook_state_words.words[a->stop]), LOG_STR("reason", a->reason));
    return webhook_set_state(s, &w, (enum webhook_state)a->stop, false, a->reason, e);
}

static bool settle_account(struct scope *s, const struct webhook_account *a, struct err *e)
{
    if (!db_run(s->db, SQL_ACCOUNT, e, INT_(a->endpoint_id), INT_(a->position), INT_(a->failed_count), OPT_(a->failing_since, a->failing_since), OPT_(a->held_until, a->held_until),
                OPT_(a->last_attempt_at, a->last_attempt_at), OPT_(a->last_success_at, a->last_success_at), INT_(s->core->node_id)))
        return false;
    return a->stop < 0 || !db_changes(s->db) || stop_endpoint(s, a, e);
}

/* Has somebody been forgotten since these messages were put into words? */
static bool was_forgetting(struct scope *s, const struct webhook_batch *b, bool *forgetting, struct err *e)
{
    int64_t oldest = s->now, one;
    for (size_t i = 0; i < b->outcome_count; i++)
        if (b->outcomes[i].row.created_at < oldest) oldest = b->outcomes[i].row.created_at;
    enum db_found found = b->outcome_count ? db_number(s->db, SQL_FORGETTING, &one, e, INT_(oldest)) : DB_NONE;
    *forgetting = found == DB_ROW;
    return found != DB_FAILED;
}

/* Words that may name who is forgotten are not kept: the event has others now. */
static bool say_anew(struct scope *s, struct webhook_delivery *d, struct err *e)
{
    struct webhook_endpoint w;
    struct webhook_letter letter = {0};
    if (!HAS(d, webhook_delivery, body)) return true;
    enum db_found found = db_one(s->db, SQL_BY_ID, webhook_endpoint, &w, s->arena, e, INT_(d->endpoint_id));
    if (found == DB_FAILED || (found == DB_ROW && !letter_now(s, &w, d->event_id, &letter, e))) return false;
    SET(d, webhook_delivery, body, letter.body ? letter.body : "");
    return true;
}

/* Another node may have taken the endpoint while this one was silent: what this one says of its messages is not true any more. With SQLite there is none. */
static bool record_ours(struct scope *s, const struct webhook_batch *b, struct err *e)
{
    int64_t asked = 0, one;
    bool forgetting;
    enum db_found ours = DB_ROW;
    if (!was_forgetting(s, b, &forgetting, e)) return false;
    for (size_t i = 0; i < b->outcome_count; i++) {
        struct webhook_outcome o = b->outcomes[i];
        if (db_conn_is_shared(s->db) && o.row.endpoint_id != asked) ours = db_number(s->db, SQL_OURS, &one, e, INT_(asked = o.row.endpoint_id), INT_(s->core->node_id));
        if (ours == DB_FAILED) return false;
        if (ours == DB_ROW && ((forgetting && !say_anew(s, &o.row, e)) || !record_one(s, &o, e))) return false;
    }
    return true;
}

bool webhook_record(struct scope *s, const struct webhook_batch *b, struct err *e)
{
    if (!record_ours(s, b, e)) return false;
    for (size_t i = 0; i < b->account_count; i++)
        if (!settle_account(s, &b->accounts[i], e)) return false;
    return true;
}

bool webhook_note_test(struct scope *s, const struct webhook_delivery *d, struct err *e)
{
    struct webhook_delivery row = *d;
    return db_insert(s->db, "webhook_deliveries", webhook_delivery, &row, e);
}

/* ---- the log */

bool webhook_log(struct scope *s, int64_t endpoint_id, const struct delivery_query *q, struct list *out, int64_t *total, struct err *e)
{
    const char *state = HAS(q, delivery_query, state) ? delivery_state_words.words[q->state] : "";
    return db_all(s->db, SQL_LOG, webhook_delivery, out, s->arena, e, INT_(endpoint_id), TEXT_(state), INT_(q->limit), INT_(q->skip)) &&
           db_number(s->db, SQL_LOG_COUNT, total, e, INT_(endpoint_id), TEXT_(state)) == DB_ROW;
}

bool webhook_delivery_find(struct scope *s, int64_t endpoint_id, int64_t id, struct webhook_delivery *out, struct err *e)
{
    enum db_found found = db_one(s->db, SQL_DELIVERY, webhook_delivery, out, s->arena, e, INT_(endpoint_id), INT_(id));
    return found == DB_NONE ? err_fail(e, error_delivery_not_found) : found == DB_ROW;
}

bool webhook_attempts(struct scope *s, int64_t delivery_id, struct list *out, struct err *e)
{
    return db_all(s->db, SQL_ATTEMPTS, webhook_attempt, out, s->arena, e, INT_(delivery_id));
}

/* ---- again */

bool webhook_replay_one(struct scope *s, struct webhook_delivery *d, struct err *e)
{
    if (!HAS(d, webhook_delivery, event_id)) return err_fail(e, error_delivery_is_test);
    SET(d, webhook_delivery, state, delivery_state_waiting);
    SET(d, webhook_delivery, attempts, 0);
    SET(d, webhook_delivery, due_at, s->now);
    return db_run(s->db, SQL_AGAIN, e, INT_(d->id), INT_(s->now)) && EMIT(s, webhook_replayed, 0, e, .webhook_id = d->endpoint_id);
}

/* The endpoint's types, each between blanks; "" for all. */
static const char *types_of(struct scope *s, const struct webhook_endpoint *w)
{
    struct buf words;
    if (w->shape != webhook_shape_standard || !HAS(w, webhook_endpoint, event_types)) return "";
    buf_init(&words, 0);
    buf_char(&words, ' ');
    for (int type = 0; type < event_type_count; type++) {
        const char *name = event_row((enum event_type)type)->name;
        if (webhook_wants(w, name)) buf_printf(&words, "%s ", name);
    }
    const char *out = arena_strndup(s->arena, words.data, words.size);
    buf_release(&words);
    return out;
}

bool webhook_replay_range(struct scope *s, const struct webhook_endpoint *w, const struct webhook_replay *in, int64_t *count, int64_t *last, struct err *e)
{
    int64_t newest, since = HAS(in, webhook_replay, since) ? in->since : TIME_FIRST, until = HAS(in, webhook_replay, until) ? in->until : INT64_MAX;
    struct db_value session = OPT_(HAS(w, webhook_endpoint, session_id), w->session_id);
    const char *types = types_of(s, w), *look = in->only_failed ? SQL_FAILED_LAST : SQL_REPLAY_LAST, *change = in->only_failed ? SQL_REPLAY_FAILED : SQL_REPLAY;
    *count = *last = 0;
    if (db_number(s->db, SQL_NEWEST, &newest, e) != DB_ROW) return false;
    enum db_found found = db_number(s->db, look, last, e, INT_(w->id), INT_(in->after_event), INT_(since), INT_(until), session, TEXT_(types), INT_(newest), INT_(REPLAY_AT_ONCE));
    if (found != DB_ROW) return found == DB_NONE;
    if (!db_run(s->db, change, e, INT_(w->id), INT_(in->after_event), INT_(since), INT_(until), session, TEXT_(types), INT_(*last), INT_(s->now))) return false;
    *count = db_changes(s->db);
    if (*count < REPLAY_AT_ONCE) *last = 0;
    return EMIT(s, webhook_replayed, 0, e, .webhook_id = w->id);
}

/* ---- sweeping */

static int64_t old_enough(struct scope *s)
{
    return s->now - core_config(s->core)->WEBHOOK_LOG_DAYS * DAY_MS;
}

bool webhook_sweep_due(struct scope *s, bool *due, struct err *e)
{
    int64_t n = 0;
    enum db_found found = db_number(s->db, SQL_SWEEP_DUE, &n, e, INT_(old_enough(s)));
    *due = found == DB_ROW && n > 0;
    return found != DB_FAILED;
}

bool webhook_sweep(struct scope *s, struct err *e)
{
    for (size_t i = 0; i < 2; i++)
        if (!db_run(s->db, SQL_SWEEP[i], e, INT_(old_enough(s))) || !db_run(s->db, SQL_SWEEP_DELETED[i], e)) return false;
    return true;
}

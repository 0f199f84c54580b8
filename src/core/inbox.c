#include "core/inbox.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/metric.h"
#include "core/event.h"
#include "core/job.h"
#include "core/provider.h"
#include "core/reconcile.h"
#include "core/session.h"
#include <stdlib.h>
#include <string.h>

static const char SQL_STORE[] =
    "INSERT INTO inbox (provider, dedupe, event_type, room_name, state, proof, body, encoded, attempts, received_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, $9) "
    "ON CONFLICT (provider, dedupe) WHERE state <> 'received' DO NOTHING"; /* only what is not signed is compared here */
static const char SQL_KNOWN[] = "SELECT {} FROM inbox WHERE provider = $1 AND dedupe = $2 AND state <> 'received'";
static const char SQL_FORGET[] = "DELETE FROM inbox WHERE id = $1 AND state = 'received'";
static const char SQL_NEXT[] = "SELECT {} FROM inbox WHERE state = 'received' AND id > $1 ORDER BY id LIMIT $2";
static const char SQL_SETTLE[] = "UPDATE inbox SET state = $2, error = $3, attempts = attempts + 1, processed_at = $4, told = $5 WHERE id = $1 AND state = 'received'";
static const char SQL_PUT_OFF[] = "UPDATE inbox SET error = $2, attempts = attempts + 1 WHERE id = $1 AND state = 'received'";
static const char SQL_SET_ASIDE[] = "UPDATE inbox SET state = 'failed', processed_at = $2 WHERE id = $1 AND state = 'received' AND attempts >= $3";
/* What comes after all was cleaned would bring back who was forgotten, and by which words is not known any more. */
static const char SQL_HUSH[] =
    "UPDATE inbox SET state = 'processed', body = '', error = 'somebody who was in is forgotten: what it said is not kept' WHERE id = $1 AND EXISTS (SELECT 1 FROM erasures) AND EXISTS (SELECT 1 FROM erasures x "
    "WHERE x.user_id IN (SELECT p.user_id FROM participants p JOIN sessions t ON t.id = p.session_id WHERE t.room_name = inbox.room_name UNION SELECT o.teacher_id FROM sessions o WHERE o.room_name = inbox.room_name))";
static const char SQL_TAKE_UP[] = "UPDATE inbox SET state = 'received' WHERE state = 'waiting' AND provider = $1";
static const char SQL_SESSION[] = "SELECT {} FROM sessions WHERE room_name = $1 AND deleted_at IS NULL";
static const char SQL_SWEEP_OLD[] = "DELETE FROM inbox WHERE received_at <= $1 AND id IN (SELECT id FROM inbox WHERE state <> 'failed' ORDER BY id LIMIT 200)";
static const char SQL_SWEEP_SET_ASIDE[] = "DELETE FROM inbox WHERE received_at <= $1 AND id IN (SELECT id FROM inbox WHERE state = 'failed' ORDER BY id LIMIT 200)";
static const char SQL_SWEEP_UNVERIFIED[] =
    "DELETE FROM inbox WHERE state = 'unverified' AND id <= (SELECT id FROM inbox WHERE state = 'unverified' ORDER BY id DESC LIMIT 1 OFFSET $1)";

enum { TRIES = 6, UNVERIFIED_KEPT = 1000, SET_ASIDE_DAYS = 365 };

/* Databases keep texts: other bytes are kept as base64url. */
static bool is_text(const char *body, size_t size)
{
    json_t *text = memchr(body, '\0', size) ? NULL : json_stringn(body, size);
    json_decref(text);
    return text != NULL;
}

void inbox_set_body(struct delivery *d, struct arena *a, const char *body, size_t size, bool known_text)
{
    d->encoded = !known_text && !is_text(body, size);
    d->body = body;
    if (!d->encoded) return;
    char *text = arena_alloc(a, (size * 4 + 2) / 3 + 1);
    base64url(body, size, text);
    d->body = text;
}

static void remember_wanted(void *arg)
{
    struct core *const *core = arg;
    (*core)->inbox_wanted = true;
    free(arg);
}

/* Once for all that comes until the job begins. */
bool inbox_want(struct scope *s, struct err *e)
{
    if (s->core->inbox_wanted) return true;
    if (!job_want(s, "inbox", 0, e)) return false;
    if (db_is_shared(s->core->db)) return true; /* another node may do it, and we would not know */
    struct core **core = xmalloc(sizeof *core);
    *core = s->core;
    db_after_commit(s->db, remember_wanted, core);
    return true;
}

bool inbox_store(struct scope *s, const struct delivery *d, struct err *e)
{
    const char *state = inbox_state_words.words[d->verified ? inbox_state_received : inbox_state_unverified];
    if (!db_run(s->db, SQL_STORE, e, TEXT_(d->provider), TEXT_(d->dedupe), TEXT_(d->event_type), TEXT_(d->room_name), TEXT_(state), TEXT_(d->proof), TEXT_(d->body), INT_(d->encoded), INT_(s->now)))
        return false;
    if (!db_changes(s->db)) return true;
    metric_add(inbox_received_total, 1);
    FAULT_POINT(inbox_stored);
    return inbox_want(s, e) && (d->verified || reconcile_ring(s, e));
}

void inbox_taken(struct scope *s)
{
    s->core->inbox_wanted = false;
}

bool inbox_next(struct scope *s, int64_t after_id, int64_t count, struct list *out, struct err *e)
{
    return db_all(s->db, SQL_NEXT, inbox, out, s->arena, e, INT_(after_id), INT_(count));
}

enum action { NOTED, ENDS, WAITS };
static const struct { const char *provider, *type; enum action action; } actions[] = {
#define INBOX(provider, type, action) {#provider, type, action},
#include "spec/inbox.def"
#undef INBOX
};

static enum action action_of(const struct inbox *row)
{
    for (size_t i = 0; HAS(row, inbox, event_type) && i < sizeof actions / sizeof *actions; i++)
        if (!strcmp(actions[i].provider, row->provider) && !strcmp(actions[i].type, row->event_type)) return actions[i].action;
    return NOTED;
}

static bool tell(struct scope *s, const struct inbox *row, struct session *session, struct err *e)
{
    if (!EMIT(s, provider_event, session->id, e, .name = row->event_type, .text = row->provider)) return false;
    return action_of(row) != ENDS || session_is_over(session) || session_set_status(s, session, session_status_ended, "expired", e);
}

/* What the provider makes of it; false: it could not be read, and `why` says why. No database, no network. */
static bool read_facts(struct scope *s, const struct provider *p, const struct inbox *row, struct facts *out, struct err *why)
{
    struct provider_letter letter = {HAS(row, inbox, event_type) ? row->event_type : NULL, row->body, strlen(row->body), row->received_at};
    *out = (struct facts){0};
    return row->encoded || p->ops->inbound(p->ctx, s->arena, &letter, out, why);
}

/* Nobody is held up by it, and nothing is lost: somebody has to look at it. */
static bool tell_set_aside(struct scope *s, const struct inbox *row, int64_t session_id, const char *why, struct err *e)
{
    metric_add(inbox_set_aside_total, 1);
    log_warn("inbox.set_aside", LOG_INT("id", row->id), LOG_STR("provider", row->provider), LOG_STR("error", why));
    FAULT_POINT(inbox_set_aside);
    return EMIT(s, provider_event_set_aside, session_id, e, .name = HAS(row, inbox, event_type) ? row->event_type : NULL, .text = row->provider, .error = why);
}

static enum db_found session_of(struct scope *s, const struct inbox *row, struct session *out, struct err *e)
{
    return HAS(row, inbox, room_name) ? db_one(s->db, SQL_SESSION, session, out, s->arena, e, TEXT_(row->room_name)) : DB_NONE;
}

static bool settle(struct scope *s, const struct inbox *row, struct err *e)
{
    struct session session;
    struct facts facts = {0};
    struct err why = {0};
    const struct provider *p = provider_find(s->core, row->provider);
    bool speaks = p && p->ops->inbound;
    enum inbox_state state = action_of(row) == WAITS && !speaks ? inbox_state_waiting : inbox_state_processed;
    if (speaks && !read_facts(s, p, row, &facts, &why)) state = inbox_state_failed;
    enum db_found found = session_of(s, row, &session, e);
    if (found == DB_FAILED) return false;
    const char *note = why.kind != ERR_NONE ? why.text : found == DB_ROW ? NULL : HAS(row, inbox, room_name) ? "no session has this room" : "it names no room";
    if (!db_run(s->db, SQL_SETTLE, e, INT_(row->id), TEXT_(inbox_state_words.words[state]), TEXT_(note), INT_(s->now), INT_(row->told || found == DB_ROW))) return false;
    bool mine = db_changes(s->db);
    FAULT_POINT(inbox_settled);
    if (!mine) return true; /* another node was faster */
    if (!db_run(s->db, SQL_HUSH, e, INT_(row->id))) return false;
    if (state == inbox_state_failed && !tell_set_aside(s, row, found == DB_ROW ? session.id : 0, note, e)) return false;
    return (row->told || found != DB_ROW || tell(s, row, &session, e)) && fact_apply_all(s, row->provider, &facts, e);
}

bool inbox_take_up(struct scope *s, const char *provider, struct err *e)
{
    if (!db_run(s->db, SQL_TAKE_UP, e, TEXT_(provider))) return false;
    return !db_changes(s->db) || job_want(s, "inbox", 0, e);
}

bool inbox_process(struct scope *s, const struct inbox *row, struct err *e)
{
    struct inbox earlier;
    enum db_found known = db_one(s->db, SQL_KNOWN, inbox, &earlier, s->arena, e, TEXT_(row->provider), TEXT_(row->dedupe));
    if (known == DB_FAILED) return false;
    if (known == DB_NONE) return settle(s, row, e);
    metric_add(inbox_repeated_total, 1);
    return db_run(s->db, SQL_FORGET, e, INT_(row->id));
}

bool inbox_put_off(struct scope *s, const struct inbox *row, const char *why, struct err *e)
{
    struct session session;
    if (!db_run(s->db, SQL_PUT_OFF, e, INT_(row->id), TEXT_(why)) || !db_run(s->db, SQL_SET_ASIDE, e, INT_(row->id), INT_(s->now), INT_(TRIES))) return false;
    if (!db_changes(s->db)) return true;
    if (!db_run(s->db, SQL_HUSH, e, INT_(row->id))) return false;
    enum db_found found = session_of(s, row, &session, e);
    return found != DB_FAILED && tell_set_aside(s, row, found == DB_ROW ? session.id : 0, why, e);
}

bool inbox_sweep(struct scope *s, struct err *e)
{
    int64_t set_aside, days = core_config(s->core)->INBOX_DAYS;
    if (!db_run(s->db, SQL_SWEEP_OLD, e, INT_(s->now - days * DAY_MS)) || !db_run(s->db, SQL_SWEEP_UNVERIFIED, e, INT_(UNVERIFIED_KEPT)) ||
        !db_run(s->db, SQL_SWEEP_SET_ASIDE, e, INT_(s->now - (days > SET_ASIDE_DAYS ? days : SET_ASIDE_DAYS) * DAY_MS)) || !inbox_set_aside(s, &set_aside, e)) return false;
    metric_set(inbox_set_aside, set_aside);
    return true;
}

#include "core/dial_in_rule.h"
#include "base/log.h"
#include "core/dial_in.h"
#include "core/event.h"
#include "core/job.h"
#include <string.h>

static const char SQL_CONCERNED[] = "SELECT 1 FROM rooms r LEFT JOIN dial_in_rules d ON d.session_id = r.session_id WHERE r.session_id = $1 AND (r.sip_enabled = 1 OR d.id IS NOT NULL)";
static const char SQL_THERE[] = "SELECT 1 FROM dial_in_rules WHERE session_id = $1 AND pin = $2 AND external IS NOT NULL";
static const char SQL_MISSING[] =
    "SELECT s.id, s.provider, s.room_name, r.sip_pin FROM sessions s JOIN rooms r ON r.session_id = s.id LEFT JOIN dial_in_rules d ON d.session_id = s.id "
    "WHERE s.status = 'active' AND s.deleted_at IS NULL AND r.sip_enabled = 1 AND r.sip_pin IS NOT NULL AND (d.id IS NULL OR d.external IS NULL) ORDER BY s.id LIMIT 500";
static const char SQL_UNWANTED[] =
    "SELECT {d} FROM dial_in_rules d JOIN sessions s ON s.id = d.session_id LEFT JOIN rooms r ON r.session_id = s.id "
    "WHERE s.status <> 'active' OR s.deleted_at IS NOT NULL OR coalesce(r.sip_enabled, 0) = 0 OR coalesce(r.sip_pin, '') <> d.pin OR CAST($1 AS INTEGER) = 0 ORDER BY d.id LIMIT 500";
static const char SQL_OPEN[] = "SELECT {} FROM dial_in_rules WHERE external IS NOT NULL ORDER BY id";
static const char SQL_COUNT[] = "SELECT count(*) FROM dial_in_rules";
static const char SQL_NOTE[] =
    "INSERT INTO dial_in_rules (session_id, provider, room_name, pin, created_at) VALUES ($1, $2, $3, $4, $5) "
    "ON CONFLICT (session_id) DO UPDATE SET pin = excluded.pin WHERE dial_in_rules.external IS NULL";
static const char SQL_OPENED[] = "UPDATE dial_in_rules SET external = $3, opened_at = $4 WHERE session_id = $1 AND pin = $2";
static const char SQL_LOST[] = "UPDATE dial_in_rules SET external = NULL WHERE id = $1 AND external = $2";
static const char SQL_FORGET[] = "DELETE FROM dial_in_rules WHERE id = $1 AND pin = $2 AND coalesce(external, '') = $3";
static const char SQL_RENUMBER[] = "UPDATE rooms SET sip_pin = $3 WHERE session_id = $1 AND sip_pin = $2";

enum { PINS_AT_MOST = 20, FAILURES_AT_MOST = 3 }; /* of a round: then nobody is there, and the next one need not wait for it */

/* ---- on the writer */

static bool has_rules(const struct provider *p)
{
    return p && p->ops->capabilities & PROVIDER_DIAL_IN;
}

bool dial_in_changed(struct scope *s, const struct session *session, struct err *e)
{
    int64_t one;
    if (!has_rules(provider_remote(s->core, session->provider))) return true;
    enum db_found found = db_number(s->db, SQL_CONCERNED, &one, e, INT_(session->id));
    return found == DB_NONE || (found == DB_ROW && job_want(s, "dial_in", 0, e));
}

bool dial_in_begin(struct scope *s, struct err *e)
{
    bool any = false;
    for (size_t i = 0; i < s->core->provider_count; i++) any |= has_rules(s->core->providers[i]);
    return !any || job_want(s, "dial_in", 0, e);
}

bool dial_in_rule_there(struct scope *s, int64_t session_id, const char *pin, bool *there, struct err *e)
{
    int64_t one;
    enum db_found found = db_number(s->db, SQL_THERE, &one, e, INT_(session_id), TEXT_(pin));
    *there = found == DB_ROW;
    return found != DB_FAILED;
}

struct step { const struct dial_in_wish *wish; struct arena *arena; const char *pin, *rule; bool done; };

static bool note(struct scope *s, void *arg, struct err *e)
{
    struct step *t = arg;
    const struct dial_in_wish *w = t->wish;
    return db_run(s->db, SQL_NOTE, e, INT_(w->session_id), TEXT_(w->provider), TEXT_(w->room_name), TEXT_(t->pin), INT_(s->now)) &&
           dial_in_rule_there(s, w->session_id, t->pin, &t->done, e);
}

static bool opened(struct scope *s, void *arg, struct err *e)
{
    struct step *t = arg;
    int64_t id = t->wish->session_id;
    if (!db_run(s->db, SQL_OPENED, e, INT_(id), TEXT_(t->pin), TEXT_(t->rule), INT_(s->now))) return false;
    t->done = db_changes(s->db);
    return !t->done || EMIT(s, dial_in_opened, id, e, 0);
}

/* Somebody else's rule has the PIN: the room gets another one. */
static bool renumber(struct scope *s, void *arg, struct err *e)
{
    struct step *t = arg;
    const char *before = t->pin;
    int64_t id = t->wish->session_id;
    char pin[DIAL_IN_PIN + 1];
    if (!dial_in_free_pin(s, pin, e)) return false;
    t->pin = arena_strdup(t->arena, pin);
    if (!db_run(s->db, SQL_RENUMBER, e, INT_(id), TEXT_(before), TEXT_(t->pin))) return false;
    return db_changes(s->db) ? EMIT(s, dial_in_renumbered, id, e, 0) : err_fail(e, error_session_not_active);
}

static bool forget(struct scope *s, void *arg, struct err *e)
{
    const struct dial_in_rule *d = arg;
    bool was_open = HAS(d, dial_in_rule, external);
    if (!db_run(s->db, SQL_FORGET, e, INT_(d->id), TEXT_(d->pin), TEXT_(was_open ? d->external : ""))) return false;
    return !was_open || !db_changes(s->db) || EMIT(s, dial_in_closed, d->session_id, e, 0);
}

static bool lost(struct scope *s, void *arg, struct err *e)
{
    const struct dial_in_rule *d = arg;
    return db_run(s->db, SQL_LOST, e, INT_(d->id), TEXT_(d->external));
}

/* ---- asking */

bool dial_in_make(struct core *core, struct arena *a, const struct dial_in_wish *w, struct err *e)
{
    const struct provider *p = provider_remote(core, w->provider);
    struct step t = {.wish = w, .arena = a, .pin = w->pin};
    bool taken = true;
    for (int i = 0; taken && i < PINS_AT_MOST; i++) {
        struct provider_dial_in in = {.room = w->room_name, .pin = t.pin};
        taken = false;
        if (!core_write(core, note, &t, e)) return false;
        if (t.done) return true;
        bool there = p->ops->dial_in_open(p->ctx, a, &in, &taken, e);
        t.rule = in.rule;
        if (there && !core_write(core, opened, &t, e)) return false;
        if (there && t.done) return true;
        if (there) return p->ops->dial_in_close(p->ctx, a, &in, e) && err_fail(e, error_session_not_active); /* it was forgotten meanwhile */
        if (taken && !core_write(core, renumber, &t, e)) return false;
    }
    return false;
}

static bool close_unwanted(struct scope *s, struct err *e)
{
    struct list rows;
    int failures = 0;
    if (!db_all(s->db, SQL_UNWANTED, dial_in_rule, &rows, s->arena, e, INT_(core_config(s->core)->LIVEKIT_SIP_ENABLED))) return false;
    for (size_t i = 0; i < rows.count && failures < FAILURES_AT_MOST; i++) {
        struct dial_in_rule *d = (struct dial_in_rule *)(uintptr_t)rows.items + i;
        const struct provider *p = provider_find(s->core, d->provider);
        struct provider_dial_in in = {.room = d->room_name, .pin = d->pin, .rule = HAS(d, dial_in_rule, external) ? d->external : NULL};
        if (!has_rules(p)) continue; /* until it is set up again */
        failures += !p->ops->dial_in_close(p->ctx, s->arena, &in, e) || !core_write(s->core, forget, d, e);
    }
    return !failures;
}

static bool is_listed(const struct provider_dial_ins *there, const char *rule)
{
    for (size_t i = 0; i < there->count; i++)
        if (there->items[i].rule && !strcmp(there->items[i].rule, rule)) return true;
    return false;
}

static bool find_lost(struct scope *s, const struct provider *p, const struct list *open, struct err *e)
{
    struct provider_dial_ins there = {0};
    bool asked = false;
    for (size_t i = 0; i < open->count; i++) {
        struct dial_in_rule *d = (struct dial_in_rule *)(uintptr_t)open->items + i;
        if (strcmp(d->provider, p->ops->name) != 0) continue;
        if (!asked && !p->ops->dial_in_rules(p->ctx, s->arena, &there, e)) return false;
        asked = true;
        if (is_listed(&there, d->external)) continue;
        log_warn("dial_in.lost", LOG_STR("provider", d->provider), LOG_STR("room", d->room_name));
        if (!core_write(s->core, lost, d, e)) return false;
    }
    return true;
}

static bool look_for_all(struct scope *s, struct err *e)
{
    struct list open;
    if (!db_all(s->db, SQL_OPEN, dial_in_rule, &open, s->arena, e)) return false;
    for (size_t i = 0; open.count && i < s->core->provider_count; i++)
        if (has_rules(s->core->providers[i]) && !find_lost(s, s->core->providers[i], &open, e)) return false;
    return true;
}

static bool make_missing(struct scope *s, struct err *e)
{
    struct list rows;
    int failures = 0;
    if (!core_config(s->core)->LIVEKIT_SIP_ENABLED) return true;
    if (!db_all(s->db, SQL_MISSING, dial_in_wish, &rows, s->arena, e)) return false;
    for (size_t i = 0; i < rows.count && failures < FAILURES_AT_MOST; i++) {
        const struct dial_in_wish *w = (const struct dial_in_wish *)rows.items + i;
        if (has_rules(provider_find(s->core, w->provider))) failures += !dial_in_make(s->core, s->arena, w, e) && !err_is(e, error_session_not_active);
    }
    return !failures;
}

bool dial_in_round(struct core *core, struct db_conn *db, struct arena *a, int64_t *left, struct err *e)
{
    struct scope s = {.core = core, .db = db, .arena = a};
    struct err last = {0};
    bool ok = close_unwanted(&s, e);
    if (!look_for_all(&s, ok ? e : &last) || !make_missing(&s, ok ? e : &last)) ok = false;
    return (db_number(db, SQL_COUNT, left, &last, INT_(0)) == DB_ROW || (*left = 1)) && ok;
}

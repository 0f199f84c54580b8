#include "core/idempotency.h"
#include <string.h>

static const char SQL_FIND[] = "SELECT {} FROM idempotency_keys WHERE caller = $1 AND key = $2";
static const char SQL_DROP[] = "DELETE FROM idempotency_keys WHERE id = $1";
static const char SQL_SWEEP[] = "DELETE FROM idempotency_keys WHERE id IN (SELECT id FROM idempotency_keys WHERE expires_at <= $1 ORDER BY expires_at LIMIT 200)";

enum { KEPT_MS = 24 * 60 * 60 * 1000 };

static void fresh(struct scope *s, const struct idempotency *i, struct idempotency_key *row)
{
    *row = (struct idempotency_key){0};
    SET(row, idempotency_key, caller, i->caller);
    SET(row, idempotency_key, key, i->key);
    SET(row, idempotency_key, fingerprint, i->fingerprint);
    SET(row, idempotency_key, status, 0);
    SET(row, idempotency_key, created_at, s->now);
    SET(row, idempotency_key, expires_at, s->now + KEPT_MS);
}

bool idempotency_begin(struct scope *s, const struct idempotency *i, struct idempotency_key *row, struct err *e)
{
    enum db_found found = db_one(s->db, SQL_FIND, idempotency_key, row, s->arena, e, TEXT_(i->caller), TEXT_(i->key));
    if (found == DB_FAILED) return false;
    if (found == DB_ROW && row->expires_at <= s->now) {
        if (!idempotency_drop(s, row, e)) return false;
        found = DB_NONE;
    }
    if (found == DB_NONE) {
        fresh(s, i, row);
        return true;
    }
    if (strcmp(row->fingerprint, i->fingerprint) != 0) return err_fail(e, error_idempotency_key_reused);
    return row->status || row->lease_until <= s->now || err_fail(e, error_idempotency_in_flight);
}

static bool save(struct scope *s, struct idempotency_key *row, struct err *e)
{
    if (HAS(row, idempotency_key, id)) return db_update(s->db, "idempotency_keys", idempotency_key, row, e);
    if (db_insert(s->db, "idempotency_keys", idempotency_key, row, e)) return true;
    return db_is_unique_violation(e) ? err_fail(e, error_idempotency_in_flight) : false;
}

bool idempotency_lease(struct scope *s, struct idempotency_key *row, int64_t lease_ms, struct err *e)
{
    SET(row, idempotency_key, lease_until, s->now + lease_ms);
    return save(s, row, e);
}

bool idempotency_keep(struct scope *s, struct idempotency_key *row, int status, const char *content_type, const char *body, struct err *e)
{
    SET(row, idempotency_key, status, status);
    SET(row, idempotency_key, body, body);
    if (content_type) SET(row, idempotency_key, content_type, content_type);
    CLEAR(row, idempotency_key, lease_until);
    return save(s, row, e);
}

bool idempotency_drop(struct scope *s, const struct idempotency_key *row, struct err *e)
{
    return db_run(s->db, SQL_DROP, e, INT_(row->id));
}

bool idempotency_sweep(struct scope *s, struct err *e)
{
    return db_run(s->db, SQL_SWEEP, e, INT_(s->now));
}

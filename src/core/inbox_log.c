/* inbox_log.c - the inbox as who looks after the server sees it: what came, what is set aside, looking at it again. */
#include "base/fault.h"
#include "core/event.h"
#include "core/inbox.h"
#include <string.h>

#define SHOWN "SELECT id, provider, event_type, room_name, state, attempts, error, length(body), received_at, processed_at, replayed_at FROM inbox "
#define FITS \
    "($1 = '' OR provider = $1) AND ($2 = '' OR event_type = $2) AND ($3 = '' OR room_name = $3) AND received_at >= $4 AND received_at < $5 AND id >= $6 AND id <= $7 "
#define IN_STATE "AND ($8 = '' OR state = $8) "
/* Written out, as there is an index for it. */
#define IS_SET_ASIDE "AND state = 'failed' AND $8 = 'failed' "
#define AGAIN "AND body <> '' AND state IN ('processed', 'waiting', 'failed') " /* what was not signed never; what waits for its turn has it before it; of what is not kept nothing is left to look at */

static const char SQL_LIST[] = SHOWN "WHERE " FITS IN_STATE "ORDER BY id DESC LIMIT $9";
static const char SQL_LIST_SET_ASIDE[] = SHOWN "WHERE " FITS IS_SET_ASIDE "ORDER BY id DESC LIMIT $9";
static const char SQL_COUNT[] = "SELECT count(*) FROM inbox WHERE " FITS IN_STATE AGAIN;
static const char SQL_COUNT_SET_ASIDE[] = "SELECT count(*) FROM inbox WHERE " FITS IS_SET_ASIDE;
static const char SQL_LAST[] = "SELECT max(id) FROM (SELECT id FROM inbox WHERE " FITS IN_STATE AGAIN "ORDER BY id LIMIT $9) AS part";
static const char SQL_LAST_SET_ASIDE[] = "SELECT max(id) FROM (SELECT id FROM inbox WHERE " FITS IS_SET_ASIDE "ORDER BY id LIMIT $9) AS part";
static const char SQL_REPLAY[] = "UPDATE inbox SET state = 'received', attempts = 0, error = NULL, processed_at = NULL, replayed_at = $9 WHERE " FITS IN_STATE AGAIN;
static const char SQL_REPLAY_SET_ASIDE[] = "UPDATE inbox SET state = 'received', attempts = 0, error = NULL, processed_at = NULL, replayed_at = $9 WHERE " FITS IS_SET_ASIDE;
static const char SQL_FIND[] = "SELECT {} FROM inbox WHERE id = $1";
static const char SQL_SET_ASIDE[] = "SELECT count(*) FROM inbox WHERE state = 'failed'";

static const char *text(const char *given)
{
    return given ? given : "";
}

static bool is_set_aside(const struct inbox_filter *f)
{
    return f->state && !strcmp(f->state, inbox_state_words.words[inbox_state_failed]);
}

#define FILTER(f) TEXT_(text((f)->provider)), TEXT_(text((f)->event_type)), TEXT_(text((f)->room_name)), INT_((f)->since), INT_((f)->until ? (f)->until : INT64_MAX), \
                  INT_((f)->from_id), INT_((f)->to_id ? (f)->to_id : INT64_MAX), TEXT_(text((f)->state))

bool inbox_filter_check(const struct inbox_filter *f, struct err *e)
{
    return !f->state || strcmp(f->state, inbox_state_words.words[inbox_state_unverified]) != 0 || err_fail(e, error_inbox_unverified);
}

bool inbox_list(struct scope *s, const struct inbox_filter *f, int64_t limit, struct list *out, struct err *e)
{
    const char *sql = is_set_aside(f) ? SQL_LIST_SET_ASIDE : SQL_LIST;
    return db_all(s->db, sql, inbox_reply, out, s->arena, e, FILTER(f), INT_(limit));
}

bool inbox_find(struct scope *s, int64_t id, struct inbox *out, struct err *e)
{
    enum db_found found = db_one(s->db, SQL_FIND, inbox, out, s->arena, e, INT_(id));
    return found == DB_NONE ? err_fail(e, error_inbox_not_found) : found == DB_ROW;
}

bool inbox_set_aside(struct scope *s, int64_t *count, struct err *e)
{
    return db_number(s->db, SQL_SET_ASIDE, count, e) == DB_ROW;
}

bool inbox_count(struct scope *s, const struct inbox_filter *f, int64_t *count, struct err *e)
{
    return inbox_filter_check(f, e) && db_number(s->db, is_set_aside(f) ? SQL_COUNT_SET_ASIDE : SQL_COUNT, count, e, FILTER(f)) == DB_ROW;
}

bool inbox_replay(struct scope *s, const struct inbox_filter *f, int64_t *count, int64_t *last, struct err *e)
{
    struct inbox_filter these = *f;
    bool failed = is_set_aside(f);
    *count = *last = 0;
    if (!inbox_filter_check(f, e)) return false;
    enum db_found found = db_number(s->db, failed ? SQL_LAST_SET_ASIDE : SQL_LAST, &these.to_id, e, FILTER(f), INT_(INBOX_AT_ONCE));
    if (found != DB_ROW) return found == DB_NONE;
    if (!db_run(s->db, failed ? SQL_REPLAY_SET_ASIDE : SQL_REPLAY, e, FILTER(&these), INT_(s->now))) return false;
    *count = db_changes(s->db);
    FAULT_POINT(inbox_replayed);
    *last = *count == INBOX_AT_ONCE ? these.to_id : 0;
    return EMIT(s, inbox_replayed, 0, e, .text = arena_printf(s->arena, "%lld", (long long)*count)) && inbox_want(s, e);
}

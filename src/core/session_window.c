/* session_window.c - pages of the sessions that are not over, by cursors. */
#include "core/session.h"

#define LIVE "s.deleted_at IS NULL AND s.status IN ('scheduled', 'active') AND $2 > 0 "
#define OPEN LIVE "AND NOT EXISTS (SELECT 1 FROM session_terms t WHERE t.session_id = s.id AND t.closes_at <= $2) "
#define BOUNDS "AND ($3 = 0 OR s.id < $3) AND s.id > $4 "
#define MINE "SELECT {s} FROM participants p JOIN sessions s ON s.id = p.session_id WHERE p.user_id = $1 AND "
#define ALL "SELECT {s} FROM sessions s WHERE $1 > 0 AND "
#define BY_SEAT(order) "ORDER BY p.session_id " order "LIMIT $5"
#define BY_ID(order) "ORDER BY s.id " order "LIMIT $5"
/* By whether some are closed, then whether from the oldest: where none is closed nobody need look at each session's terms. */
static const struct { const char *pages[2][2], *count; } sql[] = {
    {{{MINE LIVE BOUNDS BY_SEAT("DESC "), MINE LIVE BOUNDS BY_SEAT("")}, {MINE OPEN BOUNDS BY_SEAT("DESC "), MINE OPEN BOUNDS BY_SEAT("")}},
     "SELECT CAST(coalesce(sum(total), 0) AS BIGINT) FROM session_counts WHERE user_id = $1 AND status IN ('scheduled', 'active')"},
    {{{ALL LIVE BOUNDS BY_ID("DESC "), ALL LIVE BOUNDS BY_ID("")}, {ALL OPEN BOUNDS BY_ID("DESC "), ALL OPEN BOUNDS BY_ID("")}},
     "SELECT count(*) FROM sessions s WHERE $1 > 0 AND s.deleted_at IS NULL AND s.status IN ('scheduled', 'active')"}};
/* Of those that are counted: few, since what is closed and empty ends soon. */
static const char SQL_CLOSED[] =
    "SELECT count(*) FROM session_terms t JOIN sessions s ON s.id = t.session_id WHERE t.closes_at IS NOT NULL AND t.closes_at <= $2 AND s.deleted_at IS NULL "
    "AND s.status IN ('scheduled', 'active') AND ($3 = 1 OR EXISTS (SELECT 1 FROM participants p WHERE p.user_id = $1 AND p.session_id = s.id))";
static const char SQL_NUMBER[] = "SELECT id FROM sessions WHERE uuid = $1";

static void turn_round(struct list *list)
{
    struct session *s = (struct session *)(uintptr_t)list->items;
    for (size_t i = 0; i < list->count / 2; i++) {
        struct session other = s[i];
        s[i] = s[list->count - 1 - i];
        s[list->count - 1 - i] = other;
    }
}

bool session_window(struct scope *s, bool everybody, const struct id_window *w, struct list *out, int64_t *total, struct err *e)
{
    int64_t actor = s->actor->id, closed;
    if (db_number(s->db, SQL_CLOSED, &closed, e, INT_(actor), INT_(s->now), INT_(everybody)) != DB_ROW) return false;
    const char *page = sql[everybody].pages[closed > 0][w->oldest];
    if (!db_all(s->db, page, session, out, s->arena, e, INT_(actor), INT_(s->now), INT_(w->below), INT_(w->above), INT_(w->limit))) return false;
    if (w->oldest) turn_round(out);
    if (db_number(s->db, sql[everybody].count, total, e, INT_(actor)) != DB_ROW) return false;
    *total -= closed;
    return true;
}

int64_t session_number(struct scope *s, const char *uuid)
{
    struct session_key key;
    int64_t id = 0;
    session_key(s->arena, uuid, &key);
    return key.uuid && db_number(s->db, SQL_NUMBER, &id, NULL, TEXT_(key.uuid)) == DB_ROW ? id : 0;
}

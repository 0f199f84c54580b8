/* session_window.c - pages of the sessions that are not over, by cursors. */
#include "core/session.h"

#define LINE "SELECT s.id, s.uuid, s.room_name, s.max_participants, s.enable_chat, s.enable_screenshare, s.waiting_room, s.created_at, s.updated_at, t.is_public, t.kept, t.as_of FROM "
#define OPEN "s.deleted_at IS NULL AND s.status IN ('scheduled', 'active') AND (t.closes_at IS NULL OR t.closes_at > $2) "
#define MINE(order) \
    LINE "participants p JOIN sessions s ON s.id = p.session_id LEFT JOIN session_terms t ON t.session_id = s.id WHERE p.user_id = $1 AND p.session_id < $3 AND p.session_id > $4 AND " \
    OPEN "ORDER BY p.session_id " order "LIMIT $5"
#define ALL(order) LINE "sessions s LEFT JOIN session_terms t ON t.session_id = s.id WHERE $1 > 0 AND s.id < $3 AND s.id > $4 AND " OPEN "ORDER BY s.id " order "LIMIT $5"
/* By whether everybody's are asked for; pages by whether from the oldest. */
static const struct { const char *pages[2], *count; } sql[] = {
    {{MINE("DESC "), MINE("")}, "SELECT CAST(coalesce(sum(total), 0) AS BIGINT) FROM session_counts WHERE user_id = $1 AND status IN ('scheduled', 'active')"},
    {{ALL("DESC "), ALL("")}, "SELECT count(*) FROM sessions s WHERE $1 > 0 AND s.deleted_at IS NULL AND s.status IN ('scheduled', 'active')"}};
/* Of those that are counted: few, since what is closed and empty ends soon. */
static const char SQL_CLOSED[] =
    "SELECT count(*) FROM session_terms t JOIN sessions s ON s.id = t.session_id WHERE t.closes_at IS NOT NULL AND t.closes_at <= $2 AND s.deleted_at IS NULL "
    "AND s.status IN ('scheduled', 'active') AND ($3 = 1 OR EXISTS (SELECT 1 FROM participants p WHERE p.user_id = $1 AND p.session_id = s.id))";
static const char SQL_NUMBER[] = "SELECT id FROM sessions WHERE uuid = $1";

bool session_window(struct scope *s, bool everybody, const struct id_window *w, struct list *out, int64_t *total, struct err *e)
{
    int64_t actor = s->actor->id, closed;
    if (db_number(s->db, SQL_CLOSED, &closed, e, INT_(actor), INT_(s->now), INT_(everybody)) != DB_ROW) return false;
    if (!db_all(s->db, sql[everybody].pages[w->oldest], room_line, out, s->arena, e, INT_(actor), INT_(s->now), INT_(w->below ? w->below : INT64_MAX), INT_(w->above), INT_(w->limit))) return false;
    if (w->oldest) list_reverse(out, sizeof(struct room_line));
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

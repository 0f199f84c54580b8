#include "core/meeting.h"

#define STAY \
    "SELECT c.id, c.connection, c.session_id, c.participant_id, c.joined_at, c.left_at, p.user_id, p.identity, p.name, coalesce(t.role, p.role), s.room_name, n.ends_at " \
    "FROM connection_spans c JOIN participants p ON p.id = c.participant_id JOIN sessions s ON s.id = c.session_id LEFT JOIN stays y ON y.connection = c.connection " \
    "LEFT JOIN join_tokens t ON t.id = y.token_id LEFT JOIN stay_ends n ON n.connection = c.connection "
static const char SQL_PRESENT[] = STAY "WHERE c.left_at IS NULL AND c.session_id = $1 ORDER BY c.id LIMIT $2";
/* Without what tokens say of a stay. */
static const char SQL_HERE[] =
    "SELECT c.id, c.connection, c.session_id, c.participant_id, c.joined_at, c.left_at, p.user_id, p.identity, p.name, p.role, s.room_name, CAST(NULL AS BIGINT) "
    "FROM connection_spans c JOIN participants p ON p.id = c.participant_id JOIN sessions s ON s.id = c.session_id WHERE c.left_at IS NULL AND c.session_id = $1 ORDER BY c.id LIMIT $2";
static const char SQL_PRESENT_ALL[] = STAY "WHERE c.left_at IS NULL AND s.deleted_at IS NULL AND ($1 = 1 OR s.teacher_id = $2) ORDER BY c.session_id, c.id LIMIT $3";
static const char SQL_BY_CONNECTION[] = STAY "WHERE c.connection = $1";

/* Pages by whose meetings, and by how they are found: by their order alone, by the time they began, among the few that are under way. A plus keeps an index
 * from being used, so that what is not asked for costs nothing. */
#define ONE_PAGE(whose, first, which, order) \
    "SELECT {m} FROM meetings m WHERE " first " < $7 AND " first " > $8 " whose which "AND ($6 < 0 OR CASE WHEN m.inside > 0 THEN 1 ELSE 0 END = $6) ORDER BY " first " " order "LIMIT $9"
#define BOTH_WAYS(whose, first, which) {ONE_PAGE(whose, first, which, "DESC "), ONE_PAGE(whose, first, which, "")}
#define FROM_TO(began) "AND " began " >= $4 AND " began " < $5 "
#define PAGES(whose) \
    {BOTH_WAYS(whose, "m.first", ""), BOTH_WAYS(whose, "+m.first", FROM_TO("m.started_at")), BOTH_WAYS(whose, "m.first", "AND m.inside > 0 " FROM_TO("+m.started_at"))}
#define COUNT(whose) "SELECT count(*) FROM meetings m WHERE m.started_at >= $4 AND m.started_at < $5 " whose
#define OF_HOST "AND m.host_id = $2 "
#define IN_ROOM "AND m.room = $3 "
#define OF_HOST_IN_ROOM "AND m.room = $3 AND +m.host_id = $2 "
enum { BY_ORDER, BY_TIME, UNDER_WAY };
/* By whether everybody's are asked for, then whether those of a room. */
static const struct { const char *pages[3][2], *count; } sql[2][2] = {
    {{PAGES(OF_HOST), COUNT(OF_HOST)}, {PAGES(OF_HOST_IN_ROOM), COUNT(OF_HOST_IN_ROOM)}}, {{PAGES(""), COUNT("")}, {PAGES(IN_ROOM), COUNT(IN_ROOM)}}};
static const char SQL_TOTAL[] = "SELECT total FROM meeting_counts WHERE host_id = $1 AND room = $2";

static const char SQL_FIND[] = "SELECT {} FROM meetings WHERE first = $1";
static const char SQL_OF[] = "SELECT {} FROM meetings WHERE session_id = $1 AND first <= $2 ORDER BY first DESC LIMIT 1";
static const char SQL_AT[] = "SELECT {} FROM meetings WHERE session_id = $1 AND started_at <= $2 ORDER BY first DESC LIMIT 1";
#define STAYS(order) \
    "SELECT c.id, c.joined_at, c.left_at, p.identity, p.name FROM connection_spans c JOIN participants p ON p.id = c.participant_id WHERE c.session_id = $1 AND c.id >= $2 " \
    "AND c.id < coalesce((SELECT min(n.first) FROM meetings n WHERE n.session_id = $1 AND n.first > $2), $4) AND c.id > $3 AND c.id < $4 ORDER BY c.id " order "LIMIT $5"
static const char SQL_STAYS[] = STAYS(""), SQL_LAST_STAYS[] = "SELECT x.id, x.joined_at, x.left_at, x.identity, x.name FROM (" STAYS("DESC ") ") x ORDER BY x.id";

static enum db_found total_of(struct scope *s, const struct meeting_query *q, int64_t *total, struct err *e)
{
    int64_t host = s->actor && !q->everybody ? s->actor->id : 0;
    enum db_found found = db_number(s->db, SQL_TOTAL, total, e, INT_(host), TEXT_(q->room ? q->room : ""));
    if (found == DB_NONE) *total = 0;
    return found;
}

bool meeting_list(struct scope *s, const struct meeting_query *q, struct list *out, int64_t *total, struct err *e)
{
    const struct id_window *w = &q->window;
    int64_t actor = s->actor ? s->actor->id : 0, to = q->to ? q->to : INT64_MAX;
    bool in_time = q->from || q->to;
    const char *page = sql[q->everybody][q->room != NULL].pages[q->ongoing == 1 ? UNDER_WAY : in_time ? BY_TIME : BY_ORDER][w->oldest];
    if (!db_all(s->db, page, meeting, out, s->arena, e, INT_(q->everybody), INT_(actor), TEXT_(q->room), INT_(q->from), INT_(to), INT_(q->ongoing),
                INT_(w->below ? w->below : INT64_MAX), INT_(w->above), INT_(w->limit))) return false;
    if (w->oldest) list_reverse(out, sizeof(struct meeting));
    if (!in_time) return total_of(s, q, total, e) != DB_FAILED;
    return db_number(s->db, sql[q->everybody][q->room != NULL].count, total, e, INT_(q->everybody), INT_(actor), TEXT_(q->room), INT_(q->from), INT_(to)) == DB_ROW;
}

enum db_found meeting_find(struct scope *s, int64_t first, struct meeting *out, struct err *e)
{
    return db_one(s->db, SQL_FIND, meeting, out, s->arena, e, INT_(first));
}

enum db_found meeting_of(struct scope *s, int64_t session_id, int64_t stay, struct meeting *out, struct err *e)
{
    return db_one(s->db, SQL_OF, meeting, out, s->arena, e, INT_(session_id), INT_(stay));
}

bool meeting_of_recording(struct scope *s, const struct recording *rec, struct meeting *out, struct err *e)
{
    int64_t at = HAS(rec, recording, ended_at) ? rec->ended_at : s->now;
    enum db_found found = db_one(s->db, SQL_AT, meeting, out, s->arena, e, INT_(rec->session_id), INT_(at));
    if (found == DB_NONE) *out = (struct meeting){0};
    return found != DB_FAILED;
}

bool meeting_stays(struct scope *s, const struct meeting *m, const struct id_window *w, struct list *out, struct err *e)
{
    return db_all(s->db, w->oldest ? SQL_STAYS : SQL_LAST_STAYS, meeting_stay, out, s->arena, e, INT_(m->session_id), INT_(m->first), INT_(w->above), INT_(w->below ? w->below : INT64_MAX), INT_(w->limit));
}

bool stay_present(struct scope *s, int64_t session_id, bool everybody, int64_t limit, struct list *out, struct err *e)
{
    if (session_id) return db_all(s->db, SQL_PRESENT, call_stay, out, s->arena, e, INT_(session_id), INT_(limit));
    return db_all(s->db, SQL_PRESENT_ALL, call_stay, out, s->arena, e, INT_(everybody), INT_(s->actor ? s->actor->id : 0), INT_(limit));
}

bool stay_here(struct scope *s, int64_t session_id, int64_t limit, struct list *out, struct err *e)
{
    return db_all(s->db, SQL_HERE, call_stay, out, s->arena, e, INT_(session_id), INT_(limit));
}

enum db_found stay_by_connection(struct scope *s, const char *connection, struct call_stay *out, struct err *e)
{
    return db_one(s->db, SQL_BY_CONNECTION, call_stay, out, s->arena, e, TEXT_(connection));
}

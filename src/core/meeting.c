#include "core/meeting.h"
#include "core/event.h"
#include <stdlib.h>

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
static const char SQL_STAYS[] = STAY "WHERE c.session_id = $1 AND c.id >= $2 AND c.id < $3 ORDER BY c.id";

/* A stay that begins when nobody of those who came before it was still in. */
#define BEGINS \
    "NOT EXISTS (SELECT 1 FROM connection_spans b WHERE b.session_id = c.session_id AND b.id < c.id AND (b.left_at IS NULL OR b.left_at >= c.joined_at)) "
#define MEETING "SELECT c.id, c.session_id, s.teacher_id, s.room_name, c.joined_at FROM connection_spans c JOIN sessions s ON s.id = c.session_id WHERE " BEGINS
/* Somebody is in, and no meeting of the session has begun after it. */
#define ONGOING \
    "EXISTS (SELECT 1 FROM connection_spans o WHERE o.session_id = c.session_id AND o.left_at IS NULL) AND NOT EXISTS (SELECT 1 FROM connection_spans d " \
    "WHERE d.session_id = c.session_id AND d.id > c.id AND NOT EXISTS (SELECT 1 FROM connection_spans b WHERE b.session_id = d.session_id AND b.id < d.id AND (b.left_at IS NULL OR b.left_at >= d.joined_at))) "
#define FITTING \
    "AND ($1 = 1 OR s.teacher_id = $2) AND (CAST($3 AS TEXT) IS NULL OR s.room_name = $3 OR (s.room_name > $3 || '~' AND s.room_name < $3 || '~a')) " \
    "AND ($4 = 0 OR c.joined_at >= $4) AND ($5 = 0 OR c.joined_at < $5) AND ($6 < 0 OR CASE WHEN " ONGOING "THEN 1 ELSE 0 END = $6) "
static const char SQL_NEWEST[] = MEETING FITTING "AND ($7 = 0 OR c.id < $7) AND c.id > $8 ORDER BY c.id DESC LIMIT $9";
static const char SQL_OLDEST[] = MEETING FITTING "AND ($7 = 0 OR c.id < $7) AND c.id > $8 ORDER BY c.id LIMIT $9";
static const char SQL_COUNT[] = "SELECT count(*) FROM connection_spans c JOIN sessions s ON s.id = c.session_id WHERE " BEGINS FITTING;
static const char SQL_FIND[] = MEETING "AND c.id = $1";
static const char SQL_OF[] = MEETING "AND c.session_id = $1 AND c.id <= $2 ORDER BY c.id DESC LIMIT 1";
static const char SQL_BEGAN[] = "SELECT c.id FROM connection_spans c WHERE c.id = $1 AND " BEGINS;
static const char SQL_TIMES[] = "SELECT {} FROM connection_spans WHERE session_id = $1 ORDER BY id";
static const char SQL_SOMEBODY[] = "SELECT 1 FROM connection_spans WHERE session_id = $1 AND left_at IS NULL LIMIT 1";
static const char SQL_NEXT[] = "SELECT c.id FROM connection_spans c WHERE " BEGINS "AND c.session_id = $1 AND c.id > $2 ORDER BY c.id LIMIT 1";

static void turn_round(struct list *list)
{
    struct meeting *m = (struct meeting *)(uintptr_t)list->items;
    for (size_t i = 0; i < list->count / 2; i++) {
        struct meeting other = m[i];
        m[i] = m[list->count - 1 - i];
        m[list->count - 1 - i] = other;
    }
}

bool meeting_list(struct scope *s, const struct meeting_query *q, struct list *out, int64_t *total, struct err *e)
{
    const struct id_window *w = &q->window;
    int64_t actor = s->actor ? s->actor->id : 0;
    if (!db_all(s->db, w->oldest ? SQL_OLDEST : SQL_NEWEST, meeting, out, s->arena, e, INT_(q->everybody), INT_(actor), TEXT_(q->room), INT_(q->from), INT_(q->to), INT_(q->ongoing),
                INT_(w->below), INT_(w->above), INT_(w->limit))) return false;
    if (w->oldest) turn_round(out);
    return db_number(s->db, SQL_COUNT, total, e, INT_(q->everybody), INT_(actor), TEXT_(q->room), INT_(q->from), INT_(q->to), INT_(-1)) == DB_ROW;
}

enum db_found meeting_find(struct scope *s, int64_t first, struct meeting *out, struct err *e)
{
    return db_one(s->db, SQL_FIND, meeting, out, s->arena, e, INT_(first));
}

enum db_found meeting_of(struct scope *s, int64_t session_id, int64_t stay, struct meeting *out, struct err *e)
{
    return db_one(s->db, SQL_OF, meeting, out, s->arena, e, INT_(session_id), INT_(stay));
}

bool meeting_note_arrival(struct scope *s, const struct span *span, struct err *e)
{
    int64_t id;
    enum db_found found = db_number(s->db, SQL_BEGAN, &id, e, INT_(span->id));
    return found == DB_ROW ? EMIT(s, call_started, span->session_id, e, .connection = span->connection) : found == DB_NONE;
}

bool meeting_note_departure(struct scope *s, const struct span *span, struct err *e)
{
    int64_t one;
    enum db_found found = db_number(s->db, SQL_SOMEBODY, &one, e, INT_(span->session_id));
    return found == DB_NONE ? EMIT(s, call_ended, span->session_id, e, .connection = span->connection) : found == DB_ROW;
}

bool meeting_stays(struct scope *s, const struct meeting *m, struct list *out, struct err *e)
{
    int64_t next = INT64_MAX;
    if (db_number(s->db, SQL_NEXT, &next, e, INT_(m->session_id), INT_(m->first)) == DB_FAILED) return false;
    return db_all(s->db, SQL_STAYS, call_stay, out, s->arena, e, INT_(m->session_id), INT_(m->first), INT_(next));
}

int64_t meeting_end(const struct list *stays)
{
    const struct call_stay *c = stays->items;
    int64_t last = 0;
    for (size_t i = 0; i < stays->count; i++) {
        if (!HAS(&c[i], call_stay, left_at)) return 0;
        if (c[i].left_at > last) last = c[i].left_at;
    }
    return last;
}

/* ---- by their times alone */

bool meeting_times(struct scope *s, int64_t session_id, struct list *out, struct err *e)
{
    return db_all(s->db, SQL_TIMES, stay_times, out, s->arena, e, INT_(session_id));
}

static int64_t left(const struct stay_times *t)
{
    return HAS(t, stay_times, left_at) ? t->left_at : INT64_MAX;
}

/* The last stay that a meeting begins with, of those up to number `stay` that began by `at`. As BEGINS has it. */
static int64_t latest_first(const struct list *times, int64_t stay, int64_t at)
{
    const struct stay_times *t = times->items;
    int64_t first = 0, until = INT64_MIN;
    for (size_t i = 0; i < times->count && t[i].id <= stay; i++) {
        if (until < t[i].joined_at && t[i].joined_at <= at) first = t[i].id;
        if (left(&t[i]) > until) until = left(&t[i]);
    }
    return first;
}

int64_t meeting_first_of(const struct list *times, int64_t stay)
{
    return latest_first(times, stay, INT64_MAX);
}

int64_t meeting_first_at(const struct list *times, int64_t at)
{
    return latest_first(times, INT64_MAX, at);
}

/* At each arrival: who came before and is still in. */
int64_t meeting_most(const struct list *times, int64_t first)
{
    const struct stay_times *t = times->items;
    int64_t most = 0, until = INT64_MAX;
    size_t from = 0;
    while (from < times->count && t[from].id < first) from++;
    for (size_t i = from; i < times->count && until >= t[i].joined_at; i++) {
        int64_t at_once = 1;
        for (size_t k = from; k < i; k++) at_once += left(&t[k]) > t[i].joined_at;
        if (at_once > most) most = at_once;
        if (i == from || left(&t[i]) > until) until = left(&t[i]);
    }
    return most;
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

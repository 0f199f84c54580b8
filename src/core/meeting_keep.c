/* meeting_keep.c - the rows of meetings, kept as stays begin and end. The two ways that most stays take cost the same in a long meeting as in a short one;
 * whatever else changes of a stay (told late, corrected), its meeting and those after it are made anew. */
#include "core/event.h"
#include "core/meeting.h"

static const char SQL_LAST[] = "SELECT {} FROM meetings WHERE session_id = $1 ORDER BY first DESC LIMIT 1";
static const char SQL_BEFORE[] = "SELECT {} FROM meetings WHERE session_id = $1 AND first < $2 ORDER BY first DESC LIMIT 1";
static const char SQL_SINCE[] = "SELECT {} FROM meetings WHERE session_id = $1 AND first >= $2 ORDER BY first";
static const char SQL_TIMES[] = "SELECT {} FROM connection_spans WHERE session_id = $1 AND id >= $2 ORDER BY id";
static const char SQL_INSIDE[] = "SELECT count(*) FROM connection_spans WHERE session_id = $1 AND left_at IS NULL";
static const char SQL_AT_ONCE[] = "SELECT count(*) FROM connection_spans WHERE session_id = $1 AND id >= $2 AND id < $3 AND (left_at IS NULL OR left_at > $4)";
static const char SQL_DELETE[] = "DELETE FROM meetings WHERE id = $1";
static const char SQL_COUNT[] =
    "INSERT INTO meeting_counts (host_id, room, total) VALUES ($1, $2, $3), ($1, '', $3), (0, $2, $3), (0, '', $3) "
    "ON CONFLICT (host_id, room) DO UPDATE SET total = meeting_counts.total + excluded.total";

static bool count(struct scope *s, const struct meeting *m, int64_t change, struct err *e)
{
    return db_run(s->db, SQL_COUNT, e, INT_(m->host_id), TEXT_(m->room), INT_(change));
}

static bool add(struct scope *s, struct meeting *m, struct err *e)
{
    struct session session;
    if (session_even_deleted(s, m->session_id, &session, e) != DB_ROW) return false;
    SET(m, meeting, host_id, session.teacher_id);
    SET(m, meeting, room, session_plain_name(s->arena, session.room_name));
    return db_insert(s->db, "meetings", meeting, m, e) && count(s, m, 1, e);
}

static bool drop(struct scope *s, const struct meeting *m, struct err *e)
{
    return db_run(s->db, SQL_DELETE, e, INT_(m->id)) && count(s, m, -1, e);
}

/* ---- a stay begins */

static void begin(struct meeting *m, int64_t session_id, int64_t first, int64_t at)
{
    *m = (struct meeting){0};
    SET(m, meeting, first, first);
    SET(m, meeting, session_id, session_id);
    SET(m, meeting, started_at, at);
    SET(m, meeting, latest_at, at);
    SET(m, meeting, inside, 0);
    SET(m, meeting, most, 1);
}

static void note_left(struct meeting *m, int64_t at)
{
    if (!HAS(m, meeting, left_at) || m->left_at < at) SET(m, meeting, left_at, at);
}

static bool is_over_by(const struct meeting *m, int64_t at)
{
    return !m->inside && m->left_at < at;
}

static bool first_comes(struct scope *s, const struct span *span, struct err *e)
{
    struct meeting m;
    begin(&m, span->session_id, span->id, span->joined_at);
    if (HAS(span, span, left_at)) note_left(&m, span->left_at);
    else m.inside = 1;
    return add(s, &m, e) && EMIT(s, call_started, span->session_id, e, .connection = span->connection);
}

/* Who is in is known at a glance; who has left by now but was in then, only if somebody left after that. */
static bool another_comes(struct scope *s, struct meeting *m, const struct span *span, struct err *e)
{
    bool stays = !HAS(span, span, left_at), some_left = HAS(m, meeting, left_at) && m->left_at > span->joined_at;
    if (db_number(s->db, SQL_INSIDE, &m->inside, e, INT_(span->session_id)) != DB_ROW) return false;
    int64_t others = m->inside - stays;
    if (some_left && db_number(s->db, SQL_AT_ONCE, &others, e, INT_(m->session_id), INT_(m->first), INT_(span->id), INT_(span->joined_at)) != DB_ROW) return false;
    if (others + 1 > m->most) m->most = others + 1;
    if (span->joined_at > m->latest_at) m->latest_at = span->joined_at;
    if (!stays) note_left(m, span->left_at);
    return db_update(s->db, "meetings", meeting, m, e);
}

bool meeting_arrival(struct scope *s, const struct span *span, struct err *e)
{
    struct meeting last;
    enum db_found found = db_one(s->db, SQL_LAST, meeting, &last, s->arena, e, INT_(span->session_id));
    if (found == DB_FAILED) return false;
    return found == DB_NONE || is_over_by(&last, span->joined_at) ? first_comes(s, span, e) : another_comes(s, &last, span, e);
}

/* ---- a stay ends */

/* While somebody was in no other meeting can have begun, so it is the last one. If nobody came since they left, nobody's coming looks different now. */
bool meeting_departure(struct scope *s, const struct span *span, int64_t *inside, struct err *e)
{
    struct meeting last;
    enum db_found found = db_one(s->db, SQL_LAST, meeting, &last, s->arena, e, INT_(span->session_id));
    if (found == DB_FAILED || db_number(s->db, SQL_INSIDE, inside, e, INT_(span->session_id)) != DB_ROW) return false;
    if (found == DB_NONE || span->left_at <= last.latest_at) return meeting_mend(s, span->session_id, span->id, e);
    note_left(&last, span->left_at);
    last.inside = *inside;
    return db_update(s->db, "meetings", meeting, &last, e);
}

/* ---- anew, by the definition */

static void take_in(struct meeting *m, const struct stay_times *from, const struct stay_times *t)
{
    int64_t at_once = 1;
    for (const struct stay_times *k = from; k < t; k++) at_once += !HAS(k, stay_times, left_at) || k->left_at > t->joined_at;
    if (at_once > m->most) m->most = at_once;
    if (t->joined_at > m->latest_at) m->latest_at = t->joined_at;
    if (HAS(t, stay_times, left_at)) note_left(m, t->left_at);
    else m->inside++;
}

/* Stays in the order of coming; the first of them begins a meeting. `out` has room for as many. */
static size_t meetings_of(int64_t session_id, const struct stay_times *t, size_t count, struct meeting *out)
{
    size_t n = 0, from = 0;
    for (size_t i = 0; i < count; i++) {
        if (!n || is_over_by(&out[n - 1], t[i].joined_at)) {
            begin(&out[n++], session_id, t[i].id, t[i].joined_at);
            from = i;
        }
        take_in(&out[n - 1], &t[from], &t[i]);
    }
    return n;
}

static bool renew(struct scope *s, const struct meeting *old, struct meeting *new, struct err *e)
{
    SET(new, meeting, id, old->id);
    SET(new, meeting, host_id, old->host_id);
    SET(new, meeting, room, old->room);
    return db_update(s->db, "meetings", meeting, new, e);
}

/* A meeting goes by its first stay. */
static bool replace(struct scope *s, const struct list *old, struct meeting *new, size_t count, struct err *e)
{
    const struct meeting *o = old->items, *end = o + old->count;
    for (size_t i = 0; i < count; i++) {
        for (; o < end && o->first < new[i].first; o++)
            if (!drop(s, o, e)) return false;
        bool same = o < end && o->first == new[i].first;
        if (!(same ? renew(s, o++, &new[i], e) : add(s, &new[i], e))) return false;
    }
    for (; o < end; o++)
        if (!drop(s, o, e)) return false;
    return true;
}

bool meeting_mend(struct scope *s, int64_t session_id, int64_t stay, struct err *e)
{
    struct meeting before;
    struct list old, times;
    enum db_found found = db_one(s->db, SQL_BEFORE, meeting, &before, s->arena, e, INT_(session_id), INT_(stay));
    int64_t from = found == DB_ROW ? before.first : 0;
    if (found == DB_FAILED || !db_all(s->db, SQL_SINCE, meeting, &old, s->arena, e, INT_(session_id), INT_(from)) ||
        !db_all(s->db, SQL_TIMES, stay_times, &times, s->arena, e, INT_(session_id), INT_(from))) return false;
    struct meeting *new = arena_array(s->arena, struct meeting, times.count + 1);
    return replace(s, &old, new, meetings_of(session_id, times.items, times.count, new), e);
}

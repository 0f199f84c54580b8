/* attendance.c - spans of connections, merged into stays of people. Nothing here is kept: it is worked out from the spans, so what a provider tells
 * late, twice or in another order changes nothing but what it is about. */
#include "base/clock.h"
#include "core/csv.h"
#include "core/presence.h"
#include "core/session.h"
#include <string.h>

static const char SQL_PEOPLE[] =
    "SELECT {p} FROM participants p WHERE p.session_id = $1 AND EXISTS (SELECT 1 FROM connection_spans c WHERE c.session_id = $1 AND c.participant_id = p.id) "
    "ORDER BY (SELECT min(c.joined_at) FROM connection_spans c WHERE c.session_id = $1 AND c.participant_id = p.id), p.id";
static const char SQL_SPANS[] = "SELECT {} FROM connection_spans WHERE session_id = $1 AND participant_id = $2 ORDER BY joined_at, left_at NULLS LAST, id";

enum { TOUCHING_MS = 1000 };

/* Stays that overlap or follow each other at once are one. */
static size_t merge(const struct list *from, struct attendance_span *to)
{
    const struct span *spans = from->items;
    size_t n = 0;
    for (size_t i = 0; i < from->count; i++) {
        bool open = !HAS(&spans[i], span, left_at);
        struct attendance_span *last = n ? &to[n - 1] : NULL;
        if (last && (!HAS(last, attendance_span, left_at) || spans[i].joined_at <= last->left_at + TOUCHING_MS)) {
            if (open) CLEAR(last, attendance_span, left_at);
            else if (HAS(last, attendance_span, left_at) && spans[i].left_at > last->left_at) last->left_at = spans[i].left_at;
            continue;
        }
        to[n] = (struct attendance_span){0};
        SET(&to[n], attendance_span, joined_at, spans[i].joined_at);
        if (!open) SET(&to[n], attendance_span, left_at, spans[i].left_at);
        n++;
    }
    return n;
}

static int64_t total_seconds(const struct attendance_span *spans, size_t n, int64_t now)
{
    int64_t ms = 0;
    for (size_t i = 0; i < n; i++) {
        int64_t until = HAS(&spans[i], attendance_span, left_at) ? spans[i].left_at : now;
        if (until > spans[i].joined_at) ms += until - spans[i].joined_at;
    }
    return (ms + 500) / 1000;
}

/* Coming in while one is in with another device is no return. */
static int64_t returns(const struct list *from)
{
    const struct span *spans = from->items;
    int64_t count = 0, furthest = 0;
    for (size_t i = 0; i < from->count; i++) {
        int64_t left = HAS(&spans[i], span, left_at) ? spans[i].left_at : INT64_MAX;
        count += i > 0 && spans[i].joined_at >= furthest;
        if (!i || left > furthest) furthest = left;
    }
    return count;
}

bool attendance_end(const struct session *session, int64_t *at)
{
    bool planned = HAS(session, session, scheduled_start), ended = HAS(session, session, ended_at);
    int64_t end = planned ? session->scheduled_start + session->duration_minutes * 60000 : INT64_MAX;
    *at = ended && session->ended_at < end ? session->ended_at : end;
    return planned || ended;
}

static int64_t at_least_none(int64_t ms)
{
    return ms > 0 ? ms : 0;
}

static void judge(struct scope *s, const struct session *session, const struct attendance_span *spans, size_t n, struct attendance_person *out)
{
    int64_t end;
    bool present = !HAS(&spans[n - 1], attendance_span, left_at);
    SET(out, attendance_person, first_joined_at, spans[0].joined_at);
    SET(out, attendance_person, present, present);
    if (!present) SET(out, attendance_person, last_left_at, spans[n - 1].left_at);
    if (HAS(session, session, scheduled_start)) SET(out, attendance_person, late_ms, at_least_none(spans[0].joined_at - session->scheduled_start));
    if (!present && attendance_end(session, &end) && end <= s->now) SET(out, attendance_person, left_early_ms, at_least_none(end - spans[n - 1].left_at));
}

static bool person(struct scope *s, const struct session *session, const struct participant *p, struct attendance_person *out, struct err *e)
{
    struct list rows;
    if (!db_all(s->db, SQL_SPANS, span, &rows, s->arena, e, INT_(p->session_id), INT_(p->id))) return false;
    struct attendance_span *spans = arena_array(s->arena, struct attendance_span, rows.count + 1);
    size_t n = merge(&rows, spans);
    COPY(attendance_person, out, participant, p);
    SET(out, attendance_person, spans, ((struct list){spans, n}));
    SET(out, attendance_person, total_seconds, total_seconds(spans, n, s->now));
    SET(out, attendance_person, connections, (int64_t)rows.count);
    SET(out, attendance_person, reconnects, returns(&rows));
    if (n) judge(s, session, spans, n, out);
    return true;
}

bool attendance(struct scope *s, const struct session *session, struct list *people, struct err *e)
{
    struct list rows;
    if (!db_all(s->db, SQL_PEOPLE, participant, &rows, s->arena, e, INT_(session->id))) return false;
    struct attendance_person *out = arena_array(s->arena, struct attendance_person, rows.count + 1);
    for (size_t i = 0; i < rows.count; i++)
        if (!person(s, session, (const struct participant *)rows.items + i, &out[i], e)) return false;
    *people = (struct list){out, rows.count};
    return true;
}

static void csv_row(struct buf *b, const struct attendance_person *p, const struct attendance_span *span)
{
    csv_text(b, p->identity);
    csv_number(b, HAS(p, attendance_person, user_id), p->user_id);
    csv_text(b, p->name);
    csv_word(b, participant_role_words.words[p->role]);
    if (span) csv_time(b, true, span->joined_at);
    if (span) csv_time(b, HAS(span, attendance_span, left_at), span->left_at);
    csv_number(b, true, p->total_seconds);
    csv_time(b, true, p->first_joined_at);
    csv_time(b, HAS(p, attendance_person, last_left_at), p->last_left_at);
    csv_word(b, p->present ? "true" : "false");
    csv_number(b, HAS(p, attendance_person, late_ms), p->late_ms);
    csv_number(b, HAS(p, attendance_person, left_early_ms), p->left_early_ms);
    csv_number(b, true, p->connections);
    csv_number(b, true, p->reconnects);
    csv_end_row(b);
}

char *attendance_csv(struct arena *a, const struct list *people, enum attendance_rows rows)
{
    struct buf b;
    bool stays = rows == attendance_rows_stays;
    const struct attendance_person *p = people->items;
    buf_init(&b, 0);
    buf_printf(&b, "identity,user_id,name,role,%stotal_seconds,first_joined_at,last_left_at,present,late_ms,left_early_ms,connections,reconnects\r\n", stays ? "joined_at,left_at," : "");
    for (size_t i = 0; i < people->count; i++) {
        if (!stays) csv_row(&b, &p[i], NULL);
        for (size_t k = 0; stays && k < p[i].spans.count; k++) csv_row(&b, &p[i], (const struct attendance_span *)p[i].spans.items + k);
    }
    char *text = arena_strndup(a, b.data, b.size);
    buf_release(&b);
    return text;
}

/* attendance.c - spans of connections, merged into stays of people. */
#include "base/clock.h"
#include "core/csv.h"
#include "core/presence.h"
#include <string.h>

static const char SQL_PEOPLE[] =
    "SELECT {p} FROM participants p WHERE p.session_id = $1 AND EXISTS (SELECT 1 FROM connection_spans c WHERE c.session_id = $1 AND c.participant_id = p.id) "
    "ORDER BY (SELECT min(c.joined_at) FROM connection_spans c WHERE c.session_id = $1 AND c.participant_id = p.id), p.id";
static const char SQL_SPANS[] = "SELECT {} FROM connection_spans WHERE session_id = $1 AND participant_id = $2 ORDER BY joined_at, id";

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
    for (size_t i = 0; i < n; i++) ms += (HAS(&spans[i], attendance_span, left_at) ? spans[i].left_at : now) - spans[i].joined_at;
    return (ms + 500) / 1000;
}

static bool person(struct scope *s, const struct participant *p, struct attendance_person *out, struct err *e)
{
    struct list rows;
    if (!db_all(s->db, SQL_SPANS, span, &rows, s->arena, e, INT_(p->session_id), INT_(p->id))) return false;
    struct attendance_span *spans = arena_array(s->arena, struct attendance_span, rows.count);
    size_t n = merge(&rows, spans);
    COPY(attendance_person, out, participant, p);
    SET(out, attendance_person, spans, ((struct list){spans, n}));
    SET(out, attendance_person, total_seconds, total_seconds(spans, n, s->now));
    return true;
}

bool attendance(struct scope *s, int64_t session_id, struct list *people, struct err *e)
{
    struct list rows;
    if (!db_all(s->db, SQL_PEOPLE, participant, &rows, s->arena, e, INT_(session_id))) return false;
    struct attendance_person *out = arena_array(s->arena, struct attendance_person, rows.count + 1);
    for (size_t i = 0; i < rows.count; i++)
        if (!person(s, (const struct participant *)rows.items + i, &out[i], e)) return false;
    *people = (struct list){out, rows.count};
    return true;
}

static void csv_row(struct buf *b, const struct attendance_person *p, const struct attendance_span *span)
{
    char at[TIME_TEXT];
    csv_field(b, p->identity);
    buf_char(b, ',');
    if (HAS(p, attendance_person, user_id)) buf_int(b, p->user_id);
    buf_char(b, ',');
    csv_field(b, p->name);
    buf_printf(b, ",%s,", participant_role_words.words[p->role]);
    time_format(span->joined_at, at);
    buf_printf(b, "%s,", at);
    if (HAS(span, attendance_span, left_at)) {
        time_format(span->left_at, at);
        buf_text(b, at);
    }
    buf_printf(b, ",%lld\r\n", (long long)p->total_seconds);
}

char *attendance_csv(struct arena *a, const struct list *people)
{
    struct buf b;
    buf_init(&b, 0);
    buf_text(&b, "identity,user_id,name,role,joined_at,left_at,total_seconds\r\n");
    const struct attendance_person *p = people->items;
    for (size_t i = 0; i < people->count; i++)
        for (size_t k = 0; k < p[i].spans.count; k++) csv_row(&b, &p[i], (const struct attendance_span *)p[i].spans.items + k);
    char *text = arena_strndup(a, b.data, b.size);
    buf_release(&b);
    return text;
}

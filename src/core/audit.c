#include "core/audit.h"
#include "base/clock.h"
#include "base/fault.h"
#include "core/csv.h"
#include <string.h>

enum { SWEPT_AT_ONCE = 5000, SETTLED_AT_ONCE = 5000, AGENT_SHOWN = 200, SUBJECT_SHOWN = 200 };

/* An index is used only for what must hold, so each filter has a query of its own that begins with it; the others are looked at in passing.
 * $5 is past every action that begins with $4. What is not settled yet, a minute's worth, is in no index and is looked through: all of it is past $10,
 * and whatever is settled since that was read, an entry is on one side only. */
#define OTHERS \
    "($1 = '' OR actor = $1) AND ($2 IS NULL OR user_id = $2) AND ($3 IS NULL OR key_id = $3) AND ($4 = '' OR (action >= $4 AND action < $5)) " \
    "AND ($6 = '' OR subject = $6) AND ($7 = '' OR subject_id = $7) AND ($8 IS NULL OR at >= $8) AND ($9 IS NULL OR at < $9)"
#define FOUND(what, first) "SELECT " what " FROM audit WHERE settled = 1 AND " first OTHERS " UNION ALL SELECT " what " FROM audit WHERE id > $10 AND settled = 0 AND " OTHERS
#define SEARCH_IN(order, first) {FOUND("{}", first) " ORDER BY " order " LIMIT $11 OFFSET $12", "SELECT count(*) FROM (" FOUND("id", first) ") AS found"}
#define SEARCH(first) SEARCH_IN("id DESC", first)
struct sql { const char *list, *count; };
static const struct sql BY_SUBJECT_ID = SEARCH("subject = $6 AND subject_id = $7 AND "), BY_KEY = SEARCH("key_id = $3 AND "), BY_USER = SEARCH("user_id = $2 AND "),
                        BY_ACTION = SEARCH("action >= $4 AND action < $5 AND "), BY_SUBJECT = SEARCH("subject = $6 AND "), BY_ACTOR = SEARCH("actor = $1 AND "), BY_NOTHING = SEARCH(""),
                        BY_TIME = SEARCH_IN("at DESC, id DESC", "at >= coalesce($8, 0) AND at < coalesce($9, 9223372036854775807) AND ");
static const char SQL_MARK[] = "SELECT coalesce(max(number), 0) FROM facts WHERE name = 'audit_settled'";
static const char SQL_NEXT_MARK[] = "SELECT max(id) FROM (SELECT id FROM audit WHERE id > $1 ORDER BY id LIMIT $2) AS part";
static const char SQL_SETTLE[] = "UPDATE audit SET settled = 1 WHERE id > $1 AND id <= $2";
static const char SQL_SET_MARK[] = "INSERT INTO facts (name, number) VALUES ('audit_settled', $1) ON CONFLICT (name) DO UPDATE SET number = excluded.number";
/* Rows grow with time, so the oldest are the first. */
static const char SQL_SWEEP[] = "DELETE FROM audit WHERE id IN (SELECT id FROM (SELECT id, at FROM audit ORDER BY id LIMIT $2) AS oldest WHERE at <= $1)";

/* Headers and paths are bytes of any kind; PostgreSQL takes texts only. */
const char *audit_plain(struct arena *a, const char *text, size_t most)
{
    size_t n = 0;
    while (text && n < most && text[n] >= ' ' && text[n] < 127) n++;
    if (!text || !text[n]) return text;
    n = strnlen(text, most);
    char *plain = arena_strndup(a, text, n);
    for (size_t i = 0; i < n; i++)
        if (plain[i] < ' ' || plain[i] >= 127) plain[i] = '?';
    return plain;
}

static void set_source(struct audit_entry *row, struct arena *a, const struct audit_source *from)
{
    const char *agent = audit_plain(a, from->user_agent, AGENT_SHOWN);
    SET(row, audit_entry, actor, (int)from->kind);
    if (from->user_id) SET(row, audit_entry, user_id, from->user_id);
    if (from->key_id) SET(row, audit_entry, key_id, from->key_id);
    if (from->participant_id) SET(row, audit_entry, participant_id, from->participant_id);
    if (from->name) SET(row, audit_entry, name, from->name);
    if (from->ip) SET(row, audit_entry, ip, from->ip);
    if (agent) SET(row, audit_entry, user_agent, agent);
    if (from->request_id) SET(row, audit_entry, request_id, from->request_id);
}

bool audit_note(struct scope *s, const struct audit_act *act, struct err *e)
{
    static const struct audit_source ours = {.kind = audit_actor_system};
    struct audit_entry row = {0};
    if (!core_config(s->core)->AUDIT) return true;
    SET(&row, audit_entry, at, s->now);
    SET(&row, audit_entry, action, act->action);
    SET(&row, audit_entry, settled, false);
    set_source(&row, s->arena, s->source ? s->source : &ours);
    if (act->subject) SET(&row, audit_entry, subject, act->subject);
    if (act->subject_id) SET(&row, audit_entry, subject_id, audit_plain(s->arena, act->subject_id, SUBJECT_SHOWN));
    if (act->status) SET(&row, audit_entry, status, act->status);
    return FAULT_POINT(audit_due) && db_insert(s->db, "audit", audit_entry, &row, e) && FAULT_POINT(audit_noted);
}

const char *audit_id(struct arena *a, int64_t id)
{
    return id ? arena_printf(a, "%lld", (long long)id) : NULL;
}

#define SAYS(q, f) (HAS(q, audit_query, f) && *(q)->f)
#define TEXT_OF(q, f) TEXT_(HAS(q, audit_query, f) ? (q)->f : "")
#define INT_OF(q, f) OPT_(HAS(q, audit_query, f), (q)->f)

/* By what narrows it most. */
static const struct sql *sql_for(const struct audit_query *q)
{
    if (SAYS(q, subject) && SAYS(q, subject_id)) return &BY_SUBJECT_ID;
    if (HAS(q, audit_query, key_id)) return &BY_KEY;
    if (HAS(q, audit_query, user_id)) return &BY_USER;
    if (SAYS(q, action)) return &BY_ACTION;
    if (HAS(q, audit_query, from) || HAS(q, audit_query, to)) return &BY_TIME;
    if (SAYS(q, subject)) return &BY_SUBJECT;
    return HAS(q, audit_query, actor) ? &BY_ACTOR : &BY_NOTHING;
}

struct audit_search audit_search_for(struct arena *a, const struct audit_query *q, int64_t mark)
{
    const struct sql *sql = sql_for(q);
    const char *action = SAYS(q, action) ? q->action : "";
    return (struct audit_search){sql->list, sql->count, {TEXT_(HAS(q, audit_query, actor) ? audit_actor_words.words[q->actor] : ""), INT_OF(q, user_id), INT_OF(q, key_id), TEXT_(action),
        TEXT_(arena_printf(a, "%s\x7f", action)), TEXT_OF(q, subject), TEXT_OF(q, subject_id), INT_OF(q, from), INT_OF(q, to), INT_(mark), INT_(q->limit), INT_(q->skip)}};
}

bool audit_list(struct scope *s, const struct audit_query *q, struct list *out, int64_t *total, struct err *e)
{
    int64_t mark;
    if (db_number(s->db, SQL_MARK, &mark, e) != DB_ROW) return false;
    struct audit_search search = audit_search_for(s->arena, q, mark);
    return db_all_values(s->db, search.list, &audit_entry_model, out, s->arena, e, search.values, 12) && db_number_values(s->db, search.count, total, e, search.values, 10) == DB_ROW;
}

/* Into the indexes, many at once: that costs a fraction of what each would at its time. */
static bool settle(struct scope *s, bool *more, struct err *e)
{
    int64_t from, to;
    if (db_number(s->db, SQL_MARK, &from, e) != DB_ROW) return false;
    enum db_found found = db_number(s->db, SQL_NEXT_MARK, &to, e, INT_(from), INT_(SETTLED_AT_ONCE));
    if (found != DB_ROW) return found == DB_NONE;
    if (!db_run(s->db, SQL_SETTLE, e, INT_(from), INT_(to))) return false;
    *more = db_changes(s->db) == SETTLED_AT_ONCE;
    return db_run(s->db, SQL_SET_MARK, e, INT_(to));
}

bool audit_sweep(struct scope *s, bool *more, struct err *e)
{
    int64_t days = core_config(s->core)->AUDIT_DAYS;
    *more = false;
    if (!settle(s, more, e)) return false;
    if (!days) return true;
    if (!db_run(s->db, SQL_SWEEP, e, INT_(s->now - days * DAY_MS), INT_(SWEPT_AT_ONCE))) return false;
    *more |= db_changes(s->db) == SWEPT_AT_ONCE;
    return true;
}

/* ---- as a table */

#define TEXT_IF(r, f) (HAS(r, audit_entry, f) ? (r)->f : NULL)

static void csv_row(struct buf *b, const struct audit_entry *r)
{
    csv_number(b, true, r->id);
    csv_time(b, true, r->at);
    csv_word(b, r->action);
    csv_word(b, audit_actor_words.words[r->actor]);
    csv_number(b, HAS(r, audit_entry, user_id), r->user_id);
    csv_number(b, HAS(r, audit_entry, key_id), r->key_id);
    csv_number(b, HAS(r, audit_entry, participant_id), r->participant_id);
    csv_text(b, TEXT_IF(r, name));
    csv_text(b, TEXT_IF(r, subject));
    csv_text(b, TEXT_IF(r, subject_id));
    csv_text(b, TEXT_IF(r, ip));
    csv_text(b, TEXT_IF(r, user_agent));
    csv_number(b, HAS(r, audit_entry, status), r->status);
    csv_text(b, TEXT_IF(r, request_id));
    csv_end_row(b);
}

char *audit_csv(struct arena *a, const struct list *rows)
{
    struct buf b;
    buf_init(&b, 0);
    buf_text(&b, "id,at,action,actor,user_id,key_id,participant_id,name,subject,subject_id,ip,user_agent,status,request_id\r\n");
    for (size_t i = 0; i < rows->count; i++) csv_row(&b, (const struct audit_entry *)rows->items + i);
    char *text = arena_strndup(a, b.data, b.size);
    buf_release(&b);
    return text;
}

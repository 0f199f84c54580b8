#include "core/audit.h"
#include "base/clock.h"
#include "base/fault.h"
#include "core/csv.h"
#include <string.h>

enum { SWEPT_AT_ONCE = 5000, AGENT_SHOWN = 200, SUBJECT_SHOWN = 200 };

#define WANTED \
    " FROM audit WHERE ($1 = '' OR actor = $1) AND ($2 IS NULL OR user_id = $2) AND ($3 IS NULL OR key_id = $3) AND ($4 = '' OR substr(action, 1, length($4)) = $4) " \
    "AND ($5 = '' OR subject = $5) AND ($6 = '' OR subject_id = $6) AND ($7 IS NULL OR at >= $7) AND ($8 IS NULL OR at < $8)"
static const char SQL_LIST[] = "SELECT {}" WANTED " ORDER BY id DESC LIMIT $9 OFFSET $10";
static const char SQL_COUNT[] = "SELECT count(*)" WANTED;
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

#define TEXT_OF(q, f) TEXT_(HAS(q, audit_query, f) ? (q)->f : "")
#define INT_OF(q, f) OPT_(HAS(q, audit_query, f), (q)->f)

bool audit_list(struct scope *s, const struct audit_query *q, struct list *out, int64_t *total, struct err *e)
{
    const struct db_value v[] = {TEXT_(HAS(q, audit_query, actor) ? audit_actor_words.words[q->actor] : ""), INT_OF(q, user_id), INT_OF(q, key_id), TEXT_OF(q, action), TEXT_OF(q, subject),
                                 TEXT_OF(q, subject_id), INT_OF(q, from), INT_OF(q, to), INT_(q->limit), INT_(q->skip)};
    return db_all_values(s->db, SQL_LIST, &audit_entry_model, out, s->arena, e, v, 10) && db_number_values(s->db, SQL_COUNT, total, e, v, 8) == DB_ROW;
}

bool audit_sweep(struct scope *s, struct err *e)
{
    int64_t days = core_config(s->core)->AUDIT_DAYS;
    return !days || db_run(s->db, SQL_SWEEP, e, INT_(s->now - days * DAY_MS), INT_(SWEPT_AT_ONCE));
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

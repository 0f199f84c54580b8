/* row.c - a model's struct as a row of its table. */
#include "db/sqlite.h"
#include <string.h>

enum { QUERY, INSERT, UPDATE };

static void bind_field(sqlite3_stmt *s, int at, const struct field *f, const char *from)
{
    switch (f->type) {
    case FIELD_INT:
    case FIELD_TIME: sqlite3_bind_int64(s, at, *(const int64_t *)from); return;
    case FIELD_BOOL: sqlite3_bind_int(s, at, *(const bool *)from); return;
    case FIELD_ENUM: sqlite3_bind_text(s, at, f->words->words[*(const int *)from], -1, SQLITE_STATIC); return;
    case FIELD_STR:
    case FIELD_EMAIL:
    case FIELD_ANY: sqlite3_bind_text(s, at, *(const char *const *)from, -1, SQLITE_STATIC); return;
    case FIELD_OBJ:
    case FIELD_LIST: return;
    }
}

/* Fields 1… to parameters 1…; id is field 0. */
static void bind_row(sqlite3_stmt *s, const struct model *m, const char *row)
{
    uint64_t present = *(const uint64_t *)(row + m->present_offset);
    for (size_t i = 1; i < m->field_count; i++) {
        if (present >> i & 1) bind_field(s, (int)i, &m->fields[i], row + m->fields[i].offset);
        else sqlite3_bind_null(s, (int)i);
    }
}

static sqlite3_stmt *insert_statement(struct db_conn *c, const char *table, const struct model *m, struct err *e)
{
    struct statement *kept = conn_cached(c, table, m, INSERT);
    if (kept) return kept->stmt;
    struct buf sql;
    buf_init(&sql, 0);
    buf_printf(&sql, "INSERT INTO %s (", table);
    for (size_t i = 1; i < m->field_count; i++) buf_printf(&sql, "%s%s", i > 1 ? "," : "", m->fields[i].name);
    buf_text(&sql, ") VALUES (");
    for (size_t i = 1; i < m->field_count; i++) buf_printf(&sql, "%s$%zu", i > 1 ? "," : "", i);
    buf_char(&sql, ')'); /* RETURNING would cost SQLite a table of its own and a journal for the statement */
    sqlite3_stmt *s = conn_keep(c, table, m, INSERT, sql.data, e);
    buf_release(&sql);
    return s;
}

bool db_insert_model(struct db_conn *c, const char *table, const struct model *m, void *row, struct err *e)
{
    if (!conn_may_write(c, e)) return false;
    sqlite3_stmt *s = insert_statement(c, table, m, e);
    if (!s) return false;
    bind_row(s, m, row);
    bool ok = sqlite3_step(s) == SQLITE_DONE || conn_error(c, table, e);
    sqlite3_reset(s);
    if (!ok) return false;
    *(int64_t *)((char *)row + m->fields[0].offset) = sqlite3_last_insert_rowid(c->handle);
    *(uint64_t *)((char *)row + m->present_offset) |= 1;
    return true;
}

static sqlite3_stmt *update_statement(struct db_conn *c, const char *table, const struct model *m, struct err *e)
{
    struct statement *kept = conn_cached(c, table, m, UPDATE);
    if (kept) return kept->stmt;
    struct buf sql;
    buf_init(&sql, 0);
    buf_printf(&sql, "UPDATE %s SET ", table);
    for (size_t i = 1; i < m->field_count; i++) buf_printf(&sql, "%s%s=$%zu", i > 1 ? "," : "", m->fields[i].name, i);
    buf_printf(&sql, " WHERE id=$%zu", m->field_count);
    sqlite3_stmt *s = conn_keep(c, table, m, UPDATE, sql.data, e);
    buf_release(&sql);
    return s;
}

bool db_update_model(struct db_conn *c, const char *table, const struct model *m, const void *row, struct err *e)
{
    if (!conn_may_write(c, e)) return false;
    sqlite3_stmt *s = update_statement(c, table, m, e);
    if (!s) return false;
    bind_row(s, m, row);
    sqlite3_bind_int64(s, (int)m->field_count, *(const int64_t *)((const char *)row + m->fields[0].offset));
    bool ok = sqlite3_step(s) == SQLITE_DONE || conn_error(c, table, e);
    sqlite3_reset(s);
    return ok;
}

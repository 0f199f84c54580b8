/* sqlite_row.c - a model's struct as a row of its table. */
#include "db/sqlite.h"

static void bind_field(sqlite3_stmt *s, int at, const struct field *f, const char *from)
{
    switch (f->type) {
    case FIELD_INT:
    case FIELD_TIME: sqlite3_bind_int64(s, at, *(const int64_t *)from); return;
    case FIELD_BOOL: sqlite3_bind_int(s, at, *(const bool *)from); return;
    case FIELD_ENUM: sqlite3_bind_text(s, at, f->words->words[*(const int *)from], -1, SQLITE_STATIC); return;
    case FIELD_STR:
    case FIELD_EMAIL:
    case FIELD_UUID:
    case FIELD_ANY: sqlite3_bind_text(s, at, *(const char *const *)from, -1, SQLITE_STATIC); return;
    case FIELD_OBJ:
    case FIELD_LIST:
    case FIELD_TEXTS:
    case FIELD_REAL:
    case FIELD_WORD:
    case FIELD_MIXED:
    case FIELD_MORE: return;
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

bool sqlite_insert(struct db_conn *c, const char *table, const struct model *m, void *row, struct err *e)
{
    sqlite3_stmt *s = conn_prepared_insert(c, table, m, e);
    if (!s) return false;
    bind_row(s, m, row);
    bool ok = sqlite3_step(s) == SQLITE_DONE || sqlite_error(c, table, e);
    sqlite3_reset(s);
    if (!ok) return false;
    *(int64_t *)((char *)row + m->fields[0].offset) = sqlite3_last_insert_rowid(sqlite_handle(c));
    *(uint64_t *)((char *)row + m->present_offset) |= 1;
    return true;
}

bool sqlite_update(struct db_conn *c, const char *table, const struct model *m, const void *row, struct err *e)
{
    sqlite3_stmt *s = conn_prepared_update(c, table, m, e);
    if (!s) return false;
    bind_row(s, m, row);
    sqlite3_bind_int64(s, (int)m->field_count, *(const int64_t *)((const char *)row + m->fields[0].offset));
    bool ok = sqlite3_step(s) == SQLITE_DONE || sqlite_error(c, table, e);
    sqlite3_reset(s);
    return ok;
}

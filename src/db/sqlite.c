#include "db/sqlite.h"
#include <ctype.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

bool conn_error(struct db_conn *c, const char *what, struct err *e)
{
    int extended = sqlite3_extended_errcode(c->handle), code = extended & 0xff;
    if (extended == SQLITE_CONSTRAINT_UNIQUE || extended == SQLITE_CONSTRAINT_PRIMARYKEY)
        return err_set(e, ERR_CONFLICT, "unique", "%s: %s", what, sqlite3_errmsg(c->handle));
    if (code == SQLITE_FULL || code == SQLITE_IOERR || code == SQLITE_READONLY || code == SQLITE_CANTOPEN || code == SQLITE_BUSY) {
        err_fail(e, error_storage_unavailable);
        return false;
    }
    return err_set(e, ERR_INTERNAL, "database", "%s: %s", what, sqlite3_errmsg(c->handle));
}

bool db_is_unique_violation(const struct err *e)
{
    return e->kind == ERR_CONFLICT && !strcmp(e->code, "unique");
}

bool db_is_read_only(const struct err *e)
{
    return e->kind == ERR_INTERNAL && !strcmp(e->code, "read_only");
}

bool conn_may_write(const struct db_conn *c, struct err *e)
{
    return !c->commits || err_set(e, ERR_INTERNAL, "read_only", "a reading connection was asked to change something");
}

bool conn_exec(struct db_conn *c, const char *sql, struct err *e)
{
    return sqlite3_exec(c->handle, sql, NULL, NULL, NULL) == SQLITE_OK || conn_error(c, sql, e);
}

/* Each connection belongs to one thread at a time: SQLite needs no locks of its own, and nobody asks for its statistics. */
static void configure(void)
{
    sqlite3_config(SQLITE_CONFIG_MULTITHREAD);
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

struct db_conn *conn_open(const char *path, bool write, struct err *e)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, configure);
    struct db_conn *c = xcalloc(1, sizeof *c);
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (write ? SQLITE_OPEN_CREATE : 0);
    if (sqlite3_open_v2(path, &c->handle, flags, NULL) != SQLITE_OK) {
        err_set(e, ERR_INTERNAL, "database", "cannot open database \"%s\": %s", path, c->handle ? sqlite3_errmsg(c->handle) : "out of memory");
        db_conn_close(c);
        return NULL;
    }
    sqlite3_extended_result_codes(c->handle, 1);
    sqlite3_busy_timeout(c->handle, 10000); /* tools write beside the server */
    if (!conn_exec(c, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA temp_store=MEMORY; PRAGMA cache_size=-2048", e)) {
        db_conn_close(c);
        return NULL;
    }
    if (!write) conn_exec(c, "PRAGMA query_only=ON", NULL);
    return c;
}

void db_conn_close(struct db_conn *c)
{
    if (!c) return;
    for (size_t i = 0; i < STATEMENT_BUCKETS; i++)
        for (struct statement *s = c->statements[i], *next; s; s = next) {
            next = s->next;
            sqlite3_finalize(s->stmt);
            free(s);
        }
    sqlite3_close(c->handle);
    free(c->after);
    free(c);
}

/* ---- statements */

static size_t bucket_of(const void *key, const void *model, int purpose)
{
    return (((uintptr_t)key >> 3) * 31 + ((uintptr_t)model >> 4) + (size_t)purpose) % STATEMENT_BUCKETS;
}

struct statement *conn_cached(struct db_conn *c, const void *key, const struct model *m, int purpose)
{
    for (struct statement *s = c->statements[bucket_of(key, m, purpose)]; s; s = s->next)
        if (s->key == key && s->model == m && s->purpose == purpose) return s;
    return NULL;
}

sqlite3_stmt *conn_keep(struct db_conn *c, const void *key, const struct model *m, int purpose, const char *sql, struct err *e)
{
    sqlite3_stmt *stmt;
    if (sqlite3_prepare_v3(c->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt, NULL) != SQLITE_OK) return conn_error(c, sql, e), NULL;
    struct statement *s = xmalloc(sizeof *s), **bucket = &c->statements[bucket_of(key, m, purpose)];
    *s = (struct statement){key, m, purpose, stmt, *bucket};
    *bucket = s;
    return stmt;
}

static void add_columns(struct buf *to, const struct model *m, const char *alias, size_t length)
{
    for (size_t i = 0; i < m->field_count; i++) {
        if (i) buf_char(to, ',');
        if (length) {
            buf_add(to, alias, length);
            buf_char(to, '.');
        }
        buf_text(to, m->fields[i].name);
    }
}

/* {} and {alias} become the model's columns. */
static void expand(struct buf *to, const char *sql, const struct model *m)
{
    for (const char *open; m && (open = strchr(sql, '{')); ) {
        const char *close = strchr(open, '}');
        if (!close) break;
        buf_add(to, sql, (size_t)(open - sql));
        add_columns(to, m, open + 1, (size_t)(close - open - 1));
        sql = close + 1;
    }
    buf_text(to, sql);
    /* To SQLite $2 is a name, numbered by its place in the text; ?2 is the second. */
    for (char *p = to->data; (p = strchr(p, '$')); p++)
        if (isdigit((unsigned char)p[1])) *p = '?';
}

sqlite3_stmt *conn_prepare(struct db_conn *c, const char *sql, const struct model *m, struct err *e)
{
    struct statement *s = conn_cached(c, sql, m, 0);
    if (s) return s->stmt;
    struct buf text;
    buf_init(&text, 0);
    expand(&text, sql, m);
    sqlite3_stmt *stmt = conn_keep(c, sql, m, 0, text.data, e);
    buf_release(&text);
    return stmt;
}

/* ---- running them */

static void bind(sqlite3_stmt *s, const struct db_value *v, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        int at = (int)i + 1;
        if (v[i].type == DB_INT) sqlite3_bind_int64(s, at, v[i].number);
        else if (v[i].type == DB_TEXT && v[i].text) sqlite3_bind_text(s, at, v[i].text, -1, SQLITE_STATIC);
        else sqlite3_bind_null(s, at);
    }
}

static bool finish(struct db_conn *c, sqlite3_stmt *s, int code, struct err *e)
{
    bool ok = code == SQLITE_DONE || code == SQLITE_ROW || conn_error(c, sqlite3_sql(s), e);
    sqlite3_reset(s);
    return ok;
}

bool db_run_values(struct db_conn *c, const char *sql, struct err *e, const struct db_value *v, size_t n)
{
    sqlite3_stmt *s = conn_prepare(c, sql, NULL, e);
    if (!s || (!sqlite3_stmt_readonly(s) && !conn_may_write(c, e))) return false;
    bind(s, v, n);
    return finish(c, s, sqlite3_step(s), e);
}

int64_t db_changes(const struct db_conn *c)
{
    return sqlite3_changes64(c->handle);
}

static void read_column(sqlite3_value *v, const struct field *f, char *to, struct arena *a)
{
    switch (f->type) {
    case FIELD_INT:
    case FIELD_TIME: *(int64_t *)to = sqlite3_value_int64(v); return;
    case FIELD_BOOL: *(bool *)to = sqlite3_value_int(v) != 0; return;
    case FIELD_ENUM: {
        int word = enumeration_find(f->words, (const char *)sqlite3_value_text(v));
        *(int *)to = word < 0 ? 0 : word;
        return;
    }
    case FIELD_STR:
    case FIELD_EMAIL:
    case FIELD_ANY: {
        const char *text = (const char *)sqlite3_value_text(v);
        *(const char **)to = arena_strndup(a, text, (size_t)sqlite3_value_bytes(v));
        return;
    }
    case FIELD_OBJ:
    case FIELD_LIST: return; /* not in tables */
    }
}

static void read_row(sqlite3_stmt *s, const struct model *m, char *out, struct arena *a)
{
    uint64_t *present = (uint64_t *)(out + m->present_offset);
    memset(out, 0, m->size);
    for (size_t i = 0; i < m->field_count; i++) {
        sqlite3_value *v = sqlite3_column_value(s, (int)i);
        if (sqlite3_value_type(v) == SQLITE_NULL) continue;
        *present |= (uint64_t)1 << i;
        read_column(v, &m->fields[i], out + m->fields[i].offset, a);
    }
}

enum db_found db_one_values(struct db_conn *c, const char *sql, const struct model *m, void *out, struct arena *a, struct err *e, const struct db_value *v, size_t n)
{
    sqlite3_stmt *s = conn_prepare(c, sql, m, e);
    if (!s) return DB_FAILED;
    bind(s, v, n);
    int code = sqlite3_step(s);
    if (code == SQLITE_ROW) read_row(s, m, out, a);
    if (!finish(c, s, code, e)) return DB_FAILED;
    return code == SQLITE_ROW ? DB_ROW : DB_NONE;
}

bool db_all_values(struct db_conn *c, const char *sql, const struct model *m, struct list *out, struct arena *a, struct err *e, const struct db_value *v, size_t n)
{
    *out = (struct list){0};
    sqlite3_stmt *s = conn_prepare(c, sql, m, e);
    if (!s) return false;
    bind(s, v, n);
    char *items = NULL;
    size_t count = 0, room = 0;
    int code;
    while ((code = sqlite3_step(s)) == SQLITE_ROW) {
        if (count == room) {
            char *more = arena_alloc(a, m->size * (room = room ? room * 2 : 16));
            if (count) memcpy(more, items, m->size * count);
            items = more;
        }
        read_row(s, m, items + m->size * count++, a);
    }
    *out = (struct list){items, count};
    return finish(c, s, code, e);
}

enum db_found db_number_values(struct db_conn *c, const char *sql, int64_t *out, struct err *e, const struct db_value *v, size_t n)
{
    sqlite3_stmt *s = conn_prepare(c, sql, NULL, e);
    if (!s) return DB_FAILED;
    bind(s, v, n);
    int code = sqlite3_step(s);
    bool null = code == SQLITE_ROW && sqlite3_column_type(s, 0) == SQLITE_NULL;
    if (code == SQLITE_ROW) *out = sqlite3_column_int64(s, 0);
    if (!finish(c, s, code, e)) return DB_FAILED;
    return code == SQLITE_ROW && !null ? DB_ROW : DB_NONE;
}

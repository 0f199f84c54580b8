#include "db/sqlite.h"
#include <ctype.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool sqlite_error(struct db_conn *c, const char *what, struct err *e)
{
    int extended = sqlite3_extended_errcode(sqlite_handle(c)), code = extended & 0xff;
    if (extended == SQLITE_CONSTRAINT_UNIQUE || extended == SQLITE_CONSTRAINT_PRIMARYKEY)
        return err_set(e, ERR_CONFLICT, "unique", "%s: %s", what, sqlite3_errmsg(sqlite_handle(c)));
    if (code == SQLITE_FULL || code == SQLITE_IOERR || code == SQLITE_READONLY || code == SQLITE_CANTOPEN || code == SQLITE_BUSY) {
        err_fail(e, error_storage_unavailable);
        return false;
    }
    return err_set(e, ERR_INTERNAL, "database", "%s: %s", what, sqlite3_errmsg(sqlite_handle(c)));
}

static bool exec(struct db_conn *c, const char *sql, struct err *e)
{
    return sqlite3_exec(sqlite_handle(c), sql, NULL, NULL, NULL) == SQLITE_OK || sqlite_error(c, sql, e);
}

/* A statement that fails for want of memory would be one more way to be half done: the program ends, as everywhere (base/arena.h). */
static sqlite3_mem_methods usual;

static void *sure_malloc(int size) { return xsure(usual.xMalloc(size)); }
static void *sure_realloc(void *old, int size) { return xsure(usual.xRealloc(old, size)); }

static void configure_memory(void)
{
    sqlite3_config(SQLITE_CONFIG_GETMALLOC, &usual);
    sqlite3_mem_methods sure = usual;
    sure.xMalloc = sure_malloc;
    sure.xRealloc = sure_realloc;
    sqlite3_config(SQLITE_CONFIG_MALLOC, &sure);
}

/* Each connection belongs to one thread at a time: SQLite needs no locks of its own, and nobody asks for its statistics. */
static void configure(void)
{
    sqlite3_config(SQLITE_CONFIG_MULTITHREAD);
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    configure_memory();
}

static struct db_conn *open_file(const char *path, bool write, struct err *e)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, configure);
    struct sqlite_conn *own = xcalloc(1, sizeof *own);
    struct db_conn *c = &own->conn;
    c->driver = &sqlite_driver;
    c->reads_only = !write;
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (write ? SQLITE_OPEN_CREATE : 0);
    if (sqlite3_open_v2(path, &own->handle, flags, NULL) != SQLITE_OK) {
        err_set(e, ERR_INTERNAL, "database", "cannot open database \"%s\": %s", path, own->handle ? sqlite3_errmsg(own->handle) : "out of memory");
        db_conn_close(c);
        return NULL;
    }
    sqlite3_extended_result_codes(own->handle, 1);
    sqlite3_busy_timeout(own->handle, 10000); /* tools write beside the server */
    if (!exec(c, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA temp_store=MEMORY; PRAGMA secure_delete=ON; PRAGMA cache_size=-2048", e)) {
        db_conn_close(c);
        return NULL;
    }
    if (!write) exec(c, "PRAGMA query_only=ON", NULL);
    return c;
}

static void close_file(struct db_conn *c)
{
    sqlite3_close(sqlite_handle(c));
    free(c);
}

static void *prepare(struct db_conn *c, const char *sql, struct err *e)
{
    sqlite3_stmt *stmt;
    char *numbered = xstrdup(sql);
    for (char *p = numbered; (p = strchr(p, '$')); p++) /* to SQLite $2 is a name, numbered by its place in the text; ?2 is the second */
        if (isdigit((unsigned char)p[1])) *p = '?';
    bool ok = sqlite3_prepare_v3(sqlite_handle(c), numbered, -1, SQLITE_PREPARE_PERSISTENT, &stmt, NULL) == SQLITE_OK || sqlite_error(c, sql, e);
    free(numbered);
    return ok ? stmt : NULL;
}

static void forget(struct db_conn *c, void *prepared)
{
    (void)c;
    sqlite3_finalize(prepared);
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
    bool ok = code == SQLITE_DONE || code == SQLITE_ROW || sqlite_error(c, sqlite3_sql(s), e);
    sqlite3_reset(s);
    return ok;
}

static bool run(struct db_conn *c, const char *sql, struct err *e, const struct db_value *v, size_t n)
{
    sqlite3_stmt *s = conn_prepared(c, sql, NULL, e);
    if (!s || (!sqlite3_stmt_readonly(s) && !conn_may_write(c, e))) return false;
    bind(s, v, n);
    return finish(c, s, sqlite3_step(s), e);
}

static int64_t changes(const struct db_conn *c)
{
    return sqlite3_changes64(sqlite_handle(c));
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
    case FIELD_UUID:
    case FIELD_ANY: {
        const char *text = (const char *)sqlite3_value_text(v);
        *(const char **)to = arena_strndup(a, text, (size_t)sqlite3_value_bytes(v));
        return;
    }
    case FIELD_OBJ:
    case FIELD_LIST:
    case FIELD_TEXTS:
    case FIELD_REAL:
    case FIELD_WORD:
    case FIELD_MIXED:
    case FIELD_MORE: return; /* not in tables */
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

static enum db_found one(struct db_conn *c, const char *sql, const struct model *m, void *out, struct arena *a, struct err *e, const struct db_value *v, size_t n)
{
    sqlite3_stmt *s = conn_prepared(c, sql, m, e);
    if (!s) return DB_FAILED;
    bind(s, v, n);
    int code = sqlite3_step(s);
    if (code == SQLITE_ROW) read_row(s, m, out, a);
    if (!finish(c, s, code, e)) return DB_FAILED;
    return code == SQLITE_ROW ? DB_ROW : DB_NONE;
}

static bool all(struct db_conn *c, const char *sql, const struct model *m, struct list *out, struct arena *a, struct err *e, const struct db_value *v, size_t n)
{
    sqlite3_stmt *s = conn_prepared(c, sql, m, e);
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

static enum db_found number(struct db_conn *c, const char *sql, int64_t *out, struct err *e, const struct db_value *v, size_t n)
{
    sqlite3_stmt *s = conn_prepared(c, sql, NULL, e);
    if (!s) return DB_FAILED;
    bind(s, v, n);
    int code = sqlite3_step(s);
    bool null = code == SQLITE_ROW && sqlite3_column_type(s, 0) == SQLITE_NULL;
    if (code == SQLITE_ROW) *out = sqlite3_column_int64(s, 0);
    if (!finish(c, s, code, e)) return DB_FAILED;
    return code == SQLITE_ROW && !null ? DB_ROW : DB_NONE;
}

/* ---- transactions */

static int64_t total_changes(const struct db_conn *c)
{
    return sqlite3_total_changes64(sqlite_handle(c));
}

static bool begin(struct db_conn *c, struct err *e)
{
    return run(c, "BEGIN IMMEDIATE", e, NULL, 0);
}

static bool commit(struct db_conn *c, struct err *e)
{
    return run(c, "COMMIT", e, NULL, 0);
}

/* A full or broken disk makes SQLite roll back everything, not just the savepoint; whatever ran after that would commit by itself. */
static enum standing standing(const struct db_conn *c)
{
    return sqlite3_get_autocommit(sqlite_handle(c)) ? TX_NONE : TX_OPEN;
}

static bool version(struct db_conn *c, int *out, struct err *e)
{
    int64_t n = 0;
    if (number(c, "PRAGMA user_version", &n, e, NULL, 0) != DB_ROW) return false;
    *out = (int)n;
    return true;
}

static bool set_version(struct db_conn *c, int to, struct err *e)
{
    char sql[64];
    snprintf(sql, sizeof sql, "PRAGMA user_version=%d", to);
    return exec(c, sql, e);
}

const struct driver sqlite_driver = {
    .open = open_file, .close = close_file, .exec = exec, .prepare = prepare, .forget = forget, .run = run, .one = one, .all = all, .number = number,
    .insert = sqlite_insert, .update = sqlite_update, .changes = changes, .total_changes = total_changes, .begin = begin, .commit = commit, .standing = standing,
    .version = version, .set_version = set_version, .create = exec, .helper_start = checkpointer_start, .helper_stop = checkpointer_stop, .wipe = sqlite_wipe,
    .snapshots = true, .insert_end = ""}; /* RETURNING would cost SQLite a table of its own and a journal for the statement */

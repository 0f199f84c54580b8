/* conn.c - what all connections have in common: the choice of the driver, and prepared statements by the address of their text. */
#include "db/conn.h"
#include <stdlib.h>
#include <string.h>

static const struct driver *driver_of(const char *where)
{
    return db_is_url(where) ? &postgres_driver : &sqlite_driver;
}

bool db_is_url(const char *where)
{
    return !strncmp(where, "postgresql://", 13) || !strncmp(where, "postgres://", 11);
}

struct db_conn *conn_open(const char *where, bool write, struct err *e)
{
    return driver_of(where)->open(where, write, e);
}

bool db_conn_is_shared(const struct db_conn *c)
{
    return c->driver->shared;
}

void conn_forget_statements(struct db_conn *c)
{
    for (size_t i = 0; i < STATEMENT_BUCKETS; i++) {
        for (struct statement *s = c->statements[i], *next; s; s = next) {
            next = s->next;
            c->driver->forget(c, s->prepared);
            free(s);
        }
        c->statements[i] = NULL;
    }
}

void db_conn_close(struct db_conn *c)
{
    if (!c) return;
    conn_forget_statements(c);
    free(c->after);
    c->driver->close(c);
}

bool conn_may_write(const struct db_conn *c, struct err *e)
{
    return !c->reads_only || err_set(e, ERR_INTERNAL, "read_only", "a reading connection was asked to change something");
}

bool db_is_unique_violation(const struct err *e)
{
    return e->kind == ERR_CONFLICT && !strcmp(e->code, "unique");
}

bool db_is_read_only(const struct err *e)
{
    return e->kind == ERR_INTERNAL && !strcmp(e->code, "read_only");
}

char *db_like(struct arena *a, const char *text)
{
    char *like = arena_alloc(a, strlen(text) * 2 + 3), *to = like;
    for (*to++ = '%'; *text; *to++ = *text++)
        if (strchr("!%_", *text)) *to++ = '!';
    *to = '%';
    return like;
}

/* ---- statements */

static size_t bucket_of(const void *key, const void *model, int purpose)
{
    return (((uintptr_t)key >> 3) * 31 + ((uintptr_t)model >> 4) + (size_t)purpose) % STATEMENT_BUCKETS;
}

static void *cached(struct db_conn *c, const void *key, const struct model *m, int purpose)
{
    for (struct statement *s = c->statements[bucket_of(key, m, purpose)]; s; s = s->next)
        if (s->key == key && s->model == m && s->purpose == purpose) return s->prepared;
    return NULL;
}

/* Takes over the text. */
static void *keep(struct db_conn *c, const void *key, const struct model *m, int purpose, struct buf *sql, struct err *e)
{
    void *prepared = c->driver->prepare(c, sql->data, e);
    buf_release(sql);
    if (!prepared) return NULL;
    struct statement *s = xmalloc(sizeof *s), **bucket = &c->statements[bucket_of(key, m, purpose)];
    *s = (struct statement){key, m, purpose, prepared, *bucket};
    *bucket = s;
    return prepared;
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

void *conn_prepared(struct db_conn *c, const char *sql, const struct model *m, struct err *e)
{
    void *known = cached(c, sql, m, QUERY);
    if (known) return known;
    struct buf text;
    buf_init(&text, 0);
    const char *from = sql;
    for (const char *open; m && (open = strchr(from, '{')); ) { /* {} and {alias} become the model's columns */
        const char *close = strchr(open, '}');
        if (!close) break;
        buf_add(&text, from, (size_t)(open - from));
        add_columns(&text, m, open + 1, (size_t)(close - open - 1));
        from = close + 1;
    }
    buf_text(&text, from);
    return keep(c, sql, m, QUERY, &text, e);
}

void *conn_prepared_insert(struct db_conn *c, const char *table, const struct model *m, struct err *e)
{
    void *known = cached(c, table, m, INSERT);
    if (known) return known;
    struct buf sql;
    buf_init(&sql, 0);
    buf_printf(&sql, "INSERT INTO %s (", table);
    for (size_t i = 1; i < m->field_count; i++) buf_printf(&sql, "%s%s", i > 1 ? "," : "", m->fields[i].name);
    buf_text(&sql, ") VALUES (");
    for (size_t i = 1; i < m->field_count; i++) buf_printf(&sql, "%s$%zu", i > 1 ? "," : "", i);
    buf_printf(&sql, ")%s", c->driver->insert_end);
    return keep(c, table, m, INSERT, &sql, e);
}

void *conn_prepared_update(struct db_conn *c, const char *table, const struct model *m, struct err *e)
{
    void *known = cached(c, table, m, UPDATE);
    if (known) return known;
    struct buf sql;
    buf_init(&sql, 0);
    buf_printf(&sql, "UPDATE %s SET ", table);
    for (size_t i = 1; i < m->field_count; i++) buf_printf(&sql, "%s%s=$%zu", i > 1 ? "," : "", m->fields[i].name, i);
    buf_printf(&sql, " WHERE id=$%zu", m->field_count);
    return keep(c, table, m, UPDATE, &sql, e);
}

/* ---- the interface, by the driver */

bool db_run_values(struct db_conn *c, const char *sql, struct err *e, const struct db_value *v, size_t n)
{
    return c->driver->run(c, sql, e, v, n);
}

enum db_found db_one_values(struct db_conn *c, const char *sql, const struct model *m, void *out, struct arena *a, struct err *e, const struct db_value *v, size_t n)
{
    return c->driver->one(c, sql, m, out, a, e, v, n);
}

bool db_all_values(struct db_conn *c, const char *sql, const struct model *m, struct list *out, struct arena *a, struct err *e, const struct db_value *v, size_t n)
{
    *out = (struct list){0};
    return c->driver->all(c, sql, m, out, a, e, v, n);
}

enum db_found db_number_values(struct db_conn *c, const char *sql, int64_t *out, struct err *e, const struct db_value *v, size_t n)
{
    return c->driver->number(c, sql, out, e, v, n);
}

bool db_insert_model(struct db_conn *c, const char *table, const struct model *m, void *row, struct err *e)
{
    return conn_may_write(c, e) && c->driver->insert(c, table, m, row, e);
}

bool db_update_model(struct db_conn *c, const char *table, const struct model *m, const void *row, struct err *e)
{
    return conn_may_write(c, e) && c->driver->update(c, table, m, row, e);
}

int64_t db_changes(const struct db_conn *c)
{
    return c->driver->changes(c);
}

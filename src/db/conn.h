/* conn.h - what the files of this folder share: a connection, its prepared statements, and the table of functions that each
 * kind of database fills (sqlite.c, postgres.c). Nobody else includes it. */
#pragma once
#include "db/db.h"
#include <stdatomic.h>

enum { STATEMENT_BUCKETS = 128 };

struct statement {
    const void *key, *model; /* address of the SQL text (or table name), and of the model whose columns went in */
    int purpose;             /* enum purpose: one table name serves two statements */
    void *prepared;          /* the driver's */
    struct statement *next;
};
enum purpose { QUERY, INSERT, UPDATE };

struct after_commit {
    void (*fn)(void *);
    void *arg;
};

struct db_conn {
    const struct driver *driver;
    struct statement *statements[STATEMENT_BUCKETS];
    struct after_commit *after;
    size_t after_count, after_room;
    const atomic_uint *commits; /* a reader's: the writer counts them here */
    unsigned seen;              /* how many there were when the shared snapshot was taken */
    bool reads_only, sharing;
    bool careful;               /* a statement that fails must leave the transaction as it was */
};

/* Where a transaction stands: none, open, or good for nothing but to be rolled back. */
enum standing { TX_NONE, TX_OPEN, TX_FAILED };

struct driver {
    struct db_conn *(*open)(const char *where, bool write, struct err *e);
    void (*close)(struct db_conn *c);
    bool (*exec)(struct db_conn *c, const char *sql, struct err *e); /* not cached; several statements */
    void *(*prepare)(struct db_conn *c, const char *sql, struct err *e);
    void (*forget)(struct db_conn *c, void *prepared);

    bool (*run)(struct db_conn *c, const char *sql, struct err *e, const struct db_value *v, size_t n);
    enum db_found (*one)(struct db_conn *c, const char *sql, const struct model *m, void *out, struct arena *a, struct err *e, const struct db_value *v, size_t n);
    bool (*all)(struct db_conn *c, const char *sql, const struct model *m, struct list *out, struct arena *a, struct err *e, const struct db_value *v, size_t n);
    enum db_found (*number)(struct db_conn *c, const char *sql, int64_t *out, struct err *e, const struct db_value *v, size_t n);
    bool (*insert)(struct db_conn *c, const char *table, const struct model *m, void *row, struct err *e);
    bool (*update)(struct db_conn *c, const char *table, const struct model *m, const void *row, struct err *e);
    int64_t (*changes)(const struct db_conn *c);       /* of the last run */
    int64_t (*total_changes)(const struct db_conn *c); /* since the connection was opened */

    bool (*begin)(struct db_conn *c, struct err *e);   /* until the end of this transaction nobody else changes anything */
    bool (*commit)(struct db_conn *c, struct err *e);
    enum standing (*standing)(const struct db_conn *c);

    bool (*version)(struct db_conn *c, int *version, struct err *e);
    bool (*set_version)(struct db_conn *c, int version, struct err *e);
    bool (*create)(struct db_conn *c, const char *ddl, struct err *e); /* runs a migration's SQL */

    /* Beside the writer's thread, from its start to its end. */
    void *(*helper_start)(const char *where, struct db_conn *writer, struct db *db, struct err *e);
    void (*helper_stop)(void *helper);
    bool (*wipe)(const char *where, const char *tables, struct err *e); /* db_wipe */

    bool snapshots;                   /* db_read_share takes one */
    bool shared;                      /* other programs change it too */
    const char *insert_end;           /* what an INSERT of a row ends with */
};
extern const struct driver sqlite_driver, postgres_driver;

struct db_conn *conn_open(const char *where, bool write, struct err *e);
static inline bool conn_exec(struct db_conn *c, const char *sql, struct err *e) { return c->driver->exec(c, sql, e); }
bool conn_migrate(struct db_conn *c, const char *name, int *from, int *to, struct err *e);
bool conn_may_write(const struct db_conn *c, struct err *e);
void conn_forget_statements(struct db_conn *c);
void db_nudge(struct db *db);         /* another program has committed something */

/* Statements, prepared once: of a text with the model's columns in its {}, or of a table for a row. */
void *conn_prepared(struct db_conn *c, const char *sql, const struct model *m, struct err *e);
void *conn_prepared_insert(struct db_conn *c, const char *table, const struct model *m, struct err *e); /* fields 1… are parameters 1… */
void *conn_prepared_update(struct db_conn *c, const char *table, const struct model *m, struct err *e); /* and the id is the one after */

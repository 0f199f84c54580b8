/* sqlite.h - what the files of this folder share: a connection with its prepared statements. Nobody else includes it. */
#pragma once
#include "db/db.h"
#include <sqlite3.h>
#include <stdatomic.h>

enum { STATEMENT_BUCKETS = 128 };

struct statement {
    const void *key, *model; /* address of the SQL text (or table name), and of the model whose columns went in */
    int purpose;             /* 0 query, 1 insert, 2 update: one table name serves two statements */
    sqlite3_stmt *stmt;
    struct statement *next;
};

struct after_commit {
    void (*fn)(void *);
    void *arg;
};

struct db_conn {
    sqlite3 *handle;
    struct statement *statements[STATEMENT_BUCKETS];
    struct after_commit *after;
    size_t after_count, after_room;
    const atomic_uint *commits; /* a reader's: the writer counts them here */
    unsigned seen;              /* how many there were when the shared snapshot was taken */
    bool sharing;
};

struct db_conn *conn_open(const char *path, bool write, struct err *e);
bool conn_exec(struct db_conn *c, const char *sql, struct err *e); /* not cached; several statements */
bool conn_may_write(const struct db_conn *c, struct err *e);
bool conn_error(struct db_conn *c, const char *what, struct err *e);
sqlite3_stmt *conn_prepare(struct db_conn *c, const char *sql, const struct model *m, struct err *e);
/* A thread that folds the log back while the writer goes on. Started before it, stopped after it. */
struct checkpointer *checkpointer_start(const char *path, struct db_conn *writer, struct err *e);
void checkpointer_stop(struct checkpointer *p);
/* Statements made from a model's columns, cached by (table, model, purpose). */
struct statement *conn_cached(struct db_conn *c, const void *key, const struct model *m, int purpose);
sqlite3_stmt *conn_keep(struct db_conn *c, const void *key, const struct model *m, int purpose, const char *sql, struct err *e);

/* sqlite.h - what the files about SQLite share. Nobody else includes it. */
#pragma once
#include "db/conn.h"
#include <sqlite3.h>

struct sqlite_conn {
    struct db_conn conn; /* first */
    sqlite3 *handle;
};

static inline sqlite3 *sqlite_handle(const struct db_conn *c) { return ((const struct sqlite_conn *)c)->handle; }
bool sqlite_wipe(const char *where, const char *tables, struct err *e);
bool sqlite_error(struct db_conn *c, const char *what, struct err *e);
bool sqlite_insert(struct db_conn *c, const char *table, const struct model *m, void *row, struct err *e);
bool sqlite_update(struct db_conn *c, const char *table, const struct model *m, const void *row, struct err *e);
/* A thread that folds the log back while the writer goes on. Started before it, stopped after it. */
void *checkpointer_start(const char *path, struct db_conn *writer, struct db *db, struct err *e);
void checkpointer_stop(void *checkpointer);

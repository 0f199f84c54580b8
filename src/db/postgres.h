/* postgres.h - what the files about PostgreSQL share. Nobody else includes it. */
#pragma once
#include "db/conn.h"
#include <libpq-fe.h>

enum { PARAMETERS = 64, TOKEN = 17 };

struct pg_conn {
    struct db_conn conn;        /* first */
    PGconn *pg;
    char token[TOKEN];          /* of this process: what it commits it need not be told of */
    unsigned generation, names; /* lines that broke: what was prepared before is gone */
    int64_t changes, total_changes, total_at_begin;
    bool in_transaction;
};

/* Prepared when it is first run, since only then the types of its parameters are known. */
struct pg_statement {
    char name[16];
    unsigned generation;        /* of the connection when it was prepared; 0: not yet */
    char sql[];
};

struct pg_parameters {
    int count;
    Oid types[PARAMETERS];
    const char *texts[PARAMETERS];
    char numbers[PARAMETERS][24];
};
void pg_add_number(struct pg_parameters *p, bool has, int64_t number);
void pg_add_text(struct pg_parameters *p, const char *text);
void pg_add_values(struct pg_parameters *p, const struct db_value *v, size_t n);
void pg_add_row(struct pg_parameters *p, const struct model *m, const char *row); /* fields 1… */
void pg_read_row(const PGresult *r, int at, const struct model *m, char *out, struct arena *a);
int64_t pg_read_number(const char *text);

PGconn *pg_connect(const char *url, struct err *e);
bool pg_error(struct pg_conn *c, const PGresult *r, const char *what, struct err *e);
char *pg_translate(const char *ddl);  /* a migration's SQL for PostgreSQL; free it */

extern const char PG_CHANNEL[];
void *listener_start(const char *url, struct db_conn *writer, struct db *db, struct err *e);
void listener_stop(void *listener);

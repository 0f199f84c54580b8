/* postgres.c - the database on a PostgreSQL server.
 *
 * Writers of all nodes take turns: a transaction that changes something begins by taking one lock of the whole database, which the
 * server gives back after the commit. The rules of core thus never race, rows get their numbers in the order of commits, and
 * everything that waits on a node still shares one commit. A node that holds the turn and falls silent loses it (IDLE_MS). */
#include "db/postgres.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TURN "4715" /* the advisory lock; locks are per database, so any number will do */
const char PG_CHANNEL[] = "roomd";

static const char SETTINGS[] = "SET client_min_messages = warning; SET lock_timeout = 10000; SET statement_timeout = 15000; SET idle_in_transaction_session_timeout = 5000";
static const char SETTINGS_READER[] = "SET default_transaction_read_only = on";

static struct pg_conn *own(const struct db_conn *c)
{
    return (struct pg_conn *)(uintptr_t)c;
}

/* ---- errors */

static bool is_class(const char *state, const char *class)
{
    return !strncmp(state, class, 2);
}

/* libpq ends its texts with a new line, and adds others after it. */
static int first_line(const char *text)
{
    return (int)strcspn(text, "\n");
}

bool pg_error(struct pg_conn *c, const PGresult *r, const char *what, struct err *e)
{
    const char *state = r ? PQresultErrorField(r, PG_DIAG_SQLSTATE) : NULL, *text = r ? PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY) : NULL;
    if (!text) text = PQerrorMessage(c->pg);
    if (!state) state = "08006";
    if (!strcmp(state, "23505")) return err_set(e, ERR_CONFLICT, "unique", "%s: %.*s", what, first_line(text), text);
    if (!strcmp(state, "25006")) return err_set(e, ERR_INTERNAL, "read_only", "a reading connection was asked to change something");
    /* gone, out of room, shut down, waited too long, broken disk */
    if (is_class(state, "08") || is_class(state, "53") || is_class(state, "57") || is_class(state, "55") || is_class(state, "58") || is_class(state, "40"))
        return err_fail(e, error_storage_unavailable);
    return err_set(e, ERR_INTERNAL, "database", "%s: %.*s", what, first_line(text), text);
}

/* ---- connections */

static void say_nothing(void *arg, const PGresult *r)
{
    (void)arg;
    (void)r;
}

static const char *option(const PQconninfoOption *o, const char *name)
{
    for (; o && o->keyword; o++)
        if (!strcmp(o->keyword, name)) return o->val ? o->val : "";
    return "";
}

/* What is said of a bad address must not quote it: an unescaped password may have been taken for any part of it. */
static bool address_good(const char *url, struct err *e)
{
    PQconninfoOption *o = PQconninfoParse(url, NULL);
    bool good = o && !option(o, "port")[strspn(option(o, "port"), "0123456789,")] && !option(o, "host")[strcspn(option(o, "host"), "@?#[]")] &&
                !option(o, "dbname")[strcspn(option(o, "dbname"), "@/:")];
    PQconninfoFree(o);
    return good || err_set(e, ERR_CALLER, "config", "DATABASE_URL is no address: it must be postgresql://user:password@host:port/database, with @ : / # ? %% of a password written as %%40 %%3A %%2F %%23 %%3F %%25");
}

PGconn *pg_connect(const char *url, struct err *e)
{
    static const char *const names[] = {"connect_timeout", "application_name", "keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout", "dbname", "client_encoding", NULL};
    const char *const values[] = {"5", "roomd", "10", "3", "3", "10000", url, "UTF8", NULL}; /* what is in the address counts more than what stands before it */
    if (!address_good(url, e)) return NULL;
    PGconn *pg = PQconnectdbParams(names, values, 1);
    if (PQstatus(pg) == CONNECTION_OK) {
        PQsetNoticeReceiver(pg, say_nothing, NULL);
        PQclear(PQexec(pg, SETTINGS));
        return pg;
    }
    char shown[160];
    db_shown_name(url, shown, sizeof shown);
    const char *why = PQerrorMessage(pg), *fatal = strstr(why, "FATAL: ");
    if (fatal) why = fatal + strlen("FATAL: ");
    while (*why == ' ') why++;
    err_set(e, ERR_DESTINATION, "database", "cannot open database \"%s\": %.*s", shown, first_line(why), why);
    PQfinish(pg);
    return NULL;
}

static bool exec(struct db_conn *c, const char *sql, struct err *e)
{
    struct pg_conn *p = own(c);
    PGresult *r = PQexec(p->pg, sql);
    ExecStatusType status = PQresultStatus(r);
    bool ok = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || pg_error(p, r, sql, e);
    PQclear(r);
    if (!strcmp(sql, "ROLLBACK")) p->in_transaction = false;
    return ok;
}

static struct db_conn *open_server(const char *url, bool write, struct err *e)
{
    PGconn *pg = pg_connect(url, e);
    if (!pg) return NULL;
    struct pg_conn *p = xcalloc(1, sizeof *p);
    p->conn.driver = &postgres_driver;
    p->conn.reads_only = !write;
    p->pg = pg;
    p->generation = 1;
    if (!write) exec(&p->conn, SETTINGS_READER, NULL);
    return &p->conn;
}

static void close_server(struct db_conn *c)
{
    PQfinish(own(c)->pg);
    free(c);
}

/* The server was restarted, or the line broke. Nothing of a transaction must be under way. */
static bool reconnect(struct pg_conn *p)
{
    PQreset(p->pg);
    p->generation++;
    p->in_transaction = false;
    if (PQstatus(p->pg) != CONNECTION_OK) return false;
    PQclear(PQexec(p->pg, SETTINGS));
    if (p->conn.reads_only) PQclear(PQexec(p->pg, SETTINGS_READER));
    return true;
}

/* ---- statements */

static void *prepare(struct db_conn *c, const char *sql, struct err *e)
{
    (void)e;
    size_t size = strlen(sql) + 1;
    struct pg_statement *s = xcalloc(1, sizeof *s + size);
    snprintf(s->name, sizeof s->name, "s%u", ++own(c)->names);
    memcpy(s->sql, sql, size);
    return s;
}

static void forget(struct db_conn *c, void *prepared)
{
    (void)c;
    free(prepared);
}

static bool good(const PGresult *r)
{
    return PQresultStatus(r) == PGRES_COMMAND_OK || PQresultStatus(r) == PGRES_TUPLES_OK;
}

static PGresult *attempt(struct pg_conn *p, struct pg_statement *s, const struct pg_parameters *with)
{
    if (s->generation != p->generation) {
        PGresult *r = PQprepare(p->pg, s->name, s->sql, with->count, with->types);
        if (!good(r)) return r;
        PQclear(r);
        s->generation = p->generation;
    }
    return PQexecPrepared(p->pg, s->name, with->count, with->texts, NULL, NULL, 0);
}

static PGresult *perform(struct pg_conn *p, struct pg_statement *s, const struct pg_parameters *with, struct err *e)
{
    PGresult *r = attempt(p, s, with);
    if (!good(r) && PQstatus(p->pg) == CONNECTION_BAD && !p->in_transaction && reconnect(p)) {
        PQclear(r);
        r = attempt(p, s, with);
    }
    if (good(r)) return r;
    pg_error(p, r, s->sql, e);
    PQclear(r);
    return NULL;
}

/* A statement that fails spoils the whole transaction, unless it stands in a savepoint. */
static PGresult *perform_change(struct pg_conn *p, struct pg_statement *s, const struct pg_parameters *with, struct err *e)
{
    if (p->conn.careful) exec(&p->conn, "SAVEPOINT statement", NULL);
    PGresult *r = perform(p, s, with, e);
    if (p->conn.careful) exec(&p->conn, r ? "RELEASE statement" : "ROLLBACK TO statement; RELEASE statement", NULL);
    p->changes = r ? strtoll(PQcmdTuples(r), NULL, 10) : 0;
    if (r && PQresultStatus(r) == PGRES_TUPLES_OK && !strncmp(PQcmdStatus(r), "SELECT", 6)) p->changes = 0;
    p->total_changes += p->changes;
    return r;
}

static bool run(struct db_conn *c, const char *sql, struct err *e, const struct db_value *v, size_t n)
{
    struct pg_parameters with = {.count = 0};
    pg_add_values(&with, v, n);
    PGresult *r = perform_change(own(c), conn_prepared(c, sql, NULL, e), &with, e);
    PQclear(r);
    return r != NULL;
}

static PGresult *ask(struct db_conn *c, const char *sql, const struct model *m, struct err *e, const struct db_value *v, size_t n)
{
    struct pg_parameters with = {.count = 0};
    pg_add_values(&with, v, n);
    return perform(own(c), conn_prepared(c, sql, m, e), &with, e);
}

static enum db_found one(struct db_conn *c, const char *sql, const struct model *m, void *out, struct arena *a, struct err *e, const struct db_value *v, size_t n)
{
    PGresult *r = ask(c, sql, m, e, v, n);
    if (!r) return DB_FAILED;
    bool there = PQntuples(r) > 0;
    if (there) pg_read_row(r, 0, m, out, a);
    PQclear(r);
    return there ? DB_ROW : DB_NONE;
}

static bool all(struct db_conn *c, const char *sql, const struct model *m, struct list *out, struct arena *a, struct err *e, const struct db_value *v, size_t n)
{
    PGresult *r = ask(c, sql, m, e, v, n);
    if (!r) return false;
    size_t count = (size_t)PQntuples(r);
    char *items = arena_alloc(a, m->size * (count + 1));
    for (size_t i = 0; i < count; i++) pg_read_row(r, (int)i, m, items + m->size * i, a);
    *out = (struct list){items, count};
    PQclear(r);
    return true;
}

static enum db_found number(struct db_conn *c, const char *sql, int64_t *out, struct err *e, const struct db_value *v, size_t n)
{
    PGresult *r = ask(c, sql, NULL, e, v, n);
    if (!r) return DB_FAILED;
    bool there = PQntuples(r) > 0 && !PQgetisnull(r, 0, 0);
    if (there) *out = pg_read_number(PQgetvalue(r, 0, 0));
    PQclear(r);
    return there ? DB_ROW : DB_NONE;
}

/* ON CONFLICT DO NOTHING, so that a row that is there already does not spoil the transaction. */
static bool insert(struct db_conn *c, const char *table, const struct model *m, void *row, struct err *e)
{
    struct pg_parameters with = {.count = 0};
    pg_add_row(&with, m, row);
    PGresult *r = perform_change(own(c), conn_prepared_insert(c, table, m, e), &with, e);
    if (!r) return false;
    bool made = PQntuples(r) > 0;
    if (made) {
        *(int64_t *)((char *)row + m->fields[0].offset) = pg_read_number(PQgetvalue(r, 0, 0));
        *(uint64_t *)((char *)row + m->present_offset) |= 1;
    }
    PQclear(r);
    return made || err_set(e, ERR_CONFLICT, "unique", "%s: a row with the same name or number is there already", table);
}

static bool update(struct db_conn *c, const char *table, const struct model *m, const void *row, struct err *e)
{
    struct pg_parameters with = {.count = 0};
    pg_add_row(&with, m, row);
    pg_add_number(&with, true, *(const int64_t *)((const char *)row + m->fields[0].offset));
    PGresult *r = perform_change(own(c), conn_prepared_update(c, table, m, e), &with, e);
    PQclear(r);
    return r != NULL;
}

static int64_t changes(const struct db_conn *c)
{
    return own(c)->changes;
}

static int64_t total_changes(const struct db_conn *c)
{
    return own(c)->total_changes;
}

/* ---- transactions */

static bool begin(struct db_conn *c, struct err *e)
{
    static const char sql[] = "BEGIN; SELECT pg_advisory_xact_lock(" TURN ")";
    struct pg_conn *p = own(c);
    if (PQstatus(p->pg) == CONNECTION_OK && PQtransactionStatus(p->pg) != PQTRANS_IDLE) exec(c, "ROLLBACK", NULL);
    p->in_transaction = true;
    p->total_at_begin = p->total_changes;
    bool ok = exec(c, sql, e) || (PQstatus(p->pg) == CONNECTION_BAD && reconnect(p) && exec(c, sql, e));
    p->in_transaction = ok;
    if (!ok && PQstatus(p->pg) == CONNECTION_OK) exec(c, "ROLLBACK", NULL); /* nobody gave up the turn in time */
    return ok;
}

/* A COMMIT of a spoiled transaction is no error to the server: it says that it rolled back. */
static bool commit(struct db_conn *c, struct err *e)
{
    struct pg_conn *p = own(c);
    char sql[64] = "COMMIT";
    if (p->total_changes != p->total_at_begin) snprintf(sql, sizeof sql, "NOTIFY %s, '%s'; COMMIT", PG_CHANNEL, p->token);
    PGresult *r = PQexec(p->pg, sql);
    bool ok = good(r) && !strcmp(PQcmdStatus(r), "COMMIT");
    if (!ok) pg_error(p, good(r) ? NULL : r, "COMMIT", e);
    PQclear(r);
    p->in_transaction = false;
    return ok;
}

static enum standing standing(const struct db_conn *c)
{
    PGTransactionStatusType status = PQtransactionStatus(own(c)->pg);
    return status == PQTRANS_INTRANS ? TX_OPEN : status == PQTRANS_INERROR ? TX_FAILED : TX_NONE;
}

/* ---- versions */

static bool version(struct db_conn *c, int *out, struct err *e)
{
    int64_t n = 0;
    if (!exec(c, "CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL)", e)) return false;
    if (number(c, "SELECT max(version) FROM schema_version", &n, e, NULL, 0) == DB_FAILED) return false;
    *out = (int)n;
    return true;
}

static bool set_version(struct db_conn *c, int to, struct err *e)
{
    return run(c, "DELETE FROM schema_version", e, NULL, 0) && run(c, "INSERT INTO schema_version (version) VALUES ($1)", e, &INT_(to), 1);
}

static bool create(struct db_conn *c, const char *ddl, struct err *e)
{
    char *sql = pg_translate(ddl);
    bool ok = exec(c, "SET LOCAL statement_timeout = 0", e) && exec(c, sql, e);
    free(sql);
    return ok;
}

/* VACUUM is no part of any transaction, and takes its time. What a transaction that is older still sees stays for the next one, autovacuum's. */
static bool wipe(const char *where, const char *tables, struct err *e)
{
    struct db_conn *c = open_server(where, true, e);
    if (!c) return false;
    struct buf sql;
    buf_init(&sql, 0);
    buf_printf(&sql, "VACUUM %s", tables);
    bool ok = exec(c, "SET statement_timeout = 0", e) && exec(c, sql.data, e);
    buf_release(&sql);
    close_server(c);
    return ok;
}

void db_shown_name(const char *where, char *to, size_t size)
{
    if (!db_is_url(where)) {
        snprintf(to, size, "%s", where);
        return;
    }
    PQconninfoOption *o = PQconninfoParse(where, NULL);
    const char *user = option(o, "user"), *port = option(o, "port");
    snprintf(to, size, "postgresql://%s%s%s%s%s/%s", user, *user ? "@" : "", option(o, "host"), *port ? ":" : "", port, option(o, "dbname"));
    PQconninfoFree(o);
}

const struct driver postgres_driver = {
    .open = open_server, .close = close_server, .exec = exec, .prepare = prepare, .forget = forget, .run = run, .one = one, .all = all, .number = number,
    .insert = insert, .update = update, .changes = changes, .total_changes = total_changes, .begin = begin, .commit = commit, .standing = standing,
    .version = version, .set_version = set_version, .create = create, .helper_start = listener_start, .helper_stop = listener_stop, .wipe = wipe,
    .shared = true, .insert_end = " ON CONFLICT DO NOTHING RETURNING id"};

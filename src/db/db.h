/* db.h - the database, SQLite or PostgreSQL: one writer that shares commits, many readers.
 *
 * A `struct db_conn` belongs to one thread at a time. SQL is written once, with $1 parameters, and prepared once per connection
 * (the cache goes by the address of the SQL text, so pass constants). `{}` in a query stands for the columns of the result's
 * model, `{s}` for the same with the alias s. before each.
 *
 * The SQL is what both databases understand: no functions of one alone, booleans are 0 and 1 (`x = 1`, not `x`), NULLs are ordered
 * by NULLS FIRST or LAST, LIKE only on lower(). $1 is a number or a text as INT_ or TEXT_ say.
 *
 * Writes: db_write queues a job for the writer thread, which takes everything that waits, runs job after job (each undone by itself if it fails), commits
 * once, and then calls every job's `done` — so a commit (and its fsync) is shared by all who came together, nothing races, and
 * whoever is told "done" can rely on the disk. Inside `run`: straight-line code. What must only happen after the commit
 * (telling others of an event) is left with db_after_commit. */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "model/model.h"

struct db;
struct db_conn;

/* ---- open, migrate, close */
struct db *db_open(const char *where, struct err *e);           /* a SQLite file, made if absent (0600), or postgresql://…; no writer thread yet */
bool db_is_url(const char *where);                              /* names a server, not a file */
void db_shown_name(const char *where, char *to, size_t size);   /* for people: without the password */
bool db_is_shared(const struct db *db);                         /* other nodes change it too */
unsigned db_commits(const struct db *db);                              /* of this process so far; wraps */
bool db_migrate(struct db *db, int *from, int *to, struct err *e); /* forward only, each step in a transaction; refuses a newer database */
int db_newest_version(void);
bool db_start_writer(struct db *db, struct err *e);
/* What was deleted or changed is overwritten in the files, the log included (SQLite), or nothing leads to it any more (PostgreSQL: VACUUM of these tables, "a, b, c").
 * Waits for readers for some seconds. Not from the writer. */
bool db_wipe(struct db *db, const char *tables, struct err *e);
void db_close(struct db *db);                                    /* writes everything that waits, joins the writer */
struct db_conn *db_reader(struct db *db, struct err *e);         /* a connection for the calling thread; db_conn_close when done */
void db_conn_close(struct db_conn *c);
/* Until db_read_end what a reader asks is answered from one snapshot, which saves taking and giving back the file's locks for each
 * statement. Call db_read_share before whatever reads: after a commit of the writer it takes a new snapshot, so that whoever was
 * told "done" finds it done. Not for long: the log cannot be folded back past an open snapshot. */
void db_read_share(struct db_conn *c);
void db_read_end(struct db_conn *c);

/* On a shared database the writers of all nodes take turns: whoever changes something holds a lock of the whole database until its
 * commit, so that everything said above holds for all nodes together, and numbers given by the database are committed in their order.
 * `fn` is called on the writer whenever others may have committed: at the start of each turn, before any job, and when they tell. */
typedef void db_turn_fn(void *arg, struct db_conn *c);
void db_on_turn(struct db *db, db_turn_fn *fn, void *arg);      /* before the writer is started */

bool db_conn_is_shared(const struct db_conn *c);

/* ---- values */
enum db_type { DB_NULL, DB_INT, DB_TEXT };
struct db_value { enum db_type type; int64_t number; const char *text; };
#define INT_(n) ((struct db_value){.type = DB_INT, .number = (int64_t)(n)})
#define TEXT_(s) ((struct db_value){.type = DB_TEXT, .text = (s)})          /* NULL pointer: NULL */
#define OPT_(has, n) ((struct db_value){.type = (has) ? DB_INT : DB_NULL, .number = (int64_t)(n)})

/* For `lower(column) LIKE lower($1) ESCAPE '!'`: whatever has the text in it. */
char *db_like(struct arena *a, const char *text);

/* ---- statements. The variadic part are db_values. */
enum db_found { DB_FAILED = -1, DB_NONE = 0, DB_ROW = 1 };
#define DB_VALUES(...) (const struct db_value[]){__VA_ARGS__ __VA_OPT__(,) {0}}, (sizeof((const struct db_value[]){__VA_ARGS__ __VA_OPT__(,) {0}}) / sizeof(struct db_value) - 1)
#define db_run(c, sql, e, ...) db_run_values(c, sql, e, DB_VALUES(__VA_ARGS__))
#define db_one(c, sql, m, out, a, e, ...) db_one_values(c, sql, &m##_model, out, a, e, DB_VALUES(__VA_ARGS__))
#define db_all(c, sql, m, out, a, e, ...) db_all_values(c, sql, &m##_model, out, a, e, DB_VALUES(__VA_ARGS__))
#define db_number(c, sql, out, e, ...) db_number_values(c, sql, out, e, DB_VALUES(__VA_ARGS__))
bool db_run_values(struct db_conn *c, const char *sql, struct err *e, const struct db_value *v, size_t n);
enum db_found db_one_values(struct db_conn *c, const char *sql, const struct model *m, void *out, struct arena *a, struct err *e, const struct db_value *v, size_t n);
bool db_all_values(struct db_conn *c, const char *sql, const struct model *m, struct list *out, struct arena *a, struct err *e, const struct db_value *v, size_t n);
enum db_found db_number_values(struct db_conn *c, const char *sql, int64_t *out, struct err *e, const struct db_value *v, size_t n);
int64_t db_changes(const struct db_conn *c);                     /* rows touched by the last db_run */

/* ---- rows as structs: the table named like the argument, the columns like the model's fields, `id` first */
bool db_insert_model(struct db_conn *c, const char *table, const struct model *m, void *row, struct err *e); /* sets id */
bool db_update_model(struct db_conn *c, const char *table, const struct model *m, const void *row, struct err *e);
#define db_insert(c, table, m, row, e) db_insert_model(c, table, &m##_model, row, e)
#define db_update(c, table, m, row, e) db_update_model(c, table, &m##_model, row, e)
bool db_is_unique_violation(const struct err *e);
bool db_is_read_only(const struct err *e);                       /* a change was asked of a reading connection */

/* ---- the writer */
struct db_job {
    bool (*run)(struct db_conn *c, struct db_job *job);  /* on the writer; false: what it did is rolled back. May be run once more from the start, if another job of the batch fails half-way */
    void (*done)(struct db_job *job, bool ok);           /* on the writer, after the commit; ok: run said true and it is on disk */
    struct db_job *next;
};
void db_write(struct db *db, struct db_job *job);        /* any thread; the job lives until done */
/* For a thread that has nobody else to serve just now: runs the job right here if the writer is idle and commits are quick (under three
 * milliseconds), which saves two changes of threads. False: nothing was done, use db_write. */
bool db_write_here(struct db *db, struct db_job *job);
bool db_write_wait(struct db *db, bool (*run)(struct db_conn *c, void *arg), void *arg); /* for workers and tools: returns after the commit */
void db_after_commit(struct db_conn *c, void (*fn)(void *arg), void *arg);    /* dropped (arg by `free`) if the savepoint is rolled back */

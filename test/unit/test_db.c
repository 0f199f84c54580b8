/* The database: shared commits, and what a job that failed leaves behind: nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "database.h"
#include "db/postgres.h"
#include "db/sqlite.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64], path[256];
static struct db *db;
static struct db_conn *reader;
static struct arena arena;

static void open_all(void)
{
    struct err e = {0};
    int from, to;
    db = db_open(path, &e);
    assert_non_null(db);
    assert_true(db_migrate(db, &from, &to, &e));
    reader = db_reader(db, &e);
    assert_non_null(reader);
    arena_init(&arena);
}

static void close_all(void)
{
    db_conn_close(reader);
    db_close(db);
    arena_release(&arena);
    reader = NULL;
    db = NULL;
}

static int setup(void **state)
{
    struct err e;
    (void)state;
    strcpy(folder, "/tmp/roomd-db-XXXXXX");
    if (!mkdtemp(folder)) return -1;
    snprintf(path, sizeof path, "%s/t.db", folder);
    test_database_create(path, sizeof path);
    open_all();
    return db_start_writer(db, &e) ? 0 : -1;
}

static int teardown(void **state)
{
    char command[160];
    (void)state;
    close_all();
    test_database_drop(path);
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

static int64_t facts(struct db_conn *c)
{
    int64_t n = -1;
    assert_int_equal(db_number(c, "SELECT count(*) FROM facts", &n, NULL), DB_ROW);
    return n;
}

static bool put(struct db_conn *c, const char *name, int64_t number, struct err *e)
{
    return db_run(c, "INSERT INTO facts (name, number) VALUES ($1, $2)", e, TEXT_(name), INT_(number));
}

/* ---- batches: jobs are queued behind one that waits, so that they share a commit */

enum { MOST = 400 };
static struct entry { struct db_job job; char name[16]; bool fail, told, ok, after; void (*also)(struct db_conn *); } entries[MOST];
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static size_t told;

static void on_commit(void *arg)
{
    struct entry **e = arg;
    (*e)->after = true;
    free(arg);
}

static bool run_entry(struct db_conn *c, struct db_job *job)
{
    struct entry *e = (struct entry *)job;
    struct entry **later = malloc(sizeof(struct entry *));
    *later = e;
    db_after_commit(c, on_commit, later);
    if (e->also) e->also(c);
    return put(c, e->name, 1, NULL) && !e->fail;
}

static void entry_done(struct db_job *job, bool ok)
{
    struct entry *e = (struct entry *)job;
    pthread_mutex_lock(&mutex);
    e->told = true;
    e->ok = ok;
    told++;
    pthread_cond_signal(&cond);
    pthread_mutex_unlock(&mutex);
}

static bool wait_at_gate(struct db_conn *c, struct db_job *job)
{
    (void)c;
    (void)job;
    pthread_mutex_lock(&gate);
    pthread_mutex_unlock(&gate);
    return true;
}

static void gate_done(struct db_job *job, bool ok)
{
    (void)job;
    (void)ok;
}

static void run_batch_of(size_t count)
{
    struct db_job first = {wait_at_gate, gate_done, NULL};
    told = 0;
    pthread_mutex_lock(&gate);
    db_write(db, &first);
    for (size_t i = 0; i < count; i++) {
        entries[i].job = (struct db_job){run_entry, entry_done, NULL};
        if (!entries[i].name[0]) snprintf(entries[i].name, sizeof entries[i].name, "entry %zu", i);
        db_write(db, &entries[i].job);
    }
    pthread_mutex_unlock(&gate);
    pthread_mutex_lock(&mutex);
    while (told < count) pthread_cond_wait(&cond, &mutex);
    pthread_mutex_unlock(&mutex);
}

static void test_a_batch_larger_than_one_commit(void **state)
{
    (void)state;
    memset(entries, 0, sizeof entries);
    run_batch_of(MOST);
    for (size_t i = 0; i < MOST; i++) assert_true(entries[i].ok && entries[i].after);
    assert_int_equal(facts(reader), MOST);
}

static void test_who_fails_fails_alone(void **state)
{
    (void)state;
    memset(entries, 0, sizeof entries);
    for (size_t i = 0; i < 30; i += 3) entries[i].fail = true;
    strcpy(entries[7].name, "entry 4"); /* unique violation */
    run_batch_of(30);
    for (size_t i = 0; i < 30; i++) {
        bool good = i % 3 != 0 && i != 7;
        assert_int_equal(entries[i].ok, good);
        assert_int_equal(entries[i].after, good);
    }
    assert_int_equal(facts(reader), 19);
}

static void fill_up(struct db_conn *c)
{
    conn_exec(c, "PRAGMA max_page_count=1", NULL); /* not below what is there: no page more */
}

static void test_full_disk_happened_to_nobody(void **state)
{
    (void)state;
    if (db_is_shared(db)) skip();
    struct err e;
    memset(entries, 0, sizeof entries);
    entries[2].also = fill_up;
    for (size_t i = 3; i < MOST; i++) snprintf(entries[i].name, sizeof entries[i].name, "%015zu", i);
    run_batch_of(MOST); /* more rows than fit on the pages there are */
    bool any = false, all = true;
    for (size_t i = 0; i < MOST; i++) {
        any |= entries[i].ok;
        all &= entries[i].ok;
        assert_int_equal(entries[i].ok, entries[i].after);
    }
    int64_t kept = facts(reader), said = 0;
    for (size_t i = 0; i < MOST; i++) said += entries[i].ok;
    assert_int_equal(kept, said); /* what was told is what is there */
    if (all) fail_msg("the disk was not full");
    assert_false(any && kept == 0);
    close_all();
    open_all();
    assert_true(db_start_writer(db, &e));
    memset(entries, 0, sizeof entries);
    strcpy(entries[0].name, "room again");
    run_batch_of(1);
    assert_true(entries[0].ok);
}

static bool see_nothing(struct db_conn *c, void *arg)
{
    (void)arg;
    assert_true(put(c, "half done", 1, NULL));
    assert_int_equal(facts(c), 1);
    assert_int_equal(facts(reader), 0); /* another connection sees what is committed, and nothing else */
    return true;
}

static void test_readers_see_what_is_committed(void **state)
{
    (void)state;
    struct err e;
    assert_true(db_write_wait(db, see_nothing, NULL));
    assert_int_equal(facts(reader), 1);
    assert_false(put(reader, "from a reader", 1, &e));
    assert_int_equal(facts(reader), 1);
}

/* ---- rows */

static struct user somebody(const char *email)
{
    struct user u = {.email = email, .password_hash = "x", .role = user_role_student, .is_active = true, .created_at = 5, .updated_at = 6};
    model_all_present(&user_model, &u);
    CLEAR(&u, user, full_name);
    return u;
}

static bool write_users(struct db_conn *c, void *arg)
{
    struct err *e = arg;
    struct user u = somebody("ada@example.org"), back;
    assert_true(db_insert(c, "users", user, &u, e));
    assert_int_equal(db_one(c, "SELECT {} FROM users WHERE id = $1", user, &back, &arena, e, INT_(u.id)), DB_ROW);
    assert_string_equal(back.email, "ada@example.org");
    assert_int_equal(back.role, user_role_student);
    assert_true(back.is_active && !back.is_superuser);
    assert_false(HAS(&back, user, full_name));
    SET(&back, user, full_name, "Ada 'quoted' \xf0\x9f\x99\x82");
    assert_true(db_update(c, "users", user, &back, e));
    assert_int_equal(db_changes(c), 1);
    assert_int_equal(db_one(c, "SELECT {u} FROM users u WHERE u.email = $2 AND u.id = $1", user, &u, &arena, e, INT_(back.id), TEXT_("ada@example.org")), DB_ROW);
    assert_string_equal(u.full_name, "Ada 'quoted' \xf0\x9f\x99\x82");
    struct user twin = somebody("ada@example.org");
    assert_false(db_insert(c, "users", user, &twin, e));
    assert_true(db_is_unique_violation(e));
    assert_int_equal(e->kind, ERR_CONFLICT);
    return true;
}

static void test_rows(void **state)
{
    (void)state;
    struct err e = {0};
    struct list all;
    int64_t n;
    assert_true(db_write_wait(db, write_users, &e));
    assert_true(db_all(reader, "SELECT {} FROM users ORDER BY id", user, &all, &arena, &e));
    assert_int_equal(all.count, 1);
    assert_int_equal(db_number(reader, "SELECT max(revoked_at) FROM api_keys", &n, &e), DB_NONE); /* NULL */
    assert_int_equal(db_number(reader, "SELECT id FROM users WHERE email = $1", &n, &e, TEXT_(NULL)), DB_NONE);
    assert_int_equal(db_number(reader, "SELECT nonsense", &n, &e), DB_FAILED);
    assert_int_equal(e.kind, ERR_INTERNAL);
}

/* ---- opening */

static void test_migrations(void **state)
{
    (void)state;
    struct err e;
    int from, to;
    struct stat st;
    assert_true(db_migrate(db, &from, &to, &e));
    assert_int_equal(from, to);
    assert_int_equal(to, db_newest_version());
    assert_true(db_is_shared(db) || (stat(path, &st) == 0 && (st.st_mode & 0777) == 0600));
    close_all();
    db = db_open(path, &e);
    struct db_conn *c = conn_open(path, true, &e);
    assert_true(c->driver->set_version(c, 1000, &e));
    db_conn_close(c);
    assert_false(db_migrate(db, &from, &to, &e));
    assert_string_equal(e.code, "newer_database");
    assert_non_null(strstr(e.text, "is of version 1000"));
}

static void test_no_database(void **state)
{
    (void)state;
    struct err e;
    assert_null(db_open("/nowhere/at/all.db", &e));
    assert_string_equal(e.code, "database");
    FILE *f = fopen("/proc/self/mem", "r");
    if (f) fclose(f);
    char other[128];
    snprintf(other, sizeof other, "%s/other", folder);
    f = fopen(other, "w");
    for (int i = 0; i < 1000; i++) fputs("no database ", f);
    fclose(f);
    assert_null(db_open(other, &e));
}

/* ---- what must be alike on both */

/* A statement that fails fails alone: the job may go on. PostgreSQL gives up the whole transaction at first; then all is run once more. */
static bool go_on_after_a_twin(struct db_conn *c, void *arg)
{
    struct err e = {0};
    struct user twin = somebody("twin@example.org"), again = somebody("twin@example.org"), other = somebody("other@example.org");
    (void)arg;
    return db_insert(c, "users", user, &twin, &e) && put(c, "one", 1, &e) && !put(c, "one", 2, &e) && !db_insert(c, "users", user, &again, &e) &&
           db_is_unique_violation(&e) && db_insert(c, "users", user, &other, &e);
}

static void test_a_failed_statement_fails_alone(void **state)
{
    (void)state;
    int64_t n;
    assert_true(db_write_wait(db, go_on_after_a_twin, NULL));
    assert_int_equal(db_number(reader, "SELECT count(*) FROM users", &n, NULL), DB_ROW);
    assert_int_equal(n, 2);
    assert_int_equal(db_number(reader, "SELECT number FROM facts WHERE name = 'one'", &n, NULL), DB_ROW);
    assert_int_equal(n, 1);
}

static bool store_users(struct db_conn *c, void *arg)
{
    static const char *const emails[] = {"b@example.org", "B@example.org", "a@example.org", "\xc3\xa4@example.org", "_@example.org"};
    for (size_t i = 0; i < 5; i++) {
        struct user u = somebody(emails[i]);
        u.is_superuser = i % 2;
        assert_true(db_insert(c, "users", user, &u, arg));
        assert_true(u.id > 0);
    }
    return true;
}

static void test_both_answer_alike(void **state)
{
    (void)state;
    struct err e = {0};
    struct list all;
    int64_t n;
    assert_true(db_write_wait(db, store_users, &e));
    assert_true(db_all(reader, "SELECT {} FROM users ORDER BY email", user, &all, &arena, &e));
    static const char order[] = "B_ab\xc3";
    for (size_t i = 0; i < 5; i++) assert_int_equal(((const struct user *)all.items)[i].email[0], order[i]); /* byte by byte */
    static const char optional[] = "SELECT count(*) FROM users WHERE ($1 IS NULL OR email = $1) AND ($2 = 0 OR is_superuser = $2)";
    assert_int_equal(db_number(reader, optional, &n, &e, TEXT_(NULL), INT_(0)), DB_ROW);
    assert_int_equal(n, 5);
    assert_int_equal(db_number(reader, optional, &n, &e, TEXT_("b@example.org"), INT_(0)), DB_ROW);
    assert_int_equal(n, 1);
    assert_int_equal(db_number(reader, optional, &n, &e, TEXT_(NULL), INT_(1)), DB_ROW);
    assert_int_equal(n, 2);
    assert_int_equal(db_number(reader, "SELECT EXISTS (SELECT 1 FROM users WHERE email = $1)", &n, &e, TEXT_("nobody")), DB_ROW);
    assert_int_equal(n, 0);
    assert_int_equal(db_number(reader, "SELECT sum(created_at) FROM users", &n, &e), DB_ROW);
    assert_int_equal(n, 25);
    assert_int_equal(db_number(reader, "SELECT count(*) FROM users WHERE $1 IS NULL", &n, &e, OPT_(false, 3)), DB_ROW);
    assert_int_equal(n, 5);
    assert_false(db_run(reader, "DELETE FROM users", &e));
    assert_true(db_is_read_only(&e));
}

static void test_translation(void **state)
{
    (void)state;
    char *sql = pg_translate("CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, n INTEGER NOT NULL, TEXTURE TEXT, x TEXT);SELECT CAST(n AS TEXT)");
    assert_string_equal(sql, "CREATE TABLE t (id BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, n BIGINT NOT NULL, TEXTURE TEXT COLLATE \"C\", x TEXT COLLATE \"C\");SELECT CAST(n AS TEXT)");
    free(sql);
}

static void test_no_password_is_shown(void **state)
{
    (void)state;
    static const char *const bad[] = {"postgresql://u:hush@127.0.0.1:1/x", "postgresql://u:hu/sh@127.0.0.1:1/x", "postgresql://u:hush@h@[::1/x", "postgresql://u:hush@[::1", "postgresql://u:hush@h:1/x?nonsense=hush", "postgresql://u:hush%zz@h/x"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct err e = {0};
        assert_null(db_open(bad[i], &e));
        assert_null(strstr(e.text, "hu"));
        assert_non_null(strstr(e.text, "postgresql://"));
    }
}

/* ---- a shared one: two programs on one database */

static void note_turn(void *arg, struct db_conn *c)
{
    int64_t *seen = arg;
    int64_t n = facts(c);
    pthread_mutex_lock(&mutex);
    *seen = n;
    pthread_cond_signal(&cond);
    pthread_mutex_unlock(&mutex);
}

static bool put_one(struct db_conn *c, void *arg)
{
    return put(c, arg, 1, NULL);
}

static bool add_one(struct db_conn *c, void *arg)
{
    int64_t n = 0;
    (void)arg;
    return db_number(c, "SELECT number FROM facts WHERE name = 'n'", &n, NULL) == DB_ROW && db_run(c, "UPDATE facts SET number = $1 WHERE name = 'n'", NULL, INT_(n + 1));
}

static void *add_many(void *which)
{
    for (int i = 0; i < 100; i++) assert_true(db_write_wait(which, add_one, NULL));
    return NULL;
}

static void test_two_writers_take_turns(void **state)
{
    (void)state;
    struct err e;
    pthread_t threads[4];
    int64_t seen = 0, n;
    if (!db_is_shared(db)) skip();
    struct db *other = db_open(path, &e);
    db_on_turn(other, note_turn, &seen);
    assert_true(db_start_writer(other, &e));
    assert_true(db_write_wait(db, put_one, "n"));
    pthread_mutex_lock(&mutex);
    while (seen < 1) pthread_cond_wait(&cond, &mutex); /* without doing anything itself the other hears of it */
    pthread_mutex_unlock(&mutex);
    for (size_t i = 0; i < 4; i++) pthread_create(&threads[i], NULL, add_many, i % 2 ? db : other);
    for (size_t i = 0; i < 4; i++) pthread_join(threads[i], NULL);
    assert_int_equal(db_number(reader, "SELECT number FROM facts WHERE name = 'n'", &n, &e), DB_ROW);
    assert_int_equal(n, 401); /* no change was made on an old reading */
    db_close(other);
}

/* It holds the turn and says nothing more: the server takes it away. */
static void test_silent_holder_loses_its_turn(void **state)
{
    (void)state;
    struct err e;
    if (!db_is_shared(db)) skip();
    struct db_conn *silent = conn_open(path, true, &e);
    assert_true(silent->driver->begin(silent, &e));
    assert_true(put(silent, "unfinished", 1, &e));
    assert_true(db_write_wait(db, put_one, "finished"));
    assert_int_equal(facts(reader), 1);
    assert_false(silent->driver->commit(silent, &e));
    assert_int_equal(facts(reader), 1);
    db_conn_close(silent);
}

static void test_broken_lines_are_mended(void **state)
{
    (void)state;
    struct err e;
    if (!db_is_shared(db)) skip();
    assert_int_equal(facts(reader), 0);
    assert_true(db_write_wait(db, put_one, "before"));
    struct db *other = db_open(path, &e);
    struct db_conn *c = conn_open(path, true, &e);
    assert_true(conn_exec(c, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()", &e));
    assert_int_equal(facts(reader), 1);
    assert_true(db_write_wait(db, put_one, "after"));
    assert_true(db_write_wait(other, put_one, "elsewhere"));
    assert_int_equal(facts(reader), 3);
    db_conn_close(c);
    db_close(other);
}

#define UNIT(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(test_a_batch_larger_than_one_commit), UNIT(test_who_fails_fails_alone), UNIT(test_full_disk_happened_to_nobody), UNIT(test_readers_see_what_is_committed),
        UNIT(test_rows), UNIT(test_migrations), UNIT(test_no_database), UNIT(test_a_failed_statement_fails_alone), UNIT(test_both_answer_alike), UNIT(test_no_password_is_shown),
        UNIT(test_two_writers_take_turns), UNIT(test_broken_lines_are_mended), UNIT(test_silent_holder_loses_its_turn), cmocka_unit_test(test_translation)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

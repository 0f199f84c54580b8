/* The filters of the audit log go by an index: what either database says of the queries as they are asked. */
#include "core_fixture.h"
#include "core/audit.h"
#include <sqlite3.h>

static const struct { const char *query, *index; } cases[] = {
    {"{\"limit\": 100, \"skip\": 0, \"subject\": \"session\", \"subject_id\": \"700\"}", "audit_by_subject"},
    {"{\"limit\": 100, \"skip\": 0, \"subject\": \"session\"}", "audit_by_subject"},
    {"{\"limit\": 100, \"skip\": 0, \"key_id\": 700}", "audit_by_key"},
    {"{\"limit\": 100, \"skip\": 0, \"user_id\": 7}", "audit_by_user"},
    {"{\"limit\": 100, \"skip\": 0, \"user_id\": 7, \"action\": \"v1_\", \"actor\": \"user\"}", "audit_by_user"},
    {"{\"limit\": 100, \"skip\": 0, \"action\": \"v1_recording_\"}", "audit_by_action"},
    {"{\"limit\": 100, \"skip\": 0, \"actor\": \"cli\"}", "audit_by_actor"},
    {"{\"limit\": 100, \"skip\": 0, \"from\": \"1970-01-01T00:00:19Z\", \"to\": \"1970-01-01T00:00:19.5Z\"}", "audit_by_time"},
    {"{\"limit\": 100, \"skip\": 0, \"to\": \"1970-01-01T00:00:00.1Z\"}", "audit_by_time"}};

/* Twenty thousand entries: so many that a planner with statistics minds. */
static const char SQL_FILL[] =
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) INSERT INTO audit (at, action, actor, user_id, key_id, subject, subject_id) "
    "SELECT i, CASE WHEN i % 100 = 0 THEN 'v1_recording_keep' ELSE 'v1_session_update' END, CASE WHEN i % 100 = 0 THEN 'cli' ELSE 'user' END, i % 1000, CASE WHEN i % 100 = 0 THEN i % 1000 END, "
    "CASE WHEN i % 100 = 0 THEN 'session' ELSE 'room' END, CAST(i % 1000 AS TEXT) FROM n";

static bool fill(struct db_conn *c, void *arg)
{
    struct arena a;
    arena_init(&a);
    now = (struct scope){.core = &core, .db = c, .arena = &a, .now = 20001};
    bool ok = db_run(c, SQL_FILL, &err);
    for (bool more = *(const bool *)arg; ok && more;) ok = audit_sweep(&now, &more, &err);
    arena_release(&a);
    return ok;
}

static void drop_json(void *json)
{
    json_decref(json);
}

static struct audit_search search_of(const char *text, struct arena *a)
{
    struct violations wrong = {0};
    struct audit_query *q = arena_new(a, struct audit_query);
    json_t *in = json_loads(text, 0, NULL);
    assert_true(model_parse(&audit_query_model, in, q, a, 0, &wrong));
    arena_defer(a, drop_json, in); /* texts are the JSON's own */
    return audit_search_for(a, q, 20000);
}

static void add_value(struct buf *to, const struct db_value *v)
{
    if (v->type == DB_NULL) buf_text(to, "NULL");
    else if (v->type == DB_INT) buf_printf(to, "%lld", (long long)v->number);
    else buf_printf(to, "'%s'", v->text);
}

/* `{}` is every column; $N stays for SQLite, which plans before it knows the values, and is the value itself for PostgreSQL, which plans with it. */
static char *explain(struct arena *a, const char *sql, const struct db_value *values, bool with_values)
{
    struct buf text;
    buf_init(&text, 0);
    buf_text(&text, with_values ? "EXPLAIN " : "EXPLAIN QUERY PLAN ");
    for (char *end; *sql;) {
        if (!strncmp(sql, "{}", 2)) buf_char(&text, '*'), sql += 2;
        else if (*sql == '$' && with_values) add_value(&text, &values[strtol(sql + 1, &end, 10) - 1]), sql = end;
        else buf_char(&text, *sql++);
    }
    char *made = arena_strndup(a, text.data, text.size);
    buf_release(&text);
    return made;
}

static char *plan_of_file(sqlite3 *file, struct arena *a, const char *sql)
{
    sqlite3_stmt *plan;
    char *said = "";
    assert_int_equal(sqlite3_prepare_v2(file, sql, -1, &plan, NULL), SQLITE_OK);
    while (sqlite3_step(plan) == SQLITE_ROW) said = arena_printf(a, "%s%s\n", said, sqlite3_column_text(plan, 3));
    sqlite3_finalize(plan);
    return said;
}

static char *plan_of_server(PGconn *server, struct arena *a, const char *sql)
{
    char *said = "";
    PGresult *rows = PQexec(server, sql);
    if (PQresultStatus(rows) != PGRES_TUPLES_OK) fail_msg("%s: %s", sql, PQerrorMessage(server));
    for (int i = 0; i < PQntuples(rows); i++) said = arena_printf(a, "%s%s\n", said, PQgetvalue(rows, i, 0));
    PQclear(rows);
    return said;
}

static void expect_index(sqlite3 *file, PGconn *server, struct arena *a, const char *sql, const struct db_value *values, const char *index)
{
    const char *asked = explain(a, sql, values, server != NULL), *plan = server ? plan_of_server(server, a, asked) : plan_of_file(file, a, asked);
    if (!strstr(plan, index) || strstr(plan, "SCAN audit") || strstr(plan, "Seq Scan")) fail_msg("%s does not go by %s:\n%s", asked, index, plan);
}

static void filters_go_by_an_index(void **state)
{
    struct arena a;
    sqlite3 *file = NULL;
    PGconn *server = NULL;
    (void)state;
    arena_init(&a);
    assert_true(db_start_writer(db, &err) && db_write_wait(db, fill, &(bool){true}));
    if (db_is_url(config->database)) PQclear(PQexec(server = PQconnectdb(config->database), "ANALYZE audit"));
    else assert_int_equal(sqlite3_open(config->database, &file), SQLITE_OK);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct audit_search search = search_of(cases[i].query, &a);
        expect_index(file, server, &a, search.list, search.values, cases[i].index);
        expect_index(file, server, &a, search.count, search.values, cases[i].index);
    }
    sqlite3_close(file);
    PQfinish(server);
    arena_release(&a);
}

static int64_t found(struct db_conn *c, struct arena *a)
{
    struct list rows;
    struct audit_query q = {.limit = 1000};
    int64_t total;
    SET(&q, audit_query, user_id, 7);
    now = (struct scope){.core = &core, .db = c, .arena = a, .now = 20001};
    assert_true(audit_list(&now, &q, &rows, &total, &err));
    assert_int_equal(rows.count, total);
    for (size_t i = 1; i < rows.count; i++) assert_true(((const struct audit_entry *)rows.items)[i].id < ((const struct audit_entry *)rows.items)[i - 1].id);
    return total;
}

/* All, some or none of the entries are in the indexes. */
static bool fill_and_settle(struct db_conn *c, void *arg)
{
    struct arena a;
    (void)arg;
    assert_true(fill(c, &(bool){false}));
    arena_init(&a);
    for (int rounds = 0; rounds < 5; rounds++) {
        bool more;
        assert_int_equal(found(c, &a), 20);
        assert_true(audit_sweep(&now, &more, &err));
        assert_int_equal(more, rounds < 4); /* 5000 of 20000 at once: what a full batch leaves is not known before it is looked for */
    }
    arena_release(&a);
    return true;
}

static void an_entry_is_found_once_whether_settled_or_not(void **state)
{
    (void)state;
    assert_true(db_start_writer(db, &err) && db_write_wait(db, fill_and_settle, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {UNIT(filters_go_by_an_index), UNIT(an_entry_is_found_once_whether_settled_or_not)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

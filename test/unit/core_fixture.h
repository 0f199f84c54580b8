/* A core on an empty database for one test. Everything runs on the database's one connection, in the order in which it is written. */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/clock.h"
#include "database.h"
#include "core/core.h"
#include "core/event.h"
#include "core/job.h"
#include "core/node.h"
#include "core/participant.h"
#include "core/presence.h"
#include "core/recording.h"
#include "core/session.h"
#include "core/user.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MINUTE = 60000 };

static char folder[64];
static struct core core;
static struct db *db;
static struct config *config;
static struct scope now;  /* what a test acts with */
static struct user ada, grace;
static struct err err;

static struct user make_user(const char *email)
{
    struct user u;
    assert_true(user_create_hashed(&now, email, NULL, "x", user_role_teacher, &u, &err));
    return u;
}

/* Tests act inside db_write_wait: on the writing connection, in a transaction. */
static void (*body)(void);

static bool __attribute__((unused)) run_body(struct db_conn *c, void *arg)
{
    struct arena a;
    (void)arg;
    arena_init(&a);
    now = (struct scope){.core = &core, .db = c, .arena = &a, .now = 1900000000000};
    assert_true(node_register(&now, &err));
    ada = make_user("ada@example.org");
    grace = make_user("grace@example.org");
    now.actor = &ada;
    body();
    arena_release(&a);
    return true;
}

static int setup(void **state)
{
    char data[96], where[256], url[288];
    int from, to;
    (void)state;
    strcpy(folder, "/tmp/roomd-core-XXXXXX");
    if (!mkdtemp(folder) || !crypto_start(&err)) return -1;
    snprintf(data, sizeof data, "%s/data", folder);
    snprintf(where, sizeof where, "%s/roomd.db", data);
    test_database_create(where, sizeof where);
    snprintf(url, sizeof url, "%s%s", db_is_url(where) ? "" : "sqlite:///", where);
    struct config_flag flags[] = {{"DATA_DIR", data}, {"DATABASE_URL", url}, {"LISTEN", "127.0.0.1:0"}, {"PUBLIC_URL", "http://x"}, {0}};
    config = config_load(NULL, flags, &err);
    db = config ? db_open(config->database, &err) : NULL;
    if (!db || !db_migrate(db, &from, &to, &err)) return -1;
    core_init(&core, db, config);
    return 0;
}

static int teardown(void **state)
{
    char command[96];
    (void)state;
    db_close(db);
    test_database_drop(config->database);
    config_destroy(config);
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

#define TEST(name) static void name##_body(void); static void name(void **state) { (void)state; body = name##_body; assert_true(db_write_wait(db, run_body, NULL)); } static void name##_body(void)
#define UNIT(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define REFUSED(call, error) do { err = (struct err){0}; assert_false(call); if (!err_is(&err, error_##error)) fail_msg("refused with \"%s\", not " #error, err.text); } while (0)
#define DONE(call) do { err = (struct err){0}; if (!(call)) fail_msg("%s: %s", #call, err.text); } while (0)

static inline struct session schedule(int64_t start, bool recorded, bool waiting, int64_t seats)
{
    struct session_create in = {.title = "t", .duration_minutes = 60, .max_participants = seats, .enable_recording = recorded, .enable_chat = true, .enable_screenshare = true, .waiting_room = waiting, .allow_guests = true};
    struct session s;
    model_all_present(&session_create_model, &in);
    CLEAR(&in, session_create, description);
    in.scheduled_start = start;
    if (!start) CLEAR(&in, session_create, scheduled_start);
    struct participant first;
    DONE(session_schedule(&now, &in, &s, &first, &err));
    return s;
}

static inline struct session again(const struct session *s)
{
    struct session out;
    assert_int_equal(session_by_id(&now, s->id, &out, &err), DB_ROW);
    return out;
}

static inline struct participant join_as(const struct user *u, struct session *s)
{
    struct participant p;
    struct scope theirs = now;
    theirs.actor = u;
    DONE(participant_join(&theirs, s, &p, &err));
    return p;
}

static inline int64_t count_events(const struct session *s, enum event_type type)
{
    int64_t n;
    db_number(now.db, "SELECT count(*) FROM events WHERE session_id = $1 AND event_type = $2", &n, &err, INT_(s->id), TEXT_(event_row(type)->name));
    return n;
}

static inline struct entry enter(const struct participant *p, const char *connection, bool consent)
{
    struct entry in;
    DONE(presence_enter(&now, join_token_sign(&now, p), connection, consent, &in, &err));
    return in;
}

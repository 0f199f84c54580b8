/* What is asked of a provider while a session ends: nothing is opened for one that is over, and nothing stays open. */
#include "core_fixture.h"
#include "core/errand.h"

/* ---- a provider whose rooms may be slow to open: meanwhile the session ends, and its room is closed */

static struct { int opens; bool slow; } there;
static struct session lesson;
static struct participant seat;
static struct errands errands;
static struct arena memory;

static int64_t number(struct db_conn *c, const char *sql)
{
    int64_t n = 0;
    assert_int_equal(db_number(c, sql, &n, &err, INT_(lesson.id)), DB_ROW);
    return n;
}

static bool end_and_close(struct scope *s, void *arg, struct err *e)
{
    (void)arg;
    return session_by_id(s, lesson.id, &lesson, e) == DB_ROW && session_set_status(s, &lesson, session_status_ended, "host", e) &&
           errand_closed(s, number(s->db, "SELECT id FROM provider_rooms WHERE session_id = $1"), e) && db_run(s->db, "UPDATE jobs SET status = 'done' WHERE kind = 'room_close'", e);
}

static bool open_room(void *ctx, struct arena *a, const struct provider_room_plan *plan, const char **url, struct err *e)
{
    (void)ctx, (void)a, (void)plan;
    there.opens++;
    *url = "";
    return !there.slow || core_write(&core, end_and_close, NULL, e);
}

static bool grant(void *ctx, struct arena *a, const struct provider_seat_plan *plan, const char **token, struct err *e)
{
    (void)ctx, (void)a, (void)plan, (void)e;
    *token = "a token";
    return true;
}

static const struct provider_ops ops = {.name = "livekit", .capabilities = PROVIDER_OUR_PAGE, .room_open = open_room, .join_grant = grant};
static const struct provider provider = {.ops = &ops};
static const struct provider *const providers[] = {&provider};

/* ---- steps: each in a transaction of its own, as in a server */

static bool make_lesson(struct scope *s, void *arg, struct err *e)
{
    (void)arg, (void)e;
    now = *s;
    now.arena = &memory;
    DONE(node_register(&now, &err));
    ada = make_user("ada@example.org");
    now.actor = &ada;
    lesson = schedule(0, false, false, 5);
    seat = join_as(&ada, &lesson);
    return true;
}

static bool ask(struct scope *s, void *arg, struct err *e)
{
    struct grant *out = arg;
    struct scope own = *s;
    own.arena = &memory;
    own.errands = &errands;
    errand_begin(&errands);
    return session_by_id(&own, lesson.id, &lesson, e) == DB_ROW && errand_grant(&own, &lesson, &seat, 0, own.now + MINUTE, out, e);
}

static bool room_to_close(struct scope *s, void *arg, struct err *e)
{
    struct provider_room room;
    return number(s->db, "SELECT count(*) FROM jobs j JOIN provider_rooms x ON x.id = j.subject_id WHERE x.session_id = $1 AND j.kind = 'room_close' AND j.status = 'waiting'") == 1 &&
           errand_close_due(s, number(s->db, "SELECT id FROM provider_rooms WHERE session_id = $1"), &room, arg, e);
}

static int begin(void **state)
{
    memset(&there, 0, sizeof there);
    memset(&errands, 0, sizeof errands);
    memset(&ada, 0, sizeof ada);
    if (setup(state)) return -1;
    config->PROVIDER = "livekit";
    core.providers = providers;
    core.provider_count = 1;
    arena_init(&memory);
    return core_write(&core, make_lesson, NULL, &err) ? 0 : -1;
}

static int end(void **state)
{
    arena_release(&memory);
    return teardown(state);
}

static void test_a_room_is_opened_and_taken(void **state)
{
    struct grant out = {0};
    (void)state;
    assert_false(core_write(&core, ask, &out, &err));
    assert_int_equal(errands.wanted, ERRAND_OPEN);
    DONE(errand_do(&errands, &core, &memory, &err));
    DONE(core_write(&core, ask, &out, &err));
    assert_string_equal(out.token, "a token");
    assert_int_equal(there.opens, 1);
}

static void test_nothing_is_opened_for_a_session_that_is_over(void **state)
{
    struct grant out = {0};
    test_a_room_is_opened_and_taken(state);
    DONE(core_write(&core, end_and_close, NULL, &err));
    memset(&errands, 0, sizeof errands);
    REFUSED(core_write(&core, ask, &out, &err), session_not_active);
    assert_int_equal(errands.wanted, ERRAND_NONE);
    assert_int_equal(there.opens, 1);
}

static void test_a_room_opened_while_its_session_ended_is_closed(void **state)
{
    struct grant out = {0};
    bool due = false;
    test_a_room_is_opened_and_taken(state);
    memset(&errands, 0, sizeof errands);
    there.slow = true;
    assert_false(core_write(&core, ask, &out, &err));
    DONE(errand_do(&errands, &core, &memory, &err));
    REFUSED(core_write(&core, ask, &out, &err), session_not_active);
    DONE(core_write(&core, room_to_close, &due, &err));
    assert_true(due);
}

int main(void)
{
#define STEPS(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {STEPS(test_a_room_is_opened_and_taken), STEPS(test_nothing_is_opened_for_a_session_that_is_over), STEPS(test_a_room_opened_while_its_session_ended_is_closed)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

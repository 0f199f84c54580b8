/* What lets callers in at a provider: made, kept, renumbered, taken away. The provider is one that can be told to fail. */
#include "core_fixture.h"
#include "core/dial_in.h"
#include "core/dial_in_rule.h"
#include "core/errand.h"
#include "core/room.h"

/* ---- a provider with one trunk */

static struct { char id[16], room[64], pin[8]; } rules[16];
static struct { int opens, closes, lists, next_id; bool down, reply_lost, end_session_first; char clash[8]; } there;
static struct session watched;

static bool down(struct err *e)
{
    return err_set(e, ERR_DESTINATION, "fetch_connect", "nobody is there");
}

static int rule_of(const char *pin)
{
    for (int i = 0; i < 16; i++)
        if (!strcmp(rules[i].pin, pin) && *rules[i].id) return i;
    return -1;
}

static bool end_it(struct scope *s, void *arg, struct err *e)
{
    (void)arg;
    return session_by_id(s, watched.id, &watched, e) == DB_ROW && session_set_status(s, &watched, session_status_ended, "host", e);
}

static bool make_room(struct provider_dial_in *in, struct err *e);

static bool dial_open(void *ctx, struct arena *a, struct provider_dial_in *in, bool *taken, struct err *e)
{
    (void)ctx;
    there.opens++;
    if (there.down) return down(e);
    int i = rule_of(in->pin);
    if ((*there.clash && !strcmp(there.clash, in->pin)) || (i >= 0 && strcmp(rules[i].room, in->room) != 0)) {
        *taken = true;
        return err_set(e, ERR_DESTINATION, "livekit_refused", "already exists");
    }
    if (i < 0 && !make_room(in, e)) return false;
    in->rule = arena_strdup(a, rules[rule_of(in->pin)].id);
    if (there.reply_lost) return there.reply_lost = false, down(e);
    if (there.end_session_first) {
        there.end_session_first = false;
        DONE(core_write(&core, end_it, NULL, &err));
        struct arena own;
        struct db_conn *reader = db_reader(db, &err);
        int64_t left;
        arena_init(&own);
        there.opens = 100; /* the job is faster than we are */
        rules[0].id[0] = '\0'; /* and sees none yet */
        DONE(dial_in_round(&core, reader, &own, &left, &err));
        assert_int_equal(left, 0);
        strcpy(rules[0].id, in->rule);
        arena_release(&own);
        db_conn_close(reader);
    }
    return true;
}

static bool make_room(struct provider_dial_in *in, struct err *e)
{
    int i = 0;
    (void)e;
    while (*rules[i].id) i++;
    snprintf(rules[i].id, sizeof rules[i].id, "SDR_%d", ++there.next_id);
    snprintf(rules[i].room, sizeof rules[i].room, "%s", in->room);
    snprintf(rules[i].pin, sizeof rules[i].pin, "%s", in->pin);
    return true;
}

static bool dial_close(void *ctx, struct arena *a, const struct provider_dial_in *in, struct err *e)
{
    (void)ctx, (void)a;
    there.closes++;
    if (there.down) return down(e);
    for (int i = 0; i < 16; i++)
        if (in->rule ? !strcmp(rules[i].id, in->rule) : !strcmp(rules[i].room, in->room)) rules[i].id[0] = '\0';
    return true;
}

static bool dial_list(void *ctx, struct arena *a, struct provider_dial_ins *out, struct err *e)
{
    struct provider_dial_in *items = arena_array(a, struct provider_dial_in, 16);
    (void)ctx;
    there.lists++;
    if (there.down) return down(e);
    for (int i = 0; i < 16; i++)
        if (*rules[i].id) items[out->count++] = (struct provider_dial_in){rules[i].room, rules[i].pin, rules[i].id};
    out->items = items;
    return true;
}

static bool open_room(void *ctx, struct arena *a, const struct provider_room_plan *plan, const char **url, struct err *e)
{
    (void)ctx, (void)a, (void)plan, (void)e;
    *url = "";
    return true;
}

static const struct provider_ops ops = {.name = "livekit", .capabilities = PROVIDER_DIAL_IN | PROVIDER_OUR_PAGE, .room_open = open_room, .dial_in_open = dial_open, .dial_in_close = dial_close, .dial_in_rules = dial_list};
static const struct provider provider = {.ops = &ops};
static const struct provider *const providers[] = {&provider};

/* ---- steps: each in a transaction of its own, as in a server */

static struct arena memory;
static struct db_conn *reader;
static void (*step)(void);

static bool run_step(struct scope *s, void *arg, struct err *e)
{
    (void)arg, (void)e;
    now = *s;
    now.arena = &memory;
    now.actor = ada.id ? &ada : NULL;
    step();
    return true;
}

static void do_step(void (*fn)(void))
{
    step = fn;
    DONE(core_write(&core, run_step, NULL, &err));
}

static void make_watched(void)
{
    struct room_create in = {0};
    DONE(node_register(&now, &err));
    ada = make_user("ada@example.org");
    now.actor = &ada;
    SET(&in, room_create, sip_enabled, true);
    DONE(room_schedule(&now, &in, &watched, &err));
}

static void activate(void) { watched = again(&watched); DONE(session_set_status(&now, &watched, session_status_active, "host", &err)); }
static void end_watched(void) { watched = again(&watched); DONE(session_set_status(&now, &watched, session_status_ended, "host", &err)); }
static void delete_watched(void) { watched = again(&watched); DONE(session_delete(&now, &watched, &err)); }

static void switch_off(void)
{
    struct room_update change = {0};
    watched = again(&watched);
    SET(&change, room_update, sip_enabled, false);
    DONE(room_change(&now, &watched, &change, &err));
}

static const char *pin(void)
{
    struct room_entry e;
    struct scope s = {.core = &core, .db = reader, .arena = &memory, .actor = &ada};
    assert_true(room_see(&s, &watched, &e, &err));
    return HAS(&e.view, room_view, sip_pin) ? e.view.sip_pin : NULL;
}

static int64_t round_trip(bool good)
{
    int64_t left = -1;
    err = (struct err){0};
    assert_int_equal(dial_in_round(&core, reader, &memory, &left, &err), good);
    return left;
}

static bool wanted(void)
{
    int64_t n = 0;
    db_number(reader, "SELECT count(*) FROM jobs WHERE kind = 'dial_in' AND status = 'waiting' AND $1 = 0", &n, &err, INT_(0));
    return n == 1;
}

static int64_t events(enum event_type type)
{
    now.db = reader;
    return count_events(&watched, type);
}

static int rules_there(void)
{
    int n = 0;
    for (int i = 0; i < 16; i++) n += *rules[i].id != '\0';
    return n;
}

static int begin(void **state)
{
    memset(rules, 0, sizeof rules);
    memset(&there, 0, sizeof there);
    memset(&ada, 0, sizeof ada);
    if (setup(state)) return -1;
    config->LIVEKIT_SIP_ENABLED = 1;
    config->PROVIDER = "livekit";
    config->LIVEKIT_DIAL_IN_NUMBERS = "{\"US\": \"+1-555-0100\"}";
    core.providers = providers;
    core.provider_count = 1;
    arena_init(&memory);
    reader = db_reader(db, &err);
    do_step(make_watched);
    return reader ? 0 : -1;
}

static int end(void **state)
{
    db_conn_close(reader);
    arena_release(&memory);
    return teardown(state);
}

#define STEPS(name) cmocka_unit_test_setup_teardown(name, begin, end)

/* ---- */

static void test_there_while_the_session_is_active(void **state)
{
    (void)state;
    assert_int_equal(round_trip(true), 0);
    assert_int_equal(there.opens, 0);
    do_step(activate);
    assert_true(wanted());
    assert_int_equal(round_trip(true), 1);
    assert_int_equal(rules_there(), 1);
    assert_string_equal(rules[0].room, watched.room_name);
    assert_string_equal(rules[0].pin, pin());
    assert_int_equal(events(event_dial_in_opened), 1);
    assert_int_equal(round_trip(true), 1); /* nothing to do, and looked at */
    assert_int_equal(there.opens, 1);
    assert_int_equal(there.lists, 1);
    do_step(end_watched);
    assert_int_equal(round_trip(true), 0);
    assert_int_equal(rules_there(), 0);
    assert_int_equal(events(event_dial_in_closed), 1);
    do_step(activate); /* put back into life */
    assert_int_equal(round_trip(true), 1);
    assert_int_equal(rules_there(), 1);
    do_step(delete_watched);
    assert_int_equal(round_trip(true), 0);
    assert_int_equal(rules_there(), 0);
}

static void test_switched_off(void **state)
{
    (void)state;
    do_step(activate);
    round_trip(true);
    do_step(switch_off);
    assert_true(wanted());
    assert_null(pin());
    assert_int_equal(round_trip(true), 0);
    assert_int_equal(rules_there(), 0);
    config->LIVEKIT_SIP_ENABLED = 0;
    do_step(activate);
    assert_int_equal(round_trip(true), 0);
}

static void test_switched_off_for_all(void **state)
{
    (void)state;
    do_step(activate);
    round_trip(true);
    config->LIVEKIT_SIP_ENABLED = 0;
    assert_int_equal(round_trip(true), 0);
    assert_int_equal(rules_there(), 0);
}

static void test_lost_is_made_again(void **state)
{
    (void)state;
    do_step(activate);
    round_trip(true);
    rules[0].id[0] = '\0';
    assert_int_equal(round_trip(true), 1);
    assert_int_equal(rules_there(), 1);
    assert_string_equal(rules[0].pin, pin());
}

static void test_a_pin_of_somebody_else(void **state)
{
    char before[8];
    (void)state;
    strcpy(before, pin());
    strcpy(there.clash, before);
    do_step(activate);
    assert_int_equal(round_trip(true), 1);
    assert_string_not_equal(pin(), before);
    assert_string_equal(rules[0].pin, pin());
    assert_int_equal(events(event_dial_in_renumbered), 1);
    assert_int_equal(rules_there(), 1);
}

static void test_nobody_there(void **state)
{
    (void)state;
    there.down = true;
    do_step(activate);
    assert_int_equal(round_trip(false), 1);
    there.down = false;
    assert_int_equal(round_trip(true), 1);
    assert_int_equal(rules_there(), 1);
    there.down = true; /* the session ends while it is away: the rule waits for its end */
    do_step(end_watched);
    assert_int_equal(round_trip(false), 1);
    assert_int_equal(rules_there(), 1);
    there.down = false;
    assert_int_equal(round_trip(true), 0);
    assert_int_equal(rules_there(), 0);
}

static void test_a_reply_that_is_lost(void **state)
{
    (void)state;
    there.reply_lost = true;
    do_step(activate);
    assert_int_equal(round_trip(false), 1);
    assert_int_equal(rules_there(), 1);
    assert_int_equal(round_trip(true), 1); /* the one that was made is taken */
    assert_int_equal(rules_there(), 1);
    assert_int_equal(events(event_dial_in_renumbered), 0);
}

static void test_a_reply_that_is_lost_and_the_session_too(void **state)
{
    (void)state;
    there.reply_lost = true;
    do_step(activate);
    round_trip(false);
    do_step(end_watched);
    assert_int_equal(round_trip(true), 0);
    assert_int_equal(rules_there(), 0);
}

static void test_ended_while_it_was_made(void **state)
{
    (void)state;
    do_step(activate);
    there.end_session_first = true;
    round_trip(true);
    assert_int_equal(rules_there(), 0);
    assert_int_equal(round_trip(true), 0);
}

static struct errands errands;

static void ask_info(void)
{
    struct dial_in_reply out = {0};
    struct scope s = now;
    s.errands = &errands;
    errand_begin(&errands);
    watched = again(&watched);
    err = (struct err){0};
    if (dial_in_info(&s, &watched, NULL, &out, &err)) assert_string_equal(out.pin, rules[0].pin);
}

static void test_info_tells_a_pin_that_works(void **state)
{
    (void)state;
    memset(&errands, 0, sizeof errands);
    strcpy(there.clash, pin());
    do_step(activate);
    do_step(ask_info);
    assert_int_equal(errands.wanted, ERRAND_DIAL_IN);
    DONE(errand_do(&errands, &core, &memory, &err));
    do_step(ask_info);
    assert_int_equal(errands.wanted, ERRAND_NONE);
    assert_int_equal(err.kind, ERR_NONE);
    assert_int_equal(rules_there(), 1);
}

static void test_info_where_it_cannot(void **state)
{
    (void)state;
    memset(&errands, 0, sizeof errands);
    there.down = true;
    do_step(activate);
    do_step(ask_info);
    REFUSED(errand_do(&errands, &core, &memory, &err), provider_dial_in);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STEPS(test_there_while_the_session_is_active), STEPS(test_switched_off), STEPS(test_switched_off_for_all), STEPS(test_lost_is_made_again), STEPS(test_a_pin_of_somebody_else),
        STEPS(test_nobody_there), STEPS(test_a_reply_that_is_lost), STEPS(test_a_reply_that_is_lost_and_the_session_too), STEPS(test_ended_while_it_was_made),
        STEPS(test_info_tells_a_pin_that_works), STEPS(test_info_where_it_cannot)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

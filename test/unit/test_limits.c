/* Turns at Daily: within the limits, first come, first served; and what becomes of a 429. The clock is the test's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/clock.h"
#include "provider/daily/limits.h"

static struct limits *l;

static int setup(void **state)
{
    (void)state;
    l = limits_create();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    limits_destroy(l);
    return 0;
}

/* The most calls that were given a turn within any `window` ms. */
static int most_within(const int64_t *turns, int n, int64_t window)
{
    int most = 0;
    for (int from = 0, to = 0; to < n; to++) {
        while (turns[to] - turns[from] >= window) from++;
        if (to - from + 1 > most) most = to - from + 1;
    }
    return most;
}

static void never_more_than_daily_allows(void **state)
{
    static const struct { enum dailyco_limit kind; int calls, window_ms; } rules[] = {{DAILYCO_LIMIT_MOST, 100, 5000}, {DAILYCO_LIMIT_SLOW, 50, 30000}, {DAILYCO_LIMIT_START, 5, 5000}};
    int64_t turns[500];
    (void)state;
    for (size_t k = 0; k < 3; k++) {
        struct limits *own = limits_create();
        for (int i = 0; i < 500; i++) {
            turns[i] = limits_turn(own, rules[k].kind, 1000 + i, INT64_MAX / 2);
            assert_true(!i || turns[i] >= turns[i - 1]); /* in the order in which they came */
        }
        assert_true(most_within(turns, 500, rules[k].window_ms) <= rules[k].calls);
        assert_true(turns[499] - turns[0] < (int64_t)500 / rules[k].calls * rules[k].window_ms * 13 / 10 + rules[k].window_ms); /* and hardly fewer */
        limits_destroy(own);
    }
}

static void at_once_while_there_is_room(void **state)
{
    (void)state;
    for (int i = 0; i < 30; i++) assert_int_equal(limits_turn(l, DAILYCO_LIMIT_MOST, 1000, 0), 1000);
    assert_int_equal(limits_turn(l, DAILYCO_LIMIT_MOST, 1000, 0), -1);
    assert_int_equal(limits_turn(l, DAILYCO_LIMIT_MOST, 1000, 1899), -1); /* nothing was taken */
    assert_int_equal(limits_turn(l, DAILYCO_LIMIT_MOST, 1000, 1900), 2900);
    assert_int_equal(limits_turn(l, DAILYCO_LIMIT_MOST, 2900, 0), 2900);
}

static void the_strict_ones_count_among_all(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++) assert_int_equal(limits_turn(l, DAILYCO_LIMIT_START, 1000, 0), 1000);
    assert_int_equal(limits_turn(l, DAILYCO_LIMIT_START, 1000, 0), -1);
    for (int i = 0; i < 25; i++) assert_int_equal(limits_turn(l, DAILYCO_LIMIT_MOST, 1000, 0), 1000);
    assert_int_equal(limits_turn(l, DAILYCO_LIMIT_MOST, 1000, 0), -1);
}

static void refused_all_the_same(void **state)
{
    struct dailyco_try t = {.limit = DAILYCO_LIMIT_START, .status = 429, .retry_after_ms = 3000};
    int64_t now = clock_monotonic_ms();
    (void)state;
    limits_after(l, &t);
    assert_int_equal(limits_turn(l, DAILYCO_LIMIT_START, now, 100), -1);
    assert_true(limits_turn(l, DAILYCO_LIMIT_START, now, 10000) >= now + 3000);
    assert_int_equal(limits_turn(l, DAILYCO_LIMIT_MOST, now, 0), now); /* others are not held up */
    t = (struct dailyco_try){.limit = DAILYCO_LIMIT_MOST, .status = 429, .retry_after_ms = 3000000};
    limits_after(l, &t);
    assert_true(limits_turn(l, DAILYCO_LIMIT_MOST, now, 4000) > now); /* a wish for an hour is no reason to stand still for one */
}

static void a_call_waits_for_its_turn_or_is_canceled(void **state)
{
    struct dailyco_try t = {.limit = DAILYCO_LIMIT_START, .left_ms = 50};
    (void)state;
    for (int i = 0; i < 5; i++) assert_true(limits_before(l, &t));
    assert_false(limits_before(l, &t));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(never_more_than_daily_allows, setup, teardown), cmocka_unit_test_setup_teardown(at_once_while_there_is_room, setup, teardown),
                                       cmocka_unit_test_setup_teardown(the_strict_ones_count_among_all, setup, teardown), cmocka_unit_test_setup_teardown(refused_all_the_same, setup, teardown),
                                       cmocka_unit_test_setup_teardown(a_call_waits_for_its_turn_or_is_canceled, setup, teardown)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Meetings by the times of stays alone: held against the definition, one stay at a time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/meeting.h"

enum { STAYS = 12, ROUNDS = 3000 };
static struct stay_times stays[STAYS];
static uint32_t dice_state = 7;

static int64_t dice(uint32_t sides)
{
    dice_state = dice_state * 1664525 + 1013904223;
    return (dice_state >> 8) % sides;
}

/* In the order of coming, mostly; ids with gaps; who stays on has not left. */
static struct list thrown(size_t count)
{
    int64_t at = 1000;
    for (size_t i = 0; i < count; i++) {
        stays[i] = (struct stay_times){0};
        at += dice(40) - 4;
        SET(&stays[i], stay_times, id, (int64_t)(i * 3 + 1));
        SET(&stays[i], stay_times, joined_at, at);
        if (dice(12)) SET(&stays[i], stay_times, left_at, at + dice(60));
    }
    return (struct list){stays, count};
}

static bool inside(const struct stay_times *t, int64_t at)
{
    return !HAS(t, stay_times, left_at) || t->left_at >= at;
}

/* A stay that begins when nobody of those before it was still in. */
static bool begins(size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (inside(&stays[k], stays[i].joined_at)) return false;
    return true;
}

static int64_t first_of(size_t i)
{
    while (!begins(i)) i--;
    return stays[i].id;
}

static void test_by_definition(void **state)
{
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        struct list list = thrown((size_t)dice(STAYS + 1));
        for (size_t i = 0; i < list.count; i++) {
            int64_t at = stays[i].joined_at + dice(50) - 25, latest = 0;
            for (size_t k = 0; k < list.count; k++)
                if (begins(k) && stays[k].joined_at <= at) latest = stays[k].id;
            assert_int_equal(meeting_first_of(&list, stays[i].id), first_of(i));
            assert_int_equal(meeting_first_at(&list, at), latest);
        }
    }
}

static void test_most_at_once(void **state)
{
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        struct list list = thrown((size_t)dice(STAYS + 1));
        for (size_t from = 0; from < list.count; from++) {
            int64_t most = 0;
            if (!begins(from)) continue;
            for (size_t i = from; i < list.count && (i == from || !begins(i)); i++) {
                int64_t at_once = 1;
                for (size_t k = from; k < i; k++) at_once += !HAS(&stays[k], stay_times, left_at) || stays[k].left_at > stays[i].joined_at;
                if (at_once > most) most = at_once;
            }
            assert_int_equal(meeting_most(&list, stays[from].id), most);
        }
    }
}

static void test_nobody(void **state)
{
    (void)state;
    struct list none = {0};
    assert_int_equal(meeting_first_at(&none, 5), 0);
    assert_int_equal(meeting_first_of(&none, 5), 0);
    assert_int_equal(meeting_most(&none, 5), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_by_definition), cmocka_unit_test(test_most_at_once), cmocka_unit_test(test_nobody)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "base/clock.h"
#include "net/loop.h"
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { DEADLINE_MS = 10000, POSTERS = 4, POSTS = 2000 };

static struct loop *loop;
static char trail[256]; /* what happened, a letter each */
static size_t trail_size;

static void note(char letter)
{
    if (trail_size + 1 < sizeof trail) trail[trail_size++] = letter;
    trail[trail_size] = '\0';
}

static void too_late(void *arg)
{
    (void)arg;
    fail_msg("the loop did not come to its end; so far: \"%s\"", trail);
}

static int setup(void **state)
{
    (void)state;
    trail_size = 0;
    trail[0] = '\0';
    loop = loop_create();
    loop_timer_start(loop, DEADLINE_MS, too_late, NULL);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    loop_destroy(loop);
    return 0;
}

static void note_a(void *arg) { (void)arg, note('a'); }
static void note_b(void *arg) { (void)arg, note('b'); }
static void note_c(void *arg) { (void)arg, note('c'); }
static void stop(void *arg) { (void)arg, loop_stop(loop); }

/* Posts. */

static void post_again(void *arg)
{
    note('p');
    loop_post(loop, note_a, arg);
}

static void test_posts_run_in_order_and_before_the_end(void **state)
{
    (void)state;
    loop_post(loop, note_a, NULL);
    loop_post(loop, note_b, NULL);
    loop_post(loop, stop, NULL);
    loop_post(loop, note_c, NULL);
    loop_post(loop, post_again, NULL);
    loop_run(loop);
    assert_string_equal(trail, "abcpa");
}

static void test_a_post_is_not_lost_after_the_end(void **state)
{
    (void)state;
    struct loop *other = loop_create();
    loop_post(other, note_a, NULL);
    loop_destroy(other);
    assert_string_equal(trail, "a");
}

struct poster {
    pthread_t thread;
    int sent, seen;
};

static int posters_left;

static void count_post(void *arg)
{
    struct poster *p = arg;
    if (++p->seen == POSTS && --posters_left == 0) loop_stop(loop);
}

static void *post_many(void *arg)
{
    for (int i = 0; i < POSTS; i++) loop_post(loop, count_post, arg);
    return NULL;
}

static void test_posts_of_many_threads_all_arrive(void **state)
{
    (void)state;
    struct poster posters[POSTERS] = {0};
    posters_left = POSTERS;
    for (int i = 0; i < POSTERS; i++) pthread_create(&posters[i].thread, NULL, post_many, &posters[i]);
    loop_run(loop);
    for (int i = 0; i < POSTERS; i++) {
        pthread_join(posters[i].thread, NULL);
        assert_int_equal(posters[i].seen, POSTS);
    }
}

static int next_number;

static void expect_number(void *arg)
{
    assert_int_equal((int)(intptr_t)arg, next_number++);
    if (next_number == POSTS) loop_stop(loop);
}

static void *post_numbers(void *arg)
{
    (void)arg;
    for (int i = 0; i < POSTS; i++) loop_post(loop, expect_number, (void *)(intptr_t)i);
    return NULL;
}

static void test_posts_of_one_thread_keep_their_order(void **state)
{
    (void)state;
    pthread_t thread;
    next_number = 0;
    pthread_create(&thread, NULL, post_numbers, NULL);
    loop_run(loop);
    pthread_join(thread, NULL);
}

static void *stop_from_outside(void *arg)
{
    loop_stop(arg);
    return NULL;
}

static void test_another_thread_stops_the_loop(void **state)
{
    (void)state;
    pthread_t thread;
    pthread_create(&thread, NULL, stop_from_outside, loop);
    loop_run(loop);
    pthread_join(thread, NULL);
}

/* Timers. */

static void test_timers_fire_in_order_of_time_then_of_start(void **state)
{
    (void)state;
    loop_timer_start(loop, 30, stop, NULL);
    loop_timer_start(loop, 10, note_b, NULL);
    loop_timer_start(loop, 10, note_c, NULL);
    loop_timer_start(loop, 0, note_a, NULL);
    loop_run(loop);
    assert_string_equal(trail, "abc");
}

static void test_a_timer_is_not_early(void **state)
{
    (void)state;
    int64_t from = clock_monotonic_ms();
    loop_timer_start(loop, 25, stop, NULL);
    loop_run(loop);
    assert_true(clock_monotonic_ms() - from >= 25);
}

static struct loop_timer *beat, *victim;

static void beat_thrice(void *arg)
{
    (void)arg;
    note('t');
    if (trail_size < 3) return;
    loop_timer_stop(beat);
    loop_stop(loop);
}

static void test_a_beat_stops_itself(void **state)
{
    (void)state;
    beat = loop_timer_every(loop, 2, beat_thrice, NULL);
    loop_run(loop);
    assert_string_equal(trail, "ttt");
}

static void stop_self_and_victim(void *arg)
{
    (void)arg;
    note('s');
    loop_timer_stop(beat);
    loop_timer_stop(victim);
}

static void test_a_single_timer_may_stop_itself_and_one_that_is_due(void **state)
{
    (void)state;
    beat = loop_timer_start(loop, 0, stop_self_and_victim, NULL);
    victim = loop_timer_start(loop, 0, note_a, NULL);
    loop_timer_start(loop, 20, stop, NULL);
    loop_run(loop);
    assert_string_equal(trail, "s");
}

static void start_again(void *arg)
{
    loop_timer_start(loop, 0, start_again, arg);
}

static void test_a_chain_of_zero_delays_starves_nobody(void **state)
{
    (void)state;
    loop_timer_start(loop, 0, start_again, NULL);
    loop_timer_start(loop, 20, note_a, NULL);
    loop_timer_start(loop, 25, stop, NULL);
    loop_run(loop);
    assert_string_equal(trail, "a");
}

/* When it is due is between what the clock said before the timer was started and what it said afterwards. */
static struct wish { int64_t least, most; } wishes[1000];
static int64_t last_due;
static int fired;

static void expect_later(void *arg)
{
    const struct wish *w = arg;
    assert_true(w->most >= last_due);
    if (w->least > last_due) last_due = w->least;
    fired++;
}

static void test_a_thousand_timers_with_every_third_stopped(void **state)
{
    (void)state;
    struct loop_timer *timers[1000];
    unsigned seed = 7;
    last_due = fired = 0;
    for (size_t i = 0; i < 1000; i++) {
        seed = seed * 1103515245 + 12345;
        int64_t after = (seed >> 16) % 40;
        wishes[i].least = clock_monotonic_ms() + after;
        timers[i] = loop_timer_start(loop, after, expect_later, &wishes[i]);
        wishes[i].most = clock_monotonic_ms() + after;
    }
    for (size_t i = 0; i < 1000; i += 3) loop_timer_stop(timers[i]);
    loop_timer_start(loop, 60, stop, NULL);
    loop_run(loop);
    assert_int_equal(fired, 1000 - 334);
}

/* Watches. */

static struct loop_watch *first, *second;
static int pair_a[2], pair_b[2];

static void open_pairs(void)
{
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair_a), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair_b), 0);
}

static void close_pairs(void)
{
    for (int i = 0; i < 2; i++) close(pair_a[i]), close(pair_b[i]);
}

static void stop_both(void *arg, uint32_t events)
{
    (void)arg, (void)events;
    note('w');
    loop_watch_stop(first);
    loop_watch_stop(second);
    loop_post(loop, stop, NULL);
}

static void test_a_watch_stopped_in_the_same_round_is_silent(void **state)
{
    (void)state;
    open_pairs();
    first = loop_watch_start(loop, pair_a[0], EPOLLIN, stop_both, NULL);
    second = loop_watch_start(loop, pair_b[0], EPOLLIN, stop_both, NULL);
    assert_int_equal(write(pair_a[1], "x", 1), 1);
    assert_int_equal(write(pair_b[1], "x", 1), 1);
    loop_run(loop);
    assert_string_equal(trail, "w");
    close_pairs();
}

static void read_then_write(void *arg, uint32_t events)
{
    (void)arg;
    char byte;
    if (events & EPOLLIN && read(pair_a[0], &byte, 1) == 1) {
        note('r');
        loop_watch_change(first, EPOLLOUT);
    } else if (events & EPOLLOUT) {
        note('o');
        loop_watch_change(first, 0);
        loop_stop(loop);
    }
}

static void test_a_watch_changes_what_it_waits_for(void **state)
{
    (void)state;
    open_pairs();
    first = loop_watch_start(loop, pair_a[0], EPOLLIN, read_then_write, NULL);
    assert_int_equal(write(pair_a[1], "x", 1), 1);
    loop_run(loop);
    loop_watch_stop(first);
    assert_string_equal(trail, "ro");
    close_pairs();
}

static void test_a_file_that_cannot_be_watched_is_refused(void **state)
{
    (void)state;
    assert_null(loop_watch_start(loop, -1, EPOLLIN, stop_both, NULL));
    loop_watch_stop(NULL);
    loop_timer_stop(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_posts_run_in_order_and_before_the_end),
        TEST(test_a_post_is_not_lost_after_the_end),
        TEST(test_posts_of_many_threads_all_arrive),
        TEST(test_posts_of_one_thread_keep_their_order),
        TEST(test_another_thread_stops_the_loop),
        TEST(test_timers_fire_in_order_of_time_then_of_start),
        TEST(test_a_timer_is_not_early),
        TEST(test_a_beat_stops_itself),
        TEST(test_a_single_timer_may_stop_itself_and_one_that_is_due),
        TEST(test_a_chain_of_zero_delays_starves_nobody),
        TEST(test_a_thousand_timers_with_every_third_stopped),
        TEST(test_a_watch_stopped_in_the_same_round_is_silent),
        TEST(test_a_watch_changes_what_it_waits_for),
        TEST(test_a_file_that_cannot_be_watched_is_refused),
    };
    return cmocka_run_group_tests_name("loop", tests, NULL, NULL);
}

/* Arenas, buffers, time, randomness, errors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/rand.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- arena */

static char order[8];
static size_t order_size;

static void note(void *subject)
{
    order[order_size++] = *(const char *)subject;
}

static void test_arena_gives_zeroed_aligned_memory_that_stays(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a);
    unsigned char *kept[300];
    for (size_t i = 0; i < 300; i++) {
        kept[i] = arena_alloc(&a, i * 37);
        assert_int_equal((uintptr_t)kept[i] % _Alignof(max_align_t), 0);
        for (size_t k = 0; k < i * 37; k++) assert_int_equal(kept[i][k], 0);
        memset(kept[i], (int)(i & 255), i * 37);
    }
    for (size_t i = 0; i < 300; i++)
        for (size_t k = 0; k < i * 37; k++) assert_int_equal(kept[i][k], i & 255);
    char *large = arena_alloc(&a, 5 << 20);
    large[(5 << 20) - 1] = 'x';
    arena_release(&a);
}

static void test_arena_texts(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a);
    assert_null(arena_strdup(&a, NULL));
    assert_string_equal(arena_strdup(&a, ""), "");
    assert_string_equal(arena_strndup(&a, "abcdef", 3), "abc");
    assert_string_equal(arena_printf(&a, "%s-%05d", "x", 42), "x-00042");
    assert_int_equal(strlen(arena_printf(&a, "%100000d", 1)), 100000);
    assert_memory_equal(arena_copy(&a, "a\0b", 3), "a\0b", 3);
    arena_release(&a);
}

static void test_arena_defers_run_last_first(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a);
    order_size = 0;
    for (const char *c = "abc"; *c; c++) arena_defer(&a, note, (void *)(uintptr_t)c);
    arena_reset(&a);
    assert_memory_equal(order, "cba", 3);
    arena_alloc(&a, 1 << 16);
    arena_defer(&a, note, (void *)(uintptr_t) "d");
    arena_release(&a);
    assert_int_equal(order_size, 4);
    arena_release(&a);
    assert_int_equal(order_size, 4);
}

/* ---- buf */

static void test_buf_grows_and_stays_a_string(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 0);
    assert_string_equal(b.data, "");
    for (int i = 0; i < 5000; i++) buf_char(&b, 'x');
    buf_printf(&b, "%s %d", "y", 7);
    assert_int_equal(b.size, 5003);
    assert_int_equal(strlen(b.data), 5003);
    buf_reset(&b);
    assert_string_equal(b.data, "");
    buf_text(&b, "taken");
    char *mine = buf_take(&b);
    assert_string_equal(mine, "taken");
    assert_int_equal(b.size, 0);
    free(mine);
    mine = buf_take(&b);
    assert_string_equal(mine, "");
    free(mine);
    buf_release(&b);
}

/* In the caller's bytes as long as they suffice, and never past them. */
static void test_buf_moves_out_of_borrowed_bytes(void **state)
{
    (void)state;
    struct { char bytes[16], guard; } mine = {.guard = 'g'};
    struct buf b;
    buf_init_in(&b, mine.bytes, sizeof mine.bytes);
    buf_text(&b, "fifteen letters");
    assert_ptr_equal(b.data, mine.bytes);
    buf_char(&b, '!');
    assert_string_equal(b.data, "fifteen letters!");
    assert_ptr_not_equal(b.data, mine.bytes);
    for (int i = 0; i < 5000; i++) buf_char(&b, 'x');
    assert_int_equal(strlen(b.data), 5016);
    assert_int_equal(mine.guard, 'g');
    buf_release(&b);
    buf_init_in(&b, mine.bytes, sizeof mine.bytes);
    buf_text(&b, "short");
    char *taken = buf_take(&b);
    assert_string_equal(taken, "short");
    assert_ptr_not_equal(taken, mine.bytes);
    free(taken);
    buf_release(&b);
}

static void test_buf_never_passes_its_ceiling(void **state)
{
    (void)state;
    for (size_t ceiling = 1; ceiling < 40; ceiling++) {
        struct buf b;
        buf_init(&b, ceiling);
        for (size_t i = 0; i < ceiling; i++) buf_char(&b, 'x');
        assert_false(b.overflow);
        buf_char(&b, 'y');
        assert_true(b.overflow);
        buf_printf(&b, "%d", 5);
        assert_null(buf_reserve(&b, 0));
        assert_int_equal(b.size, ceiling);
        assert_int_equal(strlen(b.data), ceiling);
        buf_reset(&b);
        assert_false(b.overflow);
        buf_add(&b, "0123456789012345678901234567890123456789", 40);
        assert_true(b.overflow);
        assert_int_equal(b.size, 0);
        buf_release(&b);
    }
}

static void test_buf_int(void **state)
{
    (void)state;
    static const struct { int64_t n; const char *text; } cases[] = {{0, "0"}, {-1, "-1"}, {9, "9"}, {10, "10"}, {99, "99"}, {100, "100"}, {-105, "-105"}, {9876543210, "9876543210"}, {INT64_MAX, "9223372036854775807"}, {INT64_MIN, "-9223372036854775808"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf b;
        buf_init(&b, 0);
        buf_int(&b, cases[i].n);
        assert_string_equal(b.data, cases[i].text);
        buf_release(&b);
    }
}

/* ---- time */

static void test_time_agrees_with_the_c_library(void **state)
{
    (void)state;
    for (int i = 0; i < 200000; i++) {
        int64_t r, ms, back;
        char text[TIME_TEXT], expected[TIME_TEXT];
        rand_bytes(&r, sizeof r);
        ms = TIME_FIRST + (int64_t)((uint64_t)r % (uint64_t)(TIME_LAST - TIME_FIRST + 1));
        if (i % 2) ms -= ((ms % 1000) + 1000) % 1000;
        int64_t rest = ((ms % 1000) + 1000) % 1000;
        time_t s = (time_t)((ms - rest) / 1000);
        struct tm t;
        gmtime_r(&s, &t);
        int n = snprintf(expected, sizeof expected, "%04u-%02u-%02uT%02u:%02u:%02u", (unsigned)(t.tm_year + 1900) % 10000U, (unsigned)(t.tm_mon + 1) % 100U, (unsigned)t.tm_mday % 100U,
                         (unsigned)t.tm_hour % 100U, (unsigned)t.tm_min % 100U, (unsigned)t.tm_sec % 100U);
        if (rest) snprintf(expected + n, sizeof expected - (size_t)n, ".%03uZ", (unsigned)rest % 1000U);
        else snprintf(expected + n, sizeof expected - (size_t)n, "Z");
        assert_int_equal(time_format(ms, text), strlen(expected));
        assert_string_equal(text, expected);
        assert_true(time_parse(text, &back));
        assert_int_equal(back, ms);
        assert_int_equal(timegm(&t), s);
    }
}

static void test_time_spellings(void **state)
{
    (void)state;
    enum { NOON = 1893499200 };
    static const struct { const char *text; int64_t ms; } cases[] = {
        {"2030-01-01T12:00:00Z", NOON * INT64_C(1000)}, {"2030-01-01t12:00:00z", NOON * INT64_C(1000)}, {"2030-01-01 12:00", NOON * INT64_C(1000)}, {"2030-01-01_12:00:00", NOON * INT64_C(1000)},
        {"2030-01-01T13:30:00+01:30", NOON * INT64_C(1000)}, {"2030-01-01T13:30:00+0130", NOON * INT64_C(1000)}, {"2030-01-01T02:00:00-10", NOON * INT64_C(1000)},
        {"2030-01-01T12:00:00.5Z", NOON * INT64_C(1000) + 500}, {"2030-01-01T12:00:00,123456789Z", NOON * INT64_C(1000) + 123}, {"2030-01-01", (NOON - 43200) * INT64_C(1000)},
        {"1970-01-01T00:00:00Z", 0}, {"1969-12-31T23:59:59.999Z", -1}, {"0001-01-01T00:00:00Z", TIME_FIRST}, {"9999-12-31T23:59:59.999Z", TIME_LAST}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t ms = 42;
        assert_true(time_parse(cases[i].text, &ms));
        assert_int_equal(ms, cases[i].ms);
    }
}

static void test_no_times(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "2", "2030", "2030-01", "2030-1-1", "2030-00-01", "2030-13-01", "2030-01-00", "2030-01-32", "2030-02-29", "1900-02-29", "2030-04-31", "2030-01-01T", "2030-01-01T1",
        "2030-01-01T24:00", "2030-01-01T12:60", "2030-01-01T12:00:60", "2030-01-01T12:00:00.", "2030-01-01T12:00:00.0123456789Z", "2030-01-01T12:00:00ZZ", "2030-01-01T12:00:00+", "2030-01-01T12:00:00+1",
        "2030-01-01T12:00:00+24:00", "2030-01-01T12:00:00+01:60", "2030-01-01x12:00", " 2030-01-01", "2030-01-01 ", "+030-01-01", "0000-12-31", "0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01", "20300101"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int64_t ms;
        if (time_parse(bad[i], &ms)) fail_msg("\"%s\" was taken for a time", bad[i]);
    }
}

static void test_shift_moves_the_wall_clock_only(void **state)
{
    (void)state;
    int64_t wall = clock_now_ms(), monotonic = clock_monotonic_ms();
    clock_shift(86400000);
    assert_in_range(clock_now_ms() - wall, 86400000, 86410000);
    assert_in_range(clock_monotonic_ms() - monotonic, 0, 10000);
    clock_shift(-86400000);
    assert_in_range(clock_now_ms() - wall, 0, 10000);
}

/* ---- rand */

static void test_rand(void **state)
{
    (void)state;
    char uuid[37], text[41];
    unsigned seen[7] = {0};
    for (int i = 0; i < 7000; i++) seen[rand_below(7)]++;
    for (size_t i = 0; i < 7; i++) assert_in_range(seen[i], 700, 1300);
    assert_int_equal(rand_below(1), 0);
    rand_uuid(uuid);
    assert_int_equal(strlen(uuid), 36);
    assert_int_equal(uuid[14], '4');
    assert_non_null(strchr("89ab", uuid[19]));
    rand_text(text, 40, "ab");
    assert_int_equal(strspn(text, "ab"), 40);
    unsigned char large[4096] = {0};
    rand_bytes(large, sizeof large);
    size_t zero = 0;
    for (size_t i = 0; i < sizeof large; i++) zero += !large[i];
    assert_true(zero < 100);
}

/* ---- err */

static void test_errors(void **state)
{
    (void)state;
    struct err e;
    assert_false(err_fail(&e, error_session_not_found));
    assert_string_equal(e.text, "Session not found");
    assert_int_equal(e.status, 404);
    assert_true(err_is(&e, error_session_not_found));
    assert_false(err_is(&e, error_not_found));
    assert_false(err_set(&e, ERR_CONFLICT, "word", "%s", "text"));
    assert_int_equal(e.status, 409);
    errno = ENOENT;
    assert_false(err_sys(&e, ERR_DESTINATION, "file", "cannot open \"%s\"", "x"));
    assert_string_equal(e.text, "cannot open \"x\": No such file or directory");
    assert_int_equal(e.sys, ENOENT);
    assert_false(err_set(&e, ERR_INTERNAL, "long", "%1000d", 1));
    assert_int_equal(strlen(e.text), sizeof e.text - 1);
    assert_false(err_fail(NULL, error_internal));
    assert_false(err_set(NULL, ERR_CALLER, "x", "x"));
    for (int i = 0; i < error_count; i++) {
        const struct error_row *row = error_row((enum error)i);
        assert_in_range(row->status, 400, 599);
        assert_int_equal(row->kind == ERR_INTERNAL, row->status == 500 || !strcmp(row->name, "storage_unavailable"));
        assert_true(strlen(row->message) < sizeof e.text);
    }
}

static void test_error_texts_are_texts(void **state)
{
    (void)state;
    struct err e;
    char many[400] = "";
    while (strlen(many) + 2 < sizeof many) strcat(many, "\xc3\xa9");
    err_set(&e, ERR_DESTINATION, "far", "x%s", many); /* cut in the middle of a character */
    assert_int_equal(strlen(e.text), ERR_TEXT - 1);
    err_set(&e, ERR_DESTINATION, "far", "%s", many);
    assert_int_equal(strlen(e.text), ERR_TEXT - 2);
    err_set(&e, ERR_DESTINATION, "far", "\"%s\" said %.*s", "bucket", 3, "\xc3\xa9\xc3\xa9"); /* by another measure */
    assert_string_equal(e.text, "\"bucket\" said \xc3\xa9?");
    err_set(&e, ERR_DESTINATION, "far", "M\xfcnchen\r\n\x1b[31m \xed\xa0\x80 \xe2\x82\xac");
    assert_string_equal(e.text, "M?nchen   [31m ??? \xe2\x82\xac");
    errno = ENOENT;
    err_sys(&e, ERR_INTERNAL, "disk", "cannot open \"%s\"", "\xff");
    assert_string_equal(e.text, "cannot open \"?\": No such file or directory");
    assert_false(err_say(&e, "%s (%s)", e.text, "twice\n"));
    assert_string_equal(e.text, "cannot open \"?\": No such file or directory (twice )");
    assert_string_equal(e.code, "disk");
    assert_false(err_say(NULL, "nobody asked"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arena_gives_zeroed_aligned_memory_that_stays), cmocka_unit_test(test_arena_texts), cmocka_unit_test(test_arena_defers_run_last_first),
        cmocka_unit_test(test_buf_grows_and_stays_a_string), cmocka_unit_test(test_buf_moves_out_of_borrowed_bytes), cmocka_unit_test(test_buf_never_passes_its_ceiling), cmocka_unit_test(test_buf_int),
        cmocka_unit_test(test_time_agrees_with_the_c_library), cmocka_unit_test(test_time_spellings), cmocka_unit_test(test_no_times), cmocka_unit_test(test_shift_moves_the_wall_clock_only),
        cmocka_unit_test(test_rand), cmocka_unit_test(test_errors), cmocka_unit_test(test_error_texts_are_texts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

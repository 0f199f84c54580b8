/* Running programs: what comes back, and that nothing outlives its limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/child.h"
#include "base/clock.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct seen { int lines, ticks; size_t bytes, longest; char last[128]; bool stop; };

static bool on_line(void *ctx, const char *line)
{
    struct seen *s = ctx;
    s->lines++;
    if (strlen(line) > s->longest) s->longest = strlen(line);
    snprintf(s->last, sizeof s->last, "%.100s", line);
    return !s->stop;
}

static bool on_data(void *ctx, const void *data, size_t size)
{
    (void)data;
    ((struct seen *)ctx)->bytes += size;
    return true;
}

static bool on_tick(void *ctx)
{
    return ++((struct seen *)ctx)->ticks < 2;
}

#define SHELL(script) ((const char *const[]){"sh", "-c", script, NULL})

static void test_output_and_success(void **state)
{
    (void)state;
    struct seen s = {0};
    struct err e = {0};
    assert_true(child_run(&(struct child_spec){.argv = SHELL("echo one; echo two; printf %5000d 7; echo; pwd"), .cwd = "/usr", .on_line = on_line, .ctx = &s}, NULL, &e));
    assert_int_equal(s.lines, 4);
    assert_int_equal(s.longest, CHILD_LINE_BYTES);
    assert_string_equal(s.last, "/usr");
    assert_true(child_run(&(struct child_spec){.argv = SHELL("head -c 1000000 /dev/zero; cat"), .on_data = on_data, .ctx = &s}, NULL, &e));
    assert_int_equal(s.bytes, 1000000);
}

static void test_failure_says_the_last_line(void **state)
{
    (void)state;
    struct child_end end;
    struct err e = {0};
    assert_false(child_run(&(struct child_spec){.argv = SHELL("printf %4000d 1 >&2; echo >&2; echo 'no such codec' >&2; exit 3")}, &end, &e));
    assert_string_equal(e.code, "child_failed");
    assert_string_equal(e.text, "\"sh\" ended with code 3: no such codec");
    assert_int_equal(end.fate, CHILD_EXITED);
    assert_int_equal(end.code, 3);
    assert_int_equal(strlen(end.tail), CHILD_TAIL_BYTES);
    assert_false(child_run(&(struct child_spec){.argv = SHELL("kill -SEGV $$")}, &end, &e));
    assert_string_equal(e.code, "child_killed");
    assert_int_equal(end.code, SIGSEGV);
}

static void test_what_cannot_start(void **state)
{
    (void)state;
    struct child_end end;
    struct err e = {0};
    assert_false(child_run(&(struct child_spec){.argv = (const char *const[]){"no-such-program-here", NULL}}, &end, &e));
    assert_string_equal(e.code, "child_start");
    assert_int_equal(e.sys, ENOENT);
    assert_int_equal(end.fate, CHILD_NOT_STARTED);
    assert_false(child_run(&(struct child_spec){.argv = SHELL("true"), .cwd = "/no/such/folder"}, &end, &e));
    assert_int_equal(e.sys, ENOENT);
}

/* The whole group goes: the pid of a grandchild that would sleep on comes through a file. */
static void test_deadline_ends_the_group(void **state)
{
    (void)state;
    char script[128], path[] = "/tmp/child-XXXXXX";
    int fd = mkstemp(path), grandchild = 0;
    struct err e = {0};
    struct child_end end;
    snprintf(script, sizeof script, "sleep 100 & echo $! > %s; wait", path);
    int64_t from_ms = clock_monotonic_ms();
    assert_false(child_run(&(struct child_spec){.argv = SHELL(script), .deadline_ms = 400}, &end, &e));
    assert_true(clock_monotonic_ms() - from_ms < 3000);
    assert_string_equal(e.code, "child_late");
    assert_int_equal(end.fate, CHILD_LATE);
    FILE *from = fdopen(fd, "r");
    assert_int_equal(fscanf(from, "%d", &grandchild), 1);
    fclose(from);
    unlink(path);
    while (kill(grandchild, 0) == 0 && clock_monotonic_ms() - from_ms < 5000) usleep(1000); /* init has yet to reap it */
    snprintf(script, sizeof script, "/proc/%d/stat", grandchild);
    from = fopen(script, "r");
    char word = 'Z';
    if (from && fscanf(from, "%*d %*s %c", &word) != 1) word = 'Z';
    if (from) fclose(from);
    assert_int_equal(word, 'Z');
}

static void test_stopping(void **state)
{
    (void)state;
    struct seen s = {0};
    struct err e = {0};
    assert_false(child_run(&(struct child_spec){.argv = SHELL("exec sleep 100"), .tick = on_tick, .ctx = &s}, NULL, &e));
    assert_string_equal(e.code, "child_stopped");
    assert_int_equal(e.kind, ERR_CONFLICT);
    s = (struct seen){.stop = true};
    assert_false(child_run(&(struct child_spec){.argv = (const char *const[]){"yes", NULL}, .on_line = on_line, .ctx = &s}, NULL, &e));
    assert_string_equal(e.code, "child_stopped");
    assert_int_equal(s.lines, 1);
}

/* Ends with the program, though a grandchild keeps the pipes open. */
static void test_pipes_kept_open(void **state)
{
    (void)state;
    struct err e = {0};
    int64_t from_ms = clock_monotonic_ms();
    assert_true(child_run(&(struct child_spec){.argv = SHELL("sleep 100 & echo done")}, NULL, &e));
    assert_true(clock_monotonic_ms() - from_ms < 5000);
}

static void test_limits_and_surroundings(void **state)
{
    (void)state;
    struct seen s = {0};
    struct err e = {0};
    int leaked = dup(1); /* not close-on-exec */
    assert_true(child_run(&(struct child_spec){.argv = SHELL("ulimit -v"), .memory_bytes = 1 << 30, .on_line = on_line, .ctx = &s}, NULL, &e));
    assert_string_equal(s.last, "1048576");
    assert_true(child_run(&(struct child_spec){.argv = (const char *const[]){"nice", NULL}, .nice = 7, .on_line = on_line, .ctx = &s}, NULL, &e));
    assert_string_equal(s.last, "7");
    assert_true(child_run(&(struct child_spec){.argv = SHELL("ls /proc/self/fd | tr '\\n' ' '; echo"), .on_line = on_line, .ctx = &s}, NULL, &e));
    assert_string_equal(s.last, "0 1 2 3 "); /* 3: the folder that ls reads */
    close(leaked);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_output_and_success), cmocka_unit_test(test_failure_says_the_last_line), cmocka_unit_test(test_what_cannot_start),
        cmocka_unit_test(test_deadline_ends_the_group), cmocka_unit_test(test_stopping), cmocka_unit_test(test_pipes_kept_open),
        cmocka_unit_test(test_limits_and_surroundings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

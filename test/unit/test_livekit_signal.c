/* What LiveKit's signalling connection says first: its version is read out of what livekit-server 1.13.5 sent (test/captures), and out of nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "livekit/signal.h"
#include <stdio.h>
#include <string.h>

static unsigned char captured[4096];
static size_t captured_size;

static int read_capture(void **state)
{
    (void)state;
    FILE *f = fopen(CAPTURES "/livekit_join.bin", "rb");
    assert_non_null(f);
    captured_size = fread(captured, 1, sizeof captured, f);
    fclose(f);
    return !captured_size;
}

static void test_of_the_server(void **state)
{
    char version[32];
    (void)state;
    assert_true(signal_server_version(captured, captured_size, version, sizeof version));
    assert_string_equal(version, "1.13.5");
}

static void test_cut_off_anywhere(void **state)
{
    char version[32];
    (void)state;
    for (size_t size = 0; size < captured_size; size++) assert_false(signal_server_version(captured, size, version, sizeof version));
}

/* Tags: 0a join, 22 server_version, 62 server_info, 12 its version. */
#define MESSAGE(text) text, sizeof text - 1
static const struct { const char *message; size_t size; const char *version; } cases[] = {
    {MESSAGE("\x0a\x07\x22\x05" "1.8.4"), "1.8.4"},                             /* servers before server_info */
    {MESSAGE("\x0a\x0d\x62\x07\x12\x05" "1.9.0\x22\x02" "xx"), "1.9.0"},        /* server_info comes before server_version */
    {MESSAGE("\x0a\x0a\x18\x11\x62\x06\x18\x11\x12\x02" "v2"), "v2"},           /* numbers in between */
    {MESSAGE("\x0a\x0b\x19" "abcdefgh\x22\x00"), NULL},                         /* eight bytes skipped, an empty version */
    {MESSAGE("\x0a\x07\x22\x05" "1.\x1b[m"), NULL},                             /* not for a terminal */
    {MESSAGE("\x0a\x04\x22\x02" "1\x00"), NULL},
    {MESSAGE("\x12\x07\x22\x05" "1.8.4"), NULL},                                /* an answer, no join */
    {MESSAGE("\x0a\x07\x22\x06" "1.8.4"), NULL},                                /* longer than there is */
    {MESSAGE("\x0a\x03\x23\x22\x00"), NULL},                                    /* a group: not of proto3 */
    {MESSAGE("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), NULL},        /* a number without end */
    {MESSAGE("\x0a\x07\x22\xff\xff\xff\xff\xff\xff"), NULL},
    {MESSAGE("\x0a\x23\x22\x21" "1.000000000000000000000000000000000"), NULL},  /* no room for it */
};

static void test_made_ones(void **state)
{
    char version[32];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bool told = signal_server_version(cases[i].message, cases[i].size, version, sizeof version);
        if (told != !!cases[i].version) fail_msg("case %zu", i);
        if (told) assert_string_equal(version, cases[i].version);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_of_the_server),
        cmocka_unit_test(test_cut_off_anywhere),
        cmocka_unit_test(test_made_ones),
    };
    return cmocka_run_group_tests(tests, read_capture, NULL);
}

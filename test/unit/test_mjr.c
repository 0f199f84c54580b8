/* The reader of Janus track files: what it counts, and that no bytes upset it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "provider/janus/mjr.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RTP "\x80\x60\x00\x01\x00\x00\x00\x00\x00\x00\x00\x01"
static const char header[] = "{\"t\": \"v\", \"c\": \"vp8\", \"d\": \"camera\", \"s\": 1000, \"u\": 2000}";

struct bytes { unsigned char data[70000]; size_t size; };

static void add(struct bytes *b, const void *data, size_t size)
{
    memcpy(b->data + b->size, data, size);
    b->size += size;
}

static void add_header(struct bytes *b, const char *json, size_t claimed)
{
    unsigned char size[2] = {(unsigned char)(claimed >> 8), (unsigned char)claimed};
    add(b, "MJR00002", 8);
    add(b, size, 2);
    add(b, json, strlen(json));
}

static void add_packet(struct bytes *b, uint32_t at_ms, const char *packet, size_t size)
{
    unsigned char head[10] = {'M', 'E', 'E', 'T', (unsigned char)(at_ms >> 24), (unsigned char)(at_ms >> 16), (unsigned char)(at_ms >> 8),
        (unsigned char)at_ms, (unsigned char)(size >> 8), (unsigned char)size};
    add(b, head, sizeof head);
    add(b, packet, size);
}

static bool parse(const struct bytes *b, uint32_t gap_ms, struct mjr *mjr, struct err *e)
{
    FILE *from = b->size ? fmemopen((void *)b->data, b->size, "rb") : fopen("/dev/null", "rb");
    assert_non_null(from);
    bool ok = mjr_parse(from, gap_ms, mjr, e);
    fclose(from);
    return ok;
}

static void test_whole_file(void **state)
{
    (void)state;
    struct bytes b = {.size = 0};
    struct mjr mjr;
    struct err e = {0};
    add_header(&b, header, strlen(header));
    static const uint32_t at[] = {0, 40, 80, 3000, 3040, 3020, 9000};
    for (size_t i = 0; i < sizeof at / sizeof *at; i++) add_packet(&b, at[i], RTP "payload", 19);
    assert_true(parse(&b, 2000, &mjr, &e));
    assert_int_equal(mjr.media, MJR_VIDEO);
    assert_string_equal(mjr.codec, "vp8");
    assert_string_equal(mjr.description, "camera");
    assert_int_equal(mjr.created_us, 1000);
    assert_int_equal(mjr.first_us, 2000);
    assert_int_equal(mjr.packets, 7);
    assert_false(mjr.truncated);
    assert_int_equal(mjr.span_count, 3);
    assert_int_equal(mjr.spans[0].to_ms, 80);
    assert_int_equal(mjr.spans[1].from_ms, 3000);
    assert_int_equal(mjr.spans[1].to_ms, 3040);
    assert_int_equal(mjr.spans[2].from_ms, 9000);
    mjr_release(&mjr);
}

static void test_cut_anywhere(void **state)
{
    (void)state;
    struct bytes whole = {.size = 0};
    struct err e = {0};
    add_header(&whole, header, strlen(header));
    size_t head = whole.size;
    for (uint32_t i = 0; i < 5; i++) add_packet(&whole, i * 40, RTP "payload", 19);
    for (size_t size = 0; size <= whole.size; size++) {
        struct bytes b = whole;
        struct mjr mjr;
        b.size = size;
        bool ok = parse(&b, 2000, &mjr, &e);
        assert_int_equal(ok, size >= head);
        if (!ok) {
            assert_string_equal(e.code, "mjr_format");
            continue;
        }
        assert_int_equal(mjr.packets, (size - head) / 29);
        assert_int_equal(mjr.truncated, (size - head) % 29 != 0);
        mjr_release(&mjr);
    }
}

static void test_bad_headers(void **state)
{
    (void)state;
    static const struct { const char *json; size_t claimed; } bad[] = {
        {"", 0}, {"{}", 2}, {"[]", 2}, {"{", 1}, {"{\"t\": 1}", 8}, {"{\"t\": \"x\"}", 10}, {"{\"t\": \"av\"}", 11}, {"{\"t\": \"a\"}", 60000},
        {"{\"t\": \"a\", \"t\": \"v\"}", 20}, {"null", 4}, {"{\"t\": \"\"}", 9},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct bytes b = {.size = 0};
        struct mjr mjr;
        struct err e = {0};
        add_header(&b, bad[i].json, bad[i].claimed);
        assert_false(parse(&b, 1000, &mjr, &e));
        assert_string_equal(e.code, "mjr_format");
        assert_int_equal(e.kind, ERR_CALLER);
    }
}

static void test_odd_values(void **state)
{
    (void)state;
    struct bytes b = {.size = 0};
    struct mjr mjr;
    struct err e = {0};
    const char *json = "{\"t\": \"a\", \"c\": 5, \"u\": -3, \"s\": \"soon\"}";
    add_header(&b, json, strlen(json));
    add_packet(&b, 4294967295u, RTP, 12);
    add_packet(&b, 0, RTP, 12);        /* earlier than the one before */
    add_packet(&b, 0, "\x80", 1);      /* too short for RTP */
    add_packet(&b, 0, "", 0);
    add_packet(&b, 10, "not rtp at all", 14);
    assert_true(parse(&b, 1000, &mjr, &e));
    assert_int_equal(mjr.first_us, 0);
    assert_int_equal(mjr.created_us, 0);
    assert_string_equal(mjr.codec, "");
    assert_int_equal(mjr.packets, 2);
    assert_int_equal(mjr.span_count, 1);
    mjr_release(&mjr);
}

/* A sound card that is 200 millionths slow, over a line with jitter; then one whose timestamps jump. */
static void test_drift(void **state)
{
    (void)state;
    static const struct { int packets, jump_at, least, most; } cases[] = {{30000, -1, 190, 210}, {3000, -1, 0, 0}, {30000, 20000, 0, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        FILE *file = tmpfile();
        struct mjr mjr;
        struct err e = {0};
        struct bytes head = {.size = 0};
        const char *json = "{\"t\": \"a\", \"c\": \"opus\", \"u\": 5}";
        add_header(&head, json, strlen(json));
        fwrite(head.data, 1, head.size, file);
        for (int k = 0; k < cases[i].packets; k++) {
            char packet[12] = RTP;
            uint32_t stamp = 4294900000u + (uint32_t)k * 960 + (cases[i].jump_at >= 0 && k >= cases[i].jump_at ? 480000000u : 0);
            for (int byte = 0; byte < 4; byte++) packet[4 + byte] = (char)(stamp >> (24 - 8 * byte));
            static struct bytes one;
            one.size = 0;
            add_packet(&one, (uint32_t)(k * 20 * 1.0002) + (uint32_t)(k * 7919 % 90), packet, 12);
            fwrite(one.data, 1, one.size, file);
        }
        rewind(file);
        assert_true(mjr_parse(file, 10000, &mjr, &e));
        assert_int_equal(mjr.packets, cases[i].packets);
        assert_true(mjr.drift_ppm >= cases[i].least && mjr.drift_ppm <= cases[i].most);
        mjr_release(&mjr);
        fclose(file);
    }
}

/* Arrival of packet k when: the sender's clock stood still for 4 s; the line held packets back for 1 s and then gave them all;
 * the line lost a second of them. */
static uint32_t arrival_ms(int what, int k)
{
    if (what == 0) return (uint32_t)(k * 20 + (k >= 300 ? 4000 : 0));
    if (what == 1) return (uint32_t)(k >= 300 && k < 350 ? 7000 + (k - 300) : k * 20);
    return (uint32_t)(k * 20);
}

static void test_steps(void **state)
{
    (void)state;
    static const size_t steps[] = {1, 0, 0};
    const char *json = "{\"t\": \"a\", \"c\": \"opus\", \"u\": 5}";
    for (int what = 0; what < 3; what++) {
        static struct bytes b;
        struct mjr mjr;
        struct err e = {0};
        b.size = 0;
        add_header(&b, json, strlen(json));
        for (int k = 0; k < 600; k++) {
            char packet[12] = RTP;
            uint32_t stamp = (uint32_t)k * 960;
            for (int byte = 0; byte < 4; byte++) packet[4 + byte] = (char)(stamp >> (24 - 8 * byte));
            if (what != 2 || k < 300 || k >= 350) add_packet(&b, arrival_ms(what, k), packet, 12);
        }
        assert_true(parse(&b, 10000, &mjr, &e));
        assert_int_equal(mjr.step_count, steps[what]);
        if (mjr.step_count) assert_int_equal(mjr.steps[0].at_ms, 6000);
        if (mjr.step_count) assert_in_range(mjr.steps[0].by_ms, 3990, 4010);
        mjr_release(&mjr);
    }
}

static void test_no_such_file(void **state)
{
    (void)state;
    struct mjr mjr;
    struct err e = {0};
    assert_false(mjr_read("/nonexistent/x.mjr", 1000, &mjr, &e));
    assert_string_equal(e.code, "mjr_open");
    assert_int_equal(e.sys, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole_file), cmocka_unit_test(test_cut_anywhere), cmocka_unit_test(test_bad_headers),
        cmocka_unit_test(test_odd_values), cmocka_unit_test(test_drift), cmocka_unit_test(test_steps), cmocka_unit_test(test_no_such_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "ws_fixture.h"

/* What a good peer does. */

static void test_a_text_is_echoed(void **state)
{
    (void)state;
    say("hello");
    expect_frame(FIN | TEXT, "hello");
    say("");
    expect_frame(FIN | TEXT, "");
    say("gr\xc3\xbc\xc3\x9f dich");
    expect_frame(FIN | TEXT, "gr\xc3\xbc\xc3\x9f dich");
}

static void test_fragments_become_one_text_and_pings_between_are_answered(void **state)
{
    (void)state;
    send_frame(TEXT, MASKED, "a \xc3", 3); /* a character cut in two */
    send_frame(FIN | PING, MASKED, "here?", 5);
    send_frame(0, MASKED, "\xbc b", 3);
    send_frame(FIN, MASKED, " c", 2);
    expect_frame(FIN | PONG, "here?");
    expect_frame(FIN | TEXT, "a \xc3\xbc b c");
}

static void test_the_largest_message_fits(void **state)
{
    (void)state;
    char large[LARGEST];
    memset(large, 'x', sizeof large);
    send_frame(FIN | TEXT, MASKED, large, sizeof large);
    wait_until(&texts, 1);
    assert_int_equal(strlen(last_text), LARGEST);
}

static void test_bytes_that_came_one_by_one(void **state)
{
    (void)state;
    static const unsigned char frame[] = {FIN | TEXT, MASKED | 2, 0, 0, 0, 0, 'h', 'i'};
    for (size_t i = 0; i < sizeof frame; i++) send_bytes(frame + i, 1);
    expect_frame(FIN | TEXT, "hi");
}

static void test_early_bytes_are_the_first_message(void **state)
{
    (void)state;
    static const unsigned char early[] = {FIN | TEXT, MASKED | 5, 0, 0, 0, 0, 'e', 'a', 'r', 'l', 'y', FIN | TEXT, MASKED | 1};
    start_with(early, sizeof early);
    pthread_create(&loop_thread, NULL, run_loop, loop);
    send_bytes("\0\0\0\0z", 5); /* the rest of the second frame */
    expect_frame(FIN | TEXT, "early");
    expect_frame(FIN | TEXT, "z");
}

static void test_the_peer_closes(void **state)
{
    (void)state;
    send_close(4002);
    assert_int_equal(receive_close(NULL), 4002);
    wait_until(&releases, 1);
    assert_int_equal(close_code, 4002);
}

static void test_the_peer_closes_without_a_code(void **state)
{
    (void)state;
    send_frame(FIN | CLOSE, MASKED, "", 0);
    assert_int_equal(receive_close(NULL), 1005);
    wait_until(&closes, 1);
    assert_int_equal(close_code, 1005);
}

static void test_the_peer_vanishes(void **state)
{
    (void)state;
    shutdown(peer, SHUT_RDWR);
    wait_until(&closes, 1);
    assert_int_equal(close_code, 1006);
}

/* What we do. */

static void close_with_reason(void *arg)
{
    ws_close(arg, 4001, "you were removed");
}

static void test_we_close_with_a_reason(void **state)
{
    (void)state;
    char reason[LARGEST];
    loop_post(loop, close_with_reason, ws);
    assert_int_equal(receive_close(reason), 4001);
    assert_string_equal(reason, "you were removed");
    send_close(4001);
    wait_until(&closes, 1);
    assert_int_equal(close_code, 4001);
}

static void test_a_mute_peer_is_closed_within_two_seconds(void **state)
{
    (void)state;
    int64_t from = clock_monotonic_ms();
    loop_post(loop, close_with_reason, ws);
    wait_until(&closes, 1);
    assert_in_range(clock_monotonic_ms() - from, WS_CLOSE_MS - 1, WS_CLOSE_MS + 2000);
}

static void send_many_then_close(struct ws *from)
{
    for (int i = 0; i < 50; i++) ws_send(from, "waiting", 7);
    ws_close(from, 1001, NULL);
    ws_send(from, "too late", 8);
    ws_close(from, 1002, "again");
}

static void test_sending_and_closing_inside_on_text(void **state)
{
    (void)state;
    on_next_text = send_many_then_close;
    say("go");
    say("this is not delivered any more");
    for (int i = 0; i < 50; i++) expect_frame(FIN | TEXT, "waiting");
    assert_int_equal(receive_close(NULL), 1001);
    send_close(1001);
    wait_until(&closes, 1);
    assert_int_equal(texts, 1);
}

static void close_with_long_reason(void *arg)
{
    char reason[200];
    memset(reason, 'r', sizeof reason);
    memcpy(reason + 122, "\xc3\xbc", 3); /* the limit of 123 bytes falls into the character */
    ws_close(arg, 4000, reason);
}

static void test_a_long_reason_is_cut_between_characters(void **state)
{
    (void)state;
    char reason[LARGEST];
    loop_post(loop, close_with_long_reason, ws);
    assert_int_equal(receive_close(reason), 4000);
    assert_int_equal(strlen(reason), 122);
}

static void send_more_than_the_backlog(void *arg)
{
    static char block[1 << 20];
    memset(block, 'x', sizeof block);
    for (int i = 0; i < WS_BACKLOG / (1 << 20) + 3; i++) ws_send(arg, block, sizeof block);
}

static void test_a_peer_that_does_not_read_is_cut(void **state)
{
    (void)state;
    loop_post(loop, send_more_than_the_backlog, ws);
    wait_until(&closes, 1);
    assert_int_equal(close_code, 1008);
}

static void overflow_in_text(struct ws *from)
{
    send_more_than_the_backlog(from);
}

static void test_a_peer_is_cut_inside_on_text(void **state)
{
    (void)state;
    on_next_text = overflow_in_text;
    say("go");
    wait_until(&closes, 1);
    assert_int_equal(close_code, 1008);
}

static void hasten_keepalive(void *arg)
{
    ws_set_keepalive(arg, 20, 120);
}

static void test_pings_are_sent_and_a_silent_peer_is_cut(void **state)
{
    (void)state;
    loop_post(loop, hasten_keepalive, ws);
    expect_frame(FIN | PING, "");
    send_frame(FIN | PONG, MASKED, "", 0);
    expect_frame(FIN | PING, "");
    wait_until(&closes, 1);
    assert_int_equal(close_code, 1006);
}

/* Broken frames: bytes in, the code the peer is told, the code on_close gets. */

struct broken {
    const char *name;
    const char *bytes;
    size_t size;
    int told, reported;
};
#define BROKEN(name, bytes, told, reported) {name, bytes, sizeof(bytes) - 1, told, reported}
#define KEY "\0\0\0\0"

static const struct broken broken_frames[] = {
    BROKEN("not masked", "\x81\x02hi", 1002, 1002),
    BROKEN("reserved bit", "\xc1\x82" KEY "hi", 1002, 1002),
    BROKEN("unknown opcode", "\x83\x82" KEY "hi", 1002, 1002),
    BROKEN("continuation of nothing", "\x80\x82" KEY "hi", 1002, 1002),
    BROKEN("text inside a fragmented text", "\x01\x81" KEY "a\x81\x81" KEY "b", 1002, 1002),
    BROKEN("binary", "\x82\x82" KEY "hi", 1003, 1003),
    BROKEN("bad UTF-8", "\x81\x82" KEY "\xc3\x28", 1007, 1007),
    BROKEN("UTF-8 cut at the end", "\x81\x81" KEY "\xc3", 1007, 1007),
    BROKEN("surrogate", "\x81\x83" KEY "\xed\xa0\x80", 1007, 1007),
    BROKEN("one byte too large", "\x81\xfe\x10\x01" KEY "x", 1009, 1009),
    BROKEN("absurdly large", "\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff" KEY "x", 1009, 1009),
    BROKEN("fragmented ping", "\x09\x80" KEY, 1005, 1002),
    BROKEN("ping of 126 bytes", "\x89\xfe\x00\x7e" KEY, 1005, 1002),
    BROKEN("close with a forbidden code", "\x88\x82" KEY "\x03\xee", 1002, 1002),
    BROKEN("length not in its shortest form", "\x81\xfe\x00\x02" KEY "hi", 1005, 1002),
};

static void test_broken_frames_close(void **state)
{
    for (size_t i = 0; i < sizeof broken_frames / sizeof *broken_frames; i++) {
        const struct broken *b = &broken_frames[i];
        setup(state);
        send_bytes(b->bytes, b->size);
        int told = receive_close(NULL);
        shutdown(peer, SHUT_RDWR);
        wait_until(&closes, 1);
        if (told != b->told || close_code != b->reported) fail_msg("%s: told %d, reported %d", b->name, told, close_code);
        assert_int_equal(texts, 0);
        teardown(state);
    }
}

static void test_a_message_too_large_in_fragments_closes(void **state)
{
    (void)state;
    char half[LARGEST / 2 + 1];
    memset(half, 'x', sizeof half);
    send_frame(TEXT, MASKED, half, sizeof half);
    send_frame(FIN, MASKED, half, sizeof half);
    assert_int_equal(receive_close(NULL), 1009);
    shutdown(peer, SHUT_RDWR);
    wait_until(&closes, 1);
    assert_int_equal(close_code, 1009);
}

static void test_frames_after_the_peers_close_are_ignored(void **state)
{
    (void)state;
    begin_together();
    send_close(1000);
    say("ghost");
    end_together();
    assert_int_equal(receive_close(NULL), 1000);
    wait_until(&closes, 1);
    assert_int_equal(texts, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_text_is_echoed),
        TEST(test_fragments_become_one_text_and_pings_between_are_answered),
        TEST(test_the_largest_message_fits),
        TEST(test_bytes_that_came_one_by_one),
        cmocka_unit_test_setup_teardown(test_early_bytes_are_the_first_message, setup_bare, teardown),
        TEST(test_the_peer_closes),
        TEST(test_the_peer_closes_without_a_code),
        TEST(test_the_peer_vanishes),
        TEST(test_we_close_with_a_reason),
        TEST(test_a_mute_peer_is_closed_within_two_seconds),
        TEST(test_sending_and_closing_inside_on_text),
        TEST(test_a_long_reason_is_cut_between_characters),
        TEST(test_a_peer_that_does_not_read_is_cut),
        TEST(test_a_peer_is_cut_inside_on_text),
        TEST(test_pings_are_sent_and_a_silent_peer_is_cut),
        cmocka_unit_test(test_broken_frames_close),
        TEST(test_a_message_too_large_in_fragments_closes),
        TEST(test_frames_after_the_peers_close_are_ignored),
    };
    return cmocka_run_group_tests_name("ws", tests, NULL, NULL);
}

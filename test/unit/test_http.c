#include "http_fixture.h"

/* Requests and replies. */

static void test_a_request_is_seen_as_it_was_sent(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"GET /a%20b/c?x=%31&y HTTP/1.1\r\nHost: x\r\n\r\n", "GET|/a%20b/c|x=%31&y|127.0.0.1||0"},
        {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "GET|/||127.0.0.1||0"},
        {"GET http://x:80/p?q HTTP/1.1\r\nHost: x\r\n\r\n", "GET|/p|q|127.0.0.1||0"},
        {"POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello", "POST|/p||127.0.0.1|hello|5"},
        {"POST /p HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n", "POST|/p||127.0.0.1|hello|5"},
        {"POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", "POST|/p||127.0.0.1||0"},
        {"BREW /pot HTTP/1.1\r\nHost: x\r\n\r\n", "BREW|/pot||127.0.0.1||0"},
        {"DELETE /d HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}", "DELETE|/d||127.0.0.1|{}|2"},
    };
    int fd = dial();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(ask(fd, cases[i][0]), 200);
        assert_string_equal(body, cases[i][1]);
    }
    close(fd);
}

static void test_head_has_no_body(void **state)
{
    (void)state;
    int fd = dial();
    send_text(fd, "HEAD /h HTTP/1.1\r\nHost: x\r\n\r\nGET /g HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_int_equal(read_reply(fd, head, body, false), 200);
    assert_non_null(strstr(head, "Content-Length: 20"));
    assert_int_equal(read_reply(fd, head, body, true), 200);
    assert_string_equal(body, "GET|/g||127.0.0.1||0");
    close(fd);
}

static void test_pipelined_requests_are_answered_in_order(void **state)
{
    (void)state;
    int fd = dial();
    send_text(fd, "GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /defer HTTP/1.1\r\nHost: x\r\n\r\n"
                  "POST /3 HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n3GET /4 HTTP/1.1\r\nHost: x\r\n\r\n");
    static const char *const wanted[] = {"GET|/1||127.0.0.1||0", "resumed", "POST|/3||127.0.0.1|3|1", "GET|/4||127.0.0.1||0"};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(read_reply(fd, head, body, true), 200);
        assert_string_equal(body, wanted[i]);
    }
    close(fd);
}

static void test_reply_headers(void **state)
{
    (void)state;
    int fd = dial();
    assert_int_equal(ask(fd, "GET /headers HTTP/1.1\r\nHost: x\r\nX-Asked: well\r\n\r\n"), 200);
    assert_string_equal(body, "well");
    assert_non_null(strstr(head, "X-One: 1\r\n"));
    assert_null(strstr(head, "X-Bad"));
    assert_null(strstr(head, "X-Injected"));
    close(fd);
}

static void test_a_part_of_a_file(void **state)
{
    (void)state;
    int fd = dial();
    assert_int_equal(get(fd, "/file"), 206);
    assert_string_equal(body, "3456");
    close(fd);
}

static void test_a_handler_that_forgets_to_reply_gives_500(void **state)
{
    (void)state;
    log_setup(LOG_ERROR + 1, false);
    int fd = dial();
    assert_int_equal(get(fd, "/forgets"), 500);
    assert_int_equal(get(fd, "/x"), 200);
    close(fd);
}

/* Deferring. */

static void test_a_deferred_request_is_resumed_from_another_thread(void **state)
{
    (void)state;
    int fd = dial();
    static const char *const targets[] = {"/defer", "/defer?twice", "/at-once", "/defer"};
    for (int i = 0; i < 400; i++) {
        assert_int_equal(get(fd, targets[i % 4]), 200);
        assert_string_equal(body, "resumed");
    }
    close(fd);
}

static void test_a_client_that_left_while_deferred_is_done_after_the_resume(void **state)
{
    (void)state;
    int fd = dial(), other = dial();
    send_text(fd, "GET /park HTTP/1.1\r\nHost: x\r\n\r\n");
    struct http_request *r = wait_parked();
    struct linger reset = {1, 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    close(fd);
    for (int i = 0; i < 20; i++) assert_int_equal(get(other, "/x"), 200);
    wait_count(&done, 20);
    assert_string_equal(r->context, "mine"); /* still ours */
    http_resume(r);
    wait_count(&done, 21);
    close(other);
}

static void test_drain_waits_for_what_is_under_way(void **state)
{
    (void)state;
    int fd = dial();
    send_text(fd, "GET /park HTTP/1.1\r\nHost: x\r\n\r\n");
    struct http_request *r = wait_parked();
    http_quiesce(server);
    assert_false(http_drain(server, clock_monotonic_ms() + 30));
    http_resume(r);
    assert_true(http_drain(server, clock_monotonic_ms() + DEADLINE_S * 1000));
    assert_int_equal(read_reply(fd, head, body, true), 200);
    assert_non_null(strcasestr(head, "Connection: close"));
    assert_true(hung_up(fd));
    close(fd);
}

static void test_stop_answers_what_is_deferred_still(void **state)
{
    (void)state;
    int fd = dial();
    send_text(fd, "GET /park HTTP/1.1\r\nHost: x\r\n\r\n");
    wait_parked();
    http_stop(server);
    server = NULL;
    assert_int_equal(done, 1);
    int status = read_reply(fd, head, body, true);
    assert_true(status == 503 || status == 0);
    close(fd);
}

static void test_nothing_reaches_the_handler_after_the_drain(void **state)
{
    (void)state;
    int fd = dial();
    assert_int_equal(get(fd, "/x"), 200);
    assert_true(http_drain(server, clock_monotonic_ms() + DEADLINE_S * 1000));
    assert_int_equal(get(fd, "/x"), 503);
    assert_int_equal(begun, 1);
    close(fd);
}

/* WebSockets. */

#define UPGRADE(version, key)                                                                                                  \
    "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Version: " version \
    "\r\nSec-WebSocket-Key: " key "\r\n\r\n"
#define GOOD_UPGRADE UPGRADE("13", "dGhlIHNhbXBsZSBub25jZQ==")

static void test_an_upgrade_and_an_echo(void **state)
{
    (void)state;
    int fd = dial();
    send_text(fd, GOOD_UPGRADE "\x81\x85" "aaaa" "\x09\x04\x0d\x0d\x0e"); /* "hello" comes along */
    assert_int_equal(read_reply(fd, head, body, true), 101);
    assert_non_null(strstr(head, "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
    assert_non_null(strstr(head, "Sec-WebSocket-Protocol: chat\r\n"));
    char frame[8] = "";
    assert_int_equal(recv(fd, frame, 7, MSG_WAITALL), 7);
    assert_string_equal(frame, "\x81\x05hello");
    wait_count(&done, 1); /* the request is over though the socket lives */
    send_all(fd, "\x88\x82" "\0\0\0\0" "\x03\xe8", 8);
    assert_int_equal(recv(fd, frame, 4, MSG_WAITALL), 4);
    assert_memory_equal(frame, "\x88\x02\x03\xe8", 4);
    assert_true(hung_up(fd));
    close(fd);
    wait_count(&ws_closed, 1);
}

static void test_wrong_upgrades_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *request;
        int status;
    } cases[] = {
        {"GET /ws HTTP/1.1\r\nHost: x\r\n\r\n", 426},
        {UPGRADE("8", "dGhlIHNhbXBsZSBub25jZQ=="), 426},
        {UPGRADE("13", "short"), 400},
        {"POST /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 0\r\n\r\n", 400},
    };
    int fd = dial();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(ask(fd, cases[i].request), cases[i].status);
        if (cases[i].status == 426) assert_non_null(strstr(head, "Sec-WebSocket-Version: 13"));
    }
    close(fd);
}

static void test_stop_closes_a_socket_that_was_never_released(void **state)
{
    (void)state;
    upgraded_never_released = true;
    int fd = dial();
    assert_int_equal(ask(fd, GOOD_UPGRADE), 101);
    wait_count(&done, 1);
    http_stop(server);
    server = NULL;
    assert_true(hung_up(fd));
    close(fd);
}

static void test_an_upgraded_socket_outlives_the_time_limit(void **state)
{
    (void)state;
    int fd = dial(), silent = dial();
    assert_int_equal(ask(fd, GOOD_UPGRADE), 101);
    assert_true(hung_up(silent));
    assert_true(hung_up(silent));
    send_all(fd, "\x81\x82" "\0\0\0\0" "hi", 8);
    char frame[5] = "";
    assert_int_equal(recv(fd, frame, 4, MSG_WAITALL), 4);
    assert_string_equal(frame, "\x81\x02hi");
    close(fd), close(silent);
    wait_count(&ws_closed, 1);
}

/* Connections that are given away. */

static void test_a_connection_that_was_given_away_is_no_more_the_servers(void **state)
{
    (void)state;
    for (int round = 1; round <= 50; round++) {
        char said[6] = "";
        int fd = dial();
        assert_int_equal(get(fd, "/take?x=1"), 200);
        assert_non_null(strstr(head, "Content-Type: text/event-stream\r\n"));
        assert_non_null(strstr(head, "Connection: close\r\n"));
        assert_non_null(strstr(head, "X-One: 1\r\n"));
        wait_count(&done, round); /* the server has let go of it */
        int own = atomic_exchange(&taken, 0);
        assert_true(fcntl(own, F_GETFL) & O_NONBLOCK);
        send_text(own, "hello");
        assert_int_equal(recv(fd, said, 5, MSG_WAITALL), 5);
        assert_string_equal(said, "hello");
        send_text(fd, "GET / HTTP/1.1\r\n\r\n"); /* nobody answers but who has the socket */
        struct pollfd heard = {.fd = own, .events = POLLIN};
        assert_int_equal(poll(&heard, 1, DEADLINE_S * 1000), 1);
        assert_int_equal(recv(own, said, 5, 0), 5);
        close(own);
        assert_true(hung_up(fd));
        close(fd);
    }
    for (int64_t deadline = clock_monotonic_ms() + DEADLINE_S * 1000; http_connections(server) && clock_monotonic_ms() < deadline;) poll(NULL, 0, 1);
    assert_int_equal(http_connections(server), 0);
}

static void test_a_websocket_that_was_given_away(void **state)
{
    (void)state;
    int fd = dial();
    assert_int_equal(get(fd, "/take-ws"), 426);
    assert_int_equal(ask(fd, "GET /take-ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                             "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"), 101);
    assert_non_null(strstr(head, "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
    assert_non_null(strstr(head, "Connection: Upgrade\r\n"));
    wait_count(&done, 2);
    close(atomic_exchange(&taken, 0));
    assert_true(hung_up(fd));
    close(fd);
}

/* A server that stops at once finds nothing to be closed. */
static void test_stop_leaves_alone_what_was_given_away(void **state)
{
    (void)state;
    char said[3] = "";
    int fd = dial();
    assert_int_equal(get(fd, "/take"), 200);
    http_stop(server);
    server = NULL;
    assert_int_equal(send(taken, "ok", 2, 0), 2);
    assert_int_equal(recv(fd, said, 2, MSG_WAITALL), 2);
    close(atomic_exchange(&taken, 0)), close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_request_is_seen_as_it_was_sent),
        TEST(test_head_has_no_body),
        TEST(test_pipelined_requests_are_answered_in_order),
        TEST(test_reply_headers),
        TEST(test_a_part_of_a_file),
        TEST(test_a_handler_that_forgets_to_reply_gives_500),
        TEST(test_a_deferred_request_is_resumed_from_another_thread),
        TEST(test_a_client_that_left_while_deferred_is_done_after_the_resume),
        TEST(test_drain_waits_for_what_is_under_way),
        TEST(test_nothing_reaches_the_handler_after_the_drain),
        TEST(test_stop_answers_what_is_deferred_still),
        TEST(test_an_upgrade_and_an_echo),
        TEST(test_wrong_upgrades_are_refused),
        TEST(test_stop_closes_a_socket_that_was_never_released),
        TEST(test_a_connection_that_was_given_away_is_no_more_the_servers),
        TEST(test_a_websocket_that_was_given_away),
        TEST(test_stop_leaves_alone_what_was_given_away),
        HASTY(test_an_upgraded_socket_outlives_the_time_limit),
    };
    return cmocka_run_group_tests_name("http", tests, NULL, NULL);
}

#include "http_fixture.h"
#include <sys/resource.h>

/* Limits. */

static void test_a_large_body_is_dropped_and_told(void **state)
{
    (void)state;
    int fd = dial();
    char chunk[5002];
    memset(chunk, 'x', sizeof chunk);
    memcpy(chunk + 5000, "\r\n", 2);
    send_text(fd, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 20; i++) {
        send_text(fd, "1388\r\n");
        send_all(fd, chunk, sizeof chunk);
    }
    send_text(fd, "0\r\n\r\n");
    assert_int_equal(read_reply(fd, head, body, true), 413);
    send_text(fd, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10001\r\n\r\n");
    send_all(fd, chunk, 5000), send_all(fd, chunk, 5000), send_text(fd, "!");
    assert_int_equal(read_reply(fd, head, body, true), 413);
    assert_int_equal(get(fd, "/after"), 200); /* the connection is as good as before */
    close(fd);
}

static void test_the_largest_body_fits(void **state)
{
    (void)state;
    int fd = dial();
    char large[BODY_LIMIT];
    memset(large, 'x', sizeof large);
    send_text(fd, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10000\r\n\r\n");
    send_all(fd, large, sizeof large);
    assert_int_equal(read_reply(fd, head, body, true), 200);
    assert_non_null(strstr(body, "xxx|10000"));
    close(fd);
}

static void test_a_huge_body_is_not_waited_for(void **state)
{
    (void)state;
    int fd = dial();
    assert_int_equal(ask(fd, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n"), 413);
    assert_true(hung_up(fd));
    close(fd);
    fd = dial();
    assert_int_equal(ask(fd, "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 10001\r\n\r\n"), 413);
    close(fd);
    fd = dial();
    assert_int_equal(ask(fd, "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"), 100);
    send_text(fd, "ok");
    assert_int_equal(read_reply(fd, head, body, true), 200);
    close(fd);
}

static void test_an_endless_chunked_body_is_cut(void **state)
{
    (void)state;
    int fd = dial();
    send_text(fd, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    char line[65536 + 9];
    memset(line, 'x', sizeof line);
    memcpy(line, "10000\r\n", 7);
    memcpy(line + 7 + 65536, "\r\n", 2);
    int rounds = 0;
    while (rounds < 1000 && send(fd, line, sizeof line, MSG_NOSIGNAL) == (ssize_t)sizeof line) rounds++;
    assert_in_range(rounds, 100, 400); /* 8 MiB and what the sockets hold */
    close(fd);
}

static void test_large_headers_give_431(void **state)
{
    (void)state;
    static char request[20000];
    int n = snprintf(request, sizeof request, "GET / HTTP/1.1\r\nHost: x\r\nX-Large: ");
    memset(request + n, 'x', 17000);
    strcpy(request + n + 17000, "\r\n\r\n");
    int fd = dial();
    assert_int_equal(ask(fd, request), 431);
    close(fd);
    assert_int_equal(begun, 0);
}

static void test_garbage_gives_400_or_the_end(void **state)
{
    (void)state;
    static const char *const garbage[] = {
        "\r\n\r\n\r\nrubbish\r\n\r\n", "GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "\x16\x03\x01\x02\x01\x01\xfc\x03\x03\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999999\r\n\r\n", "GET\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof garbage / sizeof *garbage; i++) {
        int fd = dial();
        send_text(fd, garbage[i]);
        shutdown(fd, SHUT_WR);
        int status = read_reply(fd, head, body, true);
        if (status && (status < 400 || status > 413)) fail_msg("\"%s\" gave %d", garbage[i], status);
        close(fd);
    }
    int fd = dial();
    assert_int_equal(get(fd, "/still-there"), 200);
    close(fd);
}

static void test_clients_that_drip_are_cut(void **state)
{
    (void)state;
    static const char *const beginnings[] = {"GET /slow HTTP/1.1\r\nX: ", "POST /slow HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n", "G"};
    struct pollfd drips[3];
    for (int i = 0; i < 3; i++) {
        drips[i] = (struct pollfd){.fd = dial(), .events = POLLIN};
        send_text(drips[i].fd, beginnings[i]);
    }
    int64_t from = clock_monotonic_ms(), deadline = from + DEADLINE_S * 1000;
    int cut = 0;
    while (cut < 3 && clock_monotonic_ms() < deadline) { /* a byte every 50 ms: never silent for long */
        poll(NULL, 0, 50);
        for (int i = 0; i < 3; i++) {
            if (drips[i].fd < 0 || send(drips[i].fd, "x", 1, MSG_NOSIGNAL | MSG_DONTWAIT) == 1) continue;
            close(drips[i].fd);
            drips[i].fd = -1;
            cut++;
        }
    }
    assert_int_equal(cut, 3);
    assert_in_range(clock_monotonic_ms() - from, 900, 4000);
    assert_int_equal(begun, 0);
}

static void test_silent_clients_are_cut(void **state)
{
    (void)state;
    int silent = dial(), kept = dial();
    assert_int_equal(get(kept, "/x"), 200);
    assert_true(hung_up(silent));
    assert_true(hung_up(kept));
    close(silent), close(kept);
}

static void test_a_deferred_request_has_no_time_limit(void **state)
{
    (void)state;
    int fd = dial(), silent = dial();
    send_text(fd, "GET /park HTTP/1.1\r\nHost: x\r\n\r\n");
    struct http_request *r = wait_parked();
    assert_true(hung_up(silent)); /* more than timeout_s has passed */
    http_resume(r);
    assert_int_equal(read_reply(fd, head, body, true), 200);
    close(fd), close(silent);
}

/* Addresses, connections. */

static void test_a_port_in_use_is_refused(void **state)
{
    (void)state;
    struct http_options o = options();
    struct err e = {0};
    char wanted[64];
    o.port = http_port(server);
    snprintf(wanted, sizeof wanted, "address 127.0.0.1:%d is in use", o.port);
    assert_null(http_start(&o, &e));
    assert_non_null(strstr(e.text, wanted));
    o.address = "nowhere";
    assert_null(http_start(&o, &e));
    assert_non_null(strstr(e.text, "\"nowhere\" is not an IPv4 or IPv6 address"));
    o.address = "192.0.2.1"; /* nobody's, RFC 5737 */
    assert_null(http_start(&o, &e));
    assert_non_null(strstr(e.text, "cannot listen on 192.0.2.1"));
}

static void test_ipv6(void **state)
{
    (void)state;
    struct http_options o = options();
    o.address = "::1";
    start(&o);
    struct sockaddr_in6 to = {.sin6_family = AF_INET6, .sin6_port = htons(http_port(server)), .sin6_addr = in6addr_loopback};
    int fd = socket(AF_INET6, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    assert_int_equal(get(fd, "/six"), 200);
    assert_string_equal(body, "GET|/six||::1||0");
    close(fd);
    teardown(state);
}

static void test_a_thousand_idle_connections(void **state)
{
    (void)state;
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    if (files.rlim_max < 2600) skip();
    static int fds[1000];
    for (int i = 0; i < 1000; i++) fds[i] = dial();
    assert_int_equal(get(fds[999], "/x"), 200);
    for (int i = 0; i < 1000; i++) assert_int_equal(get(fds[i], i % 2 ? "/defer" : "/x"), 200);
    assert_int_equal(http_connections(server), 1000);
    for (int i = 0; i < 1000; i++) close(fds[i]);
}

static void test_too_many_connections_are_hung_up_on(void **state)
{
    (void)state;
    struct http_options o = options();
    o.connections = 3;
    start(&o);
    int fds[3];
    for (int i = 0; i < 3; i++) {
        fds[i] = dial();
        assert_int_equal(get(fds[i], "/x"), 200);
    }
    int fourth = dial();
    assert_true(hung_up(fourth));
    for (int i = 0; i < 3; i++) assert_int_equal(get(fds[i], "/x"), 200);
    for (int i = 0; i < 3; i++) close(fds[i]);
    close(fourth);
    teardown(state);
}

/* 128 and its multiples are where libmicrohttpd's own threads stall. */
static void test_exactly_128_connections_at_once(void **state)
{
    (void)state;
    enum { AT_ONCE = 128, ROUNDS = 30 };
    int fds[AT_ONCE];
    for (int i = 0; i < AT_ONCE; i++) fds[i] = dial();
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < AT_ONCE; i++) send_text(fds[i], round % 2 ? "GET /defer HTTP/1.1\r\nHost: x\r\n\r\n" : "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        for (int i = 0; i < AT_ONCE; i++) assert_int_equal(read_reply(fds[i], head, body, true), 200);
    }
    for (int i = 0; i < AT_ONCE; i++) close(fds[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_large_body_is_dropped_and_told),
        TEST(test_the_largest_body_fits),
        TEST(test_a_huge_body_is_not_waited_for),
        TEST(test_an_endless_chunked_body_is_cut),
        TEST(test_large_headers_give_431),
        TEST(test_garbage_gives_400_or_the_end),
        HASTY(test_clients_that_drip_are_cut),
        HASTY(test_silent_clients_are_cut),
        HASTY(test_a_deferred_request_has_no_time_limit),
        TEST(test_a_port_in_use_is_refused),
        cmocka_unit_test(test_ipv6),
        TEST(test_a_thousand_idle_connections),
        cmocka_unit_test(test_too_many_connections_are_hung_up_on),
        TEST(test_exactly_128_connections_at_once),
    };
    return cmocka_run_group_tests_name("http limits", tests, NULL, NULL);
}

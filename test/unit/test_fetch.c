/* Requests to other servers: what goes out, what comes back, and what each fault is called. The server is played by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/clock.h"
#include "net/fetch.h"
#include "server_fixture.h"
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REQUEST = 8192 };
static char request[REQUEST];               /* request: the last one, head and body */
static const char *answer;                  /* NULL: say nothing until the client hangs up */
static atomic_int connections, requests;
static struct arena arena;
static struct fetcher *fetcher;
static struct fetch_reply reply;
static struct err err;

static void talk(int fd)
{
    static char in[REQUEST];
    connections++;
    while (server_read(fd, in, sizeof in)) {
        memcpy(request, in, sizeof request); /* before it is answered, so that the client may look at it then */
        requests++;
        if (answer && (!server_send(fd, answer, strlen(answer)) || !strstr(answer, "Content-Length"))) break;
    }
}

static int setup(void **state)
{
    (void)state;
    connections = requests = 0;
    arena_init(&arena);
    fetcher = fetcher_create();
    return server_start(talk, false);
}

static int teardown(void **state)
{
    (void)state;
    fetcher_destroy(fetcher);
    server_stop();
    arena_release(&arena);
    return 0;
}

static bool get(const char *path, size_t largest, int64_t total_ms)
{
    err = (struct err){0};
    struct fetch what = {.url = arena_printf(&arena, "%s%s", origin, path), .largest = largest, .total_ms = total_ms};
    return fetch(fetcher, &what, &arena, &reply, &err);
}

static void test_get(void **state)
{
    (void)state;
    answer = "HTTP/1.1 418 Teapot\r\nContent-Length: 5\r\nX-One:  1 \r\nRetry-After: 7\r\n\r\nhello";
    assert_true(get("/a/b?c=d", 0, 0));
    assert_int_equal(reply.status, 418);
    assert_string_equal(reply.body, "hello");
    assert_int_equal(reply.size, 5);
    assert_string_equal(fetch_header(&reply, &arena, "retry-after"), "7");
    assert_null(fetch_header(&reply, &arena, "X-On"));
    assert_memory_equal(request, "GET /a/b?c=d HTTP/1.1\r\n", 23);
    for (int i = 0; i < 5; i++) assert_true(get("/again", 0, 0));
    assert_int_equal(connections, 1); /* it is kept */
    assert_int_equal(requests, 6);
}

static void test_post(void **state)
{
    (void)state;
    const char *const headers[] = {"Content-Type: application/json", "Authorization: Bearer x", NULL};
    answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    struct fetch what = {.url = arena_printf(&arena, "%s/in", origin), .headers = headers, .body = "{\"a\":1}", .body_size = 7};
    assert_true(fetch(fetcher, &what, &arena, &reply, &err));
    assert_string_equal(reply.body, "");
    assert_memory_equal(request, "POST /in ", 9);
    assert_non_null(strstr(request, "\r\nAuthorization: Bearer x\r\n"));
    assert_non_null(strstr(request, "\r\nContent-Type: application/json\r\n"));
    assert_null(strstr(request, "Expect"));
    assert_string_equal(strstr(request, "\r\n\r\n") + 4, "{\"a\":1}");
    what.method = "DELETE";
    what.body = NULL;
    assert_true(fetch(fetcher, &what, &arena, &reply, &err));
    assert_memory_equal(request, "DELETE /in ", 11);
}

/* What is in a header is for the named host only. */
static void test_redirects_are_replies(void **state)
{
    (void)state;
    answer = "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.2:1/\r\nContent-Length: 0\r\n\r\n";
    assert_true(get("/", 0, 0));
    assert_int_equal(reply.status, 302);
    assert_string_equal(fetch_header(&reply, &arena, "Location"), "http://127.0.0.2:1/");
}

static void expect_fault(bool ok, const char *code)
{
    assert_false(ok);
    assert_string_equal(err.code, code);
    assert_int_equal(err.kind, ERR_DESTINATION);
    assert_null(strstr(err.text, "secret"));
}

static void test_faults(void **state)
{
    (void)state;
    answer = "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello world";
    expect_fault(get("/?token=secret", 10, 0), "fetch_too_large");
    assert_true(get("/", 11, 0));
    answer = "HTTP/1.1 200 OK\r\n\r\nuntil the end";
    assert_true(get("/", 0, 0));
    assert_string_equal(reply.body, "until the end");
    answer = "SSH-2.0\r\n";
    expect_fault(get("/?token=secret", 0, 0), "fetch_failed");
    answer = NULL;
    int64_t began = clock_monotonic_ms();
    expect_fault(get("/?token=secret", 0, 200), "fetch_timeout");
    assert_in_range(clock_monotonic_ms() - began, 150, 2000);
}

static bool get_url(const char *url)
{
    err = (struct err){0};
    struct fetch what = {.url = url, .total_ms = 2000};
    return fetch(fetcher, &what, &arena, &reply, &err);
}

static void test_where_it_goes(void **state)
{
    (void)state;
    answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    expect_fault(get_url("file:///etc/passwd?secret"), "fetch_url");
    expect_fault(get_url("ftp://127.0.0.1/secret"), "fetch_url");
    expect_fault(get_url("http://"), "fetch_url");
    expect_fault(get_url("http://user:secret@127.0.0.1:1/"), "fetch_connect");
    assert_non_null(strstr(err.text, "\"127.0.0.1:1\""));
    expect_fault(get_url(arena_printf(&arena, "https%s/?secret", origin + 4)), "fetch_tls"); /* it speaks no TLS */
    setenv("http_proxy", origin, 1);
    expect_fault(get_url("http://127.0.0.1:1/secret"), "fetch_connect");
    unsetenv("http_proxy");
}

static void test_escape(void **state)
{
    (void)state;
    assert_string_equal(fetch_escape(&arena, "!a/b:c.d-e_f~g +?#%\xc3\xbc"), "%21a%2Fb%3Ac.d-e_f~g%20%2B%3F%23%25%C3%BC");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_get), TEST(test_post), TEST(test_redirects_are_replies), TEST(test_faults), TEST(test_where_it_goes), TEST(test_escape)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* http_fixture.h - an HTTP server whose handler echoes, defers, parks, upgrades (by path), and clients played by hand over plain
 * sockets. For the test_http programs. */
#pragma once
#include "base/clock.h"
#include "base/log.h"
#include "net/http.h"
#include "net/ws.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { BODY_LIMIT = 10000, DEADLINE_S = 10, REPLY = 64 << 10 };
static const char *const text_plain = "text/plain";

static struct http_server *server;
static struct loop *loop; /* the other thread: resumes requests, has the WebSockets */
static pthread_t loop_thread;
static atomic_int begun, done, started, stopped, ws_closed;
static _Atomic(struct http_request *) parked; /* deferred until the test resumes it */
static atomic_bool upgraded_never_released;
static atomic_int taken; /* the socket of a connection that was given away */

/* The server's side. */

static inline void resume_later(void *request)
{
    http_resume(request);
}

static inline void echo_text(struct ws *ws, const char *text, size_t size, void *ctx)
{
    (void)ctx;
    ws_send(ws, text, size);
}

static inline void count_close(struct ws *ws, int code, void *ctx)
{
    (void)ws, (void)code, (void)ctx;
    ws_closed++;
}

static const struct ws_handler echo = {echo_text, count_close};

struct handover {
    int fd;
    void (*release)(void *);
    void *handle;
    size_t size;
    char early[];
};

static inline void accept_on_loop(void *arg)
{
    struct handover *h = arg;
    ws_accept(loop, h->fd, h->early, h->size, BODY_LIMIT, &echo, NULL, h->release, h->handle);
    free(h);
}

static inline void on_upgraded(void *ctx, int fd, const void *early, size_t size, void (*release)(void *), void *handle)
{
    (void)ctx;
    assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
    if (upgraded_never_released) return;
    struct handover *h = malloc(sizeof *h + size);
    *h = (struct handover){fd, release, handle, size};
    if (size) memcpy(h->early, early, size);
    loop_post(loop, accept_on_loop, h);
}

static inline void reply_upgrade(struct http_request *r)
{
    struct err e;
    http_reply_header(r, "Sec-WebSocket-Protocol", "chat");
    if (!http_reply_websocket(r, on_upgraded, NULL, &e)) http_reply(r, e.status, text_plain, e.text, strlen(e.text));
}

static inline void reply_what_was_seen(struct http_request *r)
{
    struct buf b;
    buf_init(&b, 0);
    buf_printf(&b, "%s|%s|%s|%s|%s|%d", r->method, r->path, r->query, r->client, r->body, (int)r->body_size);
    http_reply_take(r, 200, text_plain, &b);
}

static inline void reply_file(struct http_request *r)
{
    FILE *f = tmpfile();
    fputs("0123456789", f);
    fflush(f);
    http_reply_file(r, 206, text_plain, dup(fileno(f)), 3, 4);
    fclose(f);
}

static inline void reply_headers(struct http_request *r)
{
    http_reply_header(r, "X-One", "1");
    http_reply_header(r, "X-Bad", "a\r\nX-Injected: yes");
    const char *seen = http_header(r, "x-ASKED");
    http_reply(r, 200, NULL, seen ? seen : "", seen ? strlen(seen) : 0);
}

static inline void give_away(struct http_request *r, int (*take)(struct http_request *r, struct err *e))
{
    struct err e;
    http_reply_header(r, "X-One", "1");
    int fd = take(r, &e);
    if (fd < 0) http_reply(r, e.status, text_plain, e.text, strlen(e.text));
    else atomic_store(&taken, fd);
}

static inline int take_stream(struct http_request *r, struct err *e) { return http_take_socket(r, 200, "text/event-stream", e); }

static inline void on_request(struct http_request *r, void *ctx)
{
    (void)ctx;
    begun++;
    r->context = arena_strdup(&r->arena, "mine");
    if (r->body_too_large) http_reply(r, 413, text_plain, "too large", 9);
    else if (strcmp(r->path, "/defer") == 0) http_defer(r), loop_post(loop, resume_later, r);
    else if (strcmp(r->path, "/park") == 0) http_defer(r), atomic_store(&parked, r);
    else if (strcmp(r->path, "/at-once") == 0) http_defer(r), http_resume(r);
    else if (strcmp(r->path, "/ws") == 0) reply_upgrade(r);
    else if (strcmp(r->path, "/file") == 0) reply_file(r);
    else if (strcmp(r->path, "/headers") == 0) reply_headers(r);
    else if (strcmp(r->path, "/take") == 0) give_away(r, take_stream);
    else if (strcmp(r->path, "/take-ws") == 0) give_away(r, http_take_websocket);
    else if (strcmp(r->path, "/forgets") == 0) return;
    else reply_what_was_seen(r);
}

static inline void on_resume(struct http_request *r, void *ctx)
{
    (void)ctx;
    if (strcmp(r->query, "twice") == 0) {
        r->query = "second";
        http_defer(r);
        loop_post(loop, resume_later, r);
    } else {
        http_reply(r, 200, text_plain, "resumed", 7);
    }
}

static inline void on_done(struct http_request *r, void *ctx)
{
    (void)ctx;
    assert_string_equal(r->context, "mine");
    done++;
}

static inline void on_thread_start(int thread, void *ctx) { (void)thread, (void)ctx, started++; }
static inline void on_thread_stop(int thread, void *ctx) { (void)thread, (void)ctx, stopped++; }

/* The client's side. */

static inline int connect_port(uint16_t port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct timeval limit = {.tv_sec = DEADLINE_S};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) == 0) return fd;
    if (fd >= 0) close(fd);
    return -1;
}

static inline int dial(void)
{
    int fd = connect_port(http_port(server));
    assert_true(fd >= 0);
    return fd;
}

static inline void send_all(int fd, const char *bytes, size_t size)
{
    while (size) {
        ssize_t n = send(fd, bytes, size, MSG_NOSIGNAL);
        assert_true(n > 0);
        bytes += n;
        size -= (size_t)n;
    }
}

static inline void send_text(int fd, const char *text)
{
    send_all(fd, text, strlen(text));
}

/* Reads the head byte by byte, then the body its Content-Length tells. Gives the status, 0 when the server hung up. */
static inline int read_reply(int fd, char *head, char *body, bool has_body)
{
    size_t n = 0;
    head[0] = body[0] = '\0';
    while (!strstr(n > 4 ? head + n - 4 : head, "\r\n\r\n")) {
        if (n + 1 >= REPLY || recv(fd, head + n, 1, 0) != 1) return 0;
        head[++n] = '\0';
    }
    const char *length = strcasestr(head, "content-length: ");
    size_t size = length && has_body ? strtoul(length + 16, NULL, 10) : 0;
    assert_true(size < REPLY);
    if (size && recv(fd, body, size, MSG_WAITALL) != (ssize_t)size) return 0;
    body[size] = '\0';
    return atoi(head + 9);
}

static char head[REPLY], body[REPLY];

static inline int ask(int fd, const char *request)
{
    send_text(fd, request);
    return read_reply(fd, head, body, true);
}

static inline int get(int fd, const char *target)
{
    char request[512];
    snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", target);
    return ask(fd, request);
}

static inline bool hung_up(int fd)
{
    char byte;
    ssize_t n;
    while ((n = recv(fd, &byte, 1, 0)) == 1) continue;
    return n == 0 || errno == ECONNRESET;
}

static inline void wait_count(atomic_int *value, int wanted)
{
    int64_t deadline = clock_monotonic_ms() + DEADLINE_S * 1000;
    while (*value < wanted && clock_monotonic_ms() < deadline) poll(NULL, 0, 1);
    assert_int_equal(*value, wanted);
}

static inline struct http_request *wait_parked(void)
{
    int64_t deadline = clock_monotonic_ms() + DEADLINE_S * 1000;
    struct http_request *r;
    while (!(r = atomic_exchange(&parked, NULL)) && clock_monotonic_ms() < deadline) poll(NULL, 0, 1);
    assert_non_null(r);
    return r;
}

/* The fixture. */

static inline void *run_loop(void *arg)
{
    loop_run(arg);
    return NULL;
}

static inline struct http_options options(void)
{
    return (struct http_options){.address = "127.0.0.1", .threads = 2, .timeout_s = 30, .connections = 1200, .body_limit = BODY_LIMIT,
                                 .on_thread_start = on_thread_start, .on_thread_stop = on_thread_stop, .on_request = on_request,
                                 .on_resume = on_resume, .on_done = on_done};
}

static inline void start(const struct http_options *o)
{
    struct err e = {0};
    begun = done = started = stopped = ws_closed = 0;
    upgraded_never_released = false;
    atomic_store(&parked, NULL);
    loop = loop_create();
    pthread_create(&loop_thread, NULL, run_loop, loop);
    server = http_start(o, &e);
    if (!server) fail_msg("%s", e.text);
}

static inline int setup(void **state)
{
    (void)state;
    struct http_options o = options();
    start(&o);
    return 0;
}

static inline int setup_hasty(void **state)
{
    (void)state;
    struct http_options o = options();
    o.timeout_s = 1;
    start(&o);
    return 0;
}

static inline int teardown(void **state)
{
    (void)state;
    loop_stop(loop);
    pthread_join(loop_thread, NULL);
    http_stop(server);
    loop_destroy(loop);
    assert_int_equal(started, stopped);
    assert_int_equal(begun, done);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define HASTY(name) cmocka_unit_test_setup_teardown(name, setup_hasty, teardown)

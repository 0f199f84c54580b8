/* ws_fixture.h - WebSockets against a peer that is played by hand, byte by byte, on the test's own thread; the loop has a thread
 * of its own. For the test_ws programs. */
#pragma once
#include "base/clock.h"
#include "net/ws.h"
#include "net/ws_handshake.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

enum { LARGEST = 4096, DEADLINE_S = 10 };
enum { TEXT = 1, BINARY = 2, CLOSE = 8, PING = 9, PONG = 10, FIN = 0x80, MASKED = 0x80 };

static struct loop *loop;
static pthread_t loop_thread;
static struct ws *ws;
static int peer; /* the hand-played end */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int closes, releases, close_code, texts;
static char last_text[LARGEST + 1];
static void (*on_next_text)(struct ws *); /* an extra deed inside on_text */

static inline void on_text(struct ws *from, const char *text, size_t size, void *ctx)
{
    assert_ptr_equal(ctx, &loop);
    assert_int_equal(text[size], '\0');
    pthread_mutex_lock(&lock);
    texts++;
    memcpy(last_text, text, size + 1);
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
    if (on_next_text) on_next_text(from);
    else ws_send(from, text, size);
}

static inline void on_close(struct ws *from, int code, void *ctx)
{
    (void)from, (void)ctx;
    pthread_mutex_lock(&lock);
    closes++;
    close_code = code;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

static const struct ws_handler handler = {on_text, on_close};

static inline void on_released(void *fd)
{
    close(*(int *)fd);
    pthread_mutex_lock(&lock);
    releases++;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

static inline void wait_until(const int *value, int wanted)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += DEADLINE_S;
    pthread_mutex_lock(&lock);
    while (*value < wanted)
        if (pthread_cond_timedwait(&changed, &lock, &until) == ETIMEDOUT) break;
    int seen = *value;
    pthread_mutex_unlock(&lock);
    assert_int_equal(seen, wanted);
}

/* The hand-played peer. */

/* What is sent between begin_together and end_together arrives at once, so that the other end cannot answer in between. */
static unsigned char together[LARGEST * 8];
static size_t together_size;
static bool gathering;

static inline void send_bytes(const void *bytes, size_t size)
{
    if (!gathering) {
        assert_int_equal(send(peer, bytes, size, MSG_NOSIGNAL), size);
        return;
    }
    assert_true(together_size + size <= sizeof together);
    memcpy(together + together_size, bytes, size);
    together_size += size;
}

static inline void begin_together(void)
{
    gathering = true;
    together_size = 0;
}

static inline void end_together(void)
{
    gathering = false;
    send_bytes(together, together_size);
}

static inline void send_frame(int first, int mask, const void *payload, size_t size)
{
    unsigned char frame[LARGEST * 4] = {(unsigned char)first};
    size_t head = 2;
    if (size < 126) {
        frame[1] = (unsigned char)((size_t)mask | size);
    } else {
        frame[1] = (unsigned char)(mask | 126);
        frame[2] = (unsigned char)(size >> 8);
        frame[3] = (unsigned char)size;
        head = 4;
    }
    static const unsigned char key[4] = {1, 2, 3, 4};
    if (mask) {
        memcpy(frame + head, key, 4);
        head += 4;
    }
    for (size_t i = 0; i < size; i++) frame[head + i] = (unsigned char)(((const unsigned char *)payload)[i] ^ (mask ? key[i % 4] : 0));
    send_bytes(frame, head + size);
}

static inline void say(const char *text)
{
    send_frame(FIN | TEXT, MASKED, text, strlen(text));
}

static inline void receive_bytes(void *to, size_t size)
{
    if (size) assert_int_equal(recv(peer, to, size, MSG_WAITALL), size);
}

/* Payload NUL-terminated; gives its size. */
static inline size_t receive_frame(int *first, char *payload)
{
    unsigned char head[4], key[4] = {0};
    receive_bytes(head, 2);
    *first = head[0];
    size_t size = head[1] & 0x7f;
    if (size == 126) {
        receive_bytes(head + 2, 2);
        size = (size_t)head[2] << 8 | head[3];
    }
    assert_in_range(size, 0, LARGEST);
    if (head[1] & MASKED) receive_bytes(key, 4);
    receive_bytes(payload, size);
    for (size_t i = 0; i < size; i++) payload[i] = (char)(payload[i] ^ key[i % 4]);
    payload[size] = '\0';
    return size;
}

static inline void expect_frame(int first, const char *payload)
{
    char got[LARGEST + 1];
    int got_first;
    receive_frame(&got_first, got);
    assert_int_equal(got_first, first);
    assert_string_equal(got, payload);
}

static inline int receive_close(char *reason)
{
    char payload[LARGEST + 1];
    int first;
    do {
        size_t size = receive_frame(&first, payload);
        if (first != (FIN | CLOSE)) continue;
        if (reason) strcpy(reason, size < 2 ? "" : payload + 2);
        return size < 2 ? 1005 : (unsigned char)payload[0] << 8 | (unsigned char)payload[1];
    } while (true);
}

static inline void send_close(int code)
{
    unsigned char payload[2] = {(unsigned char)(code >> 8), (unsigned char)code};
    send_frame(FIN | CLOSE, MASKED, payload, sizeof payload);
}

/* The fixture. */

static inline void *run_loop(void *arg)
{
    loop_run(arg);
    return NULL;
}

static inline void bound_waiting(int fd)
{
    struct timeval limit = {.tv_sec = DEADLINE_S};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
}

static inline void start_with(const void *early, size_t early_size)
{
    static int fd;
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    peer = pair[1];
    fd = pair[0];
    fcntl(fd, F_SETFL, O_NONBLOCK);
    bound_waiting(peer);
    ws = ws_accept(loop, fd, early, early_size, LARGEST, &handler, &loop, on_released, &fd);
}

static inline int setup_bare(void **state)
{
    (void)state;
    closes = releases = close_code = texts = 0;
    on_next_text = NULL;
    loop = loop_create();
    return 0;
}

static inline int setup(void **state)
{
    setup_bare(state);
    start_with(NULL, 0);
    pthread_create(&loop_thread, NULL, run_loop, loop);
    return 0;
}

static inline int teardown(void **state)
{
    (void)state;
    close(peer);
    wait_until(&closes, 1);
    loop_stop(loop);
    pthread_join(loop_thread, NULL);
    assert_int_equal(closes, 1);
    assert_true(releases <= 1);
    loop_destroy(loop);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

/* WebSockets against a peer that is played by hand, byte by byte, on the test's own thread; the loop has a thread of its own. */
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

static void on_text(struct ws *from, const char *text, size_t size, void *ctx)
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

static void on_close(struct ws *from, int code, void *ctx)
{
    (void)from, (void)ctx;
    pthread_mutex_lock(&lock);
    closes++;
    close_code = code;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

static const struct ws_handler handler = {on_text, on_close};

static void on_released(void *fd)
{
    close(*(int *)fd);
    pthread_mutex_lock(&lock);
    releases++;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

static void wait_until(const int *value, int wanted)
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

static void send_bytes(const void *bytes, size_t size)
{
    assert_int_equal(send(peer, bytes, size, MSG_NOSIGNAL), size);
}

static void send_frame(int first, int mask, const void *payload, size_t size)
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

static void say(const char *text)
{
    send_frame(FIN | TEXT, MASKED, text, strlen(text));
}

static void receive_bytes(void *to, size_t size)
{
    if (size) assert_int_equal(recv(peer, to, size, MSG_WAITALL), size);
}

/* Payload NUL-terminated; gives its size. */
static size_t receive_frame(int *first, char *payload)
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

static void expect_frame(int first, const char *payload)
{
    char got[LARGEST + 1];
    int got_first;
    receive_frame(&got_first, got);
    assert_int_equal(got_first, first);
    assert_string_equal(got, payload);
}

static int receive_close(char *reason)
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

static void send_close(int code)
{
    unsigned char payload[2] = {(unsigned char)(code >> 8), (unsigned char)code};
    send_frame(FIN | CLOSE, MASKED, payload, sizeof payload);
}

/* The fixture. */

static void *run_loop(void *arg)
{
    loop_run(arg);
    return NULL;
}

static void bound_waiting(int fd)
{
    struct timeval limit = {.tv_sec = DEADLINE_S};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
}

static void start_with(const void *early, size_t early_size)
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

static int setup_bare(void **state)
{
    (void)state;
    closes = releases = close_code = texts = 0;
    on_next_text = NULL;
    loop = loop_create();
    return 0;
}

static int setup(void **state)
{
    setup_bare(state);
    start_with(NULL, 0);
    pthread_create(&loop_thread, NULL, run_loop, loop);
    return 0;
}

static int teardown(void **state)
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
    send_close(1000);
    say("ghost");
    assert_int_equal(receive_close(NULL), 1000);
    wait_until(&closes, 1);
    assert_int_equal(texts, 0);
}

/* The client on a unix socket; the server is played by hand. */

struct answer {
    const char *name, *head; /* %s: the right accept key; NULL: hang up */
    const char *complaint;   /* part of the error; NULL: it works */
};

static const struct answer answers[] = {
    {"refused", "HTTP/1.1 403 Forbidden\r\n\r\n", "403 Forbidden"},
    {"wrong key", "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: AAAA\r\nSec-WebSocket-Protocol: p\r\n\r\n", "Sec-WebSocket-Accept"},
    {"no protocol", "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: %s\r\n\r\n", "does not speak \"p\""},
    {"no upgrade", "HTTP/1.1 101 x\r\n\r\n", "not an upgrade"},
    {"mute", "HTTP/1.1 101 x\r\nUpg", "did not answer in time"},
    {"hangs up", NULL, "hung up"},
    {"good", "HTTP/1.1 101 Switching\r\nupgrade: WebSocket\r\nSEC-WEBSOCKET-ACCEPT:  %s \r\nSec-WebSocket-Protocol: p\r\n\r\n\x81\x05" "early", NULL},
};

struct hand_server {
    int listener;
    const struct answer *answer;
    pthread_t thread;
};

static void *answer_by_hand(void *arg)
{
    struct hand_server *s = arg;
    char request[1024] = "", key[32], accept_text[WS_ACCEPT_TEXT], answer[1024];
    peer = accept(s->listener, NULL, NULL);
    bound_waiting(peer);
    for (size_t n = 0; !strstr(request, "\r\n\r\n"); n++)
        if (recv(peer, request + n, 1, 0) != 1) return NULL;
    const char *at = strstr(request, "Sec-WebSocket-Key: ");
    if (!at || sscanf(at, "Sec-WebSocket-Key: %31s", key) != 1 || !ws_accept_key(key, accept_text)) return NULL;
    if (!s->answer->head) {
        shutdown(peer, SHUT_RDWR);
        return NULL;
    }
    const char *mark = strstr(s->answer->head, "%s");
    size_t before = mark ? (size_t)(mark - s->answer->head) : strlen(s->answer->head);
    int size = snprintf(answer, sizeof answer, "%.*s%s%s", (int)before, s->answer->head, mark ? accept_text : "", mark ? mark + 2 : "");
    send_bytes(answer, (size_t)size);
    return NULL;
}

static struct ws *connect_to(const struct answer *answer, struct err *e)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "/tmp/test_ws.%d", getpid());
    unlink(address.sun_path);
    struct hand_server s = {.answer = answer, .listener = socket(AF_UNIX, SOCK_STREAM, 0)};
    assert_int_equal(bind(s.listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(s.listener, 1), 0);
    pthread_create(&s.thread, NULL, answer_by_hand, &s);
    struct ws *opened = ws_connect_unix(loop, address.sun_path, "p", LARGEST, clock_monotonic_ms() + 300, &handler, &loop, e);
    pthread_join(s.thread, NULL);
    close(s.listener);
    unlink(address.sun_path);
    return opened;
}

static void test_a_bad_handshake_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; answers[i].complaint; i++) {
        struct err e = {0};
        assert_null(connect_to(&answers[i], &e));
        if (!strstr(e.text, answers[i].complaint)) fail_msg("%s: %s", answers[i].name, e.text);
        assert_int_equal(e.kind, ERR_DESTINATION);
        close(peer);
    }
    struct err e = {0};
    assert_null(ws_connect_unix(loop, "/tmp/nobody/listens", "p", LARGEST, clock_monotonic_ms() + 300, &handler, NULL, &e));
    assert_non_null(strstr(e.text, "cannot connect to \"/tmp/nobody/listens\""));
    loop_destroy(loop);
}

static void test_a_client_speaks_masked(void **state)
{
    (void)state;
    struct err e = {0};
    ws = connect_to(&answers[sizeof answers / sizeof *answers - 1], &e);
    assert_non_null(ws);
    pthread_create(&loop_thread, NULL, run_loop, loop);
    expect_frame(FIN | TEXT, "early"); /* came with the handshake, was echoed */
    send_frame(FIN | TEXT, 0, "again", 5);
    unsigned char head[2];
    receive_bytes(head, 2);
    assert_int_equal(head[1], MASKED | 5);
    send_frame(FIN | CLOSE, 0, "\x03\xe8", 2);
    wait_until(&closes, 1);
    assert_int_equal(close_code, 1000);
}

static void test_the_accept_key_of_the_rfc(void **state)
{
    (void)state;
    char accept_text[WS_ACCEPT_TEXT];
    assert_true(ws_accept_key("dGhlIHNhbXBsZSBub25jZQ==", accept_text));
    assert_string_equal(accept_text, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    assert_false(ws_accept_key("", accept_text));
    assert_false(ws_accept_key("dGhlIHNhbXBsZSBub25jZQ=", accept_text));
    assert_false(ws_accept_key("dGhlIHNhbXBsZSBub25j!Q==", accept_text));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

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
        cmocka_unit_test_setup(test_a_bad_handshake_is_refused, setup_bare),
        cmocka_unit_test_setup_teardown(test_a_client_speaks_masked, setup_bare, teardown),
        cmocka_unit_test(test_the_accept_key_of_the_rfc),
    };
    return cmocka_run_group_tests_name("ws", tests, NULL, NULL);
}

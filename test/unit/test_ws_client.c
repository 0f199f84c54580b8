#include "ws_fixture.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_a_bad_handshake_is_refused, setup_bare),
        cmocka_unit_test_setup_teardown(test_a_client_speaks_masked, setup_bare, teardown),
        cmocka_unit_test(test_the_accept_key_of_the_rfc),
    };
    return cmocka_run_group_tests_name("ws client", tests, NULL, NULL);
}

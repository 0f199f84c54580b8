/* fuzz_ws.c - any bytes to a server-side WebSocket: whatever comes, it ends with exactly one on_close and no message larger than the limit.
 * clang -fsanitize=fuzzer,address,undefined … test/fuzz/fuzz_ws.c; every run is bounded by the peer's hanging up after the bytes. */
#include "net/ws.h"
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LARGEST = 1024, INPUT_LIMIT = 64 << 10 };

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t size);

static struct loop *loop;
static int closes;

static void on_text(struct ws *ws, const char *text, size_t size, void *ctx)
{
    (void)ctx;
    if (size > LARGEST || text[size] != '\0') abort();
    if (size == 1) ws_close(ws, 4000, text);
    else ws_send(ws, text, size);
}

static void on_close(struct ws *ws, int code, void *ctx)
{
    (void)ws, (void)ctx;
    if (code < 1000 || code > 4999) abort();
    closes++;
    loop_stop(loop);
}

static const struct ws_handler handler = {on_text, on_close};

/* A first byte that is odd gives the first half as early bytes. */
int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t size)
{
    int pair[2], room = INPUT_LIMIT * 4;
    if (!size || size > INPUT_LIMIT || socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) != 0) return 0;
    setsockopt(pair[1], SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
    size_t early = bytes[0] & 1 ? size / 2 : 0;
    loop = loop_create();
    closes = 0;
    if (!ws_accept(loop, pair[0], bytes, early, LARGEST, &handler, NULL, NULL, NULL)) abort();
    if (send(pair[1], bytes + early, size - early, MSG_NOSIGNAL) < 0) abort();
    shutdown(pair[1], SHUT_WR);
    loop_run(loop);
    if (closes != 1) abort();
    loop_destroy(loop);
    close(pair[1]);
    return 0;
}

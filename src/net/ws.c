#include "net/ws.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/rand.h"
#include "net/ws_handshake.h"
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <wslay/wslay.h>

enum { CLOSE_NORMAL = 1000, CLOSE_BINARY = 1003, CLOSE_NONE = 1005, CLOSE_LOST = 1006, CLOSE_POLICY = 1008, REASON_LIMIT = 123 };
enum { READ_A_ROUND = 256 << 10 }; /* then the other sockets get their turn */

struct ws {
    struct loop *loop;
    struct loop_watch *watch;
    struct loop_timer *keepalive, *limit;
    wslay_event_context_ptr frames;
    int fd;
    uint32_t interest;
    const struct ws_handler *handler;
    void *ctx;
    void (*released)(void *);
    void *ctx_released;
    struct buf early, text;
    size_t early_used, read_budget;
    int64_t heard_ms, pinged_ms, ping_ms, silence_ms;
    int own_code;             /* ours, when we closed first */
    char *reason;
    void (*on_drained)(struct ws *ws, void *ctx);
    bool reading;             /* inside wslay_event_recv: sending waits until it is back */
    bool closing;             /* ws_close was called: nothing is delivered any more */
    bool lost;                /* the socket failed or ended */
    bool shut;                /* our close frame is out, the rest is read and thrown away */
    bool finished;            /* on_close is on its way */
};

/* The end: posted, so that no caller of this module sees its socket die under its hands. */

static void report_end(void *arg)
{
    struct ws *ws = arg;
    ws->handler->on_close(ws, ws->own_code, ws->ctx);
    if (ws->released) ws->released(ws->ctx_released);
    else close(ws->fd);
    wslay_event_context_free(ws->frames);
    buf_release(&ws->early);
    buf_release(&ws->text);
    free(ws->reason);
    free(ws);
}

static void finish(struct ws *ws, int code)
{
    if (ws->finished) return;
    ws->finished = true;
    ws->own_code = code;
    wslay_event_shutdown_read(ws->frames);
    wslay_event_shutdown_write(ws->frames);
    loop_watch_stop(ws->watch);
    loop_timer_stop(ws->keepalive);
    loop_timer_stop(ws->limit);
    ws->watch = NULL;
    ws->keepalive = ws->limit = NULL;
    loop_post(ws->loop, report_end, ws);
}

static int end_code(const struct ws *ws)
{
    if (ws->own_code) return ws->own_code;
    if (wslay_event_get_close_received(ws->frames)) return wslay_event_get_status_code_received(ws->frames);
    return CLOSE_LOST;
}

static void on_limit(void *arg)
{
    struct ws *ws = arg;
    ws->limit = NULL;
    finish(ws, end_code(ws));
}

/* After every read or write: how far is the closing, and what is the socket waited for? */

static void queue_own_close(struct ws *ws)
{
    if (!ws->closing || wslay_event_get_queued_msg_count(ws->frames)) return; /* wslay would send the close before what waits */
    size_t size = ws->reason ? strlen(ws->reason) : 0;
    wslay_event_queue_close(ws->frames, (uint16_t)ws->own_code, (const uint8_t *)ws->reason, size);
}

static void write_frames(struct ws *ws)
{
    if (ws->finished || ws->lost) return;
    if (wslay_event_send(ws->frames) != 0) ws->lost = true;
    queue_own_close(ws);
    if (wslay_event_want_write(ws->frames) && wslay_event_send(ws->frames) != 0) ws->lost = true;
}

/* The peer broke the protocol: its close will not be understood any more. Closing at once with its bytes unread would reset the
 * connection and could take our close frame with it, so our half is shut and the rest read until the peer hangs up. */
static void shut_our_half(struct ws *ws)
{
    if (ws->shut) return;
    ws->shut = true;
    shutdown(ws->fd, SHUT_WR);
}

static void wait_for(struct ws *ws)
{
    uint32_t interest = 0;
    if (ws->shut || wslay_event_want_read(ws->frames)) interest |= EPOLLIN;
    if (wslay_event_want_write(ws->frames)) interest |= EPOLLOUT;
    if (interest == ws->interest) return;
    ws->interest = interest;
    loop_watch_change(ws->watch, interest);
}

static void settle(struct ws *ws)
{
    if (ws->finished) return;
    bool heard_close = wslay_event_get_close_received(ws->frames), sent_close = wslay_event_get_close_sent(ws->frames);
    bool broken = !heard_close && !wslay_event_get_read_enabled(ws->frames);
    if (ws->lost || (heard_close && sent_close)) {
        finish(ws, end_code(ws));
        return;
    }
    if (broken && !ws->own_code) ws->own_code = WSLAY_CODE_PROTOCOL_ERROR;
    if ((broken || heard_close || ws->closing) && !ws->limit) ws->limit = loop_timer_start(ws->loop, WS_CLOSE_MS, on_limit, ws);
    if (broken && sent_close) {
        int sent = wslay_event_get_status_code_sent(ws->frames);
        if (!ws->closing && sent != CLOSE_NONE) ws->own_code = sent;
        shut_our_half(ws);
    }
    wait_for(ws);
}

/* What wslay calls. */

static ssize_t take_early(struct ws *ws, uint8_t *to, size_t size)
{
    size_t left = ws->early.size - ws->early_used;
    if (size > left) size = left;
    memcpy(to, ws->early.data + ws->early_used, size);
    ws->early_used += size;
    if (ws->early_used == ws->early.size) {
        buf_release(&ws->early);
        ws->early_used = 0;
    }
    return (ssize_t)size;
}

static ssize_t receive(wslay_event_context_ptr frames, uint8_t *to, size_t size, int flags, void *user)
{
    struct ws *ws = user;
    (void)flags;
    if (ws->early.size) return take_early(ws, to, size);
    ssize_t n = -1;
    errno = EAGAIN;
    if (ws->read_budget) n = recv(ws->fd, to, size < ws->read_budget ? size : ws->read_budget, MSG_DONTWAIT);
    if (n > 0) {
        ws->read_budget -= (size_t)n;
        return n;
    }
    bool later = n < 0 && (errno == EAGAIN || errno == EINTR);
    wslay_event_set_error(frames, later ? WSLAY_ERR_WOULDBLOCK : WSLAY_ERR_CALLBACK_FAILURE);
    if (!later) ws->lost = true;
    return -1;
}

static ssize_t transmit(wslay_event_context_ptr frames, const uint8_t *from, size_t size, int flags, void *user)
{
    struct ws *ws = user;
    ssize_t n;
    do n = send(ws->fd, from, size, MSG_NOSIGNAL | MSG_DONTWAIT | (flags & WSLAY_MSG_MORE ? MSG_MORE : 0));
    while (n < 0 && errno == EINTR);
    if (n < 0) wslay_event_set_error(frames, errno == EAGAIN ? WSLAY_ERR_WOULDBLOCK : WSLAY_ERR_CALLBACK_FAILURE);
    return n;
}

static int make_mask(wslay_event_context_ptr frames, uint8_t *mask, size_t size, void *user)
{
    (void)frames, (void)user;
    rand_bytes(mask, size);
    return 0;
}

static void on_message(wslay_event_context_ptr frames, const struct wslay_event_on_msg_recv_arg *message, void *user)
{
    struct ws *ws = user;
    if (ws->closing || ws->finished || wslay_is_ctrl_frame(message->opcode)) return;
    if (message->opcode != WSLAY_TEXT_FRAME) {
        ws->own_code = CLOSE_BINARY;
        wslay_event_queue_close(frames, CLOSE_BINARY, NULL, 0);
        wslay_event_shutdown_read(frames);
        return;
    }
    buf_reset(&ws->text);
    if (message->msg_length) buf_add(&ws->text, message->msg, message->msg_length);
    ws->handler->on_text(ws, ws->text.data, ws->text.size, ws->ctx);
}

/* Answers to pings wait in the same queue as messages: a peer that pings and never reads is cut too. */
static bool over_backlog(const struct ws *ws, size_t more)
{
    return wslay_event_get_queued_msg_length(ws->frames) + more > WS_BACKLOG || wslay_event_get_queued_msg_count(ws->frames) > WS_BACKLOG / 64;
}

/* What the loop calls. */

static void read_rest(struct ws *ws)
{
    char rest[4096];
    ssize_t n = 0;
    for (int i = 0; i < 64 && (n = recv(ws->fd, rest, sizeof rest, MSG_DONTWAIT)) > 0; i++) continue;
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) ws->lost = true;
}

static void read_frames(struct ws *ws)
{
    ws->heard_ms = clock_monotonic_ms();
    ws->read_budget = READ_A_ROUND;
    ws->reading = true;
    if (wslay_event_recv(ws->frames) == WSLAY_ERR_NOMEM) ws->lost = true;
    ws->reading = false;
    if (ws->text.room > 65536) buf_release(&ws->text);
    if (!ws->finished && over_backlog(ws, 0)) finish(ws, CLOSE_POLICY);
}

bool ws_is_behind(const struct ws *ws)
{
    return !ws->finished && wslay_event_want_write(ws->frames);
}

static void on_ready(void *arg, uint32_t events)
{
    struct ws *ws = arg;
    if (ws->shut) read_rest(ws);
    else if (wslay_event_want_read(ws->frames) && (events & (EPOLLIN | EPOLLHUP | EPOLLERR))) read_frames(ws);
    else if (events & (EPOLLHUP | EPOLLERR)) ws->lost = true;
    bool was_behind = ws_is_behind(ws); /* what was sent while it was read waits too */
    write_frames(ws);
    settle(ws);
    if (was_behind && ws->on_drained && !ws->finished && !ws->closing && !ws_is_behind(ws)) ws->on_drained(ws, ws->ctx);
}

static void on_early(void *arg)
{
    struct ws *ws = arg;
    if (!ws->finished) on_ready(ws, EPOLLIN);
}

static void on_keepalive(void *arg);

static void schedule_keepalive(struct ws *ws)
{
    int64_t next = ws->pinged_ms + ws->ping_ms, cut = ws->heard_ms + ws->silence_ms;
    ws->keepalive = loop_timer_start(ws->loop, (next < cut ? next : cut) - clock_monotonic_ms(), on_keepalive, ws);
}

static void on_keepalive(void *arg)
{
    struct ws *ws = arg;
    ws->keepalive = NULL;
    int64_t now_ms = clock_monotonic_ms();
    if (now_ms - ws->heard_ms >= ws->silence_ms) {
        finish(ws, end_code(ws));
        return;
    }
    if (now_ms - ws->pinged_ms >= ws->ping_ms) {
        ws->pinged_ms = now_ms;
        wslay_event_queue_msg(ws->frames, &(struct wslay_event_msg){.opcode = WSLAY_PING});
    }
    schedule_keepalive(ws);
    write_frames(ws);
    settle(ws);
}

/* Opening. */

static struct ws *start(struct loop *l, int fd, bool server, size_t largest, const struct ws_handler *handler, void *ctx)
{
    static const struct wslay_event_callbacks callbacks = {
        .recv_callback = receive, .send_callback = transmit, .genmask_callback = make_mask, .on_msg_recv_callback = on_message};
    struct ws *ws = xcalloc(1, sizeof *ws);
    ws->loop = l;
    ws->fd = fd;
    ws->handler = handler;
    ws->ctx = ctx;
    ws->ping_ms = WS_PING_MS;
    ws->silence_ms = WS_SILENCE_MS;
    ws->heard_ms = ws->pinged_ms = clock_monotonic_ms();
    buf_init(&ws->early, 0);
    buf_init(&ws->text, 0);
    int failed = server ? wslay_event_context_server_init(&ws->frames, &callbacks, ws) : wslay_event_context_client_init(&ws->frames, &callbacks, ws);
    if (failed) abort(); /* out of memory, as in xmalloc */
    wslay_event_config_set_max_recv_msg_length(ws->frames, largest);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int)); /* a unix socket refuses and needs none */
    ws->interest = EPOLLIN;
    ws->watch = loop_watch_start(l, fd, EPOLLIN, on_ready, ws);
    if (ws->watch) schedule_keepalive(ws);
    else finish(ws, CLOSE_LOST);
    return ws;
}

struct ws *ws_accept(struct loop *l, int fd, const void *early, size_t early_size, size_t largest_message,
                     const struct ws_handler *handler, void *ctx, void (*released)(void *), void *ctx_released)
{
    struct ws *ws = start(l, fd, true, largest_message, handler, ctx);
    ws->released = released;
    ws->ctx_released = ctx_released;
    if (!early_size || ws->finished) return ws;
    buf_add(&ws->early, early, early_size);
    loop_post(l, on_early, ws); /* the caller has to know the ws before its first message comes */
    return ws;
}

struct ws *ws_connect_unix(struct loop *l, const char *path, const char *protocol, size_t largest_message, int64_t deadline_ms,
                           const struct ws_handler *handler, void *ctx, struct err *e)
{
    struct buf early;
    buf_init(&early, 0);
    int fd = ws_open_unix(path, protocol, deadline_ms, &early, e);
    if (fd < 0) {
        buf_release(&early);
        return NULL;
    }
    struct ws *ws = start(l, fd, false, largest_message, handler, ctx);
    ws->early = early;
    if (early.size && !ws->finished) loop_post(l, on_early, ws);
    return ws;
}

/* Use. */

void ws_send(struct ws *ws, const char *text, size_t size)
{
    if (ws->closing || ws->finished) return;
    if (over_backlog(ws, size)) {
        finish(ws, CLOSE_POLICY);
        return;
    }
    struct wslay_event_msg message = {.opcode = WSLAY_TEXT_FRAME, .msg = (const uint8_t *)text, .msg_length = size};
    if (wslay_event_queue_msg(ws->frames, &message) != 0) return; /* closing already */
    if (ws->reading || (ws->interest & EPOLLOUT)) return;         /* goes out when the read, or the wait, is over */
    write_frames(ws);
    settle(ws);
}

static char *short_reason(const char *reason)
{
    if (!reason) return NULL;
    size_t size = strlen(reason);
    if (size > REASON_LIMIT) size = REASON_LIMIT;
    while (size && ((unsigned char)reason[size] & 0xc0) == 0x80) size--; /* never in the middle of a character */
    char *copy = xmalloc(size + 1);
    memcpy(copy, reason, size);
    copy[size] = '\0';
    return copy;
}

void ws_close(struct ws *ws, int code, const char *reason)
{
    if (ws->closing || ws->finished || !wslay_event_get_read_enabled(ws->frames)) return;
    ws->closing = true;
    ws->own_code = code ? code : CLOSE_NORMAL;
    ws->reason = short_reason(reason);
    if (ws->reading) return;
    write_frames(ws);
    settle(ws);
}

void ws_set_drained(struct ws *ws, void (*fn)(struct ws *ws, void *ctx))
{
    ws->on_drained = fn;
}

void ws_set_context(struct ws *ws, void *ctx)
{
    ws->ctx = ctx;
}

void ws_set_keepalive(struct ws *ws, int64_t ping_ms, int64_t silence_ms)
{
    ws->ping_ms = ping_ms;
    ws->silence_ms = silence_ms;
    if (ws->finished) return;
    loop_timer_stop(ws->keepalive);
    schedule_keepalive(ws);
}

/* ws.h - WebSockets (RFC 6455, by wslay) on a loop: accepted from an HTTP upgrade, or opened to a unix socket.
 *
 * Text messages only. A `struct ws` belongs to its loop's thread (every function here is called there, or before loop_run) and
 * frees itself after on_close, which is called exactly once, whatever ended it, and never from inside a call of this module.
 * After on_close the pointer is dead. ws_send and ws_close are fine inside any callback but on_close.
 *
 * Broken frames (1002), too large messages (1009), invalid UTF-8 (1007), binary (1003) close it. A peer that reads too slowly
 * (more than WS_BACKLOG bytes waiting) is cut (1008). Pings are answered; ours go every 20 s and a peer that is silent for 50 s is cut (1006). */
#pragma once
#include "net/loop.h"
#include "base/err.h"
#include <stddef.h>

enum { WS_BACKLOG = 4 << 20, WS_PING_MS = 20000, WS_SILENCE_MS = 50000, WS_CLOSE_MS = 2000 };
struct ws;

struct ws_handler {
    void (*on_text)(struct ws *ws, const char *text, size_t size, void *ctx); /* NUL-terminated too */
    void (*on_close)(struct ws *ws, int code, void *ctx);                     /* whoever closed first: its code; 1005: none given; 1006: lost */
};

/* A socket on its way from the HTTP server, for whoever accepts it. `bearer`: of the Authorization header or of ?access_token=, or NULL. */
struct ws_arrival { int fd; const void *early; size_t early_size; void (*release)(void *handle); void *handle; const char *client, *bearer; };

/* Server side: `fd` is the socket after the 101, `early` (copied) what was read past the headers. The socket is taken over: at the end, after on_close,
 * it is closed; or, when `released` is set, given back by calling released(ctx_released) instead (then its owner closes it). */
struct ws *ws_accept(struct loop *l, int fd, const void *early, size_t early_size, size_t largest_message,
                     const struct ws_handler *handler, void *ctx, void (*released)(void *), void *ctx_released);

/* Client side, blocking for the handshake only: a WebSocket over a unix stream socket. `deadline_ms` is a moment on the monotonic clock
 * (clock_monotonic_ms() + …). `protocol` has to be chosen by the server. NULL and `e` on failure. */
struct ws *ws_connect_unix(struct loop *l, const char *path, const char *protocol, size_t largest_message, int64_t deadline_ms,
                           const struct ws_handler *handler, void *ctx, struct err *e);

void ws_send(struct ws *ws, const char *text, size_t size);    /* copied; dropped once the socket is closing */
void ws_close(struct ws *ws, int code, const char *reason); /* sends what waits and the close frame first; on_close follows (within 2 s even if the peer is mute); nothing is delivered in between */
bool ws_is_behind(const struct ws *ws);                        /* something of what was sent still waits for the socket */
void ws_set_drained(struct ws *ws, void (*fn)(struct ws *ws, void *ctx)); /* called when it was behind and is no more */
void ws_set_context(struct ws *ws, void *ctx);
void ws_set_keepalive(struct ws *ws, int64_t ping_ms, int64_t silence_ms); /* instead of WS_PING_MS, WS_SILENCE_MS */

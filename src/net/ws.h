/* ws.h - WebSockets (RFC 6455, by wslay) on a loop: accepted from an HTTP upgrade, or opened to a unix socket.
 *
 * Text messages only. A `struct ws` lives on its loop's thread and is freed by itself after on_close, which is called exactly
 * once, whatever ended it. Broken frames, too large messages (1009), invalid UTF-8 (1007), binary (1003) close it. A peer that
 * reads too slowly (more than WS_BACKLOG bytes waiting) is cut (1008). Pings are answered; ours go every 20 s and a peer that is silent for 50 s is cut. */
#pragma once
#include "net/loop.h"
#include "base/err.h"
#include <stddef.h>

enum { WS_BACKLOG = 4 << 20 };
struct ws;

struct ws_handler {
    void (*on_text)(struct ws *ws, const char *text, size_t size, void *ctx); /* NUL-terminated too */
    void (*on_close)(struct ws *ws, int code, void *ctx);                     /* code as sent by the peer, 1006: lost */
};

/* Server side: `fd` is the socket after the 101 (taken over; ws closes it), `early` what was read past the headers. `released` is called with `ctx_released`
 * after the fd was given back (it is not closed by ws when released is set: MHD closes it). May be NULL. */
struct ws *ws_accept(struct loop *l, int fd, const void *early, size_t early_size, size_t largest_message,
                     const struct ws_handler *handler, void *ctx, void (*released)(void *), void *ctx_released);

/* Client side, blocking for the handshake only (deadline_ms): a WebSocket over a unix stream socket. */
struct ws *ws_connect_unix(struct loop *l, const char *path, const char *protocol, size_t largest_message, int64_t deadline_ms,
                           const struct ws_handler *handler, void *ctx, struct err *e);

void ws_send(struct ws *ws, const char *text, size_t size);
void ws_close(struct ws *ws, int code, const char *reason); /* sends what waits and the close frame first; on_close follows (within 2 s even if the peer is mute) */
void ws_set_context(struct ws *ws, void *ctx);

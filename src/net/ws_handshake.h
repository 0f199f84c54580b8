/* ws_handshake.h - the opening handshake of RFC 6455, both ends. For net/ws and net/http alone. */
#pragma once
#include "base/buf.h"
#include "base/err.h"
#include <stdbool.h>
#include <stdint.h>

enum { WS_ACCEPT_TEXT = 29 };

/* The answer to a Sec-WebSocket-Key. False when the key is not the base64 of 16 bytes. */
bool ws_accept_key(const char *key, char accept[WS_ACCEPT_TEXT]);

/* Connects to the unix socket and shakes hands as a client; `deadline_ms` is on the monotonic clock. Gives the socket, now non-blocking, and in `early`
 * what came past the headers; -1 and `e` otherwise. The server has to choose `protocol`. */
int ws_open_unix(const char *path, const char *protocol, int64_t deadline_ms, struct buf *early, struct err *e);

/* ws_ask.h - what a WebSocket server says first, for who wants to know no more: net/fetch for the way there, wslay for the frames. Blocking, as net/fetch.
 *
 * `url` is of http or https. 101 in out->status: out->body is the first message, text or binary, at most WS_ASK_LARGEST bytes; the connection is closed.
 * Any other status is a refusal, with the reply's own body. Errors are those of net/fetch, and `handshake` for a 101 that is none, or brings no message. */
#pragma once
#include "net/fetch.h"

enum { WS_ASK_LARGEST = 64 << 10 };
bool ws_ask(struct fetcher *f, const char *url, const char *header, int64_t total_ms, struct arena *a, struct fetch_reply *out, struct err *e);

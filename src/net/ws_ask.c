#include "net/ws_ask.h"
#include "base/rand.h"
#include "net/ws_handshake.h"
#include <openssl/evp.h>
#include <string.h>
#include <wslay/wslay.h>

enum { KEY_BYTES = 16, KEY_TEXT = 24 };

/* Frames as far as they have come, and the first message in them. */
struct reading { const char *at; size_t left; struct arena *arena; const char *message; size_t size; };

static ssize_t give(wslay_event_context_ptr frames, uint8_t *to, size_t room, int flags, void *user)
{
    struct reading *r = user;
    size_t n = room < r->left ? room : r->left;
    (void)flags;
    if (!n) {
        wslay_event_set_error(frames, WSLAY_ERR_WOULDBLOCK);
        return -1;
    }
    memcpy(to, r->at, n);
    r->at += n;
    r->left -= n;
    return (ssize_t)n;
}

static void take_first(wslay_event_context_ptr frames, const struct wslay_event_on_msg_recv_arg *message, void *user)
{
    struct reading *r = user;
    (void)frames;
    if (r->message || wslay_is_ctrl_frame(message->opcode)) return;
    r->message = arena_strndup(r->arena, (const char *)message->msg, message->msg_length);
    r->size = message->msg_length;
}

/* Is there a message, or can none come any more? */
static bool has_spoken(void *arg, const char *body, size_t size)
{
    static const struct wslay_event_callbacks callbacks = {.recv_callback = give, .on_msg_recv_callback = take_first};
    struct reading *r = arg;
    wslay_event_context_ptr frames;
    r->at = body;
    r->left = size;
    if (wslay_event_context_client_init(&frames, &callbacks, r) != 0) return true;
    wslay_event_config_set_max_recv_msg_length(frames, WS_ASK_LARGEST);
    bool broken = wslay_event_recv(frames) != 0 || !wslay_event_get_read_enabled(frames);
    wslay_event_context_free(frames);
    return r->message || broken;
}

static bool is_accepted(const struct fetch_reply *reply, const char *key, struct arena *a)
{
    char expected[WS_ACCEPT_TEXT];
    const char *accept = fetch_header(reply, a, "Sec-WebSocket-Accept");
    return accept && ws_accept_key(key, expected) && !strcmp(accept, expected);
}

bool ws_ask(struct fetcher *f, const char *url, const char *header, int64_t total_ms, struct arena *a, struct fetch_reply *out, struct err *e)
{
    unsigned char random[KEY_BYTES];
    char key[KEY_TEXT + 1];
    rand_bytes(random, sizeof random);
    EVP_EncodeBlock((unsigned char *)key, random, KEY_BYTES);
    const char *headers[] = {"Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13", arena_printf(a, "Sec-WebSocket-Key: %s", key), header, NULL};
    struct reading reading = {.arena = a};
    struct fetch what = {.url = url, .headers = headers, .total_ms = total_ms, .largest = WS_ASK_LARGEST + 64, .enough = has_spoken, .enough_arg = &reading, .once = true};
    if (!fetch(f, &what, a, out, e)) return false;
    if (out->status != 101) return true;
    if (!is_accepted(out, key, a)) return err_set(e, ERR_DESTINATION, "handshake", "the answer is not an upgrade to WebSocket");
    if (!reading.message) return err_set(e, ERR_DESTINATION, "handshake", "the WebSocket brought no message");
    out->body = reading.message;
    out->size = reading.size;
    return true;
}

/* wire.h - one WebSocket to Janus over a unix socket: requests with deadlines, replies by transaction, events.
 *
 * Janus answers most requests once, but plugin requests that take time answer "ack" first and then an event with the same transaction;
 * trickle and keepalive answer nothing but "ack". Whoever asks says which it is. Replies may come late, twice or in another
 * order: each request is answered exactly once, and what nobody waits for goes to on_stray. When the connection is lost,
 * what was outstanding is dropped without an answer and on_close tells. Everything on the loop's thread. */
#pragma once
#include "base/err.h"
#include "net/loop.h"
#include <jansson.h>
#include <stdint.h>

struct wire;

enum wire_until { WIRE_ACK, WIRE_REPLY };

/* `e` NULL: done. `reply` is borrowed; it is there with Janus' own errors too, and NULL when the deadline passed. */
typedef void wire_done_fn(void *ctx, json_t *reply, const struct err *e);

struct wire_handler {
    void (*on_event)(void *ctx, json_t *event); /* borrowed */
    void (*on_stray)(void *ctx, json_t *reply); /* may be NULL */
    void (*on_close)(void *ctx);                /* lost; not called after wire_close. wire_close is still due */
};

struct wire_options {
    struct loop *loop;
    const char *path, *protocol;            /* janus-protocol or janus-admin-protocol: without it Janus closes */
    const char *secret_name, *secret;       /* apisecret or admin_secret */
    const struct wire_handler *handler;
    void *ctx;
};

struct wire *wire_open(const struct wire_options *o, struct err *e);
void wire_close(struct wire *w); /* inside any callback too; NULL is fine */

/* Takes over `message` and adds transaction and secret. `done` may be NULL. */
void wire_request(struct wire *w, json_t *message, enum wire_until until, int64_t deadline_ms, wire_done_fn *done, void *ctx);
void wire_forget(struct wire *w, const void *ctx); /* requests with this ctx get no answer; theirs become strays */

json_t *wire_plugin_data(json_t *message); /* plugindata.data, or NULL; borrowed */
int wire_error_code(json_t *reply);        /* Janus' number (427: room exists), 0: none */
const char *wire_text(const json_t *object, const char *key); /* "" where there is no such string */

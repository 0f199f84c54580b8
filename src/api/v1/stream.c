/* stream.c - the live stream's door: who may hear what is decided here, then the connection is the stream's. */
#include "api/api.h"

static struct feed_wish wish_of(const struct stream_query *q)
{
    return (struct feed_wish){HAS(q, stream_query, session) ? q->session : NULL, HAS(q, stream_query, types) ? q->types : NULL, HAS(q, stream_query, after) ? q->after : -1};
}

/* A reconnecting EventSource sends the last id that it saw, and the address that it had from the beginning. */
static bool take_last_event(const struct request *r, struct feed_wish *wish, struct err *e)
{
    const char *last = http_header(r->http, "Last-Event-ID");
    return !last || !*last || feed_cursor_parse(last, &wish->after, e);
}

bool v1_stream(struct request *r, struct err *e)
{
    const struct stream_query *q = r->query;
    struct feed_arrival *a = arena_new(r->scope.arena, struct feed_arrival);
    *a = (struct feed_arrival){.fd = -1, .websocket = http_header(r->http, "Upgrade") != NULL, .bearer = request_bearer(r), .client = r->http->client, .wish = wish_of(q)};
    if (!a->bearer && HAS(q, stream_query, access_token)) a->bearer = q->access_token;
    if (!a->bearer && !a->websocket) return err_fail(e, error_not_authenticated);
    if (!take_last_event(r, &a->wish, e)) return false;
    if (a->bearer && !feed_admit(&r->scope, a->bearer, &a->wish, &a->pass, e)) return false;
    r->stream = a;
    return true;
}

void stream_open(struct request *r)
{
    struct feed_arrival a = *r->stream;
    const struct feed_door *door = &r->api->stream;
    struct err e = {0};
    http_reply_header(r->http, "Cache-Control", "no-store");
    http_reply_header(r->http, "X-Accel-Buffering", "no"); /* nginx would keep events back */
    if (r->http->head) {
        http_reply(r->http, 200, "text/event-stream", "", 0);
        return;
    }
    if (!door->reserve(door->ctx, &a, &e)) {
        request_reply_error(r, &e);
        return;
    }
    a.fd = a.websocket ? http_take_websocket(r->http, &e) : http_take_socket(r->http, 200, "text/event-stream", &e);
    if (a.fd >= 0) door->accept(door->ctx, &a);
    else {
        door->leave(door->ctx, &a);
        request_reply_error(r, &e);
    }
}

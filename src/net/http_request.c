/* A request's life: from its first line to on_done. */
#include "base/clock.h"
#include "base/log.h"
#include "net/http_internal.h"
#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static struct http_peer *peer_of(struct MHD_Connection *connection)
{
    return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

static struct http_exchange *take_exchange(struct http_thread *t)
{
    struct http_exchange *x = t->pool;
    if (x) {
        t->pool = x->next;
        t->pooled--;
        return x;
    }
    x = xcalloc(1, sizeof *x);
    arena_init(&x->request.arena);
    buf_init(&x->body, t->server->options.body_limit);
    return x;
}

static void free_exchange(struct http_exchange *x)
{
    arena_release(&x->request.arena);
    buf_release(&x->body);
    free(x);
}

/* The request starts blank, but its memory (arena block, body buffer) is kept for the next one. */
static void put_exchange(struct http_thread *t, struct http_exchange *x)
{
    if (t->pooled >= POOL_LIMIT) {
        free_exchange(x);
        return;
    }
    arena_reset(&x->request.arena);
    if (x->body.room > KEEP_BODY) buf_release(&x->body);
    else buf_reset(&x->body);
    *x = (struct http_exchange){.request.arena = x->request.arena, .body = x->body, .next = t->pool};
    t->pool = x;
    t->pooled++;
}

void http_exchange_drop_pool(struct http_thread *t)
{
    while (t->pool) {
        struct http_exchange *x = t->pool;
        t->pool = x->next;
        free_exchange(x);
    }
}

/* "http://host/path" is as good as "/path" (RFC 9112, 3.2.2). */
static const char *skip_authority(const char *uri)
{
    if (uri[0] == '/' || strncasecmp(uri, "http://", 7) != 0) return uri;
    const char *path = uri + 7 + strcspn(uri + 7, "/?");
    return *path == '/' ? path : "/";
}

static void split_uri(struct http_request *r, const char *uri)
{
    char *path = arena_strdup(&r->arena, skip_authority(uri));
    char *mark = strchr(path, '?');
    if (mark) *mark = '\0';
    r->path = path;
    r->query = mark ? mark + 1 : "";
}

void *http_on_uri(void *cls, const char *uri, struct MHD_Connection *connection)
{
    struct http_thread *t = cls;
    struct http_peer *p = peer_of(connection);
    struct http_exchange *x = take_exchange(t);
    x->thread = t;
    x->connection = connection;
    x->peer = p;
    p->exchange = x;
    struct http_request *r = &x->request;
    r->thread = t->number;
    r->started_us = clock_monotonic_us();
    r->body = "";
    memcpy(r->client, p->client, sizeof r->client);
    split_uri(r, uri);
    return x;
}

static void call_handler(struct http_exchange *x, void (*handler)(struct http_request *, void *))
{
    x->stage = STAGE_HANDLER;
    handler(&x->request, x->thread->server->options.ctx);
    if (x->stage != STAGE_HANDLER) return;
    log_error("http.no_reply", LOG_STR("method", x->request.method), LOG_STR("path", x->request.path));
    http_reply_text(x, 500, "{\"detail\":\"Internal Server Error\"}");
}

static enum MHD_Result arrived(struct http_exchange *x)
{
    struct http_request *r = &x->request;
    if (r->body_too_large) buf_reset(&x->body);
    r->body = x->body.data;
    r->body_size = x->body.size;
    x->peer->whole_by_ms = INT64_MAX;
    x->thread->round_requests++;
    atomic_fetch_add(&x->thread->under_way, 1); /* counted first, asked second: http_drain does it the other way round */
    if (atomic_load(&x->thread->server->refusing)) {
        atomic_fetch_sub(&x->thread->under_way, 1);
        http_reply_text(x, 503, "{\"detail\":\"Service Unavailable\"}");
    } else {
        x->started = true;
        call_handler(x, x->thread->server->options.on_request);
    }
    return x->broken ? MHD_NO : MHD_YES;
}

static void set_method(struct http_request *r, const char *method)
{
    r->head = strcmp(method, "HEAD") == 0;
    r->method = r->head ? "GET" : method;
}

/* A body that is announced as too large is read and dropped if that is cheap, because a client that is still sending does not
 * listen; with "Expect: 100-continue" it listens, and with a huge one it is answered and cut. */
static enum MHD_Result begin(struct http_exchange *x, const char *method)
{
    set_method(&x->request, method);
    x->stage = STAGE_BODY;
    if (MHD_get_connection_info(x->connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE)->header_size > HEADER_LIMIT) {
        http_reply_text(x, 431, "{\"detail\":\"Request Header Fields Too Large\"}");
        return x->broken ? MHD_NO : MHD_YES;
    }
    const char *length = http_header(&x->request, "Content-Length");
    if (!length) return MHD_YES;
    uintmax_t size = strtoumax(length, NULL, 10), limit = x->thread->server->options.body_limit;
    if (size <= limit) {
        if (size) buf_reserve(&x->body, (size_t)size);
        return MHD_YES;
    }
    x->request.body_too_large = true;
    return size - limit > DROP_LIMIT || http_header(&x->request, "Expect") ? arrived(x) : MHD_YES;
}

/* Body bytes buy time, see http.h. */
static void grant_time(struct http_exchange *x)
{
    size_t steps = (x->body.size + x->dropped) / GRACE_STEP;
    if (steps == x->graced) return;
    x->graced = steps;
    x->peer->whole_by_ms = x->thread->now_ms + x->thread->server->options.timeout_s * 1000;
}

static enum MHD_Result take_body(struct http_exchange *x, const char *data, size_t size)
{
    struct http_request *r = &x->request;
    size_t limit = x->thread->server->options.body_limit;
    if (!r->body_too_large && size > limit - x->body.size) {
        r->body_too_large = true;
        x->dropped = x->body.size;
        buf_release(&x->body);
    }
    if (r->body_too_large) x->dropped += size;
    else buf_add(&x->body, data, size);
    grant_time(x);
    return x->dropped > limit + DROP_LIMIT ? MHD_NO : MHD_YES;
}

enum MHD_Result http_on_access(void *cls, struct MHD_Connection *connection, const char *url, const char *method, const char *version,
                               const char *data, size_t *size, void **state)
{
    (void)cls, (void)connection, (void)url, (void)version;
    struct http_exchange *x = *state;
    switch (x->stage) {
    case STAGE_HEAD:
        return begin(x, method);
    case STAGE_BODY:
        if (!*size) return arrived(x);
        enum MHD_Result go_on = take_body(x, data, *size);
        *size = 0;
        return go_on;
    case STAGE_RESUMED:
        call_handler(x, x->thread->server->options.on_resume);
        return x->broken ? MHD_NO : MHD_YES;
    case STAGE_DEFERRED: /* woken by http_stop */
        http_reply_text(x, 503, "{\"detail\":\"Service Unavailable\"}");
        return x->broken ? MHD_NO : MHD_YES;
    case STAGE_TAKEN: /* the socket is somebody else's, this is the end of what was around it */
        return MHD_NO;
    default:
        return MHD_YES;
    }
}

void http_exchange_done(struct http_exchange *x)
{
    struct http_thread *t = x->thread;
    if (x->started) {
        if (t->server->options.on_done) t->server->options.on_done(&x->request, t->server->options.ctx);
        atomic_fetch_sub(&t->under_way, 1);
    }
    free(x->upgrade); /* the 101 never went out */
    x->peer->exchange = NULL;
    x->peer->whole_by_ms = t->now_ms + t->server->options.timeout_s * 2000;
    put_exchange(t, x);
}

void http_on_completed(void *cls, struct MHD_Connection *connection, void **state, enum MHD_RequestTerminationCode why)
{
    (void)cls, (void)why;
    struct http_peer *p = peer_of(connection);
    if (p->exchange) http_exchange_done(p->exchange); /* an upgraded one was done long ago */
    *state = NULL;
}

/* Blanks at the end of a line are no part of the value (RFC 9110, 5.5), but libmicrohttpd leaves them there. */
static const char *without_blanks(struct arena *a, const char *value)
{
    size_t size = strlen(value), end = size;
    while (end && (value[end - 1] == ' ' || value[end - 1] == '\t')) end--;
    return end < size ? arena_strndup(a, value, end) : value;
}

const char *http_header(const struct http_request *r, const char *name)
{
    struct http_exchange *x = (struct http_exchange *)r;
    const char *value = MHD_lookup_connection_value(x->connection, MHD_HEADER_KIND, name);
    return value ? without_blanks(&x->request.arena, value) : NULL;
}

void http_defer(struct http_request *r)
{
    struct http_exchange *x = (struct http_exchange *)r;
    assert(x->stage == STAGE_HANDLER);
    x->stage = STAGE_DEFERRED;
    MHD_suspend_connection(x->connection);
}

/* A stack without locks: the thread takes all of it at once and turns it round. Only the first of a batch has to ring. */
void http_resume(struct http_request *r)
{
    struct http_exchange *x = (struct http_exchange *)r;
    struct http_thread *t = x->thread;
    struct http_exchange *top = atomic_load_explicit(&t->resumed, memory_order_relaxed);
    do x->next = top;
    while (!atomic_compare_exchange_weak_explicit(&t->resumed, &top, x, memory_order_release, memory_order_relaxed));
    if (!top) http_thread_wake(t);
}

/* Answers: bytes, files, and the switch to a WebSocket. */
#include "base/log.h"
#include "net/http_internal.h"
#include "net/ws_handshake.h"
#include <assert.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

void http_reply_header(struct http_request *r, const char *name, const char *value)
{
    struct http_exchange *x = (struct http_exchange *)r;
    if (!value || strpbrk(value, "\r\n")) return;
    struct reply_header *h = arena_new(&r->arena, struct reply_header);
    *h = (struct reply_header){x->headers, arena_strdup(&r->arena, name), arena_strdup(&r->arena, value)};
    x->headers = h;
}

static void add_headers(struct MHD_Response *reply, struct reply_header *h)
{
    if (!h) return;
    add_headers(reply, h->next); /* as they were added: Set-Cookie has an order */
    MHD_add_response_header(reply, h->name, h->value);
}

static void queue(struct http_exchange *x, int status, const char *content_type, struct MHD_Response *reply, size_t size)
{
    x->request.status = status;
    x->request.reply_size = size;
    x->stage = STAGE_REPLIED;
    if (!reply) {
        x->broken = true;
        return;
    }
    if (content_type) MHD_add_response_header(reply, MHD_HTTP_HEADER_CONTENT_TYPE, content_type);
    add_headers(reply, x->headers);
    if (atomic_load_explicit(&x->thread->server->quiescing, memory_order_relaxed) && status != MHD_HTTP_SWITCHING_PROTOCOLS)
        MHD_add_response_header(reply, MHD_HTTP_HEADER_CONNECTION, "close");
    x->broken = MHD_queue_response(x->connection, (unsigned)status, reply) != MHD_YES;
    MHD_destroy_response(reply);
}

void http_reply(struct http_request *r, int status, const char *content_type, const void *body, size_t size)
{
    struct http_exchange *x = (struct http_exchange *)r;
    assert(x->stage == STAGE_HANDLER);
    queue(x, status, content_type, MHD_create_response_from_buffer(size, (void *)(uintptr_t)body, MHD_RESPMEM_MUST_COPY), size);
}

void http_reply_take(struct http_request *r, int status, const char *content_type, struct buf *body)
{
    struct http_exchange *x = (struct http_exchange *)r;
    assert(x->stage == STAGE_HANDLER);
    size_t size = body->size;
    queue(x, status, content_type, MHD_create_response_from_buffer(size, buf_take(body), MHD_RESPMEM_MUST_FREE), size);
}

void http_reply_file(struct http_request *r, int status, const char *content_type, int fd, uint64_t offset, uint64_t size)
{
    struct http_exchange *x = (struct http_exchange *)r;
    assert(x->stage == STAGE_HANDLER);
    struct MHD_Response *reply = MHD_create_response_from_fd_at_offset64(size, fd, offset);
    if (!reply) close(fd);
    queue(x, status, content_type, reply, (size_t)size);
}

void http_reply_text(struct http_exchange *x, int status, const char *json)
{
    size_t size = strlen(json);
    queue(x, status, "application/json", MHD_create_response_from_buffer(size, (void *)(uintptr_t)json, MHD_RESPMEM_PERSISTENT), size);
}

/* WebSockets. */

/* Called by whoever had the socket, on any thread. */
static void release(void *handle)
{
    struct http_upgrade *u = handle;
    struct http_thread *t = u->thread;
    struct http_upgrade *top = atomic_load_explicit(&t->released, memory_order_relaxed);
    do u->next_released = top;
    while (!atomic_compare_exchange_weak_explicit(&t->released, &top, u, memory_order_release, memory_order_relaxed));
    if (!top) http_thread_wake(t);
}

static void keep(struct http_upgrade *u)
{
    struct http_thread *t = u->thread;
    u->prev = NULL;
    u->next = t->upgrades;
    if (u->next) u->next->prev = u;
    t->upgrades = u;
}

void http_thread_give_back(struct http_upgrade *u)
{
    if (u->prev) u->prev->next = u->next;
    else u->thread->upgrades = u->next;
    if (u->next) u->next->prev = u->prev;
    MHD_upgrade_action(u->lent, MHD_UPGRADE_ACTION_CLOSE);
    free(u);
}

static void on_upgraded(void *cls, struct MHD_Connection *connection, void *state, const char *early, size_t early_size,
                        MHD_socket fd, struct MHD_UpgradeResponseHandle *lent)
{
    (void)connection;
    struct http_exchange *x = state;
    struct http_upgrade *u = cls;
    x->upgrade = NULL;
    x->peer->upgraded = true;
    u->lent = lent;
    keep(u);
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    u->fn(u->ctx, fd, early, early_size, release, u);
    http_exchange_done(x);
}

/* Is `word` in a header such as "Connection: keep-alive, Upgrade"? */
static bool has_word(const char *list, const char *word)
{
    size_t size = strlen(word);
    for (; list && *list; list += strcspn(list, ",")) {
        list += strspn(list, ", \t");
        size_t end = strcspn(list, ", \t");
        if (end == size && strncasecmp(list, word, size) == 0) return true;
    }
    return false;
}

static bool refuse(struct err *e, int status, const char *text)
{
    err_set(e, ERR_CALLER, "bad_upgrade", "%s", text);
    if (e) e->status = status;
    return false;
}

static bool check_upgrade(struct http_request *r, char accept[WS_ACCEPT_TEXT], struct err *e)
{
    const char *version = http_header(r, "Sec-WebSocket-Version"), *key = http_header(r, "Sec-WebSocket-Key");
    if (strcmp(r->method, "GET") != 0 || r->head) return refuse(e, 400, "a WebSocket is opened with GET");
    if (!has_word(http_header(r, "Upgrade"), "websocket") || !has_word(http_header(r, "Connection"), "upgrade"))
        return refuse(e, 426, "this address speaks WebSocket; send \"Connection: Upgrade\" and \"Upgrade: websocket\"");
    if (!version || strcmp(version, "13") != 0) return refuse(e, 426, "only version 13 of WebSocket is spoken here");
    if (!key || !ws_accept_key(key, accept)) return refuse(e, 400, "\"Sec-WebSocket-Key\" has to be the base64 of 16 bytes");
    return true;
}

/* False: what is wrong is in `e`, and in headers of the reply to come. */
static bool accept_upgrade(struct http_request *r, char accept[WS_ACCEPT_TEXT], struct err *e)
{
    struct err refusal;
    if (check_upgrade(r, accept, &refusal)) return true;
    if (refusal.status == 426) { /* RFC 9110: a 426 names what it wants */
        http_reply_header(r, "Upgrade", "websocket");
        http_reply_header(r, "Sec-WebSocket-Version", "13");
    }
    if (e) *e = refusal;
    return false;
}

bool http_reply_websocket(struct http_request *r, http_upgrade_fn *upgraded, void *ctx, struct err *e)
{
    struct http_exchange *x = (struct http_exchange *)r;
    assert(x->stage == STAGE_HANDLER);
    char accept[WS_ACCEPT_TEXT];
    if (!accept_upgrade(r, accept, e)) return false;
    struct http_upgrade *u = x->upgrade = xcalloc(1, sizeof *u);
    u->thread = x->thread;
    u->fn = upgraded;
    u->ctx = ctx;
    http_reply_header(r, "Upgrade", "websocket");
    http_reply_header(r, "Sec-WebSocket-Accept", accept);
    queue(x, MHD_HTTP_SWITCHING_PROTOCOLS, NULL, MHD_create_response_for_upgrade(on_upgraded, u), 0);
    return true;
}

/* Connections that are given away. */

static void write_headers(struct buf *head, const struct reply_header *h)
{
    if (!h) return;
    write_headers(head, h->next);
    buf_printf(head, "%s: %s\r\n", h->name, h->value);
}

static void write_date(struct buf *head)
{
    char text[64];
    time_t now = time(NULL);
    struct tm parts;
    strftime(text, sizeof text, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", gmtime_r(&now, &parts));
    buf_text(head, text);
}

/* It fits: nothing else waits in this socket. A client that is gone already is noticed by the next who writes. */
static void send_head(const struct http_exchange *x, int fd, int status, const char *content_type)
{
    struct buf head;
    buf_init(&head, 0);
    buf_printf(&head, "HTTP/1.1 %d %s\r\n", status, status == 101 ? "Switching Protocols" : "OK");
    write_date(&head);
    buf_printf(&head, "Connection: %s\r\n", status == 101 ? "Upgrade" : "close");
    if (content_type) buf_printf(&head, "Content-Type: %s\r\n", content_type);
    write_headers(&head, x->headers);
    buf_text(&head, "\r\n");
    setsockopt(fd, IPPROTO_TCP, TCP_CORK, &(int){0}, sizeof(int)); /* as libmicrohttpd may have left it */
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    if (send(fd, head.data, head.size, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)head.size) shutdown(fd, SHUT_RDWR);
    buf_release(&head);
}

/* libmicrohttpd has no way to let go of a socket but to close it. So it is put aside, out of its epoll set, its number is given the dead socket, and
 * when it comes back it closes that, with all that it had kept for the connection. */
int http_take_socket(struct http_request *r, int status, const char *content_type, struct err *e)
{
    struct http_exchange *x = (struct http_exchange *)r;
    assert(x->stage == STAGE_HANDLER);
    int fd = fcntl(x->peer->fd, F_DUPFD_CLOEXEC, 3), dead = x->thread->server->dead;
    if (fd < 0 || dead < 0) {
        if (fd >= 0) close(fd);
        err_set(e, ERR_DESTINATION, "no_descriptor", "no descriptor is left for this connection");
        if (e) e->status = 503;
        return -1;
    }
    MHD_suspend_connection(x->connection);
    dup3(dead, x->peer->fd, O_CLOEXEC);
    x->stage = STAGE_TAKEN;
    r->status = status;
    send_head(x, fd, status, content_type);
    http_resume(r);
    return fd;
}

int http_take_websocket(struct http_request *r, struct err *e)
{
    char accept[WS_ACCEPT_TEXT];
    if (!accept_upgrade(r, accept, e)) return -1;
    http_reply_header(r, "Upgrade", "websocket");
    http_reply_header(r, "Sec-WebSocket-Accept", accept);
    return http_take_socket(r, 101, NULL, e);
}

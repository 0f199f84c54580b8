/* subscriber.c - one who is told: what it is written, and its end. */
#include "base/clock.h"
#include "base/fault.h"
#include "stream/event_parts.h"
#include "base/metric.h"
#include <errno.h>
#include <jansson.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum went { WENT, BLOCKED, LOST, UNREAD };
enum { CLOSE_RESTART = 1012, CLOSE_LATER = 1013, CLOSE_ERROR = 4000 };

/* ---- the end */

static void forget_wish(struct subscriber *w)
{
    free((char *)(uintptr_t)w->wish.session);
    free((char *)(uintptr_t)w->wish.types);
    w->wish = (struct feed_wish){0};
}

static void destroy(struct subscriber *w)
{
    struct event_stream *s = w->stream;
    catch_up_forget(w);
    if (w->prev) w->prev->next = w->next;
    else s->subscribers = w->next;
    if (w->next) w->next->prev = w->prev;
    loop_watch_stop(w->watch);
    loop_timer_stop(w->door);
    if (w->fd >= 0) close(w->fd);
    bearer_drop(s, w->bearer);
    forget_wish(w);
    buf_release(&w->page);
    quota_give(&s->quota, w->holder);
    free(w);
    metric_add(stream_subscribers, -1);
    atomic_fetch_sub(&s->reserved, 1);
    if (s->subscribers) return;
    backlog_clear(&s->backlog);
    if (s->stopping) loop_stop(s->loop);
}

static void write_end(struct buf *to, const char *code, const char *why)
{
    struct stream_end end = {0};
    SET(&end, stream_end, code, code);
    SET(&end, stream_end, detail, why);
    model_write(to, &stream_end_model, &end);
}

static void end_websocket(struct subscriber *w, const char *code, const char *why, int ws_code)
{
    struct buf text;
    if (w->state == SUBSCRIBER_ENDING) return;
    w->state = SUBSCRIBER_ENDING;
    catch_up_forget(w);
    buf_init(&text, 0);
    write_end(&text, code, why);
    text.data[0] = ','; /* for its brace */
    struct buf whole;
    buf_init(&whole, 0);
    buf_text(&whole, "{\"type\":\"stream.end\"");
    buf_add(&whole, text.data, text.size);
    ws_send(w->ws, whole.data, whole.size);
    ws_close(w->ws, ws_code, why);
    buf_release(&text);
    buf_release(&whole);
}

void subscriber_end(struct subscriber *w, const char *code, const char *why, int ws_code)
{
    struct buf text;
    if (w->ws) {
        end_websocket(w, code, why, ws_code);
        return;
    }
    buf_init(&text, 0);
    buf_text(&text, "event: stream.end\ndata: ");
    write_end(&text, code, why);
    buf_text(&text, "\n\n");
    if (!w->sent && !w->page.size) send(w->fd, text.data, text.size, MSG_NOSIGNAL | MSG_DONTWAIT); /* else it would be in the middle of something */
    buf_release(&text);
    destroy(w);
}

void subscriber_fail(struct subscriber *w, const struct err *e)
{
    subscriber_end(w, e->code, e->text, CLOSE_ERROR + e->status);
}

void subscriber_fail_unread(struct subscriber *w)
{
    struct err e;
    err_fail(&e, error_storage_unavailable);
    subscriber_fail(w, &e);
}

void subscriber_cut(struct subscriber *w)
{
    metric_add(stream_cut_total, 1);
    subscriber_end(w, "too_slow", "Too slow; come back with the cursor", CLOSE_LATER);
}

/* ---- writing */

static void set_blocked(struct subscriber *w, bool blocked)
{
    if (w->blocked == blocked) return;
    w->blocked = blocked;
    if (w->watch) loop_watch_change(w->watch, EPOLLIN | EPOLLRDHUP | (blocked ? (uint32_t)EPOLLOUT : 0));
}

static enum went write_vector(struct subscriber *w, struct iovec *v, int count, size_t *size)
{
    struct msghdr message = {.msg_iov = v, .msg_iovlen = (size_t)count};
    ssize_t n;
    do n = sendmsg(w->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    *size = n < 0 ? 0 : (size_t)n;
    if (n < 0) return errno == EAGAIN ? BLOCKED : LOST;
    w->moved_ms = clock_monotonic_ms();
    FAULT_POINT(stream_sent);
    return WENT;
}

static enum went write_page(struct subscriber *w)
{
    size_t size;
    struct iovec v = {w->page.data + w->sent, w->page.size - w->sent};
    enum went how = write_vector(w, &v, 1, &size);
    if (how != WENT) return how;
    w->sent += size;
    if (w->sent < w->page.size) return BLOCKED;
    w->sent = 0;
    buf_release(&w->page);
    return WENT;
}

/* Passes over what is not for it. False: there is nothing, or the database cannot say (*unread). */
static bool next_heard(struct subscriber *w, uint64_t *place, bool *unread)
{
    const struct backlog *b = &w->stream->backlog;
    for (; *place < b->next; ++*place) {
        bool hears = false;
        if (backlog_at(b, *place)->id <= w->pass.position) continue; /* it was read already, before the writer had told of it */
        *unread = !catch_up_hears(w, backlog_at(b, *place), &hears);
        if (*unread || hears) return !*unread;
    }
    return false;
}

static enum went account(struct subscriber *w, const struct iovec *v, const uint64_t *after, int count, size_t size)
{
    for (int i = 0; i < count; i++) {
        if (size < v[i].iov_len) {
            w->sent += size;
            return BLOCKED;
        }
        size -= v[i].iov_len;
        w->sent = 0;
        w->place = after[i];
        w->stream->sent++;
    }
    return WENT;
}

/* Some lines in one call. Of the first a part may be out already. */
static enum went write_lines(struct subscriber *w, bool *any)
{
    struct iovec v[VECTOR];
    uint64_t after[VECTOR], place = w->place;
    int count = 0;
    bool unread = false;
    size_t size;
    while (count < VECTOR && next_heard(w, &place, &unread)) {
        struct line *l = backlog_at(&w->stream->backlog, place);
        size_t from = count ? 0 : w->sent;
        v[count] = (struct iovec){l->text + from, l->size - from};
        after[count++] = ++place;
    }
    *any = count > 0;
    if (unread) return UNREAD;
    if (!count) w->place = place;
    enum went how = count ? write_vector(w, v, count, &size) : WENT;
    return count && how == WENT ? account(w, v, after, count, size) : how;
}

static void go_on_stream(struct subscriber *w)
{
    bool any = true;
    while (any) {
        enum went how = w->page.size ? write_page(w) : WENT;
        if (how == WENT && w->state == SUBSCRIBER_BEHIND) {
            set_blocked(w, false);
            catch_up_queue(w);
            return;
        }
        if (how == WENT && w->place < w->stream->backlog.first) {
            subscriber_cut(w);
            return;
        }
        if (how == WENT) how = write_lines(w, &any);
        if (how == WENT) continue;
        if (how == BLOCKED) set_blocked(w, true);
        else if (how == UNREAD) subscriber_fail_unread(w);
        else destroy(w);
        return;
    }
    set_blocked(w, false);
}

static void go_on_websocket(struct subscriber *w)
{
    bool unread = false;
    w->blocked = ws_is_behind(w->ws);
    if (w->blocked || w->state == SUBSCRIBER_AT_DOOR || w->state == SUBSCRIBER_ENDING) return;
    w->moved_ms = clock_monotonic_ms();
    if (w->state == SUBSCRIBER_BEHIND) {
        catch_up_queue(w);
        return;
    }
    if (w->place < w->stream->backlog.first) {
        subscriber_cut(w);
        return;
    }
    while (!w->blocked && next_heard(w, &w->place, &unread)) {
        struct line *l = backlog_at(&w->stream->backlog, w->place++);
        line_prepare_message(l);
        ws_send(w->ws, l->message, l->message_size);
        w->stream->sent++;
        w->blocked = ws_is_behind(w->ws);
    }
    if (unread) subscriber_fail_unread(w);
}

void subscriber_go_on(struct subscriber *w)
{
    if (w->ws) go_on_websocket(w);
    else go_on_stream(w);
}

void subscriber_keep_alive(struct subscriber *w)
{
    int64_t silent = clock_monotonic_ms() - w->moved_ms;
    if (w->state == SUBSCRIBER_AT_DOOR || w->state == SUBSCRIBER_ENDING) return;
    if (w->blocked && silent >= STALL_MS) subscriber_cut(w);
    else if (!w->ws && !w->blocked && !w->page.size && !w->sent && silent >= KEEPALIVE_MS - 1000) {
        buf_text(&w->page, ":\n");
        subscriber_go_on(w);
    }
}

/* ---- reading: an event stream hears nothing but the end, a WebSocket who it is */

static void on_ready(void *arg, uint32_t events)
{
    struct subscriber *w = arg;
    char rest[1024];
    ssize_t n = -1;
    errno = EAGAIN;
    if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) n = recv(w->fd, rest, sizeof rest, MSG_DONTWAIT);
    if (!n || (n < 0 && errno != EAGAIN && errno != EINTR)) destroy(w);
    else if (events & EPOLLOUT) subscriber_go_on(w);
}

static void on_drained(struct ws *ws, void *ctx)
{
    (void)ws;
    subscriber_go_on(ctx);
}

static void on_close(struct ws *ws, int code, void *ctx)
{
    (void)ws, (void)code;
    destroy(ctx);
}

static void on_silence(void *arg)
{
    struct subscriber *w = arg;
    struct err e;
    w->door = NULL;
    err_fail(&e, error_not_authenticated);
    subscriber_fail(w, &e);
}

/* Until now it counted for its address, from now on for the account. */
static bool count_for_account(struct subscriber *w, struct err *e)
{
    char holder[QUOTA_NAME];
    stream_holder(holder, &w->pass, NULL);
    if (!stream_count(w->stream, holder, e)) return false;
    quota_give(&w->stream->quota, w->holder);
    memcpy(w->holder, holder, sizeof holder);
    return true;
}

static bool admit(struct subscriber *w, const char *bearer, struct err *e)
{
    struct scope scope = stream_scope(w->stream);
    bool ok = feed_admit(&scope, bearer, &w->wish, &w->pass, e) && count_for_account(w, e);
    arena_reset(&w->stream->arena);
    return ok;
}

static void on_text(struct ws *ws, const char *text, size_t size, void *ctx)
{
    struct subscriber *w = ctx;
    struct err e = {0};
    (void)ws;
    if (w->state != SUBSCRIBER_AT_DOOR) return; /* nothing more is asked for */
    json_t *message = json_loadb(text, size, 0, NULL);
    const char *bearer = json_string_value(json_object_get(message, "access_token"));
    bool ok = bearer ? admit(w, bearer, &e) : err_fail(&e, error_not_authenticated);
    if (ok) subscriber_admitted(w, bearer);
    else subscriber_fail(w, &e);
    json_decref(message);
}

static const struct ws_handler handler = {on_text, on_close};

/* ---- the beginning */

void subscriber_admitted(struct subscriber *w, const char *bearer)
{
    struct buf text;
    long long position = (long long)w->pass.position;
    w->bearer = bearer_take(w->stream, bearer, &w->pass);
    w->state = SUBSCRIBER_BEHIND;
    loop_timer_stop(w->door);
    w->door = NULL;
    forget_wish(w);
    if (!w->ws) {
        buf_printf(&w->page, "retry: 3000\nid: %lld\nevent: stream.open\ndata: {\"cursor\":%lld}\n\n", position, position);
    } else {
        buf_init(&text, 0);
        buf_printf(&text, "{\"type\":\"stream.open\",\"cursor\":%lld}", position);
        ws_send(w->ws, text.data, text.size);
        buf_release(&text);
    }
    subscriber_go_on(w);
}

static struct subscriber *create(struct event_stream *s, const struct feed_arrival *a)
{
    struct subscriber *w = xcalloc(1, sizeof *w);
    *w = (struct subscriber){.stream = s, .next = s->subscribers, .pass = a->pass, .fd = a->fd, .wish = a->wish, .moved_ms = clock_monotonic_ms()};
    buf_init(&w->page, 0);
    if (w->next) w->next->prev = w;
    s->subscribers = w;
    metric_add(stream_subscribers, 1);
    stream_holder(w->holder, &a->pass, a->client);
    setsockopt(w->fd, SOL_SOCKET, SO_SNDBUF, &(int){SOCKET_BUFFER}, sizeof(int));
    return w;
}

void subscriber_arrive(struct event_stream *s, const struct feed_arrival *a)
{
    struct subscriber *w = create(s, a);
    if (a->websocket) {
        w->ws = ws_accept(s->loop, a->fd, NULL, 0, FIRST_MESSAGE, &handler, w, NULL, NULL);
        ws_set_drained(w->ws, on_drained);
        w->fd = -1;
    } else w->watch = loop_watch_start(s->loop, w->fd, EPOLLIN | EPOLLRDHUP, on_ready, w);
    if (s->stopping) subscriber_end(w, "restarting", "The server is restarting; come back", CLOSE_RESTART);
    else if (!a->websocket && !w->watch) destroy(w);
    else if (a->bearer) subscriber_admitted(w, a->bearer);
    else w->door = loop_timer_start(s->loop, DOOR_MS, on_silence, w);
}

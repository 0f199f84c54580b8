/* The server: its listening sockets, its threads, and the loop that drives libmicrohttpd.
 * libmicrohttpd's own epoll threads are not used: with exactly 128, 256 … connections ready at once they wait for one more event
 * with the full batch in their hand. Driven from outside (poll on its epoll fd, then MHD_run, which never blocks) they do not. */
#include "net/http.h"
#include "base/clock.h"
#include "base/log.h"
#include "net/http_internal.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LISTEN_BACKLOG = 4096, SWEEP_MS = 500, STOP_ROUNDS = 64 };
enum { LINGER_US = 40 }; /* a client on this box that was answered asks again sooner than a thread falls asleep and wakes */
enum { CONNECTION_MEMORY = HEADER_LIMIT + (5 << 10) }; /* the head, the list of its fields, and the head of the reply; touched by every request */

/* Listening. */

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_storage storage;
};

static bool parse_address(const char *text, uint16_t port, union address *a, struct err *e)
{
    *a = (union address){0};
    if (inet_pton(AF_INET, text, &a->v4.sin_addr) == 1) {
        a->v4.sin_family = AF_INET;
        a->v4.sin_port = htons(port);
        return true;
    }
    if (inet_pton(AF_INET6, text, &a->v6.sin6_addr) == 1) {
        a->v6.sin6_family = AF_INET6;
        a->v6.sin6_port = htons(port);
        return true;
    }
    return err_set(e, ERR_INTERNAL, "address", "\"%s\" is not an IPv4 or IPv6 address", text);
}

static bool listen_failed(const struct http_options *o, int fd, struct err *e)
{
    bool v6 = strchr(o->address, ':') != NULL;
    int sys = errno;
    if (fd >= 0) close(fd);
    errno = sys;
    if (sys == EADDRINUSE)
        return err_set(e, ERR_INTERNAL, "address_in_use", "address %s%s%s:%d is in use; stop the other program or choose another port", v6 ? "[" : "",
                       o->address, v6 ? "]" : "", o->port);
    return err_sys(e, ERR_INTERNAL, "listen", "cannot listen on %s%s%s:%d", v6 ? "[" : "", o->address, v6 ? "]" : "", o->port);
}

/* The first socket is bound alone, so that a port in use is noticed even when its owner shares; only then it is opened to ours. */
static int listen_on(const struct http_options *o, union address *a, bool first, struct err *e)
{
    int on = 1;
    bool v6 = a->any.sa_family == AF_INET6;
    int fd = socket(a->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
        (!first && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) < 0) ||
        bind(fd, &a->any, v6 ? sizeof a->v6 : sizeof a->v4) < 0 ||
        (first && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) < 0) || listen(fd, LISTEN_BACKLOG) < 0) {
        listen_failed(o, fd, e);
        return -1;
    }
    socklen_t size = sizeof *a;
    getsockname(fd, &a->any, &size); /* port 0 has become a real one */
    return fd;
}

/* Connections. */

static void show_address(const struct sockaddr *from, char text[46])
{
    const union address *a = (const void *)from;
    static const unsigned char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    if (from->sa_family == AF_INET) inet_ntop(AF_INET, &a->v4.sin_addr, text, 46);
    else if (from->sa_family != AF_INET6) text[0] = '\0';
    else if (memcmp(&a->v6.sin6_addr, mapped, sizeof mapped) == 0) inet_ntop(AF_INET, a->v6.sin6_addr.s6_addr + 12, text, 46);
    else inet_ntop(AF_INET6, &a->v6.sin6_addr, text, 46);
}

static void open_peer(struct http_thread *t, struct MHD_Connection *connection, void **state)
{
    struct http_peer *p = *state = xcalloc(1, sizeof *p);
    p->connection = connection;
    p->fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    p->whole_by_ms = t->now_ms + t->server->options.timeout_s * 1000;
    show_address(MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr, p->client);
    p->next = t->peers;
    if (p->next) p->next->prev = p;
    t->peers = p;
}

static void close_peer(struct http_thread *t, void **state)
{
    struct http_peer *p = *state;
    if (p->prev) p->prev->next = p->next;
    else t->peers = p->next;
    if (p->next) p->next->prev = p->prev;
    free(p);
    *state = NULL;
    atomic_fetch_sub_explicit(&t->server->connections, 1, memory_order_relaxed);
}

static void on_connection(void *cls, struct MHD_Connection *connection, void **state, enum MHD_ConnectionNotificationCode what)
{
    struct http_thread *t = cls;
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        atomic_fetch_add_explicit(&t->server->connections, 1, memory_order_relaxed);
        open_peer(t, connection, state);
    } else {
        close_peer(t, state);
    }
}

static enum MHD_Result on_accept(void *cls, const struct sockaddr *from, socklen_t size)
{
    (void)from, (void)size;
    const struct http_server *s = ((struct http_thread *)cls)->server;
    return atomic_load_explicit(&s->connections, memory_order_relaxed) < (unsigned)s->options.connections ? MHD_YES : MHD_NO;
}

/* libmicrohttpd cuts the silent; this cuts those that drip. The end of the socket is libmicrohttpd's to notice. */
static void cut_slow_peers(struct http_thread *t)
{
    if (!t->server->options.timeout_s || t->now_ms - t->swept_ms < SWEEP_MS) return;
    t->swept_ms = t->now_ms;
    for (struct http_peer *p = t->peers; p; p = p->next)
        if (t->now_ms >= p->whole_by_ms && !p->upgraded) shutdown(p->fd, SHUT_RDWR);
}

/* The thread. */

void http_thread_wake(struct http_thread *t)
{
    eventfd_write(t->wake, 1);
}

static void take_resumed(struct http_thread *t)
{
    struct http_exchange *x = atomic_exchange_explicit(&t->resumed, NULL, memory_order_acquire), *in_order = NULL;
    while (x) {
        struct http_exchange *next = x->next;
        x->next = in_order;
        in_order = x;
        x = next;
    }
    for (x = in_order; x; x = x->next) {
        if (x->stage == STAGE_DEFERRED) x->stage = STAGE_RESUMED;
        MHD_resume_connection(x->connection);
    }
}

static void take_released(struct http_thread *t)
{
    struct http_upgrade *u = atomic_exchange_explicit(&t->released, NULL, memory_order_acquire);
    while (u) {
        struct http_upgrade *next = u->next_released;
        http_thread_give_back(u);
        u = next;
    }
}

static int wait_ms(struct http_thread *t)
{
    MHD_UNSIGNED_LONG_LONG left;
    int longest = t->peers ? SWEEP_MS : -1;
    if (MHD_get_timeout(t->daemon, &left) != MHD_YES) return longest;
    return left < SWEEP_MS ? (int)left : SWEEP_MS;
}

/* A lone caller is looked out for a moment before sleeping; several come in batches, which sleep makes larger. */
static bool comes_at_once(struct pollfd fds[2])
{
    for (int64_t until = clock_monotonic_us() + LINGER_US; clock_monotonic_us() < until;)
        if (poll(fds, 2, 0) > 0) return true;
    return false;
}

static void wait_for_work(struct http_thread *t, int epoll)
{
    struct pollfd fds[2] = {{.fd = epoll, .events = POLLIN}, {.fd = t->wake, .events = POLLIN}};
    eventfd_t ignored;
    int wait = wait_ms(t);
    bool linger = t->round_requests == 1 && wait;
    t->round_requests = 0;
    if (!linger || !comes_at_once(fds)) poll(fds, 2, wait);
    if (fds[1].revents) eventfd_read(t->wake, &ignored);
    t->now_ms = clock_monotonic_ms();
}

static void stop_listening(struct http_thread *t)
{
    t->quiet = true;
    MHD_quiesce_daemon(t->daemon);
    close(t->listener);
    t->listener = -1;
}

static void tell_round_over(struct http_server *s)
{
    pthread_mutex_lock(&s->lock);
    pthread_cond_broadcast(&s->round_over);
    pthread_mutex_unlock(&s->lock);
}

static void serve(struct http_thread *t)
{
    struct http_server *s = t->server;
    int epoll = MHD_get_daemon_info(t->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
    while (!atomic_load(&s->stopping)) {
        wait_for_work(t, epoll);
        if (atomic_load(&s->quiescing) && !t->quiet) stop_listening(t);
        take_resumed(t);
        take_released(t);
        MHD_run(t->daemon);
        cut_slow_peers(t);
        if (s->options.on_idle) s->options.on_idle(t->number, s->options.ctx);
        if (atomic_load(&s->draining)) tell_round_over(s);
    }
}

/* libmicrohttpd ends the program when it is stopped with suspended connections: wake what is left first. */
static bool wake_deferred(struct http_thread *t)
{
    bool any = false;
    for (struct http_peer *p = t->peers; p; p = p->next) {
        if (!p->exchange || p->exchange->stage != STAGE_DEFERRED) continue;
        MHD_resume_connection(p->connection);
        any = true;
    }
    return any;
}

static void close_daemon(struct http_thread *t)
{
    take_resumed(t);
    take_released(t);
    while (t->upgrades) http_thread_give_back(t->upgrades);
    for (int i = 0; wake_deferred(t) && i < STOP_ROUNDS; i++) MHD_run(t->daemon);
    MHD_run(t->daemon);
    MHD_stop_daemon(t->daemon); /* closes the listening socket too */
    t->listener = -1;
}

static void *run_thread(void *arg)
{
    struct http_thread *t = arg;
    const struct http_options *o = &t->server->options;
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, NULL); /* signals are the main thread's; SIGPIPE nobody's */
    t->now_ms = clock_monotonic_ms();
    if (o->on_thread_start) o->on_thread_start(t->number, o->ctx);
    serve(t);
    close_daemon(t);
    if (o->on_thread_stop) o->on_thread_stop(t->number, o->ctx);
    http_exchange_drop_pool(t);
    return NULL;
}

/* Starting and stopping. */

__attribute__((format(printf, 2, 0))) static void on_mhd_log(void *cls, const char *format, va_list args)
{
    (void)cls;
    if (!log_on(LOG_DEBUG)) return;
    char text[256];
    vsnprintf(text, sizeof text, format, args);
    text[strcspn(text, "\n")] = '\0';
    const char *line = text;
    log_debug("http.library", LOG_STR("text", line));
}

/* Paths are handed on as they were sent. */
static size_t leave_as_it_is(void *cls, struct MHD_Connection *connection, char *text)
{
    (void)cls, (void)connection;
    return strlen(text);
}

static bool start_daemon(struct http_thread *t, struct err *e)
{
    const struct http_options *o = &t->server->options;
    t->daemon = MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_ALLOW_UPGRADE | MHD_USE_ERROR_LOG, 0, on_accept, t, http_on_access, t,
                                 MHD_OPTION_EXTERNAL_LOGGER, on_mhd_log, NULL,
                                 MHD_OPTION_LISTEN_SOCKET, t->listener,
                                 MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, /* without it neither sendfile nor writev are used */
                                 MHD_OPTION_STRICT_FOR_CLIENT, 1,
                                 MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
                                 MHD_OPTION_CONNECTION_LIMIT, (unsigned)o->connections + 1, /* ours is kept by on_accept: at its own, it would leave them waiting */
                                 MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)o->timeout_s,
                                 MHD_OPTION_UNESCAPE_CALLBACK, leave_as_it_is, NULL,
                                 MHD_OPTION_URI_LOG_CALLBACK, http_on_uri, t,
                                 MHD_OPTION_NOTIFY_CONNECTION, on_connection, t,
                                 MHD_OPTION_NOTIFY_COMPLETED, http_on_completed, t, MHD_OPTION_END);
    return t->daemon || err_set(e, ERR_INTERNAL, "http", "the HTTP server cannot start; are there file descriptors left?");
}

static bool prepare_thread(struct http_thread *t, union address *a, struct err *e)
{
    t->listener = listen_on(&t->server->options, a, t->number == 0, e);
    if (t->listener < 0) return false;
    t->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (t->wake < 0) return err_sys(e, ERR_INTERNAL, "http", "eventfd failed");
    return start_daemon(t, e);
}

static bool start_thread(struct http_thread *t, struct err *e)
{
    int sys = pthread_create(&t->id, NULL, run_thread, t);
    t->running = sys == 0;
    errno = sys;
    return t->running || err_sys(e, ERR_INTERNAL, "http", "starting an HTTP thread failed");
}

static struct http_server *create_server(const struct http_options *options)
{
    struct http_server *s = xcalloc(1, sizeof *s);
    s->options = *options;
    s->dead = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    s->threads = aligned_alloc(_Alignof(struct http_thread), sizeof *s->threads * (size_t)options->threads);
    if (!s->threads) abort();
    memset(s->threads, 0, sizeof *s->threads * (size_t)options->threads);
    for (int i = 0; i < options->threads; i++) {
        s->threads[i].server = s;
        s->threads[i].number = i;
        s->threads[i].listener = s->threads[i].wake = -1;
    }
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&s->round_over, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_mutex_init(&s->lock, NULL);
    return s;
}

struct http_server *http_start(const struct http_options *options, struct err *e)
{
    union address a;
    if (!parse_address(options->address, options->port, &a, e)) return NULL;
    struct http_server *s = create_server(options);
    bool ok = true;
    for (int i = 0; ok && i < options->threads; i++) ok = prepare_thread(&s->threads[i], &a, e);
    for (int i = 0; ok && i < options->threads; i++) ok = start_thread(&s->threads[i], e);
    s->port = ntohs(a.any.sa_family == AF_INET6 ? a.v6.sin6_port : a.v4.sin_port);
    if (ok) return s;
    http_stop(s);
    return NULL;
}

uint16_t http_port(const struct http_server *s)
{
    return s->port;
}

unsigned http_connections(const struct http_server *s)
{
    return atomic_load_explicit(&s->connections, memory_order_relaxed);
}

static void wake_all(struct http_server *s)
{
    for (int i = 0; i < s->options.threads; i++) http_thread_wake(&s->threads[i]);
}

void http_quiesce(struct http_server *s)
{
    atomic_store(&s->quiescing, true);
    wake_all(s);
}

static bool idle(struct http_server *s)
{
    int under_way = 0;
    for (int i = 0; i < s->options.threads; i++) under_way += atomic_load(&s->threads[i].under_way);
    return under_way == 0;
}

static bool wait_idle(struct http_server *s, int64_t deadline_ms)
{
    struct timespec until = {.tv_sec = deadline_ms / 1000, .tv_nsec = deadline_ms % 1000 * 1000000};
    bool late = false, done;
    pthread_mutex_lock(&s->lock);
    while (!(done = idle(s)) && !late) late = pthread_cond_timedwait(&s->round_over, &s->lock, &until) == ETIMEDOUT;
    pthread_mutex_unlock(&s->lock);
    return done;
}

bool http_drain(struct http_server *s, int64_t deadline_ms)
{
    atomic_store(&s->draining, true);
    wake_all(s);
    bool done = wait_idle(s, deadline_ms);
    atomic_store(&s->refusing, true);
    return done && wait_idle(s, deadline_ms); /* what slipped in before the refusal */
}

static void stop_thread(struct http_thread *t)
{
    if (t->running) {
        http_thread_wake(t);
        pthread_join(t->id, NULL);
    } else if (t->daemon) {
        MHD_stop_daemon(t->daemon);
        t->listener = -1;
    }
    if (t->listener >= 0) close(t->listener);
    if (t->wake >= 0) close(t->wake);
}

void http_stop(struct http_server *s)
{
    if (!s) return;
    atomic_store(&s->stopping, true);
    for (int i = 0; i < s->options.threads; i++) stop_thread(&s->threads[i]);
    pthread_cond_destroy(&s->round_over);
    pthread_mutex_destroy(&s->lock);
    if (s->dead >= 0) close(s->dead);
    free(s->threads);
    free(s);
}

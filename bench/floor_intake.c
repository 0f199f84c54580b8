/* floor_intake.c - the least server that could take webhooks: libmicrohttpd reads a POST, in the same drive as src/net/http.c, one thread appends
 * its row in SQLite, with one commit for all that wait, and only then it is answered. Nothing is looked at: no signature, no JSON.
 * The benches divide by it.  floor_intake PORT THREADS FILE */
#include "floor.h"
#include <arpa/inet.h>
#include <microhttpd.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { LONGEST = 8192 };
static char reply_text[] = "{\"status\":\"ok\"}";

struct letter {
    struct letter *next;
    struct MHD_Connection *connection;
    struct http *http;
    const char *proof;
    bool stored;
    size_t size;
    char body[LONGEST + 1];
};

/* A thread with its own listening socket; `stored` are the letters that it may answer. */
struct http { struct MHD_Daemon *daemon; int wake; struct letter *stored; };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t work = PTHREAD_COND_INITIALIZER;
static struct letter *waiting;

/* ---- the writer */

static void append(sqlite3_stmt *insert, const struct letter *l)
{
    char id[16] = "EV_";
    random_text(id + 3, 12, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789");
    sqlite3_bind_text(insert, 1, id, -1, SQLITE_STATIC);
    sqlite3_bind_text(insert, 2, l->proof, -1, SQLITE_STATIC);
    sqlite3_bind_text(insert, 3, l->body, -1, SQLITE_STATIC);
    sqlite3_bind_int64(insert, 4, now_ms(CLOCK_REALTIME));
    run(insert);
}

static struct letter *take_waiting(void)
{
    pthread_mutex_lock(&lock);
    while (!waiting) pthread_cond_wait(&work, &lock);
    struct letter *all = waiting;
    waiting = NULL;
    pthread_mutex_unlock(&lock);
    return all;
}

static void give_back(struct letter *all)
{
    pthread_mutex_lock(&lock);
    for (struct letter *l = all, *next; l; l = next) {
        next = l->next;
        if (!l->http->stored) eventfd_write(l->http->wake, 1);
        l->next = l->http->stored;
        l->http->stored = l;
    }
    pthread_mutex_unlock(&lock);
}

static void *write_rows(void *arg)
{
    (void)arg;
    sqlite3_stmt *begin = prepare("BEGIN IMMEDIATE"), *commit = prepare("COMMIT"), *insert = prepare(INBOX_INSERT);
    for (;;) {
        struct letter *all = take_waiting();
        run(begin);
        for (struct letter *l = all; l; l = l->next) append(insert, l);
        run(commit);
        give_back(all);
    }
    return NULL;
}

/* ---- HTTP */

static void wait_for_commit(struct letter *l)
{
    const char *proof = MHD_lookup_connection_value(l->connection, MHD_HEADER_KIND, "Authorization");
    l->proof = proof ? proof : "";
    l->body[l->size] = '\0';
    MHD_suspend_connection(l->connection);
    pthread_mutex_lock(&lock);
    if (!waiting) pthread_cond_signal(&work);
    l->next = waiting;
    waiting = l;
    pthread_mutex_unlock(&lock);
}

static enum MHD_Result reply(struct MHD_Connection *connection)
{
    struct MHD_Response *r = MHD_create_response_from_buffer(sizeof reply_text - 1, reply_text, MHD_RESPMEM_PERSISTENT);
    MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, "application/json");
    enum MHD_Result ok = MHD_queue_response(connection, MHD_HTTP_OK, r);
    MHD_destroy_response(r);
    return ok;
}

static enum MHD_Result answer(void *cls, struct MHD_Connection *connection, const char *url, const char *method, const char *version, const char *data, size_t *size, void **state)
{
    (void)url, (void)method, (void)version;
    struct letter *l = *state;
    if (!l) {
        l = *state = calloc(1, sizeof *l);
        l->connection = connection;
        l->http = cls;
    } else if (*size) {
        if (*size > LONGEST - l->size) return MHD_NO;
        memcpy(l->body + l->size, data, *size);
        l->size += *size;
        *size = 0;
    } else if (l->stored) return reply(connection);
    else wait_for_commit(l);
    return MHD_YES;
}

static void over(void *cls, struct MHD_Connection *connection, void **state, enum MHD_RequestTerminationCode why)
{
    (void)cls, (void)connection, (void)why;
    free(*state);
}

static void resume_stored(struct http *h)
{
    pthread_mutex_lock(&lock);
    struct letter *all = h->stored;
    h->stored = NULL;
    pthread_mutex_unlock(&lock);
    for (struct letter *l = all, *next; l; l = next) {
        next = l->next;
        l->stored = true;
        MHD_resume_connection(l->connection);
    }
}

static void *drive(void *arg)
{
    struct http *h = arg;
    eventfd_t ignored;
    int epoll = MHD_get_daemon_info(h->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
    for (;;) {
        MHD_UNSIGNED_LONG_LONG left;
        int wait_ms = MHD_get_timeout(h->daemon, &left) == MHD_YES ? (int)(left < 1000 ? left : 1000) : -1;
        struct pollfd fds[] = {{.fd = epoll, .events = POLLIN}, {.fd = h->wake, .events = POLLIN}};
        poll(fds, 2, wait_ms);
        if (fds[1].revents) eventfd_read(h->wake, &ignored);
        resume_stored(h);
        MHD_run(h->daemon);
    }
    return NULL;
}

static bool start(unsigned port)
{
    struct http *h = calloc(1, sizeof *h);
    pthread_t thread;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    h->wake = eventfd(0, EFD_NONBLOCK);
    h->daemon = MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, (uint16_t)port, NULL, NULL, answer, h,
                                 MHD_OPTION_SOCK_ADDR, &address,
                                 MHD_OPTION_LISTENING_ADDRESS_REUSE, 1u,
                                 MHD_OPTION_LISTEN_BACKLOG_SIZE, 4096u,
                                 MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1,
                                 MHD_OPTION_NOTIFY_COMPLETED, over, NULL,
                                 MHD_OPTION_CONNECTION_LIMIT, 4000u, MHD_OPTION_END);
    return h->daemon && pthread_create(&thread, NULL, drive, h) == 0;
}

int main(int count, char **words)
{
    pthread_t writer;
    if (count != 4) {
        fputs("usage: floor_intake PORT THREADS FILE\n", stderr);
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    open_database(words[3]);
    bool ok = pthread_create(&writer, NULL, write_rows, NULL) == 0;
    for (int i = atoi(words[2]); ok && i > 0; i--) ok = start((unsigned)atoi(words[1]));
    if (!ok) {
        fprintf(stderr, "floor_intake: cannot listen on 127.0.0.1:%s\n", words[1]);
        return 1;
    }
    puts("ready");
    fflush(stdout);
    pause();
    return 0;
}

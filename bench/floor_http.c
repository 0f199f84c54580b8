/* floor_http.c - what libmicrohttpd alone can do: a fixed answer to every request, in the same drive as src/net/http.c.
 * The benches divide by it.  floor_http PORT THREADS BODY_BYTES */
#include <arpa/inet.h>
#include <microhttpd.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct {
    char *bytes;
    size_t size;
} body;

static enum MHD_Result answer(void *cls, struct MHD_Connection *connection, const char *url, const char *method, const char *version,
                              const char *data, size_t *size, void **state)
{
    (void)cls, (void)url, (void)method, (void)version, (void)data;
    static int seen;
    if (!*state) {
        *state = &seen;
        return MHD_YES;
    }
    if (*size) {
        *size = 0;
        return MHD_YES;
    }
    struct MHD_Response *reply = MHD_create_response_from_buffer(body.size, body.bytes, MHD_RESPMEM_PERSISTENT);
    MHD_add_response_header(reply, MHD_HTTP_HEADER_CONTENT_TYPE, "application/json");
    enum MHD_Result ok = MHD_queue_response(connection, MHD_HTTP_OK, reply);
    MHD_destroy_response(reply);
    return ok;
}

static void *drive(void *arg)
{
    struct MHD_Daemon *daemon = arg;
    int epoll = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
    for (;;) {
        MHD_UNSIGNED_LONG_LONG left;
        int wait_ms = MHD_get_timeout(daemon, &left) == MHD_YES ? (int)(left < 1000 ? left : 1000) : -1;
        struct pollfd fd = {.fd = epoll, .events = POLLIN};
        poll(&fd, 1, wait_ms);
        MHD_run(daemon);
    }
    return NULL;
}

static struct MHD_Daemon *start(unsigned port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    return MHD_start_daemon(MHD_USE_EPOLL, (uint16_t)port, NULL, NULL, answer, NULL,
                            MHD_OPTION_SOCK_ADDR, &address,
                            MHD_OPTION_LISTENING_ADDRESS_REUSE, 1u,
                            MHD_OPTION_LISTEN_BACKLOG_SIZE, 4096u,
                            MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1,
                            MHD_OPTION_CONNECTION_LIMIT, 4000u, MHD_OPTION_END);
}

int main(int count, char **words)
{
    if (count != 4) {
        fputs("usage: floor_http PORT THREADS BODY_BYTES\n", stderr);
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    unsigned port = (unsigned)atoi(words[1]);
    body.size = (size_t)atol(words[3]);
    body.bytes = malloc(body.size + 1);
    if (!body.bytes) return 1;
    memset(body.bytes, 'x', body.size);
    for (int i = atoi(words[2]); i > 0; i--) {
        struct MHD_Daemon *daemon = start(port);
        pthread_t thread;
        if (!daemon || pthread_create(&thread, NULL, drive, daemon) != 0) {
            fprintf(stderr, "floor_http: cannot listen on 127.0.0.1:%u\n", port);
            return 1;
        }
    }
    puts("ready");
    fflush(stdout);
    pause();
    return 0;
}

/* floor_stream.c - what a bare epoll loop does: writes the same bytes to every connection that asked for /stream when another asks for /fire.
 * The benches divide by it.  floor_stream PORT BYTES */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MOST = 65536, EVENTS = 256 };
static struct peer { int fd; size_t left; } *streams[MOST]; /* left: bytes of the last event that its socket did not take */
static size_t count, size;
static char *event;
static int loop;

static void write_to(struct peer *p)
{
    ssize_t n = send(p->fd, event + size - p->left, p->left, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n > 0) p->left -= (size_t)n;
    epoll_ctl(loop, EPOLL_CTL_MOD, p->fd, &(struct epoll_event){.events = EPOLLIN | EPOLLRDHUP | (p->left ? (uint32_t)EPOLLOUT : 0), .data.ptr = p});
}

static void fire(int fd)
{
    static const char done[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    for (size_t i = 0; i < count; i++) {
        ssize_t n = send(streams[i]->fd, event, size, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n == (ssize_t)size) continue;
        streams[i]->left = size - (n > 0 ? (size_t)n : 0);
        write_to(streams[i]);
    }
    send(fd, done, sizeof done - 1, MSG_NOSIGNAL);
}

static void hear(struct peer *p)
{
    static const char head[] = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n:\n\n";
    char text[4096];
    ssize_t n = recv(p->fd, text, sizeof text - 1, MSG_DONTWAIT);
    if (n == 0 || (n < 0 && errno != EAGAIN)) {
        for (size_t i = 0; i < count; i++)
            if (streams[i] == p) streams[i] = streams[--count];
        close(p->fd);
        free(p);
        return;
    }
    if (n < 0) return;
    text[n] = '\0';
    if (strstr(text, "/fire")) fire(p->fd);
    else if (count < MOST) {
        streams[count++] = p;
        send(p->fd, head, sizeof head - 1, MSG_NOSIGNAL);
    }
}

static void take(int listener)
{
    for (int fd; (fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;) {
        struct peer *p = calloc(1, sizeof *p);
        if (!p) exit(1);
        p->fd = fd;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
        epoll_ctl(loop, EPOLL_CTL_ADD, fd, &(struct epoll_event){.events = EPOLLIN | EPOLLRDHUP, .data.ptr = p});
    }
}

int main(int words_count, char **words)
{
    struct rlimit most;
    struct epoll_event events[EVENTS];
    if (words_count != 3) {
        fputs("usage: floor_stream PORT BYTES\n", stderr);
        return 2;
    }
    getrlimit(RLIMIT_NOFILE, &most);
    most.rlim_cur = most.rlim_max;
    setrlimit(RLIMIT_NOFILE, &most);
    size = (size_t)atol(words[2]);
    event = malloc(size + 1);
    if (!event || size < 2) return 1;
    memset(event, 'x', size);
    memcpy(event + size - 2, "\n\n", 2);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(words[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    if (bind(listener, (struct sockaddr *)&at, sizeof at) || listen(listener, 4096)) {
        perror("floor_stream");
        return 1;
    }
    loop = epoll_create1(EPOLL_CLOEXEC);
    epoll_ctl(loop, EPOLL_CTL_ADD, listener, &(struct epoll_event){.events = EPOLLIN, .data.ptr = NULL});
    puts("ready");
    fflush(stdout);
    for (;;) {
        int n = epoll_wait(loop, events, EVENTS, -1);
        for (int i = 0; i < n; i++) {
            struct peer *p = events[i].data.ptr;
            if (!p) take(listener);
            else if (events[i].events & EPOLLOUT) write_to(p);
            else hear(p);
        }
    }
}

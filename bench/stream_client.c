/* stream_client.c - many subscribers of a stream in one epoll loop, for the benches. Each sends the same request and counts what it is told: blocks that end with a
 * blank line, or, with Upgrade in the request, frames. Says "ready" when all have had their first. Then, for each line on its input, it sends the second
 * request on a connection of its own, waits until everybody was told once more, and says in JSON how long that took from the request on.
 *   stream_client PORT COUNT STREAM_REQUEST FIRE_REQUEST        (files) */
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { EVENTS = 512, PATIENCE_MS = 60000 };
struct reader { int fd; unsigned told; size_t body; unsigned head; char before[4]; bool opened; };
static bool frames;
static int loop;
static size_t count, waiting, bytes;
static unsigned wanted;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void fail(const char *what)
{
    fprintf(stderr, "stream_client: %s: %s\n", what, strerror(errno));
    exit(1);
}

static char *read_file(const char *name)
{
    static char text[2][8192];
    static int used;
    char *to = text[used++];
    FILE *f = fopen(name, "r");
    if (!f) fail(name);
    to[fread(to, 1, sizeof text[0] - 1, f)] = '\0';
    fclose(f);
    return to;
}

static int dial(uint16_t port, const char *request)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to)) fail("connect");
    if (*request && send(fd, request, strlen(request), MSG_NOSIGNAL) < 0) fail("send");
    return fd;
}

static void told(struct reader *r)
{
    if (++r->told == wanted) waiting--;
}

/* The head of the answer ends with an empty line of \r\n; what follows are short frames of the server: two bytes, and two more where it is longer than 125. */
static void take_frame_byte(struct reader *r, char c)
{
    if (!r->opened) {
        memmove(r->before, r->before + 1, 3);
        r->before[3] = c;
        r->opened = !memcmp(r->before, "\r\n\r\n", 4);
    } else if (r->body) {
        if (!--r->body) told(r), r->head = 0;
    } else if (++r->head == 2 && (unsigned char)c < 126) r->body = (unsigned char)c;
    else if (r->head == 3) r->before[0] = c;
    else if (r->head == 4) r->body = (size_t)(unsigned char)r->before[0] << 8 | (unsigned char)c;
}

static void take_byte(struct reader *r, char c)
{
    if (c == '\n' && r->before[0] == '\n') {
        told(r);
        c = 0;
    }
    r->before[0] = c;
}

static void hear(struct reader *r)
{
    char text[16384];
    ssize_t n = recv(r->fd, text, sizeof text, MSG_DONTWAIT);
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) fail("a subscriber was cut");
    bytes += (size_t)n;
    for (ssize_t i = 0; i < n; i++) (frames ? take_frame_byte : take_byte)(r, text[i]);
}

static void wait_for_all(void)
{
    struct epoll_event events[EVENTS];
    while (waiting) {
        int n = epoll_wait(loop, events, EVENTS, PATIENCE_MS);
        if (!n) fail("not everybody was told within a minute");
        for (int i = 0; i < n; i++) hear(events[i].data.ptr);
    }
}

static void raise_limit(void)
{
    struct rlimit most;
    getrlimit(RLIMIT_NOFILE, &most);
    most.rlim_cur = most.rlim_max;
    setrlimit(RLIMIT_NOFILE, &most);
}

int main(int words_count, char **words)
{
    char line[64], answer[65536];
    if (words_count != 5) {
        fputs("usage: stream_client PORT COUNT STREAM_REQUEST FIRE_REQUEST\n", stderr);
        return 2;
    }
    raise_limit();
    uint16_t port = (uint16_t)atoi(words[1]);
    const char *request = read_file(words[3]), *fire = read_file(words[4]);
    count = waiting = (size_t)atol(words[2]);
    frames = strstr(request, "Upgrade:") != NULL;
    loop = epoll_create1(EPOLL_CLOEXEC);
    struct reader *readers = calloc(count, sizeof *readers);
    if (!readers) return 1;
    wanted = 1;
    for (size_t i = 0; i < count; i++) {
        readers[i].fd = dial(port, request);
        epoll_ctl(loop, EPOLL_CTL_ADD, readers[i].fd, &(struct epoll_event){.events = EPOLLIN, .data.ptr = &readers[i]});
    }
    wait_for_all();
    int trigger = dial(port, "");
    puts("ready");
    fflush(stdout);
    while (fgets(line, sizeof line, stdin)) {
        wanted++;
        waiting = count;
        bytes = 0;
        double began = now();
        if (send(trigger, fire, strlen(fire), MSG_NOSIGNAL) < 0) fail("send");
        wait_for_all();
        double took = now() - began;
        if (recv(trigger, answer, sizeof answer, 0) <= 0) fail("the trigger was not answered");
        printf("{\"ms\": %.3f, \"bytes\": %zu}\n", took * 1000, bytes / count);
        fflush(stdout);
    }
    return 0;
}

/* server_fixture.h - an HTTP server on 127.0.0.1 that is played by hand: a test says what happens on each connection. One for a program. */
#pragma once
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

typedef void server_talk(int fd);

static struct { int listener; bool at_once; server_talk *talk; pthread_t thread; } served;
static char origin[64]; /* http://127.0.0.1:PORT */

static inline void *served_one(void *arg)
{
    int fd = (int)(intptr_t)arg;
    served.talk(fd);
    close(fd);
    return NULL;
}

static inline void *served_all(void *arg)
{
    pthread_t one;
    (void)arg;
    for (int fd; (fd = accept(served.listener, NULL, NULL)) >= 0;) {
        void *which = (void *)(intptr_t)fd;
        if (!served.at_once) served_one(which);
        else if (pthread_create(&one, NULL, served_one, which) == 0) pthread_detach(one);
    }
    return NULL;
}

/* at_once: each connection on a thread of its own, which may go on after server_stop; else one after the other. 0, or -1. */
static inline int server_start(server_talk *talk, bool at_once)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    served.listener = socket(AF_INET, SOCK_STREAM, 0);
    served.talk = talk;
    served.at_once = at_once;
    if (bind(served.listener, (struct sockaddr *)&at, size) || listen(served.listener, 8) || getsockname(served.listener, (struct sockaddr *)&at, &size)) return -1;
    snprintf(origin, sizeof origin, "http://127.0.0.1:%d", ntohs(at.sin_port));
    return pthread_create(&served.thread, NULL, served_all, NULL) ? -1 : 0;
}

static inline void server_stop(void)
{
    shutdown(served.listener, SHUT_RDWR);
    pthread_join(served.thread, NULL);
    close(served.listener);
}

/* One request: its head, and as much body as it says. False: the client has gone, speaks TLS, or says more than fits. */
static inline bool server_read(int fd, char *in, size_t size)
{
    size_t n = 0, wanted = 0;
    char *end = NULL;
    memset(in, 0, size);
    while (n < size - 1 && (!end || n < wanted)) {
        ssize_t got = recv(fd, in + n, size - 1 - n, 0);
        if (got <= 0 || in[0] == 0x16) return false;
        n += (size_t)got;
        if (end || !(end = strstr(in, "\r\n\r\n"))) continue;
        const char *length = strcasestr(in, "\r\nContent-Length: ");
        wanted = (size_t)(end + 4 - in) + (length ? strtoul(length + 18, NULL, 10) : 0);
    }
    return end && n >= wanted;
}

static inline bool server_send(int fd, const void *data, size_t size)
{
    for (size_t done = 0; done < size;) {
        ssize_t n = send(fd, (const char *)data + done, size - done, MSG_NOSIGNAL);
        if (n <= 0) return false;
        done += (size_t)n;
    }
    return true;
}

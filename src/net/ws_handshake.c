#include "net/ws_handshake.h"
#include "base/clock.h"
#include "base/rand.h"
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { KEY_BYTES = 16, KEY_TEXT = 24, ANSWER_LIMIT = 16 << 10 };

bool ws_accept_key(const char *key, char accept[WS_ACCEPT_TEXT])
{
    static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    if (strlen(key) != KEY_TEXT || strcmp(key + KEY_TEXT - 2, "==") != 0) return false;
    unsigned char decoded[KEY_BYTES + 2], digest[SHA_DIGEST_LENGTH];
    if (EVP_DecodeBlock(decoded, (const unsigned char *)key, KEY_TEXT) != KEY_BYTES + 2) return false;
    char joined[KEY_TEXT + sizeof guid];
    int size = snprintf(joined, sizeof joined, "%s%s", key, guid);
    SHA1((const unsigned char *)joined, (size_t)size, digest);
    EVP_EncodeBlock((unsigned char *)accept, digest, SHA_DIGEST_LENGTH);
    return true;
}

static bool wait_for(int fd, short events, int64_t deadline_ms, struct err *e)
{
    for (;;) {
        int64_t left = deadline_ms - clock_monotonic_ms();
        if (left <= 0) return err_set(e, ERR_DESTINATION, "timeout", "the WebSocket server did not answer in time");
        struct pollfd p = {.fd = fd, .events = events};
        int n = poll(&p, 1, left > 60000 ? 60000 : (int)left);
        if (n > 0) return true;
        if (n < 0 && errno != EINTR) return err_sys(e, ERR_INTERNAL, "poll", "poll failed");
    }
}

static bool send_all(int fd, const char *bytes, size_t size, int64_t deadline_ms, struct err *e)
{
    while (size) {
        ssize_t n = send(fd, bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n > 0) {
            bytes += n;
            size -= (size_t)n;
        } else if (errno != EAGAIN && errno != EINTR) {
            return err_sys(e, ERR_DESTINATION, "handshake", "sending the WebSocket handshake failed");
        } else if (!wait_for(fd, POLLOUT, deadline_ms, e)) {
            return false;
        }
    }
    return true;
}

/* Reads until the blank line; gives its end, NULL on failure. */
static const char *read_head(int fd, struct buf *in, int64_t deadline_ms, struct err *e)
{
    for (;;) {
        const char *end = strstr(in->data, "\r\n\r\n");
        if (end) return end + 4;
        char *to = buf_reserve(in, 2048);
        if (!to) {
            err_set(e, ERR_DESTINATION, "handshake", "the WebSocket server's answer is too long");
            return NULL;
        }
        if (!wait_for(fd, POLLIN, deadline_ms, e)) return NULL;
        ssize_t n = recv(fd, to, 2048, MSG_DONTWAIT);
        if (n < 0 && (errno == EAGAIN || errno == EINTR)) continue;
        if (n <= 0) {
            err_set(e, ERR_DESTINATION, "handshake", "the WebSocket server hung up during the handshake");
            return NULL;
        }
        in->size += (size_t)n;
        in->data[in->size] = '\0';
    }
}

/* The value of a header of the answer, trimmed, copied to `value`. */
static bool find_header(const char *head, const char *end, const char *name, char *value, size_t room)
{
    size_t name_size = strlen(name);
    for (const char *line = strstr(head, "\r\n"); line && line + 4 < end; line = strstr(line, "\r\n")) {
        line += 2;
        if (strncasecmp(line, name, name_size) != 0 || line[name_size] != ':') continue;
        const char *from = line + name_size + 1;
        from += strspn(from, " \t");
        size_t size = strcspn(from, "\r");
        while (size && (from[size - 1] == ' ' || from[size - 1] == '\t')) size--;
        if (size >= room) return false;
        memcpy(value, from, size);
        value[size] = '\0';
        return true;
    }
    return false;
}

static bool check_answer(const char *head, const char *end, const char *key, const char *protocol, struct err *e)
{
    char value[128], expected[WS_ACCEPT_TEXT];
    if (strncmp(head, "HTTP/1.1 101", 12) != 0)
        return err_set(e, ERR_DESTINATION, "handshake", "the server refused the WebSocket: \"%.*s\"", (int)strcspn(head, "\r\n"), head);
    if (!find_header(head, end, "Upgrade", value, sizeof value) || strcasecmp(value, "websocket") != 0)
        return err_set(e, ERR_DESTINATION, "handshake", "the answer is not an upgrade to WebSocket");
    if (!ws_accept_key(key, expected) || !find_header(head, end, "Sec-WebSocket-Accept", value, sizeof value) || strcmp(value, expected) != 0)
        return err_set(e, ERR_DESTINATION, "handshake", "the answer's Sec-WebSocket-Accept is wrong");
    if (!find_header(head, end, "Sec-WebSocket-Protocol", value, sizeof value) || strcmp(value, protocol) != 0)
        return err_set(e, ERR_DESTINATION, "handshake", "the server does not speak \"%s\"", protocol);
    return true;
}

static bool shake_hands(int fd, const char *protocol, int64_t deadline_ms, struct buf *early, struct err *e)
{
    unsigned char random[KEY_BYTES];
    char key[KEY_TEXT + 1], request[512];
    rand_bytes(random, sizeof random);
    EVP_EncodeBlock((unsigned char *)key, random, KEY_BYTES);
    int size = snprintf(request, sizeof request,
                        "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        "Sec-WebSocket-Key: %s\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: %s\r\n\r\n",
                        key, protocol);
    if (size < 0 || (size_t)size >= sizeof request) return err_set(e, ERR_INTERNAL, "handshake", "the name of the WebSocket protocol is too long");
    if (!send_all(fd, request, (size_t)size, deadline_ms, e)) return false;
    struct buf in;
    buf_init(&in, ANSWER_LIMIT);
    const char *end = read_head(fd, &in, deadline_ms, e);
    bool ok = end && check_answer(in.data, end, key, protocol, e);
    if (ok) buf_add(early, end, in.size - (size_t)(end - in.data));
    buf_release(&in);
    return ok;
}

/* A unix socket connects at once, or says EAGAIN while the listener's queue is full: then there is nothing to poll for. */
static int connect_unix(const char *path, struct err *e)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t size = strlen(path);
    if (size >= sizeof address.sun_path) {
        err_set(e, ERR_INTERNAL, "connect", "the socket path \"%s\" is too long", path);
        return -1;
    }
    memcpy(address.sun_path, path, size);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0) return fd;
    err_sys(e, ERR_DESTINATION, "connect", "cannot connect to \"%s\"", path);
    if (fd >= 0) close(fd);
    return -1;
}

int ws_open_unix(const char *path, const char *protocol, int64_t deadline_ms, struct buf *early, struct err *e)
{
    int fd = connect_unix(path, e);
    if (fd < 0) return -1;
    if (shake_hands(fd, protocol, deadline_ms, early, e)) return fd;
    close(fd);
    return -1;
}

#include "base/rand.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* A small pool per thread: one system call for many draws. */
static _Thread_local unsigned char pool[512];
static _Thread_local size_t left;

static void fill(void *to, size_t size)
{
    for (size_t done = 0; done < size;) {
        ssize_t n = getrandom((char *)to + done, size - done, 0);
        if (n > 0) done += (size_t)n;
    }
}

void rand_bytes(void *to, size_t size)
{
    if (size > sizeof pool) {
        fill(to, size);
        return;
    }
    if (left < size) {
        fill(pool, sizeof pool);
        left = sizeof pool;
    }
    memcpy(to, pool + sizeof pool - left, size);
    memset(pool + sizeof pool - left, 0, size);
    left -= size;
}

uint32_t rand_below(uint32_t limit)
{
    uint32_t n, top = UINT32_MAX - UINT32_MAX % limit;
    do rand_bytes(&n, sizeof n);
    while (n >= top);
    return n % limit;
}

/* A byte a letter, and the bytes past the last whole alphabet are drawn again: no letter is likelier. */
void rand_text(char *to, size_t length, const char *alphabet)
{
    unsigned size = (unsigned)strlen(alphabet), top = 256 - 256 % size;
    for (size_t i = 0; i < length;) {
        unsigned char bytes[32];
        size_t n = length - i < sizeof bytes ? length - i : sizeof bytes;
        rand_bytes(bytes, n);
        for (size_t k = 0; k < n; k++)
            if (bytes[k] < top) to[i++] = alphabet[bytes[k] % size];
    }
    to[length] = '\0';
}

void rand_uuid(char to[37])
{
    static const char hex[] = "0123456789abcdef";
    unsigned char b[16];
    rand_bytes(b, sizeof b);
    b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
    b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
    char *p = to;
    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) *p++ = '-';
        *p++ = hex[b[i] >> 4];
        *p++ = hex[b[i] & 15];
    }
    *p = '\0';
}

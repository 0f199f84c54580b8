#include "livekit/signal.h"
#include <stdint.h>
#include <string.h>

enum { JOIN = 1, SERVER_VERSION = 4, SERVER_INFO = 12, VERSION = 2 };
enum { VARINT = 0, FIXED64 = 1, BYTES = 2, FIXED32 = 5 }; /* wire types */

struct bytes { const unsigned char *at; size_t left; };

static bool skip(struct bytes *b, uint64_t size)
{
    if (size > b->left) return false;
    b->at += size;
    b->left -= (size_t)size;
    return true;
}

static bool read_varint(struct bytes *b, uint64_t *out)
{
    *out = 0;
    for (unsigned shift = 0; shift < 64 && b->left; shift += 7) {
        unsigned char byte = *b->at;
        *out |= (uint64_t)(byte & 0x7f) << shift;
        skip(b, 1);
        if (!(byte & 0x80)) return true;
    }
    return false;
}

static bool read_field(struct bytes *b, unsigned *type, uint64_t *number, struct bytes *value)
{
    uint64_t tag, size = 0;
    if (!read_varint(b, &tag)) return false;
    *type = tag & 7;
    *number = tag >> 3;
    if (*type == VARINT) return read_varint(b, &size);
    if (*type == BYTES && !read_varint(b, &size)) return false;
    if (*type == FIXED64 || *type == FIXED32) size = *type == FIXED64 ? 8 : 4;
    else if (*type != BYTES) return false;
    *value = (struct bytes){b->at, (size_t)size};
    return skip(b, size);
}

/* The member's bytes. The last one counts, as in protobuf. */
static bool find(struct bytes message, unsigned number, struct bytes *out)
{
    bool found = false;
    unsigned type;
    uint64_t at;
    struct bytes value;
    while (message.left) {
        if (!read_field(&message, &type, &at, &value)) return false;
        if (type != BYTES || at != number) continue;
        *out = value;
        found = true;
    }
    return found;
}

static bool copy_version(struct bytes from, char *to, size_t room)
{
    static const char plain[] = "0123456789.+-abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    if (!from.left || from.left >= room) return false;
    memcpy(to, from.at, from.left);
    to[from.left] = '\0';
    return strspn(to, plain) == from.left;
}

bool signal_server_version(const void *message, size_t size, char *version, size_t room)
{
    struct bytes join, info, text;
    if (!find((struct bytes){message, size}, JOIN, &join)) return false;
    if (find(join, SERVER_INFO, &info) && find(info, VERSION, &text)) return copy_version(text, version, room);
    return find(join, SERVER_VERSION, &text) && copy_version(text, version, room);
}

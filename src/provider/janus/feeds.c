#include "provider/janus/media_inner.h"
#include "base/arena.h"
#include <stdlib.h>
#include <string.h>

static void put(char *to, size_t size, const char *from)
{
    size_t n = strnlen(from, size - 1);
    memcpy(to, from, n);
    to[n] = 0;
}

void feeds_release(struct feeds *f)
{
    free(f->items);
    *f = (struct feeds){0};
}

struct feed *feeds_find(const struct feeds *f, const char *connection, const char *mid)
{
    for (size_t i = 0; i < f->count; i++)
        if (!strcmp(f->items[i].connection, connection) && !strcmp(f->items[i].mid, mid)) return &f->items[i];
    return NULL;
}

void feeds_add(struct feeds *f, const char *connection, const char *mid, const char *kind, bool off)
{
    struct feed *x = feeds_find(f, connection, mid);
    if (!x) {
        if (f->count == f->room) f->items = xrealloc(f->items, (f->room = f->room ? f->room * 2 : 8) * sizeof *f->items);
        x = &f->items[f->count++];
    }
    put(x->connection, sizeof x->connection, connection);
    put(x->mid, sizeof x->mid, mid);
    put(x->kind, sizeof x->kind, kind);
    x->off = off;
}

void feeds_remove(struct feeds *f, const char *connection)
{
    size_t kept = 0;
    for (size_t i = 0; i < f->count; i++)
        if (strcmp(f->items[i].connection, connection)) f->items[kept++] = f->items[i];
    f->count = kept;
}

const char *feed_kind(json_t *stream, const char *description_key)
{
    const char *kind = wire_text(stream, description_key);
    if (*kind) return kind;
    return strcmp(wire_text(stream, "type"), "audio") ? "camera" : "mic";
}

void feeds_announce(struct feeds *f, json_t *publishers)
{
    size_t i, k;
    json_t *publisher, *stream;
    json_array_foreach(publishers, i, publisher)
    {
        const char *connection = wire_text(publisher, "id");
        feeds_remove(f, connection);
        json_array_foreach(json_object_get(publisher, "streams"), k, stream)
            feeds_add(f, connection, wire_text(stream, "mid"), feed_kind(stream, "description"), json_is_true(json_object_get(stream, "disabled")));
    }
}

void feeds_from_streams(struct feeds *f, json_t *streams)
{
    size_t i;
    json_t *stream;
    f->count = 0;
    json_array_foreach(streams, i, stream)
    {
        const char *connection = wire_text(stream, "feed_id");
        if (*connection && json_is_true(json_object_get(stream, "active")))
            feeds_add(f, connection, wire_text(stream, "feed_mid"), feed_kind(stream, "feed_description"), false);
    }
}

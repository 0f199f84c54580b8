/* message.h - LiveKit's messages as JSON, by the tables that spec/models/livekit.def makes: proto3's JSON mapping.
 *
 * Read: names in lowerCamel or snake_case, 64-bit numbers as numbers or text, words or numbers of enums, null as absent; what is not in the
 * table, or is of another type than it should be, is skipped: a newer server must not break an older client. Written: lowerCamel, without what
 * is zero. Texts borrow from the JSON, which the arena keeps. */
#pragma once
#include "base/arena.h"
#include "base/buf.h"
#include "livekit.h"
#include <jansson.h>
#include <stdatomic.h>

enum lk_kind { LK_STRING, LK_INTEGER, LK_DOUBLE, LK_FLAG, LK_TRISTATE, LK_CHOICE, LK_MESSAGE, LK_MESSAGES, LK_STRINGS, LK_CHOICES, LK_MAP, LK_BYTES, LK_DURATION, LK_MOMENT };

struct lk_word { const char *word; int number; };
struct lk_words { const struct lk_word *list; size_t count; };

struct lk_key { size_t size; char text[]; };

struct lk_field {
    const char *name;
    enum lk_kind kind;
    size_t offset;
    const struct lk_message *sub;
    const struct lk_words *words;
    _Atomic(const struct lk_key *) key; /* ,"roomJoin": as it is written; made when it is first needed, kept for good */
};
struct lk_message { const char *name; struct lk_field *fields; size_t count, size; };

struct lk_list { const void *items; size_t count; };  /* how lists, maps and bytes lie in the public structs (messages.c proves it) */

#define PROTO(m, doc) extern const struct lk_message m##_message;
#define STRING(...)
#define INTEGER(...)
#define DOUBLE(...)
#define FLAG(...)
#define TRISTATE(...)
#define CHOICE(...)
#define MESSAGE(...)
#define MESSAGES(...)
#define STRINGS(...)
#define CHOICES(...)
#define MAP(...)
#define BYTES(...)
#define DURATION(...)
#define MOMENT(...)
#define END_PROTO(m)
#include "spec/models/livekit.def"
#include "livekit/rows_undef.h"

/* `out` is the message's struct; it is zeroed first. False: `in` is no object. */
bool lk_read(const struct lk_message *m, const json_t *in, void *out, struct arena *a);
/* The same from bytes; NULL: they are no JSON object. */
void *lk_read_bytes(const struct lk_message *m, const void *bytes, size_t size, struct arena *a);
/* False: a text is not UTF-8. */
bool lk_write(struct buf *to, const struct lk_message *m, const void *in);
const struct lk_field *lk_field_find(const struct lk_message *m, const char *name);

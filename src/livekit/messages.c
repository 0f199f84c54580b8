/* messages.c - the tables, and the proof that the installed header's structs are what the tables say. */
#include "livekit/message.h"
#include <assert.h>

#define WORDS(e, doc) static const struct lk_word e##_list[] = {
#define WORD(e, word, number, name) {#word, name},
#define END_WORDS(e) }; static const struct lk_words e##_words = {e##_list, sizeof e##_list / sizeof *e##_list};
#include "spec/livekit_enums.def"
#undef WORDS
#undef WORD
#undef END_WORDS

#define WORDS(e, doc)
#define WORD(e, word, number, name) static_assert((name) == (number), "the header's " #name);
#define END_WORDS(e)
#include "spec/livekit_enums.def"
#undef WORDS
#undef WORD
#undef END_WORDS

/* ---- every field is of the type that the walkers think it is */
#define MEMBER(m, f) (((struct m *)0)->f)
#define IS(m, f, type) static_assert(__builtin_types_compatible_p(__typeof__(MEMBER(m, f)), type), #m "." #f " is not " #type);
#define LISTS(m, f, from, many, type) static_assert(sizeof MEMBER(m, f) == sizeof(struct lk_list) && offsetof(struct m, f.from) == offsetof(struct m, f) && \
    offsetof(struct m, f.many) - offsetof(struct m, f) == offsetof(struct lk_list, count) && __builtin_types_compatible_p(__typeof__(MEMBER(m, f.from)), type), #m "." #f " is no list of " #type);
#define PROTO(m, doc)
#define STRING(m, f, doc) IS(m, f, const char *)
#define INTEGER(m, f, doc) IS(m, f, int64_t)
#define DOUBLE(m, f, doc) IS(m, f, double)
#define FLAG(m, f, doc) IS(m, f, bool)
#define TRISTATE(m, f, doc) IS(m, f, enum livekit_tristate)
#define CHOICE(m, f, words, doc) IS(m, f, int)
#define MESSAGE(m, f, sub, doc) IS(m, f, const struct sub *)
#define MESSAGES(m, f, sub, doc) LISTS(m, f, items, count, const struct sub *)
#define STRINGS(m, f, doc) LISTS(m, f, items, count, const char *const *)
#define CHOICES(m, f, words, doc) LISTS(m, f, items, count, const int *)
#define MAP(m, f, doc) LISTS(m, f, items, count, const struct livekit_pair *)
#define BYTES(m, f, doc) LISTS(m, f, data, size, const void *)
#define DURATION(m, f, doc) IS(m, f, int64_t)
#define MOMENT(m, f, doc) IS(m, f, int64_t)
#define END_PROTO(m)
#include "spec/models/livekit.def"
#include "livekit/rows_undef.h"
static_assert(sizeof(enum livekit_tristate) == sizeof(int), "a tristate is read and written as an int");

/* ---- the tables */
#define ROW(kind, m, f, sub, words) {#f, kind, offsetof(struct m, f), sub, words, NULL},
#define PROTO(m, doc) static struct lk_field m##_fields[] = {
#define STRING(m, f, doc) ROW(LK_STRING, m, f, NULL, NULL)
#define INTEGER(m, f, doc) ROW(LK_INTEGER, m, f, NULL, NULL)
#define DOUBLE(m, f, doc) ROW(LK_DOUBLE, m, f, NULL, NULL)
#define FLAG(m, f, doc) ROW(LK_FLAG, m, f, NULL, NULL)
#define TRISTATE(m, f, doc) ROW(LK_TRISTATE, m, f, NULL, NULL)
#define CHOICE(m, f, words, doc) ROW(LK_CHOICE, m, f, NULL, &words##_words)
#define MESSAGE(m, f, sub, doc) ROW(LK_MESSAGE, m, f, &sub##_message, NULL)
#define MESSAGES(m, f, sub, doc) ROW(LK_MESSAGES, m, f, &sub##_message, NULL)
#define STRINGS(m, f, doc) ROW(LK_STRINGS, m, f, NULL, NULL)
#define CHOICES(m, f, words, doc) ROW(LK_CHOICES, m, f, NULL, &words##_words)
#define MAP(m, f, doc) ROW(LK_MAP, m, f, NULL, NULL)
#define BYTES(m, f, doc) ROW(LK_BYTES, m, f, NULL, NULL)
#define DURATION(m, f, doc) ROW(LK_DURATION, m, f, NULL, NULL)
#define MOMENT(m, f, doc) ROW(LK_MOMENT, m, f, NULL, NULL)
#define END_PROTO(m) {0} }; const struct lk_message m##_message = {#m, m##_fields, sizeof m##_fields / sizeof *m##_fields - 1, sizeof(struct m)};
#include "spec/models/livekit.def"
#include "livekit/rows_undef.h"

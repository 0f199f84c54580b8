#include "model/model.h"
#include <assert.h>
#include <string.h>

#define ENUM_TYPE(name, doc) static const char *const name##_word_list[] = {
#define VALUE(name, word, doc) #word,
#define END_ENUM(name) };
#include "spec/states.def"
#undef ENUM_TYPE
#undef VALUE
#undef END_ENUM
#define ENUM_TYPE(name, doc) static const char name##_doc[] = doc; static const char *const name##_doc_list[] = {
#define VALUE(name, word, doc) doc,
#define END_ENUM(name) }; const struct enumeration name##_words = {#name, name##_doc, name##_word_list, name##_doc_list, name##_count};
#include "spec/states.def"
#undef ENUM_TYPE
#undef VALUE
#undef END_ENUM

#define WORDS(name, doc, ...) \
    static const char *const name##_word_list[] = {__VA_ARGS__}; \
    const struct enumeration name##_words = {#name, doc, name##_word_list, NULL, sizeof name##_word_list / sizeof *name##_word_list};
#include "spec/words.def"
#undef WORDS

#define REQUIRED NEED_REQUIRED, 0
#define OPTIONAL NEED_OPTIONAL, 0
#define OMITTED NEED_OMITTED, 0
#define KEPT NEED_KEPT, 0
#define DEFAULT(x) NEED_DEFAULT, x
#define ROW(type, m, f, ...) {#f, type, offsetof(struct m, f), __VA_ARGS__},
#define MODEL(m, doc) static const char m##_doc[] = doc; static const struct field m##_rows[] = {
#define STR(m, f, need, lo, hi, ex, doc) ROW(FIELD_STR, m, f, need, lo, hi, NULL, NULL, ex, doc)
#define EMAIL(m, f, need, ex, doc) ROW(FIELD_EMAIL, m, f, need, 3, 320, NULL, NULL, ex, doc)
#define UUID(m, f, need, ex, doc) ROW(FIELD_UUID, m, f, need, 36, 36, NULL, NULL, ex, doc)
#define INT(m, f, need, lo, hi, ex, doc) ROW(FIELD_INT, m, f, need, lo, hi, NULL, NULL, ex, doc)
#define BOOL(m, f, need, ex, doc) ROW(FIELD_BOOL, m, f, need, 0, 1, NULL, NULL, ex, doc)
#define TIME(m, f, need, ex, doc) ROW(FIELD_TIME, m, f, need, TIME_PLAIN, 0, NULL, NULL, ex, doc)
#define FUTURE(m, f, need, ex, doc) ROW(FIELD_TIME, m, f, need, TIME_NOT_PAST, 0, NULL, NULL, ex, doc)
#define STAMP(m, f, need, ex, doc) ROW(FIELD_TIME, m, f, need, TIME_MILLIS, 0, NULL, NULL, ex, doc)
#define ENUM(m, f, need, words, ex, doc) ROW(FIELD_ENUM, m, f, need, 0, 0, &words##_words, NULL, ex, doc)
#define ANY(m, f, need, ex, doc) ROW(FIELD_ANY, m, f, need, 0, 0, NULL, NULL, ex, doc)
#define OBJ(m, f, need, sub, doc) ROW(FIELD_OBJ, m, f, need, 0, 0, NULL, &sub##_model, "", doc)
#define LIST(m, f, need, sub, lo, hi, doc) ROW(FIELD_LIST, m, f, need, lo, hi, NULL, &sub##_model, "", doc)
#define TEXTS(m, f, need, lo, hi, ex, doc) ROW(FIELD_TEXTS, m, f, need, lo, hi, NULL, NULL, ex, doc)
#define REAL(m, f, need, lo, hi, ex, doc) ROW(FIELD_REAL, m, f, need, lo, hi, NULL, NULL, ex, doc)
#define WORD(m, f, need, words, ex, doc) ROW(FIELD_WORD, m, f, need, 0, INT64_MAX, &words##_words, NULL, ex, doc)
#define MIXED(m, f, need, hi, ex, doc) ROW(FIELD_MIXED, m, f, need, 0, hi, NULL, NULL, ex, doc)
#define PICK(m, f, need, words, ex, doc) ROW(FIELD_MIXED, m, f, need, 0, INT64_MAX, &words##_words, NULL, ex, doc)
#define MORE(m) ROW(FIELD_MORE, m, more, KEPT, 0, 0, NULL, NULL, "", "")
#define END(m) {0} }; const struct model m##_model = {#m, m##_doc, m##_rows, m##_field_count, sizeof(struct m), offsetof(struct m, bits_present), offsetof(struct m, bits_null)}; \
    static_assert(m##_field_count <= 64, "the masks have 64 bits");
#include "spec/models/all.def"
#include "model/rows_undef.h"

#define MODEL(m, doc) &m##_model,
#define STR(...)
#define EMAIL(...)
#define UUID(...)
#define INT(...)
#define BOOL(...)
#define TIME(...)
#define FUTURE(...)
#define STAMP(...)
#define ENUM(...)
#define ANY(...)
#define OBJ(...)
#define LIST(...)
#define TEXTS(...)
#define REAL(...)
#define WORD(...)
#define MIXED(...)
#define PICK(...)
#define MORE(...)
#define END(m)
const struct model *const all_models[] = {
#include "spec/models/all.def"
    NULL};

#define ENUM_TYPE(name, doc) &name##_words,
#define VALUE(...)
#define END_ENUM(name)
const struct enumeration *const all_enumerations[] = {
#include "spec/states.def"
    NULL};

const struct model *model_find(const char *name)
{
    for (const struct model *const *m = all_models; *m; m++)
        if (!strcmp((*m)->name, name)) return *m;
    return NULL;
}

int enumeration_find(const struct enumeration *e, const char *word)
{
    for (size_t i = 0; i < e->count; i++)
        if (!strcmp(e->words[i], word)) return (int)i;
    return -1;
}

void model_all_present(const struct model *m, void *object)
{
    uint64_t all = m->field_count == 64 ? ~(uint64_t)0 : ((uint64_t)1 << m->field_count) - 1;
    *(uint64_t *)((char *)object + m->present_offset) = all;
}

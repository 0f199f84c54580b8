/* The next reading of model rows makes their tables (`struct model`). Whose structs they are does not matter: those of model.h, or those of an
 * installed header that tools/public_header.py made of the same rows (rows_proof.h proves that they agree).
 * End with rows_undef.h. No include guard: that is the point. */
#include "model/model.h"
#include <assert.h>

#undef REQUIRED
#undef OPTIONAL
#undef OMITTED
#undef DEFAULT
#undef KEPT
#undef ROW
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

/* model.h - typed shapes from one list of rows.
 *
 * Each row of spec/models/ says everything of a field: type, name, whether it must be there, limits, an example, a sentence.
 * From a model's rows come `struct M` (typed fields; `bits_present`, a bit for each field that has a value; `bits_null`, a bit for each that
 * was given as null), the indices `M_f_FIELD`, and `const struct model M_model`, a table that the walkers below read: parsing,
 * validation, writing, copying, JSON Schema, database rows. The walkers know nothing of any model.
 *
 * need      in what comes in                            in what goes out
 * REQUIRED  must be there                               always written
 * OPTIONAL  may be absent or null: no value             null without a value
 * DEFAULT(x) may be absent: x                           always written
 * OMITTED   may be absent                               left out without a value
 * KEPT      may be absent or null                       as it was: left out, null, or the value
 *
 * Strings are borrowed from what they were parsed from. Times are UTC milliseconds; FUTURE is one that must not lie in the past,
 * STAMP one that is written with milliseconds even where there are none. Enums are ints (spec/states.def). TEXTS is a list of strings.
 *
 * For shapes that somebody else owns: REAL is a double. WORD is a text that should be one of spec/words.def. MIXED is a text that may also be
 * a number, PICK a word that may also be a list of words: a number or a list is JSON text behind MIXED_MARK. MORE (always the last row, its field is `more`)
 * keeps as a JSON object what no row names, and it is written back. */
#pragma once
#include "base/arena.h"
#include "base/buf.h"
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum field_type { FIELD_STR, FIELD_EMAIL, FIELD_UUID, FIELD_INT, FIELD_BOOL, FIELD_TIME, FIELD_ENUM, FIELD_ANY, FIELD_OBJ, FIELD_LIST, FIELD_TEXTS, FIELD_REAL, FIELD_WORD, FIELD_MIXED, FIELD_MORE };
enum field_need { NEED_REQUIRED, NEED_OPTIONAL, NEED_DEFAULT, NEED_OMITTED, NEED_KEPT };

enum time_form { TIME_PLAIN, TIME_NOT_PAST, TIME_MILLIS };  /* `min` of a FIELD_TIME */

struct list { const void *items; size_t count; };         /* items: an array of the model's structs; of TEXTS: of const char * */
void list_reverse(struct list *list, size_t item_size);
struct enumeration { const char *name, *doc; const char *const *words, *const *docs; size_t count; }; /* docs: NULL in spec/words.def */
#define MIXED_MARK "\001"

struct field {
    const char *name;
    enum field_type type;
    size_t offset;
    enum field_need need;
    int64_t standard;                 /* of DEFAULT */
    int64_t min, max;                 /* of the value, the length in code points, or the number of items */
    const struct enumeration *words;  /* FIELD_ENUM, FIELD_WORD; FIELD_MIXED of a PICK */
    const struct model *sub;          /* FIELD_OBJ: pointer to its struct; FIELD_LIST: struct list of them */
    const char *example, *doc;
};

struct model {
    const char *name, *doc;
    const struct field *fields;
    size_t field_count, size, present_offset, nulls_offset;
};

/* ---- the enums and structs themselves */
#define ENUM_TYPE(name, doc) enum name {
#define VALUE(name, word, doc) name##_##word,
#define END_ENUM(name) name##_count }; extern const struct enumeration name##_words;
#include "spec/states.def"
#undef ENUM_TYPE
#undef VALUE
#undef END_ENUM

#define WORDS(name, doc, ...) extern const struct enumeration name##_words;
#include "spec/words.def"
#undef WORDS

#ifndef DAILYCO_H /* before or after this header: the structs are the same (rows_proof.h) */
#define MODEL_HAS_DAILYCO
#endif
#define MODEL(m, doc) struct m {
#define STR(m, f, ...) const char *f;
#define EMAIL(m, f, ...) const char *f;
#define UUID(m, f, ...) const char *f;
#define INT(m, f, ...) int64_t f;
#define BOOL(m, f, ...) bool f;
#define TIME(m, f, ...) int64_t f;
#define FUTURE(m, f, ...) int64_t f;
#define STAMP(m, f, ...) int64_t f;
#define ENUM(m, f, ...) int f;
#define ANY(m, f, ...) const char *f; /* JSON text */
#define OBJ(m, f, need, sub, doc) const struct sub *f;
#define LIST(m, f, need, sub, ...) struct list f;
#define TEXTS(m, f, ...) struct list f;
#define REAL(m, f, ...) double f;
#define WORD(m, f, ...) const char *f;
#define MIXED(m, f, ...) const char *f;
#define PICK(m, f, ...) const char *f;
#define MORE(m) const char *more;
#define END(m) uint64_t bits_present, bits_null; };
#include "spec/models/all.def"
#include "model/rows_undef.h"

#define MODEL(m, doc) enum {
#define STR(m, f, ...) m##_f_##f,
#define EMAIL(m, f, ...) m##_f_##f,
#define UUID(m, f, ...) m##_f_##f,
#define INT(m, f, ...) m##_f_##f,
#define BOOL(m, f, ...) m##_f_##f,
#define TIME(m, f, ...) m##_f_##f,
#define FUTURE(m, f, ...) m##_f_##f,
#define STAMP(m, f, ...) m##_f_##f,
#define ENUM(m, f, ...) m##_f_##f,
#define ANY(m, f, ...) m##_f_##f,
#define OBJ(m, f, ...) m##_f_##f,
#define LIST(m, f, ...) m##_f_##f,
#define TEXTS(m, f, ...) m##_f_##f,
#define REAL(m, f, ...) m##_f_##f,
#define WORD(m, f, ...) m##_f_##f,
#define MIXED(m, f, ...) m##_f_##f,
#define PICK(m, f, ...) m##_f_##f,
#define MORE(m) m##_f_more,
#define END(m) m##_field_count }; extern const struct model m##_model;
#include "spec/models/all.def"
#include "model/rows_undef.h"

#define HAS(p, m, f) (((p)->bits_present >> m##_f_##f & 1) != 0)        /* has a value */
#define IS_NULL(p, m, f) (((p)->bits_null >> m##_f_##f & 1) != 0)      /* was given as null */
#define SET(p, m, f, value) ((p)->f = (value), (p)->bits_present |= (uint64_t)1 << m##_f_##f)
#define CLEAR(p, m, f) ((void)((p)->bits_present &= ~((uint64_t)1 << m##_f_##f)))

extern const struct model *const all_models[];       /* NULL at the end */
extern const struct enumeration *const all_enumerations[];
const struct model *model_find(const char *name);
size_t field_size(enum field_type type);              /* of its member of the struct */
int enumeration_find(const struct enumeration *e, const char *word); /* -1 if it is none of them */

/* ---- parsing and validation: a broken rule is a fact; words are put to it by a dialect's voice */
enum rule { RULE_REQUIRED, RULE_TYPE, RULE_PARSE, RULE_FRACTION, RULE_MIN, RULE_MAX, RULE_TIME, RULE_PAST, RULE_ENUM, RULE_EMAIL, RULE_UUID, RULE_OBJECT, RULE_UNKNOWN };
struct violation {
    const char *path;           /* "tracks.0.mid"; "" for the whole */
    enum rule rule;
    const struct field *field;  /* NULL for RULE_OBJECT of the whole and RULE_UNKNOWN */
    int64_t limit;
    const json_t *value;        /* what was there; for RULE_REQUIRED the object around it */
};
enum { VIOLATIONS = 16 };
struct violations { struct violation list[VIOLATIONS]; size_t count; const struct model *model; }; /* model: of the whole */

enum parse_flags {
    PARSE_LAX = 1,      /* Pydantic's lax mode: "5" and 5.0 are integers, "yes" and 1 are booleans, numbers are times */
    PARSE_STRICT = 2,   /* unknown keys are violations */
    PARSE_NUMBERS = 4,  /* Joi's conversion: "5", "5.0" and 5.0 are integers */
    PARSE_NO_NULL = 8,  /* null is no value of an OMITTED field */
    PARSE_FOREIGN = 16, /* what others answer: a name may differ in case and underscores, numbers may be texts, a word may be new, and what
                         * does not fit a field that may be absent is as if no row named it. Only REQUIRED is insisted on */
};
/* `out` is the model's struct. The JSON must live as long as `out`; nested parts and texts come from the arena. */
bool model_parse(const struct model *m, const json_t *in, void *out, struct arena *a, unsigned flags, struct violations *v);

/* ---- writing */
void model_write(struct buf *to, const struct model *m, const void *in);
void json_write_string(struct buf *to, const char *text); /* quoted and escaped */
char *json_text(struct arena *a, const json_t *in);       /* compact, also what is no object or list; NULL for NULL */
char *json_take_text(struct arena *a, json_t *in);        /* the same, and lets go of it */
void model_write_time(struct buf *to, int64_t ms);
void json_write_real(struct buf *to, double n);           /* the shortest that reads the same; null if it is none */

/* ---- copying what two models have in common, by name: also merges a PATCH into an entity (null clears, absent stays) */
void model_copy(const struct model *to_model, void *to, const struct model *from_model, const void *from);
void model_all_present(const struct model *m, void *struct_); /* says that every field has a value */
#define COPY(to_m, to, from_m, from) model_copy(&to_m##_model, (to), &from_m##_model, (from))

/* ---- JSON Schema (draft 2020-12, as OpenAPI 3.1 wants it) */
json_t *model_schema(const struct model *m);
json_t *field_schema(const struct field *f);
json_t *enumeration_schema(const struct enumeration *e);

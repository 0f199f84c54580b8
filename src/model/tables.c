/* tables.c - roomd's own models and enumerations. Those of its libraries are theirs (src/dailyco/models.c); the list has them all. */
#include "model/model.h"
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

#define WITHOUT_LIBRARIES
#include "model/rows_tables.h"
#include "spec/models/all.def"
#include "model/rows_undef.h"
#undef WITHOUT_LIBRARIES

#define MODEL(m, doc) &m##_model,
#include "model/rows_silent.h"
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

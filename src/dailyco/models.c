/* models.c - the shapes' tables, and reading, checking and writing them. */
#include "dailyco/internal.h"
#include <stdlib.h>
#include <string.h>

#define WORDS(name, doc, ...) \
    static const char *const name##_word_list[] = {__VA_ARGS__}; \
    const struct enumeration name##_words = {#name, doc, name##_word_list, NULL, sizeof name##_word_list / sizeof *name##_word_list};
#include "spec/words.def"
#undef WORDS

#include "model/rows_tables.h"
#include "spec/models/dailyco.def"
#include "model/rows_undef.h"

#include "model/rows_proof.h"
#include "spec/models/dailyco.def"
#include "model/rows_undef.h"

#define MODEL(m, doc) &m##_model,
#include "model/rows_silent.h"
static const struct model *const models[] = {
#include "spec/models/dailyco.def"
    NULL};

static const struct model *find(const char *name)
{
    for (const struct model *const *m = models; *m; m++)
        if (!strcmp((*m)->name, name)) return *m;
    return NULL;
}

/* ---- reading */

static void drop_json(void *json)
{
    json_decref(json);
}

/* A zero byte in somebody's name must not make everybody's list unreadable. */
json_t *dc_load(const char *text, size_t size, struct arena *a)
{
    json_t *j = json_loadb(text, size, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    if (j) arena_defer(a, drop_json, j);
    return j;
}

static const char *words_of(enum rule rule)
{
    static const char *const words[] = {[RULE_REQUIRED] = "is missing", [RULE_TYPE] = "is of another type", [RULE_PARSE] = "cannot be read", [RULE_FRACTION] = "has a fraction", [RULE_MIN] = "is too small or too short",
        [RULE_MAX] = "is too large or too long", [RULE_ENUM] = "is none of the words", [RULE_OBJECT] = "is no object", [RULE_UNKNOWN] = "is not known"};
    return rule <= RULE_UNKNOWN && words[rule] ? words[rule] : "is not right";
}

static bool fail_violation(struct dailyco_error *e, enum dailyco_code code, const struct model *m, const struct violations *v)
{
    const struct violation *first = &v->list[0];
    if (!*first->path) return dc_fail(e, code, "%s %s", m->name, words_of(first->rule));
    return dc_fail(e, code, "%s: \"%s\" %s", m->name, first->path, words_of(first->rule));
}

void *dc_read(const struct model *m, const json_t *from, struct arena *a, struct dailyco_error *e)
{
    struct violations v = {.count = 0};
    void *out = arena_alloc(a, m->size);
    if (model_parse(m, from, out, a, PARSE_FOREIGN, &v)) return out;
    fail_violation(e, DAILYCO_MALFORMED, m, &v);
    return NULL;
}

void *dailyco_parse(const char *name, const char *json, size_t size, struct dailyco_memory *m, struct dailyco_error *e)
{
    const struct model *model = find(name);
    const json_t *j = model ? dc_load(json, size, &m->arena) : NULL;
    if (e) *e = (struct dailyco_error){.code = DAILYCO_OK};
    if (!model) dc_fail(e, DAILYCO_BAD_ARGUMENT, "there is no shape \"%s\"", name);
    else if (!j) dc_fail(e, DAILYCO_MALFORMED, "%s: this is no JSON", name);
    return j ? dc_read(model, j, &m->arena, e) : NULL;
}

/* ---- checking */

static bool is_pointer(enum field_type type)
{
    return type == FIELD_STR || type == FIELD_ANY || type == FIELD_OBJ || type == FIELD_WORD || type == FIELD_MIXED || type == FIELD_MORE;
}

static const char *missing_in(const struct model *m, const char *value);

static const char *missing_at(const struct field *f, const char *at)
{
    if (is_pointer(f->type) && !*(const void *const *)at) return f->name;
    if (f->type == FIELD_OBJ) return missing_in(f->sub, *(const char *const *)at);
    if (f->type != FIELD_LIST && f->type != FIELD_TEXTS) return NULL;
    const struct list *list = (const struct list *)(const void *)at;
    const char *name = list->count && !list->items ? f->name : NULL;
    for (size_t i = 0; !name && i < list->count; i++) {
        if (f->type == FIELD_LIST) name = missing_in(f->sub, (const char *)list->items + i * f->sub->size);
        else if (!((const char *const *)list->items)[i]) name = f->name;
    }
    return name;
}

/* A field that is said to have a value, and whose pointer has none: it could not even be written. */
static const char *missing_in(const struct model *m, const char *value)
{
    uint64_t present = *(const uint64_t *)(const void *)(value + m->present_offset);
    const char *name = NULL;
    for (size_t i = 0; i < m->field_count && !name; i++)
        if ((present >> i & 1) || m->fields[i].need == NEED_REQUIRED) name = missing_at(&m->fields[i], value + m->fields[i].offset);
    return name;
}

static bool is_uuid(const char *s)
{
    size_t i = 0;
    for (; s[i]; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (i >= 36 || (dash ? s[i] != '-' : !strchr("0123456789abcdefABCDEF", s[i]))) return false;
    }
    return i == 36;
}

static bool check_recording(const json_t *j, struct dailyco_error *e)
{
    const char *instance = json_string_value(json_object_get(j, "instanceId"));
    if (instance && !is_uuid(instance)) return dc_fail(e, DAILYCO_BAD_ARGUMENT, "instanceId must be a UUID");
    if (instance && !strcmp(instance, "c3df927c-f738-4471-a2b7-066fa7e95a6b")) return dc_fail(e, DAILYCO_BAD_ARGUMENT, "this instanceId is Daily's own and is never to be sent");
    if (json_integer_value(json_object_get(j, "width")) % 2 || json_integer_value(json_object_get(j, "height")) % 2) return dc_fail(e, DAILYCO_BAD_ARGUMENT, "width and height must be even");
    return true;
}

static bool check_name(const json_t *j, struct dailyco_error *e)
{
    const char *name = json_string_value(json_object_get(j, "name"));
    if (!name || !name[strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")]) return true;
    return dc_fail(e, DAILYCO_BAD_ARGUMENT, "a room's name has letters, digits, - and _ only");
}

static bool check_secret(const json_t *j, struct dailyco_error *e)
{
    const char *hmac = json_string_value(json_object_get(j, "hmac"));
    unsigned char bytes[1024];
    size_t size;
    return !hmac || base64_bytes(hmac, bytes, sizeof bytes, &size) || dc_fail(e, DAILYCO_BAD_ARGUMENT, "hmac must be base64");
}

static bool check_eject(const json_t *j, struct dailyco_error *e)
{
    return json_array_size(json_object_get(j, "ids")) + json_array_size(json_object_get(j, "user_ids")) || dc_fail(e, DAILYCO_BAD_ARGUMENT, "nobody is named: ids or user_ids");
}

/* What Daily demands that no row can say. */
static bool check_rules(const struct model *m, const json_t *j, struct dailyco_error *e)
{
    static const struct { const struct model *model; bool (*check)(const json_t *, struct dailyco_error *); } rules[] = {
        {&dailyco_room_create_model, check_name}, {&dailyco_recording_start_model, check_recording}, {&dailyco_recording_update_model, check_recording}, {&dailyco_recording_stop_model, check_recording},
        {&dailyco_webhook_create_model, check_secret}, {&dailyco_webhook_update_model, check_secret}, {&dailyco_eject_model, check_eject}};
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (rules[i].model == m) return rules[i].check(j, e);
    return true;
}

bool dc_check(const struct model *m, const void *value, struct buf *json, struct dailyco_error *e)
{
    struct violations v = {.count = 0};
    struct arena a = {0};
    const char *missing = missing_in(m, value);
    if (missing) return dc_fail(e, DAILYCO_BAD_ARGUMENT, "%s: \"%s\" is missing", m->name, missing);
    model_write(json, m, value);
    const json_t *j = dc_load(json->data, json->size, &a);
    bool ok = j || dc_fail(e, DAILYCO_BAD_ARGUMENT, "%s: a text is not UTF-8, or JSON in it is none", m->name);
    if (ok && !model_parse(m, j, arena_alloc(&a, m->size), &a, 0, &v)) ok = fail_violation(e, DAILYCO_BAD_ARGUMENT, m, &v);
    ok = ok && check_rules(m, j, e);
    arena_release(&a);
    return ok;
}

bool dailyco_validate(const char *name, const void *value, struct dailyco_error *e)
{
    struct buf json;
    const struct model *m = find(name);
    if (e) *e = (struct dailyco_error){.code = DAILYCO_OK};
    if (!m) return dc_fail(e, DAILYCO_BAD_ARGUMENT, "there is no shape \"%s\"", name);
    buf_init(&json, 0);
    bool ok = dc_check(m, value, &json, e);
    buf_release(&json);
    return ok;
}

char *dailyco_serialise(const char *name, const void *value, struct dailyco_memory *m)
{
    struct buf json;
    const struct model *model = find(name);
    if (!model || missing_in(model, value)) return NULL;
    buf_init(&json, 0);
    model_write(&json, model, value);
    char *text = arena_strndup(&m->arena, json.data, json.size);
    buf_release(&json);
    return text;
}

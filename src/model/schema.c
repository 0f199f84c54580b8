#include "model/model.h"
#include <string.h>

static json_t *reference(const char *name)
{
    return json_pack("{s:o}", "$ref", json_sprintf("#/components/schemas/%s", name));
}

static json_t *text_schema(const struct field *f)
{
    json_t *s = json_pack("{s:s, s:I}", "type", "string", "maxLength", (json_int_t)f->max);
    if (f->min > 0) json_object_set_new(s, "minLength", json_integer(f->min));
    return s;
}

static json_t *int_schema(const struct field *f)
{
    json_t *s = json_pack("{s:s}", "type", "integer");
    if (f->min != INT64_MIN) json_object_set_new(s, "minimum", json_integer(f->min));
    if (f->max != INT64_MAX) json_object_set_new(s, "maximum", json_integer(f->max));
    return s;
}

static json_t *words_schema(const struct field *f)
{
    json_t *words = json_array();
    for (size_t i = 0; i < f->words->count; i++) json_array_append_new(words, json_string(f->words->words[i]));
    return json_pack("{s:s, s:o}", "type", "string", "enum", words);
}

static json_t *mixed_schema(const struct field *f)
{
    if (!f->words) return json_pack("{s:[s, s], s:I}", "type", "string", "number", "maxLength", (json_int_t)f->max);
    return json_pack("{s:[o, {s:s, s:b, s:o}]}", "oneOf", words_schema(f), "type", "array", "uniqueItems", 1, "items", words_schema(f));
}

static json_t *real_schema(const struct field *f)
{
    json_t *s = int_schema(f);
    json_object_set_new(s, "type", json_string("number"));
    return s;
}

static json_t *list_schema(const struct field *f)
{
    return json_pack("{s:s, s:o, s:I, s:I}", "type", "array", "items", reference(f->sub->name), "minItems", (json_int_t)f->min, "maxItems", (json_int_t)f->max);
}

static json_t *type_schema(const struct field *f)
{
    switch (f->type) {
    case FIELD_STR: return text_schema(f);
    case FIELD_EMAIL: return json_pack("{s:s, s:s}", "type", "string", "format", "email");
    case FIELD_UUID: return json_pack("{s:s, s:s}", "type", "string", "format", "uuid");
    case FIELD_INT: return int_schema(f);
    case FIELD_BOOL: return json_pack("{s:s}", "type", "boolean");
    case FIELD_TIME: return json_pack("{s:s, s:s}", "type", "string", "format", "date-time");
    case FIELD_ENUM: return reference(f->words->name);
    case FIELD_ANY: return json_object();
    case FIELD_OBJ: return reference(f->sub->name);
    case FIELD_LIST: return list_schema(f);
    case FIELD_TEXTS: return json_pack("{s:s, s:{s:s}, s:I, s:I}", "type", "array", "items", "type", "string", "minItems", (json_int_t)f->min, "maxItems", (json_int_t)f->max);
    case FIELD_REAL: return real_schema(f);
    case FIELD_WORD: return words_schema(f);
    case FIELD_MIXED: return mixed_schema(f);
    case FIELD_MORE: return json_object();
    }
    return json_object();
}

static json_t *standard_json(const struct field *f)
{
    if (f->type == FIELD_BOOL) return json_boolean(f->standard != 0);
    if (f->type == FIELD_ENUM) return json_string(f->words->words[f->standard]);
    return json_integer(f->standard);
}

static json_t *example_json(const struct field *f)
{
    if (!f->example[0]) return NULL;
    if (f->type == FIELD_STR || f->type == FIELD_EMAIL || f->type == FIELD_UUID || f->type == FIELD_TIME || f->type == FIELD_ENUM || f->type == FIELD_WORD || f->type == FIELD_MIXED) return json_string(f->example);
    return json_loads(f->example, JSON_DECODE_ANY, NULL);
}

json_t *field_schema(const struct field *f)
{
    json_t *s = type_schema(f);
    if ((f->need == NEED_OPTIONAL || f->need == NEED_KEPT) && json_object_size(s)) s = json_pack("{s:[o, {s:s}]}", "anyOf", s, "type", "null");
    if (f->doc[0]) json_object_set_new(s, "description", json_string(f->doc));
    json_t *example = example_json(f);
    if (example) json_object_set_new(s, "examples", json_pack("[o]", example));
    if (f->need == NEED_DEFAULT) json_object_set_new(s, "default", standard_json(f));
    return s;
}

json_t *model_schema(const struct model *m)
{
    json_t *properties = json_object(), *required = json_array();
    for (size_t i = 0; i < m->field_count; i++) {
        const struct field *f = &m->fields[i];
        if (f->type == FIELD_MORE) continue;
        json_object_set_new(properties, f->name, field_schema(f));
        if (f->need == NEED_REQUIRED) json_array_append_new(required, json_string(f->name));
    }
    json_t *s = json_pack("{s:s, s:s, s:o}", "type", "object", "description", m->doc, "properties", properties);
    if (json_array_size(required)) json_object_set(s, "required", required);
    json_decref(required);
    return s;
}

json_t *enumeration_schema(const struct enumeration *e)
{
    json_t *words = json_array();
    struct buf doc;
    buf_init(&doc, 0);
    buf_text(&doc, e->doc);
    for (size_t i = 0; i < e->count; i++) {
        json_array_append_new(words, json_string(e->words[i]));
        buf_printf(&doc, " %s: %s", e->words[i], e->docs[i]);
    }
    json_t *s = json_pack("{s:s, s:o, s:s}", "type", "string", "enum", words, "description", doc.data);
    buf_release(&doc);
    return s;
}

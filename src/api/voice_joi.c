/* voice_joi.c - Express and Joi 17, the words of seed S2: {"message": "…"}, the first broken rule only. */
#include "api/voice.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double SAFE_INTEGER = 9007199254740991; /* JavaScript's largest */

static void write_message(struct buf *to, const char *text)
{
    buf_text(to, "{\"message\":");
    json_write_string(to, text);
    buf_char(to, '}');
}

static void write_error(struct buf *to, const struct err *e)
{
    const struct wording *w = voice_wording(&voice_live_sessions, e);
    write_message(to, w && w->text[0] ? w->text : e->text);
}

static bool is_empty(const json_t *j)
{
    return json_is_null(j) || (json_is_string(j) && !json_string_length(j));
}

/* Where the dialect has words of its own for what is absent, an empty or null value counts as absent. */
static const char *own_words(const struct violations *all, const struct violation *v)
{
    struct violation absent = *v;
    absent.rule = RULE_REQUIRED;
    const char *text = is_empty(v->value) ? voice_field_wording(&voice_live_sessions, all->model, &absent) : NULL;
    return text ? text : voice_field_wording(&voice_live_sessions, all->model, v);
}

static bool is_unsafe(const json_t *j)
{
    double n = json_is_string(j) ? strtod(json_string_value(j), NULL) : json_number_value(j);
    return fabs(n) > SAFE_INTEGER;
}

static const char *type_words(const struct field *f)
{
    static const char *const words[] = {
        [FIELD_STR] = "must be a string", [FIELD_EMAIL] = "must be a string", [FIELD_UUID] = "must be a string", [FIELD_INT] = "must be a number",
        [FIELD_BOOL] = "must be a boolean", [FIELD_TIME] = "must be a valid date", [FIELD_ENUM] = "must be one of", [FIELD_ANY] = "contains an invalid value",
        [FIELD_OBJ] = "must be of type object", [FIELD_LIST] = "must be an array", [FIELD_TEXTS] = "must be an array",
        [FIELD_REAL] = "must be a number", [FIELD_WORD] = "must be a string", [FIELD_MIXED] = "must be a string", [FIELD_MORE] = "must be of type object"};
    return words[f->type];
}

static void limit_words(struct buf *to, const struct violation *v)
{
    bool max = v->rule == RULE_MAX;
    long long limit = (long long)v->limit;
    enum field_type type = v->field->type;
    if (type == FIELD_INT || type == FIELD_REAL) buf_printf(to, "must be %s than or equal to %lld", max ? "less" : "greater", limit);
    else if (type == FIELD_STR && max) buf_printf(to, "length must be less than or equal to %lld characters long", limit);
    else if (type == FIELD_STR) buf_printf(to, "length must be at least %lld characters long", limit);
    else buf_printf(to, "must contain %s than or equal to %lld items", max ? "less" : "greater", limit);
}

static void write_choices(struct buf *to, const struct enumeration *e)
{
    for (size_t i = 0; i < e->count; i++) buf_printf(to, "%s%s", i ? ", " : "must be one of [", e->words[i]);
    buf_char(to, ']');
}

static void rule_words(struct buf *to, const struct violation *v)
{
    enum field_type type = v->field ? v->field->type : FIELD_OBJ;
    bool text = type == FIELD_STR || type == FIELD_UUID || type == FIELD_EMAIL;
    if (text && v->rule != RULE_REQUIRED && json_is_string(v->value) && is_empty(v->value)) buf_text(to, "is not allowed to be empty");
    else if (type == FIELD_INT && v->rule != RULE_REQUIRED && is_unsafe(v->value)) buf_text(to, "must be a safe number");
    else switch (v->rule) {
    case RULE_REQUIRED: buf_text(to, "is required"); return;
    case RULE_UNKNOWN: buf_text(to, "is not allowed"); return;
    case RULE_OBJECT: buf_text(to, "must be of type object"); return;
    case RULE_TYPE:
    case RULE_PARSE: buf_text(to, type_words(v->field)); return;
    case RULE_FRACTION: buf_text(to, "must be an integer"); return;
    case RULE_MIN:
    case RULE_MAX: limit_words(to, v); return;
    case RULE_TIME: buf_text(to, "must be in ISO 8601 date format"); return;
    case RULE_PAST: buf_text(to, "must be greater than or equal to now"); return;
    case RULE_ENUM: write_choices(to, v->field->words); return;
    case RULE_EMAIL: buf_text(to, "must be a valid email"); return;
    case RULE_UUID: buf_text(to, "must be a valid GUID"); return;
    }
}

static void write_violations(struct buf *to, const char *place, const struct violations *all)
{
    const struct violation *v = &all->list[0];
    const char *own = own_words(all, v);
    struct buf text;
    (void)place;
    buf_init(&text, 0);
    if (own) buf_text(&text, own);
    else if (v->rule == RULE_OBJECT && !*v->path && !json_is_array(v->value)) buf_text(&text, "Invalid JSON"); /* Express takes objects and lists only */
    else {
        buf_printf(&text, "\"%s\" ", *v->path ? v->path : "value");
        rule_words(&text, v);
    }
    write_message(to, text.data);
    buf_release(&text);
}

const struct voice voice_live_sessions = {"live_sessions", "/sessions", PARSE_NUMBERS | PARSE_STRICT | PARSE_NO_NULL, true, 400, 0, "message_reply", "message_reply", write_error, write_violations, NULL};

/* voice_pydantic.c - FastAPI and Pydantic 2, the words of seed S3: {"detail": "…"}, {"detail": [{type, loc, msg, input, ctx}]}. */
#include "api/voice.h"
#include "base/clock.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void write_error(struct buf *to, const struct err *e)
{
    buf_text(to, "{\"detail\":");
    json_write_string(to, e->text);
    buf_char(to, '}');
}

/* An unknown key is the caller's own text. */
static void write_name(struct buf *to, const char *text, size_t size)
{
    struct buf name;
    buf_init(&name, 0);
    buf_add(&name, text, size);
    json_write_string(to, name.data);
    buf_release(&name);
}

enum { INDEX_DIGITS = 9 };

/* "tracks.0.mid" to ["body","tracks",0,"mid"] */
static void write_place(struct buf *to, const char *place, const char *path)
{
    buf_printf(to, "[\"%s\"", place);
    while (*path) {
        size_t n = strcspn(path, ".");
        bool index = n && n <= INDEX_DIGITS && strspn(path, "0123456789") >= n && (n == 1 || *path != '0'); /* else a key that looks like one */
        buf_char(to, ',');
        if (index) buf_add(to, path, n);
        else write_name(to, path, n);
        path += n + (path[n] == '.');
    }
    buf_char(to, ']');
}

static void write_value(struct buf *to, const json_t *value)
{
    char *text = value ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
    buf_text(to, text ? text : "null");
    free(text);
}

struct words { const char *type, *message; };

static struct words wrong_type(const struct field *f)
{
    static const struct words words[] = {
        [FIELD_STR] = {"string_type", "Input should be a valid string"},
        [FIELD_EMAIL] = {"string_type", "Input should be a valid string"},
        [FIELD_UUID] = {"uuid_type", "UUID input should be a string, bytes or UUID object"},
        [FIELD_INT] = {"int_type", "Input should be a valid integer"},
        [FIELD_BOOL] = {"bool_type", "Input should be a valid boolean"},
        [FIELD_TIME] = {"datetime_type", "Input should be a valid datetime"},
        [FIELD_LIST] = {"list_type", "Input should be a valid list"},
        [FIELD_TEXTS] = {"list_type", "Input should be a valid list"},
        [FIELD_REAL] = {"float_type", "Input should be a valid number"},
        [FIELD_WORD] = {"string_type", "Input should be a valid string"},
        [FIELD_MIXED] = {"string_type", "Input should be a valid string"},
        [FIELD_MORE] = {"dict_type", "Input should be a valid dictionary"}};
    return words[f->type];
}

static struct words unreadable(const struct field *f)
{
    if (f->type == FIELD_INT) return (struct words){"int_parsing", "Input should be a valid integer, unable to parse string as an integer"};
    return (struct words){"bool_parsing", "Input should be a valid boolean, unable to interpret input"};
}

/* 'a', 'b' or 'c' */
static void write_choices(struct buf *to, const struct enumeration *e)
{
    for (size_t i = 0; i < e->count; i++) buf_printf(to, "%s'%s'", !i ? "" : i + 1 == e->count ? " or " : ", ", e->words[i]);
}

static void limit_words(struct buf *msg, struct buf *ctx, const struct violation *v, const char **type)
{
    bool max = v->rule == RULE_MAX, text = v->field->type == FIELD_STR, list = v->field->type == FIELD_LIST || v->field->type == FIELD_TEXTS;
    const char *plural = v->limit == 1 ? "" : "s";
    if (text) {
        *type = max ? "string_too_long" : "string_too_short";
        buf_printf(msg, "String should have at %s %lld character%s", max ? "most" : "least", (long long)v->limit, plural);
    } else if (list) {
        *type = max ? "too_long" : "too_short";
        buf_printf(msg, "List should have at %s %lld item%s after validation, not %zu", max ? "most" : "least", (long long)v->limit, plural, json_array_size(v->value));
    } else {
        *type = max ? "less_than_equal" : "greater_than_equal";
        buf_printf(msg, "Input should be %s than or equal to %lld", max ? "less" : "greater", (long long)v->limit);
    }
    const char *name = text || list ? (max ? "max_length" : "min_length") : max ? "le" : "ge";
    buf_printf(ctx, "{\"%s\":%lld}", name, (long long)v->limit);
}

/* What is wrong with the date of a text that is no time; a good date with something unreadable after it is "extra characters". */
static const char *date_fault(const char *text)
{
    unsigned year, month, day;
    int64_t ms;
    char date[11];
    if (strlen(text) < 10) return "input is too short";
    if (sscanf(text, "%4u-%2u-%2u", &year, &month, &day) != 3 || !isdigit((unsigned char)text[0])) return "invalid character in year";
    if (month < 1 || month > 12) return "month value is outside expected range of 1-12";
    snprintf(date, sizeof date, "%.10s", text);
    return time_parse(date, &ms) ? "unexpected extra characters at the end of the input" : "day value is outside expected range";
}

static void time_words(struct buf *msg, struct buf *ctx, const struct violation *v, const char **type)
{
    const char *text = json_string_value(v->value);
    bool after = json_number_value(v->value) > 0;
    const char *why = text ? date_fault(text) : after ? "dates after 9999 are not supported as unix timestamps" : "dates before 0000 are not supported as unix timestamps";
    *type = text ? "datetime_from_date_parsing" : "datetime_parsing";
    buf_printf(msg, "Input should be a valid datetime%s, %s", text ? " or date" : "", why);
    buf_printf(ctx, "{\"error\":\"%s\"}", why);
}

static void email_words(struct buf *msg, struct buf *ctx, const struct violation *v)
{
    const char *text = json_string_value(v->value);
    const char *sign = text ? strchr(text, '@') : NULL, *why = "The part around the @-sign is not valid.";
    if (!sign) why = "An email address must have an @-sign.";
    else if (sign == text) why = "There must be something before the @-sign.";
    else if (!sign[1]) why = "There must be something after the @-sign.";
    buf_printf(msg, "value is not a valid email address: %s", why);
    buf_printf(ctx, "{\"reason\":\"%s\"}", why);
}

static void uuid_words(struct buf *msg, struct buf *ctx)
{
    static const char why[] = "expected 36 characters: 32 hexadecimal digits in groups of 8-4-4-4-12";
    buf_printf(msg, "Input should be a valid UUID, %s", why);
    buf_printf(ctx, "{\"error\":\"%s\"}", why);
}

static void enum_words(struct buf *msg, struct buf *ctx, const struct violation *v)
{
    struct buf choices;
    buf_init(&choices, 0);
    write_choices(&choices, v->field->words);
    buf_printf(msg, "Input should be %s", choices.data);
    buf_printf(ctx, "{\"expected\":\"%s\"}", choices.data);
    buf_release(&choices);
}

static const char *words_of(struct buf *msg, struct buf *ctx, const struct violation *v)
{
    const char *type = "value_error";
    struct words w = {0};
    switch (v->rule) {
    case RULE_REQUIRED: w = (struct words){"missing", "Field required"}; break;
    case RULE_UNKNOWN: w = (struct words){"extra_forbidden", "Extra inputs are not permitted"}; break;
    case RULE_OBJECT: w = (struct words){"model_attributes_type", "Input should be a valid dictionary or object to extract fields from"}; break;
    case RULE_TYPE: w = wrong_type(v->field); break;
    case RULE_PARSE: w = unreadable(v->field); break;
    case RULE_FRACTION: w = (struct words){"int_from_float", "Input should be a valid integer, got a number with a fractional part"}; break;
    case RULE_MIN:
    case RULE_MAX: limit_words(msg, ctx, v, &type); break;
    case RULE_TIME: time_words(msg, ctx, v, &type); break;
    case RULE_ENUM: enum_words(msg, ctx, v); type = "enum"; break;
    case RULE_EMAIL: email_words(msg, ctx, v); break;
    case RULE_PAST: w = (struct words){"datetime_future", "Input should be in the future"}; break;
    case RULE_UUID: uuid_words(msg, ctx); type = "uuid_parsing"; break;
    }
    if (w.message) buf_text(msg, w.message);
    return w.type ? w.type : type;
}

static void write_violation(struct buf *to, const char *place, const struct violation *v)
{
    struct buf msg, ctx;
    buf_init(&msg, 0);
    buf_init(&ctx, 0);
    buf_printf(to, "{\"type\":\"%s\",\"loc\":", words_of(&msg, &ctx, v));
    write_place(to, place, v->path);
    buf_text(to, ",\"msg\":");
    json_write_string(to, msg.data);
    buf_text(to, ",\"input\":");
    write_value(to, v->value);
    if (ctx.size) {
        buf_text(to, ",\"ctx\":");
        buf_add(to, ctx.data, ctx.size);
    }
    buf_char(to, '}');
    buf_release(&msg);
    buf_release(&ctx);
}

static void write_violations(struct buf *to, const char *place, const struct violations *v)
{
    buf_text(to, "{\"detail\":[");
    for (size_t i = 0; i < v->count; i++) {
        if (i) buf_char(to, ',');
        write_violation(to, place, &v->list[i]);
    }
    buf_text(to, "]}");
}

const struct voice voice_v1 = {"v1", "/api/v1", PARSE_LAX, false, 422, 0, "error_reply", "validation_reply", write_error, write_violations, NULL};

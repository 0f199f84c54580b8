/* voice_daily.c - /v1, the words of Daily's REST API: {"error": "a word", "info": "a sentence"}, what Joi says of the first broken rule.
 * An error's text is what it is about (a room's name …) where the dialect has a sentence with a place for it. */
#include "api/voice.h"
#include <stdlib.h>
#include <string.h>

static const struct { int status; const char *word; } words_of_status[] = {
    {401, "authentication-error"}, {403, "forbidden-error"}, {404, "not-found"}, {429, "rate-limit-error"}};

static const char *word_of(int status)
{
    for (size_t i = 0; i < sizeof words_of_status / sizeof *words_of_status; i++)
        if (words_of_status[i].status == status) return words_of_status[i].word;
    return status < 500 ? "invalid-request-error" : "server-error";
}

static void write_reply(struct buf *to, const char *word, const char *info)
{
    buf_printf(to, "{\"error\":\"%s\"", word);
    if (info) {
        buf_text(to, ",\"info\":");
        json_write_string(to, info);
    }
    buf_char(to, '}');
}

static void write_error(struct buf *to, const struct err *e)
{
    const struct wording *w = voice_wording(&voice_daily, e);
    const char *place = w ? strstr(w->text, "%s") : NULL;
    struct buf text;
    buf_init(&text, 0);
    if (place) {
        buf_add(&text, w->text, (size_t)(place - w->text));
        buf_text(&text, e->text);
        buf_text(&text, place + 2);
    } else buf_text(&text, w && w->text[0] ? w->text : e->text);
    write_reply(to, w ? w->code : word_of(e->status), w && !strcmp(w->text, "-") ? NULL : text.data);
    buf_release(&text);
}

/* ---- broken rules */

static const char *type_words(const struct field *f)
{
    static const char *const words[] = {
        [FIELD_STR] = "must be a string", [FIELD_EMAIL] = "must be a string", [FIELD_UUID] = "must be a string", [FIELD_INT] = "must be an integer", [FIELD_REAL] = "must be a number",
        [FIELD_BOOL] = "must be a boolean", [FIELD_TIME] = "must be a valid date", [FIELD_ENUM] = "must be a string", [FIELD_WORD] = "must be a string", [FIELD_MIXED] = "must be a string",
        [FIELD_ANY] = "contains an invalid value", [FIELD_OBJ] = "must be of type object", [FIELD_LIST] = "must be an array", [FIELD_TEXTS] = "must be an array",
        [FIELD_MORE] = "must be of type object"};
    return words[f->type];
}

static void write_choices(struct buf *to, const struct enumeration *e)
{
    buf_text(to, "must be one of [");
    for (size_t i = 0; i < e->count; i++) buf_printf(to, "%s%s", i ? ", " : "", e->words[i]);
    buf_char(to, ']');
}

static void limit_words(struct buf *to, const struct violation *v)
{
    bool max = v->rule == RULE_MAX;
    enum field_type type = v->field->type;
    const char *more = max ? "less" : "greater";
    if (type == FIELD_INT || type == FIELD_REAL) buf_printf(to, "must be %s than or equal to %lld", more, (long long)v->limit);
    else if (type == FIELD_LIST || type == FIELD_TEXTS) buf_printf(to, "must contain %s than or equal to %lld items", more, (long long)v->limit);
    else buf_printf(to, "length must be %s %lld characters long", max ? "less than or equal to" : "at least", (long long)v->limit);
}

static void rule_words(struct buf *to, const struct violation *v)
{
    switch (v->rule) {
    case RULE_REQUIRED: buf_text(to, "is required"); return;
    case RULE_UNKNOWN: buf_text(to, "is not allowed"); return;
    case RULE_OBJECT: buf_text(to, "must be of type object"); return;
    case RULE_MIN:
    case RULE_MAX: limit_words(to, v); return;
    case RULE_FRACTION: buf_text(to, "must be an integer"); return;
    case RULE_ENUM:
        if (v->field->words) write_choices(to, v->field->words);
        else buf_text(to, "contains an invalid value");
        return;
    case RULE_TIME:
    case RULE_PAST: buf_text(to, "must be a valid date"); return;
    case RULE_EMAIL:
    case RULE_UUID: buf_text(to, "contains an invalid value"); return;
    case RULE_TYPE:
    case RULE_PARSE: buf_text(to, v->field ? type_words(v->field) : "contains an invalid value"); return;
    }
}

/* exp and nbf have a sentence of their own. */
static bool is_moment(const struct violation *v)
{
    return v->field && v->field->type == FIELD_REAL && (!strcmp(v->field->name, "exp") || !strcmp(v->field->name, "nbf")) && (v->rule == RULE_TYPE || v->rule == RULE_PARSE);
}

static void moment_words(struct buf *to, const struct violation *v)
{
    char *value = json_is_string(v->value) ? xstrdup(json_string_value(v->value)) : json_dumps(v->value, JSON_ENCODE_ANY | JSON_COMPACT);
    buf_printf(to, "%s was '%s' but should be a number of seconds since the unix epoch", v->field->name, value ? value : "");
    free(value);
}

static void write_violations(struct buf *to, const char *place, const struct violations *all)
{
    const struct violation *v = &all->list[0];
    const char *last = strrchr(v->path, '.');
    struct buf text;
    (void)place;
    buf_init(&text, 0);
    if (is_moment(v)) moment_words(&text, v);
    else if (v->rule == RULE_UNKNOWN) buf_printf(&text, "unknown parameter '%s'", last ? last + 1 : v->path);
    else {
        buf_printf(&text, "\"%s\" ", *v->path ? v->path : "value");
        rule_words(&text, v);
    }
    write_reply(to, "invalid-request-error", text.data);
    buf_release(&text);
}

/* ---- what Daily has and this server has not */

static bool is_below(const char *path, const char *part)
{
    const char *at = strstr(path, part);
    size_t n = strlen(part);
    return at && (!at[n] || at[n] == '/' || part[n - 1] == '/');
}

static const char *lacks(const char *path)
{
    static const struct { const char *part, *info; } parts[] = {
        {"/live-streaming/", "live streaming is not available on this server"},
        {"/transcription/", "transcription is not available on this server"},
        {"/v1/transcript", "transcription is not available on this server"},
        {"/dialOut/", "dial-out is not available on this server"},
        {"/sipCallTransfer", "transferring calls is not available on this server"},
        {"/sipRefer", "transferring calls is not available on this server"},
        {"/v1/dialin/", "dial-in is not set up by this API: see /api/v1/rooms of this server"},
        {"/v1/domain-dialin-config", "dial-in is not set up by this API: see /api/v1/rooms of this server"},
        {"/v1/list-available-numbers", "phone numbers are not sold on this server"},
        {"/v1/purchased-phone-numbers", "phone numbers are not sold on this server"},
        {"/v1/buy-phone-number", "phone numbers are not sold on this server"},
        {"/v1/release-phone-number", "phone numbers are not sold on this server"},
        {"/v1/logs", "logs of calls are not kept on this server: see /v1/meetings and the events of /api/v1/sessions"},
        {"/v1/batch-processor", "the batch processor is not available on this server"}};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (is_below(path, parts[i].part)) return parts[i].info;
    return NULL;
}

const struct voice voice_daily = {"daily", "/v1", PARSE_LAX | PARSE_STRICT, true, 400, VOICE_ANY_TYPE | VOICE_ANY_QUERY, "daily_error", "daily_error", write_error, write_violations, lacks};

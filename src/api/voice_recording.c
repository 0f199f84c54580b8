/* voice_recording.c - /api/recording, the words of seed S5: {"error": "…", "code": "…"}, the first broken rule only. */
#include "api/voice.h"
#include <string.h>

static const struct { int status; const char *code; } codes[] = {
    {400, "INVALID_REQUEST"}, {401, "UNAUTHORIZED"}, {403, "FORBIDDEN"}, {404, "NOT_FOUND"}, {405, "METHOD_NOT_ALLOWED"}, {409, "CONFLICT"}, {413, "REQUEST_TOO_LARGE"},
    {415, "UNSUPPORTED_MEDIA_TYPE"}, {429, "RATE_LIMITED"}, {502, "SERVICE_UNAVAILABLE"}, {503, "SERVICE_UNAVAILABLE"}};

static const char *code_of(int status)
{
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (codes[i].status == status) return codes[i].code;
    return status < 500 ? "INVALID_REQUEST" : "INTERNAL_ERROR";
}

static void write_reply(struct buf *to, const char *text, const char *code)
{
    buf_text(to, "{\"error\":");
    json_write_string(to, text);
    buf_printf(to, ",\"code\":\"%s\"}", code);
}

static void write_error(struct buf *to, const struct err *e)
{
    const struct wording *w = voice_wording(&voice_recording, e);
    if (w) write_reply(to, w->text, w->code);
    else write_reply(to, e->text, code_of(e->status));
}

/* For rules that the document is silent about. */
static void plain_words(struct buf *to, const struct violation *v)
{
    static const char *const words[] = {[RULE_REQUIRED] = "is required", [RULE_TYPE] = "has the wrong type", [RULE_PARSE] = "cannot be read", [RULE_FRACTION] = "must be a whole number",
        [RULE_TIME] = "must be a time", [RULE_ENUM] = "is none of the allowed words", [RULE_EMAIL] = "must be an address", [RULE_OBJECT] = "must be an object", [RULE_UNKNOWN] = "is not known"};
    buf_text(to, *v->path ? v->path : "Request body");
    if (v->rule != RULE_MIN && v->rule != RULE_MAX) buf_printf(to, " %s", !*v->path && v->rule == RULE_REQUIRED ? "must be an object" : words[v->rule]);
    else buf_printf(to, " must %s at %s %lld%s", v->field->type == FIELD_STR ? "have" : "be", v->rule == RULE_MIN ? "least" : "most", (long long)v->limit, v->field->type == FIELD_STR ? " characters" : "");
}

static void write_violations(struct buf *to, const char *place, const struct violations *v)
{
    struct buf text;
    const char *own = v->model ? voice_field_wording(&voice_recording, v->model, &v->list[0]) : NULL;
    (void)place;
    buf_init(&text, 0);
    if (own) buf_text(&text, own);
    else plain_words(&text, &v->list[0]);
    write_reply(to, text.data, "INVALID_REQUEST");
    buf_release(&text);
}

const struct voice voice_recording = {"recording", "/api/recording", PARSE_LAX, true, 400, 0, "recording_error", "recording_error", write_error, write_violations, NULL};

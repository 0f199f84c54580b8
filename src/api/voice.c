/* voice.c - which dialect speaks where, and the words it has of its own. */
#include "api/voice.h"
#include <string.h>

static const struct voice *const voices[] = {&voice_v1, &voice_recording, &voice_live_sessions, &voice_daily};

const struct voice *voice_of_path(const char *path)
{
    for (size_t i = 0; i < sizeof voices / sizeof *voices; i++) {
        size_t n = strlen(voices[i]->prefix);
        if (!strncmp(path, voices[i]->prefix, n) && (!path[n] || path[n] == '/')) return voices[i];
    }
    return &voice_v1;
}

static const struct wording wordings[] = {
#define WORDING(voice, error, status, code, text) {#voice, #error, status, code, text},
#define FIELD_WORDING(voice, model, field, rule, text)
#include "spec/wordings.def"
#undef WORDING
#undef FIELD_WORDING
    {0}};

const struct wording *voice_wording(const struct voice *v, const struct err *e)
{
    for (const struct wording *w = wordings; w->voice; w++)
        if (!strcmp(w->voice, v->name) && !strcmp(w->error, e->code)) return w;
    return NULL;
}

json_t *voice_wording_docs(const char *error)
{
    json_t *all = json_object();
    for (const struct wording *w = wordings; w->voice; w++)
        if (!strcmp(w->error, error)) json_object_set_new(all, w->voice, json_pack("{s:i, s:s, s:s}", "status", w->status, "code", w->code, "text", w->text));
    return all;
}

int voice_status(const struct voice *v, const struct err *e)
{
    const struct wording *w = voice_wording(v, e);
    return w ? w->status : e->status;
}

struct field_wording { const char *voice, *model, *field; enum rule rule; const char *text; };
static const struct field_wording field_wordings[] = {
#define WORDING(voice, error, status, code, text)
#define FIELD_WORDING(voice, model, field, rule, text) {#voice, #model, #field, RULE_##rule, text},
#include "spec/wordings.def"
#undef WORDING
#undef FIELD_WORDING
    {0}};

const char *voice_field_wording(const struct voice *v, const struct model *m, const struct violation *violation)
{
    if (!violation->field) return NULL;
    for (const struct field_wording *w = field_wordings; w->voice; w++)
        if (w->rule == violation->rule && !strcmp(w->voice, v->name) && !strcmp(w->model, m->name) && !strcmp(w->field, violation->field->name)) return w->text;
    return NULL;
}

#include "dailyco/claims.h"
#include "dailyco/internal.h"
#include <string.h>

/* ---- properties: the same value under two names */

static const char *const names[][2] = {
    {"nbf", "nbf"}, {"exp", "exp"}, {"room_name", "r"}, {"eject_at_token_exp", "ejt"}, {"eject_after_elapsed", "eje"}, {"is_owner", "o"}, {"user_name", "u"}, {"user_id", "ud"}, {"enable_screenshare", "ss"},
    {"start_video_off", "vo"}, {"start_audio_off", "ao"}, {"enable_recording", "er"}, {"enable_recording_ui", "erui"}, {"knocking", "k"}, {"start_cloud_recording", "sr"}, {"start_cloud_recording_opts", "sro"},
    {"auto_start_transcription", "ast"}, {"close_tab_on_exit", "ctoe"}, {"redirect_on_meeting_exit", "rome"}, {"lang", "uil"}};
enum { LONG, SHORT };

static size_t index_of(const struct model *m, const char *name)
{
    size_t i = 0;
    while (i < m->field_count && strcmp(m->fields[i].name, name) != 0) i++;
    return i;
}

static bool take(const struct model *to_model, void *to, const char *to_name, const struct model *from_model, const void *from, const char *from_name)
{
    size_t i = index_of(from_model, from_name), j = index_of(to_model, to_name);
    if (!(*(const uint64_t *)(const void *)((const char *)from + from_model->present_offset) >> i & 1)) return false;
    memcpy((char *)to + to_model->fields[j].offset, (const char *)from + from_model->fields[i].offset, field_size(to_model->fields[j].type));
    *(uint64_t *)(void *)((char *)to + to_model->present_offset) |= (uint64_t)1 << j;
    return true;
}

/* ---- permissions */

struct word { const char *text[2]; };
static const struct word media[] = {{{"video", "v"}}, {{"audio", "a"}}, {{"screenVideo", "sv"}}, {{"screenAudio", "sa"}}, {{"customVideo", "cv"}}, {{"customAudio", "ca"}}, {{NULL, NULL}}};
static const struct word admin[] = {{{"participants", "p"}}, {{"streaming", "s"}}, {{"transcription", "t"}}, {{NULL, NULL}}};
static const struct word whose[] = {{{"base", "b"}}, {{"byUserId", "u"}}, {{"byParticipantId", "p"}}, {{NULL, NULL}}};

/* What is not known keeps its name. */
static const char *in_other_words(const struct word *words, const char *text, size_t size, int to, struct arena *a)
{
    const char *own = arena_strndup(a, text, size);
    for (; words->text[0]; words++)
        if (!strcmp(words->text[!to], own)) return words->text[to];
    return own;
}

static json_t *renamed(const json_t *object, const struct word *words, int to, struct arena *a)
{
    json_t *out = json_object(), *value;
    const char *name;
    json_object_foreach((json_t *)(uintptr_t)object, name, value) json_object_set(out, in_other_words(words, name, strlen(name), to, a), value);
    return out;
}

/* A boolean, or a list that is a text with commas in the short form. */
static json_t *list_in(const json_t *from, const struct word *words, int to, struct arena *a)
{
    struct buf text;
    json_t *list = json_array();
    buf_init(&text, 0);
    for (size_t i = 0; i < json_array_size(from); i++) {
        const char *word = json_string_value(json_array_get(from, i));
        if (word) buf_printf(&text, "%s%s", text.size ? "," : "", in_other_words(words, word, strlen(word), to, a));
    }
    for (const char *p = json_string_value(from); p && *p; p += strcspn(p, ","), p += *p == ',') json_array_append_new(list, json_string(in_other_words(words, p, strcspn(p, ","), to, a)));
    json_t *out = json_is_array(from) && to == SHORT ? json_string(text.size ? text.data : "") : json_is_string(from) && to == LONG ? json_incref(list) : json_deep_copy(from);
    json_decref(list);
    buf_release(&text);
    return out;
}

static json_t *receive_in(const json_t *from, int to, struct arena *a)
{
    json_t *out = renamed(from, whose, to, a), *value;
    const char *name;
    if (!json_is_object(from)) return json_decref(out), json_deep_copy(from);
    json_object_foreach(out, name, value) {
        const char *which = in_other_words(whose, name, strlen(name), LONG, a), *id;
        json_t *one, *all = json_object();
        if (!strcmp(which, "base")) json_object_set_new(out, name, json_is_object(value) ? renamed(value, media, to, a) : json_incref(value));
        else json_object_foreach(value, id, one) json_object_set_new(all, id, json_is_object(one) ? renamed(one, media, to, a) : json_incref(one));
        if (strcmp(which, "base") != 0) json_object_set(out, name, all);
        json_decref(all);
    }
    return out;
}

static const char *text_of(json_t *j, struct arena *a)
{
    const char *text = json_take_text(a, j);
    return text ? text : "null";
}

static const struct dailyco_token_claim_permissions *short_permissions(const struct dailyco_permissions *p, struct arena *a)
{
    struct dailyco_token_claim_permissions *out = arena_new(a, struct dailyco_token_claim_permissions);
    if (DAILYCO_HAS(p, dailyco_permissions, hasPresence)) DAILYCO_SET(out, dailyco_token_claim_permissions, hp, p->hasPresence);
    if (p->canSend) DAILYCO_SET(out, dailyco_token_claim_permissions, cs, text_of(list_in(dc_load(p->canSend, strlen(p->canSend), a), media, SHORT, a), a));
    if (p->canReceive) DAILYCO_SET(out, dailyco_token_claim_permissions, cr, text_of(receive_in(dc_load(p->canReceive, strlen(p->canReceive), a), SHORT, a), a));
    if (p->canAdmin) DAILYCO_SET(out, dailyco_token_claim_permissions, ca, text_of(list_in(dc_load(p->canAdmin, strlen(p->canAdmin), a), admin, SHORT, a), a));
    return out;
}

static struct dailyco_permissions *long_permissions(const struct dailyco_token_claim_permissions *p, struct arena *a)
{
    struct dailyco_permissions *out = arena_new(a, struct dailyco_permissions);
    if (DAILYCO_HAS(p, dailyco_token_claim_permissions, hp)) DAILYCO_SET(out, dailyco_permissions, hasPresence, p->hp);
    if (p->cs) DAILYCO_SET(out, dailyco_permissions, canSend, text_of(list_in(dc_load(p->cs, strlen(p->cs), a), media, LONG, a), a));
    if (p->cr) DAILYCO_SET(out, dailyco_permissions, canReceive, text_of(receive_in(dc_load(p->cr, strlen(p->cr), a), LONG, a), a));
    if (p->ca) DAILYCO_SET(out, dailyco_permissions, canAdmin, text_of(list_in(dc_load(p->ca, strlen(p->ca), a), admin, LONG, a), a));
    return out;
}

/* ---- the whole */

void dailyco_claims_of(struct arena *a, const struct dailyco_token_properties *p, struct dailyco_token_claims *out)
{
    *out = (struct dailyco_token_claims){0};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) take(&dailyco_token_claims_model, out, names[i][SHORT], &dailyco_token_properties_model, p, names[i][LONG]);
    if (DAILYCO_HAS(p, dailyco_token_properties, permissions)) DAILYCO_SET(out, dailyco_token_claims, p, short_permissions(p->permissions, a));
}

void dailyco_properties_of(struct arena *a, const struct dailyco_token_claims *c, struct dailyco_token_properties *out)
{
    *out = (struct dailyco_token_properties){0};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) take(&dailyco_token_properties_model, out, names[i][LONG], &dailyco_token_claims_model, c, names[i][SHORT]);
    if (DAILYCO_HAS(c, dailyco_token_claims, p)) DAILYCO_SET(out, dailyco_token_properties, permissions, long_permissions(c->p, a));
}

void dailyco_permissions_in_long(struct arena *a, struct dailyco_token_properties *p)
{
    struct dailyco_error own;
    const struct dailyco_permissions *told = DAILYCO_HAS(p, dailyco_token_properties, permissions) ? p->permissions : NULL;
    const json_t *j = told && DAILYCO_HAS(told, dailyco_permissions, more) ? dc_load(told->more, strlen(told->more), a) : NULL;
    const struct dailyco_token_claim_permissions *brief = j ? dc_read(&dailyco_token_claim_permissions_model, j, a, &own) : NULL;
    if (!brief) return;
    struct dailyco_permissions *both = long_permissions(brief, a);
    model_copy(&dailyco_permissions_model, both, &dailyco_permissions_model, told);
    DAILYCO_SET(p, dailyco_token_properties, permissions, both);
}

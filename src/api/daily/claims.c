#include "api/daily/claims.h"
#include <stdlib.h>
#include <string.h>

/* ---- fields that only have another name */

#define PAIRS(X) \
    X(room_name, r) X(eject_at_token_exp, ejt) X(eject_after_elapsed, eje) X(nbf, nbf) X(exp, exp) X(is_owner, o) X(user_name, u) X(user_id, ud) X(enable_screenshare, ss) \
    X(start_video_off, vo) X(start_audio_off, ao) X(enable_recording, er) X(enable_recording_ui, erui) X(knocking, k) X(start_cloud_recording, sr) X(start_cloud_recording_opts, sro) \
    X(auto_start_transcription, ast) X(close_tab_on_exit, ctoe) X(redirect_on_meeting_exit, rome) X(lang, uil)
/* Properties for which Daily published no short word keep their own. */
#define LONG_ONLY(X) X(enable_prejoin_ui) X(enable_live_captions_ui) X(enable_terse_logging)

/* ---- permissions: lists become texts with commas */

struct word { const char *full, *brief; };
static const struct word sends[] = {{"video", "v"}, {"audio", "a"}, {"screenVideo", "sv"}, {"screenAudio", "sa"}, {"customVideo", "cv"}, {"customAudio", "ca"}, {NULL, NULL}};
static const struct word admins[] = {{"participants", "p"}, {"streaming", "s"}, {"transcription", "t"}, {NULL, NULL}};
static const struct word receives[] = {{"base", "b"}, {"byUserId", "u"}, {"byParticipantId", "p"}, {NULL, NULL}};

static const char *other(const struct word *words, const char *text, size_t size, bool brief)
{
    for (const struct word *w = words; w->full; w++) {
        const char *from = brief ? w->full : w->brief;
        if (strlen(from) == size && !memcmp(from, text, size)) return brief ? w->brief : w->full;
    }
    return NULL;
}

static json_t *brief_list(const struct word *words, const json_t *list)
{
    struct buf text;
    buf_init(&text, 0);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *item = json_string_value(json_array_get(list, i));
        const char *brief = item ? other(words, item, strlen(item), true) : NULL;
        if (brief) buf_printf(&text, "%s%s", text.size ? "," : "", brief);
    }
    json_t *out = json_string(text.size ? text.data : "");
    buf_release(&text);
    return out;
}

static json_t *full_list(const struct word *words, const char *text)
{
    json_t *out = json_array();
    while (*text) {
        size_t size = strcspn(text, ",");
        const char *full = other(words, text, size, false);
        if (full) json_array_append_new(out, json_string(full));
        text += size + (text[size] == ',');
    }
    return out;
}

/* true, false or a list of words; brief: a text of them. */
static const char *words_text(struct arena *a, const struct word *words, const char *json, bool brief)
{
    json_t *j = json_loads(json, JSON_DECODE_ANY, NULL), *out;
    if (brief && json_is_array(j)) out = brief_list(words, j);
    else if (!brief && json_is_string(j)) out = full_list(words, json_string_value(j));
    else out = json_incref(j);
    char *text = json_dumps(out, JSON_COMPACT | JSON_ENCODE_ANY);
    const char *kept = arena_strdup(a, text ? text : "true");
    free(text);
    json_decref(out);
    json_decref(j);
    return kept;
}

/* {media: bool or {"*": bool}} or a bool */
static json_t *media(const json_t *j, bool brief)
{
    const char *key;
    json_t *value, *out;
    if (!json_is_object(j)) return json_deep_copy(j);
    out = json_object();
    json_object_foreach((json_t *)(uintptr_t)j, key, value) {
        const char *name = other(sends, key, strlen(key), brief);
        json_object_set(out, name ? name : key, value);
    }
    return out;
}

/* {base: media, byUserId: {id: media}, byParticipantId: {id: media}} */
static const char *receive_text(struct arena *a, const char *json, bool brief)
{
    const char *key, *id;
    json_t *value, *one, *j = json_loads(json, JSON_DECODE_ANY, NULL), *out = json_object();
    json_object_foreach(j, key, value) {
        const char *name = other(receives, key, strlen(key), brief);
        bool base = !strcmp(key, brief ? "base" : "b");
        json_t *part = base ? media(value, brief) : json_object();
        if (!base) json_object_foreach(value, id, one) json_object_set_new(part, id, media(one, brief));
        json_object_set_new(out, name ? name : key, part);
    }
    char *text = json_dumps(out, JSON_COMPACT);
    const char *kept = arena_strdup(a, text);
    free(text);
    json_decref(out);
    json_decref(j);
    return kept;
}

static const struct dailyco_token_claim_permissions *brief_permissions(struct arena *a, const struct dailyco_permissions *p)
{
    struct dailyco_token_claim_permissions *out = arena_new(a, struct dailyco_token_claim_permissions);
    if (HAS(p, dailyco_permissions, hasPresence)) SET(out, dailyco_token_claim_permissions, hp, p->hasPresence);
    if (HAS(p, dailyco_permissions, canSend)) SET(out, dailyco_token_claim_permissions, cs, words_text(a, sends, p->canSend, true));
    if (HAS(p, dailyco_permissions, canReceive)) SET(out, dailyco_token_claim_permissions, cr, receive_text(a, p->canReceive, true));
    if (HAS(p, dailyco_permissions, canAdmin)) SET(out, dailyco_token_claim_permissions, ca, words_text(a, admins, p->canAdmin, true));
    return out;
}

static const struct dailyco_permissions *full_permissions(struct arena *a, const struct dailyco_token_claim_permissions *c)
{
    struct dailyco_permissions *out = arena_new(a, struct dailyco_permissions);
    if (HAS(c, dailyco_token_claim_permissions, hp)) SET(out, dailyco_permissions, hasPresence, c->hp);
    if (HAS(c, dailyco_token_claim_permissions, cs)) SET(out, dailyco_permissions, canSend, words_text(a, sends, c->cs, false));
    if (HAS(c, dailyco_token_claim_permissions, cr)) SET(out, dailyco_permissions, canReceive, receive_text(a, c->cr, false));
    if (HAS(c, dailyco_token_claim_permissions, ca)) SET(out, dailyco_permissions, canAdmin, words_text(a, admins, c->ca, false));
    return out;
}

/* ---- the whole */

static void keep_long(struct arena *a, const struct dailyco_token_properties *p, struct dailyco_token_claims *out)
{
    json_t *more = json_object();
#define X(f) if (HAS(p, dailyco_token_properties, f)) json_object_set_new(more, #f, json_boolean(p->f));
    LONG_ONLY(X)
#undef X
    char *text = json_object_size(more) ? json_dumps(more, JSON_COMPACT) : NULL;
    if (text) SET(out, dailyco_token_claims, more, arena_strdup(a, text));
    free(text);
    json_decref(more);
}

void daily_claims_of(struct arena *a, const struct dailyco_token_properties *p, struct dailyco_token_claims *out)
{
    *out = (struct dailyco_token_claims){0};
#define X(full, brief) if (HAS(p, dailyco_token_properties, full)) SET(out, dailyco_token_claims, brief, p->full);
    PAIRS(X)
#undef X
    if (HAS(p, dailyco_token_properties, permissions)) SET(out, dailyco_token_claims, p, brief_permissions(a, p->permissions));
    keep_long(a, p, out);
}

void daily_properties_of(struct arena *a, const struct dailyco_token_claims *c, struct dailyco_token_properties *out)
{
    json_t *more = HAS(c, dailyco_token_claims, more) ? json_loads(c->more, 0, NULL) : NULL;
    *out = (struct dailyco_token_properties){0};
#define X(full, brief) if (HAS(c, dailyco_token_claims, brief)) SET(out, dailyco_token_properties, full, c->brief);
    PAIRS(X)
#undef X
#define X(f) if (json_is_boolean(json_object_get(more, #f))) SET(out, dailyco_token_properties, f, json_is_true(json_object_get(more, #f)));
    LONG_ONLY(X)
#undef X
    if (HAS(c, dailyco_token_claims, p)) SET(out, dailyco_token_properties, permissions, full_permissions(a, c->p));
    json_decref(more);
}

/* token.c - meeting tokens that one signs oneself: a JWT with short words for Daily's long ones. */
#include "base/clock.h"
#include "dailyco/internal.h"
#include <stdlib.h>
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
    char *text = json_dumps(j, JSON_COMPACT | JSON_ENCODE_ANY);
    const char *own = arena_strdup(a, text ? text : "null");
    free(text);
    json_decref(j);
    return own;
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

static const struct dailyco_permissions *long_permissions(const struct dailyco_token_claim_permissions *p, struct arena *a)
{
    struct dailyco_permissions *out = arena_new(a, struct dailyco_permissions);
    if (DAILYCO_HAS(p, dailyco_token_claim_permissions, hp)) DAILYCO_SET(out, dailyco_permissions, hasPresence, p->hp);
    if (p->cs) DAILYCO_SET(out, dailyco_permissions, canSend, text_of(list_in(dc_load(p->cs, strlen(p->cs), a), media, LONG, a), a));
    if (p->cr) DAILYCO_SET(out, dailyco_permissions, canReceive, text_of(receive_in(dc_load(p->cr, strlen(p->cr), a), LONG, a), a));
    if (p->ca) DAILYCO_SET(out, dailyco_permissions, canAdmin, text_of(list_in(dc_load(p->ca, strlen(p->ca), a), admin, LONG, a), a));
    return out;
}

/* ---- signing */

static bool key_of(const char *api_key, struct hmac_key *key, struct dailyco_error *e)
{
    if (e) *e = (struct dailyco_error){.code = DAILYCO_OK};
    if (!api_key || !*api_key) return dc_fail(e, DAILYCO_BAD_ARGUMENT, "there is no API key");
    hmac_key_set(key, api_key, strlen(api_key)); /* the text, not what it may be the digits of */
    return true;
}

static bool has_short_names(const struct dailyco_token_properties *p, struct dailyco_error *e)
{
    const char *without = DAILYCO_HAS(p, dailyco_token_properties, enable_prejoin_ui) ? "enable_prejoin_ui" : DAILYCO_HAS(p, dailyco_token_properties, enable_live_captions_ui) ? "enable_live_captions_ui"
        : DAILYCO_HAS(p, dailyco_token_properties, enable_terse_logging) ? "enable_terse_logging" : NULL;
    return !without || dc_fail(e, DAILYCO_BAD_ARGUMENT, "%s has no short name: ask Daily for such a token", without);
}

char *dailyco_token_sign(const char *api_key, const char *domain_id, const struct dailyco_token_properties *p, int64_t now_s, struct dailyco_memory *m, struct dailyco_error *e)
{
    struct hmac_key key;
    struct buf json;
    struct dailyco_token_claims claims = {0};
    char *token = NULL;
    if (!key_of(api_key, &key, e) || !has_short_names(p, e)) return NULL;
    if (!domain_id || !*domain_id) return dc_fail(e, DAILYCO_BAD_ARGUMENT, "a token needs the domain's id: dailyco_get_domain"), NULL;
    buf_init(&json, 0);
    if (dc_check(&dailyco_token_properties_model, p, &json, e)) {
        for (size_t i = 0; i < sizeof names / sizeof *names; i++) take(&dailyco_token_claims_model, &claims, names[i][SHORT], &dailyco_token_properties_model, p, names[i][LONG]);
        if (DAILYCO_HAS(p, dailyco_token_properties, permissions)) DAILYCO_SET(&claims, dailyco_token_claims, p, short_permissions(p->permissions, &m->arena));
        if (DAILYCO_HAS(p, dailyco_token_properties, more)) DAILYCO_SET(&claims, dailyco_token_claims, more, p->more);
        DAILYCO_SET(&claims, dailyco_token_claims, d, domain_id);
        DAILYCO_SET(&claims, dailyco_token_claims, iat, (double)(now_s ? now_s : clock_now_ms() / 1000));
        buf_reset(&json);
        model_write(&json, &dailyco_token_claims_model, &claims);
        token = jwt_sign(&m->arena, &key, json.data);
    }
    buf_release(&json);
    explicit_bzero(&key, sizeof key);
    return token;
}

/* ---- verifying */

static const int64_t FOR_EVER_S = (int64_t)1 << 40; /* times are looked at here, to say which one is wrong */

static const struct dailyco_token_claims *claims_of(const char *api_key, const char *token, struct arena *a, struct dailyco_error *e)
{
    struct hmac_key key;
    if (!key_of(api_key, &key, e)) return NULL;
    const json_t *j = jwt_verify_within(a, &key, token, 0, FOR_EVER_S);
    explicit_bzero(&key, sizeof key);
    if (j) return dc_read(&dailyco_token_claims_model, j, a, e);
    dc_fail(e, DAILYCO_TOKEN_SIGNATURE, "the meeting token was not signed with this key, or is none");
    return NULL;
}

struct dailyco_token_properties *dailyco_token_verify(const char *api_key, const char *domain_id, const char *token, bool ignore_nbf, int64_t now_s, struct dailyco_memory *m, struct dailyco_error *e)
{
    const struct dailyco_token_claims *c = claims_of(api_key, token, &m->arena, e);
    double now = (double)(now_s ? now_s : clock_now_ms() / 1000);
    if (!c) return NULL;
    if (domain_id && (!c->d || strcmp(c->d, domain_id) != 0)) return dc_fail(e, DAILYCO_TOKEN_DOMAIN, "the meeting token is of another domain"), NULL;
    if (DAILYCO_HAS(c, dailyco_token_claims, exp) && c->exp <= now) return dc_fail(e, DAILYCO_TOKEN_EXPIRED, "the meeting token has expired"), NULL;
    if (!ignore_nbf && DAILYCO_HAS(c, dailyco_token_claims, nbf) && c->nbf > now) return dc_fail(e, DAILYCO_TOKEN_NOT_YET, "the meeting token is not good yet"), NULL;
    struct dailyco_token_properties *p = arena_new(&m->arena, struct dailyco_token_properties);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) take(&dailyco_token_properties_model, p, names[i][LONG], &dailyco_token_claims_model, c, names[i][SHORT]);
    if (DAILYCO_HAS(c, dailyco_token_claims, p)) DAILYCO_SET(p, dailyco_token_properties, permissions, long_permissions(c->p, &m->arena));
    return p;
}

/* people.c - what an app sends to people in a call, and what it lets them do: for calls on roomd's own page. */
#include "api/daily/daily.h"
#include "core/alias.h"
#include "core/event.h"
#include "core/participant.h"
#include "core/provider.h"
#include <string.h>
#include <strings.h>

enum { MESSAGE_LONGEST = 4096, EVERYBODY = 100000 };

struct present { struct session session; struct list stays; };

/* A room in whose call somebody is, and whose call the page carries. */
static bool open_call(struct request *r, struct present *out, struct err *e)
{
    const struct daily_room_path *path = r->path;
    if (!daily_room_open(r, path->room_name, ACCESS_TEACHER, &out->session, NULL, e)) return false;
    const struct provider *p = provider_remote(r->api->core, out->session.provider);
    if (p && !(p->ops->capabilities & PROVIDER_OUR_PAGE)) return daily_fail(e, error_not_supported, "this room's call is not on this server: ask the one that has it");
    if (!stay_present(&r->scope, out->session.id, true, EVERYBODY, &out->stays, e)) return false;
    return out->stays.count || daily_fail(e, error_no_call_in_room, out->session.room_name);
}

static const struct call_stay *stay_named(struct request *r, const struct present *in, const char *id)
{
    const struct call_stay *c = in->stays.items;
    int64_t number = alias_number(r->api->core, ALIAS_STAY, id);
    for (size_t i = 0; number && i < in->stays.count; i++)
        if (c[i].id == number) return &c[i];
    return NULL;
}

/* ---- messages */

static bool not_there(struct request *r, const char *id, struct err *e)
{
    return daily_fail(e, error_not_supported, arena_printf(r->scope.arena, "\"%.130s\" is nobody who is in the call", id));
}

bool daily_app_message_send(struct request *r, struct err *e)
{
    const struct dailyco_app_message *in = r->body;
    const struct call_stay *to = NULL;
    struct present call;
    struct dailyco_sent *out = arena_new(r->scope.arena, struct dailyco_sent);
    if (*in->data != '{') return daily_fail(e, error_not_supported, "\"data\" must be of type object");
    if (strlen(in->data) > MESSAGE_LONGEST) return daily_fail(e, error_not_supported, "\"data\" must not be larger than 4 kB");
    if (!open_call(r, &call, e)) return false;
    if (HAS(in, dailyco_app_message, recipient) && strcmp(in->recipient, "*") != 0 && !(to = stay_named(r, &call, in->recipient))) return not_there(r, in->recipient, e);
    SET(out, dailyco_sent, sent, "true");
    return EMIT(&r->scope, app_message, call.session.id, e, .connection = to ? to->connection : NULL, .text = in->data) && reply_with(r, out);
}

/* ---- permissions. What can be changed while somebody is in is whether they may share their screen; a word that would change anything else is refused, never half obeyed. */

static size_t word_of(const json_t *item, const char *const *words, size_t count)
{
    const char *text = json_string_value(item);
    size_t k = 0;
    while (k < count && (!text || strcmp(words[k], text) != 0)) k++;
    return k;
}

static size_t how_many(const json_t *list, const char *const *words, size_t count)
{
    size_t n = 0;
    for (size_t i = 0; i < json_array_size(list); i++) n += word_of(json_array_get(list, i), words, count) < count;
    return n;
}

static bool holds(const json_t *list, const char *word)
{
    return how_many(list, &word, 1) > 0;
}

static bool is_list_of(const json_t *list, const char *const *words, size_t count)
{
    return json_is_array(list) && how_many(list, words, count) == json_array_size(list);
}

static bool sends_well(const json_t *sends)
{
    static const char *const media[] = {"video", "audio", "screenVideo", "screenAudio", "customVideo", "customAudio"};
    return !sends || json_is_boolean(sends) || is_list_of(sends, media, sizeof media / sizeof *media);
}

static bool administers_well(const json_t *administers)
{
    static const char *const what[] = {"participants", "streaming", "transcription"};
    return !administers || json_is_boolean(administers) || is_list_of(administers, what, sizeof what / sizeof *what);
}

static bool is_known(const json_t *o)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)o, key, value)
        if (strcmp(key, "canSend") != 0 && strcmp(key, "hasPresence") != 0 && strcmp(key, "canReceive") != 0 && strcmp(key, "canAdmin") != 0) return false;
    return json_is_object(o);
}

static bool is_valid(const json_t *o, struct err *e)
{
    const json_t *presence = json_object_get(o, "hasPresence"), *receives = json_object_get(o, "canReceive");
    if (is_known(o) && sends_well(json_object_get(o, "canSend")) && administers_well(json_object_get(o, "canAdmin")) && (!presence || json_is_boolean(presence)) && (!receives || json_is_object(receives)))
        return true;
    return daily_fail(e, error_not_supported, "\"data\" must be an object of permissions (hasPresence, canSend, canReceive, canAdmin) by participant");
}

/* An owner administers, the others do not, and everybody receives everybody. */
static bool stays_as_it_is(const json_t *o, const struct call_stay *c)
{
    const json_t *administers = json_object_get(o, "canAdmin"), *receives = json_object_get(o, "canReceive"), *base = json_object_get(receives, "base");
    bool owner = c->role == participant_role_teacher, given = json_is_true(administers) || json_array_size(administers) > 0;
    return !json_is_false(json_object_get(o, "hasPresence")) && (!administers || given == owner) &&
           (!receives || (json_is_true(base) && json_object_size(receives) == 1));
}

static bool speaks(const json_t *sends)
{
    return !sends || json_is_true(sends) || (holds(sends, "audio") && holds(sends, "video"));
}

static bool can_follow(const json_t *o, const struct call_stay *c, struct err *e)
{
    const json_t *sends = json_object_get(o, "canSend");
    bool watches = c->role == participant_role_viewer, silences = json_is_false(sends) || (json_is_array(sends) && !json_array_size(sends));
    if (stays_as_it_is(o, c) && (!sends || (watches ? silences : speaks(sends)))) return true;
    return daily_fail(e, error_not_supported, "while somebody is in a call, only whether they may share their screen can be changed here: canSend with or without screenVideo");
}

static bool permit(struct request *r, const struct session *session, const json_t *o, const struct call_stay *c, struct err *e)
{
    const json_t *sends = json_object_get(o, "canSend");
    struct participant seat;
    if (!sends || c->role == participant_role_viewer) return true;
    bool shares = json_is_true(sends) || holds(sends, "screenVideo");
    if (!participant_in(&r->scope, session->id, c->participant_id, &seat, e)) return false;
    return seat.screenshare == shares || participant_allow_screenshare(&r->scope, &seat, shares, e);
}

static const json_t *word_for(struct request *r, const json_t *data, const struct call_stay *c)
{
    const json_t *own = json_object_get(data, alias_text(&r->scope, ALIAS_STAY, c->id));
    return own ? own : json_object_get(data, "*");
}

static bool all_can_follow(struct request *r, const json_t *data, const struct present *call, struct err *e)
{
    const struct call_stay *c = call->stays.items;
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)data, key, value) {
        if (!is_valid(value, e)) return false;
        if (strcmp(key, "*") != 0 && !stay_named(r, call, key)) return not_there(r, key, e);
    }
    for (size_t i = 0; i < call->stays.count; i++) {
        const json_t *o = word_for(r, data, &c[i]);
        if (o && !can_follow(o, &c[i], e)) return false;
    }
    return true;
}

static bool follow_all(struct request *r, const json_t *data, const struct present *call, struct err *e)
{
    const struct call_stay *c = call->stays.items;
    for (size_t i = 0; i < call->stays.count; i++) {
        const json_t *o = word_for(r, data, &c[i]);
        if (o && !permit(r, &call->session, o, &c[i], e)) return false;
    }
    return true;
}

bool daily_permissions_update(struct request *r, struct err *e)
{
    const struct dailyco_permissions_update *in = r->body;
    struct present call;
    struct dailyco_sent *out = arena_new(r->scope.arena, struct dailyco_sent);
    json_t *data = json_loads(in->data, 0, NULL);
    bool ok = json_object_size(data) ? open_call(r, &call, e) && all_can_follow(r, data, &call, e) && follow_all(r, data, &call, e)
                                     : daily_fail(e, error_not_supported, "\"data\" must be an object of permissions by participant");
    json_decref(data);
    SET(out, dailyco_sent, status, "sent");
    return ok && reply_with(r, out);
}

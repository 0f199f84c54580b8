/* answer.c - what Daily's replies say. */
#include "dailyco/claims.h"
#include "dailyco/internal.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- refusals */

static enum dailyco_code code_of_status(int status)
{
    switch (status) {
    case 401: return DAILYCO_UNAUTHENTICATED;
    case 403: return DAILYCO_FORBIDDEN;
    case 404: return DAILYCO_NOT_FOUND;
    case 429: return DAILYCO_RATE_LIMITED;
    case 503: return DAILYCO_UNAVAILABLE;
    default: return status >= 500 ? DAILYCO_SERVER : status >= 400 ? DAILYCO_INVALID_REQUEST : DAILYCO_BAD_REPLY;
    }
}

/* Daily has few codes; some things only the text tells apart. */
static enum dailyco_code code_of(int status, const char *error, const char *info)
{
    static const struct { int status; const char *error, *info; enum dailyco_code code; } table[] = {
        {400, "authorization-header-error", "", DAILYCO_UNAUTHENTICATED}, {400, "", "bad Authorization header", DAILYCO_UNAUTHENTICATED}, {0, "authentication-error", "", DAILYCO_UNAUTHENTICATED},
        {0, "invalid-plan-type", "", DAILYCO_PLAN}, {404, "", "does not seem to be hosting a call", DAILYCO_NOT_HOSTING}, {400, "", "already exists", DAILYCO_ALREADY_EXISTS},
        {400, "", "has an active stream", DAILYCO_ALREADY_RECORDING}, {400, "", "non-200 status code returned from webhook endpoint", DAILYCO_PROBE_FAILED}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if ((!table[i].status || table[i].status == status) && strstr(error, table[i].error) && strstr(info, table[i].info)) return table[i].code;
    return code_of_status(status);
}

static int64_t retry_after_ms(const struct fetch_reply *r, struct arena *a)
{
    const char *wish = fetch_header(r, a, "Retry-After");
    int64_t seconds = wish ? strtoll(wish, NULL, 10) : 0;
    return seconds > 0 && seconds < 86400 ? seconds * 1000 : 0;
}

static void *refuse(const struct dc_call *call, const struct fetch_reply *r, struct arena *a, struct dailyco_error *e)
{
    const json_t *j = dc_load(r->body, r->size, a);
    const char *error = json_string_value(json_object_get(j, "error")), *info = json_string_value(json_object_get(j, "info"));
    error = error ? error : "";
    info = info ? info : "";
    e->status = r->status;
    e->maybe_done = r->status >= 500 && r->status != 503 && strcmp(call->method, "GET") != 0;
    e->retry_after_ms = retry_after_ms(r, a);
    snprintf(e->error, sizeof e->error, "%s", error);
    snprintf(e->info, sizeof e->info, "%s", info);
    dc_hide(e->info, NULL);
    dc_fail(e, code_of(r->status, error, info), "%s: Daily answered %d%s%s%s%s", call->operation, r->status, *error ? " " : "", error, *e->info ? ": " : "", e->info);
    return NULL;
}

/* ---- answers */

static json_t *living(json_t *j, struct arena *a)
{
    arena_defer(a, (void (*)(void *))(void (*)(void))json_decref, j);
    return j;
}

static bool is_list(const struct model *m)
{
    return !strcmp(m->fields[0].name, "data") && m->fields[0].type == FIELD_LIST;
}

/* GET /presence: {"room": [people], …} */
static const json_t *people_of_rooms(const json_t *rooms, struct arena *a)
{
    json_t *all = living(json_pack("{s:[]}", "data"), a), *data = json_object_get(all, "data"), *people;
    const char *room;
    json_object_foreach((json_t *)(uintptr_t)rooms, room, people) json_array_extend(data, people);
    json_object_set_new(all, "total_count", json_integer((json_int_t)json_array_size(data)));
    return all;
}

/* Some lists come bare, one thing came in a list of one, and a deletion may come without a word. */
static const json_t *shaped(const struct dc_call *call, const struct fetch_reply *r, struct arena *a)
{
    const json_t *j = dc_load(r->body, r->size, a);
    if (!j && (!r->size || call->reply == &dailyco_sent_model)) return living(json_object(), a);
    if (json_is_array(j) && is_list(call->reply)) return living(json_pack("{s:O}", "data", j), a);
    if (json_array_size(j) == 1) return json_array_get(j, 0);
    if (call->reply == &dailyco_presence_model && json_is_object(j) && !json_is_array(json_object_get(j, "data"))) return people_of_rooms(j, a);
    return j;
}

static bool is_url(const char *text)
{
    return text && (!strncasecmp(text, "https://", 8) || !strncasecmp(text, "http://", 7));
}

/* Daily may answer 200 and say in the link's place why there is none. */
static bool check_link(struct dailyco_access_link *link, struct dailyco_error *e)
{
    if (!DAILYCO_HAS(link, dailyco_access_link, download_link) && DAILYCO_HAS(link, dailyco_access_link, link)) DAILYCO_SET(link, dailyco_access_link, download_link, link->link);
    if (is_url(link->download_link)) return true;
    snprintf(e->info, sizeof e->info, "%s", link->download_link ? link->download_link : "");
    dc_hide(e->info, NULL);
    return dc_fail(e, DAILYCO_BAD_REPLY, "there is no link: %s", e->info);
}

void *dc_answer(const struct dc_call *call, const struct fetch_reply *r, struct arena *a, struct dailyco_error *e)
{
    if (r->status < 200 || r->status > 299) return refuse(call, r, a, e);
    const json_t *j = shaped(call, r, a);
    void *reply = j ? dc_read(call->reply, j, a, e) : NULL;
    e->status = r->status;
    if (!reply) {
        e->maybe_done = strcmp(call->method, "GET") != 0;
        dc_fail(e, DAILYCO_BAD_REPLY, "%s: Daily answered %d, but not what was asked for%s%s", call->operation, r->status, j ? ": " : "", j ? arena_strdup(a, e->message) : "");
        return NULL;
    }
    if (call->reply == &dailyco_token_properties_model) dailyco_permissions_in_long(a, reply);
    return call->reply != &dailyco_access_link_model || check_link(reply, e) ? reply : NULL;
}

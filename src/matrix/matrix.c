#include "matrix/matrix.h"
#include "base/clock.h"
#include "base/log.h"
#include "matrix/cache.h"
#include "net/fetch.h"
#include <stdlib.h>
#include <string.h>

enum { NO_MS = 5000, REST_MS = 1000, LARGEST = 4 << 20 };
static const int64_t BOUNDLESS = INT64_MAX;   /* power of the makers of a room of version 12 */

struct matrix {
    struct core *core;
    struct fetcher *fetcher;
    struct cache *cache;
    _Atomic int64_t rests_until;              /* monotonic: the homeserver was not reached */
};

struct matrix *matrix_create(struct core *core)
{
    struct matrix *m = xcalloc(1, sizeof *m);
    *m = (struct matrix){.core = core, .fetcher = fetcher_create(), .cache = cache_create()};
    return m;
}

void matrix_destroy(struct matrix *m)
{
    if (!m) return;
    fetcher_destroy(m->fetcher);
    cache_destroy(m->cache);
    free(m);
}

/* ---- asking */

static void release_json(void *j) { json_decref(j); }

/* The answer's status and JSON (NULL: none). False: it could not be asked, or cannot say. */
static bool ask(struct matrix *m, struct arena *a, const char *token, const char *path, int *status, json_t **body, struct err *e)
{
    const struct config *c = core_config(m->core);
    struct fetch_reply reply;
    struct err why = {0};
    size_t n = strlen(c->MATRIX_HOMESERVER_URL);
    if (!n) return err_fail(e, error_homeserver_not_set);
    if (atomic_load(&m->rests_until) > clock_monotonic_ms()) return err_fail(e, error_homeserver_unavailable);
    while (n && c->MATRIX_HOMESERVER_URL[n - 1] == '/') n--;
    const char *const headers[] = {arena_printf(a, "Authorization: Bearer %s", token), "Accept: application/json", NULL};
    struct fetch what = {.url = arena_printf(a, "%.*s/_matrix/client/v3%s", (int)n, c->MATRIX_HOMESERVER_URL, path), .headers = headers,
                         .total_ms = c->MATRIX_TIMEOUT_SECONDS * 1000, .connect_ms = c->MATRIX_TIMEOUT_SECONDS * 1000, .largest = LARGEST};
    if (!fetch(m->fetcher, &what, a, &reply, &why)) {
        atomic_store(&m->rests_until, clock_monotonic_ms() + REST_MS);
        log_warn("matrix.not_reached", LOG_STR("error", why.text));
        return err_fail(e, error_homeserver_unavailable);
    }
    *status = reply.status;
    if ((*body = json_loadb(reply.body, reply.size, 0, NULL))) arena_defer(a, release_json, *body);
    bool says = (reply.status == 200 && json_is_object(*body)) || reply.status == 401 || reply.status == 403 || reply.status == 404;
    if (says && (reply.status == 200 || json_object_get(*body, "errcode"))) return true;
    log_warn("matrix.no_answer", LOG_INT("status", reply.status));   /* too many requests, its own fault, a proxy's page */
    return err_fail(e, error_homeserver_unavailable);
}

static const char *text_of(const json_t *o, const char *name)
{
    const char *text = json_string_value(json_object_get(o, name));
    return text ? text : "";
}

static void remember(struct matrix *m, const char *kind, const char *token, const char *room, struct answer *a)
{
    int64_t now = clock_monotonic_ms(), ms = core_config(m->core)->MATRIX_CACHE_SECONDS * 1000;
    if (!a->good && ms > NO_MS) ms = NO_MS;
    a->until_ms = now + ms;
    cache_put(m->cache, kind, token, room, now, a);
}

static bool told(const struct answer *a, struct err *e)
{
    return a->good || err_fail(e, a->no);
}

/* ---- who */

static bool is_of_this_server(const struct matrix *m, const char *user)
{
    const char *name = core_config(m->core)->MATRIX_SERVER_NAME, *colon = strchr(user, ':');
    return user[0] == '@' && colon && strlen(user) < MATRIX_ID && (!*name || !strcmp(colon + 1, name));
}

static bool ask_whoami(struct matrix *m, struct arena *a, const char *token, struct answer *out, struct err *e)
{
    int status;
    json_t *body;
    if (!ask(m, a, token, "/account/whoami", &status, &body, e)) return false;
    if (status == 404) return err_fail(e, error_homeserver_unavailable); /* no homeserver is there */
    const char *user = text_of(body, "user_id");
    *out = (struct answer){.no = error_bad_credentials, .good = status == 200 && is_of_this_server(m, user)};
    if (!out->good) return true;
    strcpy(out->user, user);
    if (json_is_true(json_object_get(body, "is_guest"))) out->good = false, out->no = error_matrix_guest;
    return true;
}

/* What goes into a header must not end it. */
static bool is_token(const char *token)
{
    for (const unsigned char *p = (const unsigned char *)token; *p; p++)
        if (*p <= ' ' || *p >= 0x7f) return false;
    return *token;
}

bool matrix_known(struct matrix *m, const char *token, char user[MATRIX_ID], bool *good, struct err *e)
{
    struct answer found;
    if (!cache_find(m->cache, "whoami", token, NULL, clock_monotonic_ms(), &found)) return false;
    strcpy(user, found.user);
    *good = told(&found, e);
    return true;
}

bool matrix_whoami(struct matrix *m, const char *token, char user[MATRIX_ID], struct err *e)
{
    struct arena a;
    struct answer answer;
    bool good;
    if (!is_token(token)) return err_fail(e, error_bad_credentials);
    if (matrix_known(m, token, user, &good, e)) return good;
    arena_init(&a);
    bool asked = ask_whoami(m, &a, token, &answer, e);
    arena_release(&a);
    if (!asked) return false;
    remember(m, "whoami", token, NULL, &answer);
    strcpy(user, answer.user);
    return told(&answer, e);
}

/* ---- in a room */

static const char *state_path(struct arena *a, const char *room, const char *event, const char *key)
{
    return arena_printf(a, "/rooms/%s/state/%s/%s", fetch_escape(a, room), event, fetch_escape(a, key));
}

/* 401: the token died since it was asked for. */
static bool ask_membership(struct matrix *m, struct arena *a, const char *token, const char *user, const char *room, struct answer *out, struct err *e)
{
    int status;
    json_t *body;
    if (!ask(m, a, token, state_path(a, room, "m.room.member", user), &status, &body, e)) return false;
    *out = (struct answer){.no = error_not_in_room, .good = status == 200 && !strcmp(text_of(body, "membership"), "join")};
    if (status != 401) return true;
    out->no = error_bad_credentials;
    remember(m, "whoami", token, NULL, &(struct answer){.no = error_bad_credentials});
    return true;
}

static int64_t number_or(const json_t *o, const char *name, int64_t otherwise)
{
    const json_t *n = json_object_get(o, name);
    const char *text = json_string_value(n); /* rooms before version 10 */
    return json_is_integer(n) ? json_integer_value(n) : text ? strtoll(text, NULL, 10) : otherwise;
}

/* From room version 12 on the makers have boundless power and are not in `users`. In a room without power levels its maker has 100. */
static bool ask_maker(struct matrix *m, struct arena *a, const char *token, const char *user, const char *room, bool has_levels, int64_t *level, struct err *e)
{
    int status;
    size_t i;
    json_t *body, *other;
    if (!ask(m, a, token, arena_printf(a, "%s?format=event", state_path(a, room, "m.room.create", "")), &status, &body, e)) return false;
    if (status != 200) return true;
    const json_t *content = json_object_get(body, "content");
    if (!content) content = body;
    bool made = !strcmp(text_of(body, "sender"), user) || !strcmp(text_of(content, "creator"), user);
    json_array_foreach(json_object_get(content, "additional_creators"), i, other)
        made |= json_is_string(other) && !strcmp(json_string_value(other), user);
    if (made && atoi(text_of(content, "room_version")) >= 12) *level = BOUNDLESS;
    else if (made && !has_levels) *level = 100;
    return true;
}

static bool ask_power(struct matrix *m, struct arena *a, const char *token, const char *user, const char *room, int64_t enough, int64_t *level, struct err *e)
{
    int status;
    json_t *body;
    if (!ask(m, a, token, state_path(a, room, "m.room.power_levels", ""), &status, &body, e)) return false;
    bool has_levels = status == 200;
    *level = has_levels ? number_or(json_object_get(body, "users"), user, number_or(body, "users_default", 0)) : 0;
    return *level >= enough || ask_maker(m, a, token, user, room, has_levels, level, e);
}

/* Looking may rest on an answer of a moment ago; a change is asked about each time. */
static bool find_out(struct matrix *m, struct arena *a, const char *token, const char *user, const char *room, enum matrix_need need, struct answer *out, struct err *e)
{
    int64_t enough = core_config(m->core)->RECORDING_POWER_LEVEL, level;
    if (need == MATRIX_JOINED && cache_find(m->cache, "room", token, room, clock_monotonic_ms(), out)) return true;
    if (!ask_membership(m, a, token, user, room, out, e)) return false;
    remember(m, "room", token, room, out);
    if (!out->good || need == MATRIX_JOINED) return true;
    if (!ask_power(m, a, token, user, room, enough, &level, e)) return false;
    if (level < enough) *out = (struct answer){.no = error_power_level_too_low};
    return true;
}

bool matrix_may(struct matrix *m, const char *token, const char *user, const char *room, enum matrix_need need, struct err *e)
{
    struct arena a;
    struct answer answer;
    arena_init(&a);
    bool asked = find_out(m, &a, token, user, room, need, &answer, e);
    arena_release(&a);
    return asked && told(&answer, e);
}

bool matrix_room_is_encrypted(struct matrix *m, const char *token, const char *room, bool *encrypted, struct err *e)
{
    struct arena a;
    int status = 0;
    json_t *body;
    arena_init(&a);
    bool ok = ask(m, &a, token, state_path(&a, room, "m.room.encryption", ""), &status, &body, e);
    arena_release(&a);
    *encrypted = status == 200;
    return ok;
}

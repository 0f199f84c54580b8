/* rooms.c - /v1/rooms, /v1/batch/rooms and /v1: rooms are sessions with terms. */
#include "api/daily/daily.h"
#include "base/rand.h"
#include "core/alias.h"
#include "core/participant.h"
#include <string.h>

#define SAFE_ALPHABET "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
enum { RANDOM_NAME = 20, LONGEST_NAME = 128 };

static const struct dailyco_room_properties no_properties;

/* ---- showing */

static void show(struct request *r, const struct session *session, const struct session_terms *terms, struct daily_room *out)
{
    SET(out, daily_room, id, session->uuid);
    SET(out, daily_room, name, session->room_name);
    SET(out, daily_room, api_created, true);
    SET(out, daily_room, privacy, terms->id && terms->is_public ? "public" : "private");
    SET(out, daily_room, url, daily_room_url(&r->scope, session->room_name));
    SET(out, daily_room, created_at, session->created_at - session->created_at % 1000);
    SET(out, daily_room, config, daily_config(r, session, terms));
}

static bool reply_room(struct request *r, const struct session *session, const struct session_terms *terms)
{
    struct daily_room *out = arena_new(r->scope.arena, struct daily_room);
    show(r, session, terms, out);
    return reply_with(r, out);
}

bool daily_room_get(struct request *r, struct err *e)
{
    const struct daily_room_path *path = r->path;
    struct session session;
    struct session_terms terms;
    return daily_room_open(r, path->room_name, ACCESS_MEMBER, &session, &terms, e) && reply_room(r, &session, &terms);
}

static int64_t number_of(struct request *r, const char *id)
{
    return session_number(&r->scope, id);
}

static void show_line(struct request *r, const struct room_line *line, struct daily_room *out)
{
    struct session session = {0};
    struct session_terms terms = {0};
    COPY(session, &session, room_line, line);
    COPY(session_terms, &terms, room_line, line);
    if (!HAS(line, room_line, kept)) terms.id = 0; /* a session of another API has none */
    show(r, &session, &terms, out);
}

bool daily_room_list(struct request *r, struct err *e)
{
    const struct daily_page_query *q = r->query;
    struct id_window window;
    struct list rows;
    int64_t total;
    if (!daily_window(r, q->limit, q->starting_after, q->ending_before, number_of, &window, e) || !session_window(&r->scope, daily_sees_all(r), &window, &rows, &total, e)) return false;
    struct daily_room *items = arena_array(r->scope.arena, struct daily_room, rows.count + 1);
    for (size_t i = 0; i < rows.count; i++) show_line(r, (const struct room_line *)rows.items + i, &items[i]);
    struct daily_room_list *out = arena_new(r->scope.arena, struct daily_room_list);
    SET(out, daily_room_list, total_count, total);
    SET(out, daily_room_list, data, ((struct list){items, rows.count}));
    return reply_with(r, out);
}

/* ---- making */

/* The pages are at the root, where rooms are too. */
static bool is_page(const char *name)
{
    static const char *const pages[] = {"admin", "api", "assets", "docs", "healthz", "join", "metrics", "my", "readyz", "recordings", "redoc", "register", "room", "sessions", "signin", "v1"};
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++)
        if (!strcmp(name, pages[i])) return true;
    return false;
}

bool daily_room_is_name(const char *name)
{
    size_t n = strspn(name, SAFE_ALPHABET "-_");
    return n && n <= LONGEST_NAME && !name[n] && !is_page(name);
}

static bool is_free(struct request *r, const char *name, struct err *e)
{
    struct session other;
    struct session_terms terms = {0};
    if (!daily_room_is_name(name)) return daily_fail(e, is_page(name) ? error_room_name_taken : error_bad_room_name, name);
    enum db_found found = session_by_room_name(&r->scope, name, &other, e);
    if (found == DB_FAILED || (found == DB_ROW && terms_find(&r->scope, other.id, &terms, e) == DB_FAILED)) return false;
    if (found == DB_ROW && !session_is_over(&other) && !daily_room_expired(r, &terms)) return daily_fail(e, error_room_exists, name);
    if (found == DB_ROW && !session_is_over(&other) && !session_set_status(&r->scope, &other, session_status_ended, "expired", e)) return false;
    return session_release_name(&r->scope, name, e);
}

static char *random_name(struct arena *a)
{
    char *name = arena_alloc(a, RANDOM_NAME + 1);
    rand_text(name, RANDOM_NAME, SAFE_ALPHABET);
    return name;
}

/* The same in each run of the handler: a remote provider may be asked for the room in between. */
static const char *name_of(struct request *r, const struct dailyco_room_create *in)
{
    if (HAS(in, dailyco_room_create, name)) return in->name;
    if (!r->prepared) r->prepared = random_name(r->scope.arena);
    return r->prepared;
}

static bool make(struct request *r, const struct dailyco_room_create *in, const char *name, struct session *session, struct session_terms *terms, struct err *e)
{
    struct daily_plan plan = {0};
    struct participant owner;
    const struct dailyco_room_properties *p = HAS(in, dailyco_room_create, properties) ? in->properties : &no_properties;
    struct dailyco_room_properties given = *p;
    given.bits_null = 0;
    if (!is_free(r, name, e) || !daily_plan_of(r, &given, !HAS(in, dailyco_room_create, privacy) || strcmp(in->privacy, "private") != 0, &plan, e)) return false;
    *session = (struct session){0};
    COPY(session, session, session_update, &plan.session);
    SET(session, session, title, name);
    SET(session, session, duration_minutes, 60);
    if (!session_make(&r->scope, session, name, &owner, e)) return false;
    *terms = plan.terms;
    SET(terms, session_terms, session_id, session->id);
    SET(terms, session_terms, as_of, session->updated_at);
    return terms_save(&r->scope, terms, e);
}

bool daily_room_create(struct request *r, struct err *e)
{
    struct session session;
    struct session_terms terms;
    return make(r, r->body, name_of(r, r->body), &session, &terms, e) && reply_room(r, &session, &terms);
}

bool daily_batch_create(struct request *r, struct err *e)
{
    const struct dailyco_batch_create *in = r->body;
    struct daily_room *items = arena_array(r->scope.arena, struct daily_room, in->rooms.count + 1);
    struct list *out = arena_new(r->scope.arena, struct list);
    for (size_t i = 0; i < in->rooms.count; i++) {
        const struct dailyco_room_create *room = (const struct dailyco_room_create *)in->rooms.items + i;
        struct session session;
        struct session_terms terms;
        if (!make(r, room, HAS(room, dailyco_room_create, name) ? room->name : random_name(r->scope.arena), &session, &terms, e)) return false;
        show(r, &session, &terms, &items[i]);
    }
    *out = (struct list){items, in->rooms.count};
    return reply_with(r, out);
}

/* ---- changing */

bool daily_room_update(struct request *r, struct err *e)
{
    const struct daily_room_path *path = r->path;
    const struct dailyco_room_update *in = r->body;
    struct session session;
    struct session_terms terms;
    struct dailyco_room_properties merged;
    struct daily_plan plan = {0};
    if (!daily_room_open(r, path->room_name, ACCESS_TEACHER, &session, &terms, e) ||
        !daily_config_merge(r, daily_config(r, &session, &terms), HAS(in, dailyco_room_update, properties) ? in->properties : NULL, &merged, e)) return false;
    bool is_public = terms.id && terms.is_public;
    if (HAS(in, dailyco_room_update, privacy)) is_public = !strcmp(in->privacy, "public");
    if (IS_NULL(in, dailyco_room_update, privacy)) is_public = true;
    plan.terms = terms;
    if (!daily_plan_of(r, &merged, is_public, &plan, e) || !session_change(&r->scope, &session, &plan.session, e)) return false;
    SET(&plan.terms, session_terms, session_id, session.id);
    SET(&plan.terms, session_terms, as_of, session.updated_at);
    return terms_save(&r->scope, &plan.terms, e) && reply_room(r, &session, &plan.terms);
}

/* ---- deleting */

static bool delete_room(struct request *r, const char *name, struct err *e)
{
    struct session session;
    return daily_room_open(r, name, ACCESS_TEACHER, &session, NULL, e) && session_delete(&r->scope, &session, e) && session_release_name(&r->scope, name, e);
}

/* One whose time is over is not found, but it is gone afterwards. */
static bool delete_expired(struct request *r, const char *name, bool *was, struct err *e)
{
    struct session session;
    struct session_terms terms;
    *was = false;
    enum db_found found = session_by_room_name(&r->scope, name, &session, e);
    if (found == DB_ROW) found = terms_find(&r->scope, session.id, &terms, e);
    if (found != DB_ROW || !daily_room_expired(r, &terms)) return found != DB_FAILED;
    *was = true;
    return session_allows(&r->scope, ACCESS_TEACHER, &session, e) && session_delete(&r->scope, &session, e) && session_release_name(&r->scope, name, e);
}

static bool reply_expired(struct request *r, const char *name)
{
    struct daily_error out = {0};
    struct buf text;
    buf_init(&text, 0);
    SET(&out, daily_error, error, "not-found");
    SET(&out, daily_error, info, arena_printf(r->scope.arena, "room %s not found", name));
    SET(&out, daily_error, deleted, true);
    model_write(&text, &daily_error_model, &out);
    r->status = 404;
    reply_text(r, "application/json", arena_strndup(r->scope.arena, text.data, text.size));
    buf_release(&text);
    return true;
}

bool daily_room_delete(struct request *r, struct err *e)
{
    const struct daily_room_path *path = r->path;
    struct dailyco_room_deleted *out = arena_new(r->scope.arena, struct dailyco_room_deleted);
    bool expired;
    if (!delete_expired(r, path->room_name, &expired, e)) return false;
    if (expired) return reply_expired(r, path->room_name);
    SET(out, dailyco_room_deleted, deleted, true);
    SET(out, dailyco_room_deleted, name, path->room_name);
    return delete_room(r, path->room_name, e) && reply_with(r, out);
}

bool daily_batch_delete(struct request *r, struct err *e)
{
    const struct daily_batch_delete *in = r->body;
    bool by_room_names = HAS(in, daily_batch_delete, room_names);
    if (!by_room_names && !HAS(in, daily_batch_delete, rooms)) return daily_fail(e, error_not_supported, "\"room_names\" is required");
    const struct list *given = by_room_names ? &in->room_names : &in->rooms;
    const char *const *names = given->items;
    struct dailyco_batch_deleted *out = arena_new(r->scope.arena, struct dailyco_batch_deleted);
    for (size_t i = 0; i < given->count; i++)
        if (!delete_room(r, names[i], e)) return false;
    SET(out, dailyco_batch_deleted, deleted_count, (int64_t)given->count);
    return reply_with(r, out);
}

/* ---- the domain */

static char *host_of(struct arena *a, const char *url)
{
    const char *host = strstr(url, "://");
    host = host ? host + 3 : url;
    return arena_strndup(a, host, strcspn(host, ":/"));
}

bool daily_domain_get(struct request *r, struct err *e)
{
    struct daily_domain *out = arena_new(r->scope.arena, struct daily_domain);
    (void)e;
    SET(out, daily_domain, domain_name, host_of(r->scope.arena, core_config(r->api->core)->PUBLIC_URL));
    SET(out, daily_domain, domain_id, alias_text(&r->scope, ALIAS_DOMAIN, 1));
    SET(out, daily_domain, config, "{\"redirect_on_meeting_exit\":\"\",\"hide_daily_branding\":true,\"hipaa\":false,\"intercom_auto_record\":false,\"lang\":\"en\",\"meeting_join_hook\":\"\","
                                   "\"max_live_streams\":0,\"max_streaming_instances_per_room\":1,\"max_webhook_count\":100}");
    return reply_with(r, out);
}

/* Saying yes to a property that is kept nowhere would be a lie. */
bool daily_domain_set(struct request *r, struct err *e)
{
    const struct dailyco_domain_update *in = r->body;
    bool any = HAS(in, dailyco_domain_update, properties) && (in->properties->bits_present || in->properties->bits_null);
    if (any) return daily_fail(e, error_not_supported, "the domain's properties are settings of this server and cannot be changed here: set them on rooms");
    return daily_domain_get(r, e);
}

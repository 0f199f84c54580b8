/* dispatch.c - the life of a request: route → caller → limit → parse and validate → handler where its row says → answer.
 * A handler cannot forget a step, because it does none of them. */
#include "api/api.h"
#include "api/audit.h"
#include "api/limit.h"
#include "api/voice.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metric.h"
#include "base/rand.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TYPICAL_REPLY = 1000 }; /* bytes: most replies fit without growing */
enum { FAR_THREADS = 8 };

/* ---- answers */

bool reply_with(struct request *r, const void *model_struct)
{
    r->reply = model_struct;
    return true;
}

bool reply_text(struct request *r, const char *type, const char *text)
{
    r->text = text;
    r->text_type = type;
    return true;
}

static void reply_json(struct request *r, int status, struct buf *body)
{
    http_reply_take(r->http, status, "application/json", body);
}

static void render_error(struct request *r, const struct err *e, struct answer *out)
{
    struct err plain = *e;
    if (e->kind == ERR_INTERNAL && !err_is(e, error_storage_unavailable)) {
        log_error("request.failed", LOG_STR("id", r->id), LOG_STR("error", e->text));
        err_fail(&plain, error_internal);
    }
    *out = (struct answer){.status = voice_status(r->voice, &plain), .type = "application/json"};
    buf_init(&out->body, 0);
    r->voice->error(&out->body, &plain);
}

void request_answer_headers(struct request *r, int status)
{
    if (status == 401) http_reply_header(r->http, "WWW-Authenticate", "Bearer");
    if (status == 503) http_reply_header(r->http, "Retry-After", "1");
}

void request_reply_error(struct request *r, const struct err *e)
{
    struct answer a;
    render_error(r, e, &a);
    request_answer_headers(r, a.status);
    reply_json(r, a.status, &a.body);
}

void request_reply_violations(struct request *r, const char *place, const struct violations *v)
{
    struct buf body;
    buf_init(&body, 0);
    r->voice->violations(&body, place, v);
    reply_json(r, r->voice->violation_status, &body);
}

static void reply_file(struct request *r)
{
    char range[96];
    if (r->file.partial) {
        snprintf(range, sizeof range, "bytes %llu-%llu/%llu", (unsigned long long)r->file.offset, (unsigned long long)(r->file.offset + r->file.size - 1), (unsigned long long)r->file.total);
        http_reply_header(r->http, "Content-Range", range);
    }
    http_reply_header(r->http, "Accept-Ranges", "bytes");
    http_reply_header(r->http, "Cache-Control", "private, max-age=0");
    if (r->file.name) http_reply_header(r->http, "Content-Disposition", arena_printf(r->scope.arena, "attachment; filename=\"%s\"", r->file.name));
    http_reply_file(r->http, r->file.partial ? 206 : 200, r->file.type, r->file.fd, r->file.offset, r->file.size);
    r->file.fd = -1;
}

static void write_many(struct buf *body, const struct model *m, const struct list *list)
{
    buf_char(body, '[');
    for (size_t i = 0; i < list->count; i++) {
        if (i) buf_char(body, ',');
        model_write(body, m, (const char *)list->items + i * m->size);
    }
    buf_char(body, ']');
}

static void render_success(struct request *r, struct answer *out)
{
    const struct route *route = r->route;
    *out = (struct answer){.status = r->status ? r->status : route->status, .type = "application/json"};
    buf_init(&out->body, 0);
    if (r->text) {
        out->type = r->text_type;
        buf_text(&out->body, r->text);
        return;
    }
    if (route->reply == REPLY_NONE) out->type = NULL;
    else buf_reserve(&out->body, TYPICAL_REPLY);
    if (route->reply == REPLY_ONE) model_write(&out->body, route->reply_model, r->reply);
    if (route->reply == REPLY_MANY) write_many(&out->body, route->reply_model, r->reply);
}

void request_render(struct request *r, const struct err *e, struct answer *out)
{
    if (e) render_error(r, e, out);
    else render_success(r, out);
}

/* What is there may have a token in it. */
static void reply_location(struct request *r)
{
    http_reply_header(r->http, "Location", r->location);
    http_reply_header(r->http, "Cache-Control", "no-store");
    http_reply_header(r->http, "Referrer-Policy", "no-referrer");
}

static void reply_success(struct request *r)
{
    struct answer a;
    if (r->file.fd >= 0) {
        reply_file(r);
        return;
    }
    if (r->stream) {
        stream_open(r);
        return;
    }
    if (r->redirect) {
        http_reply_header(r->http, "Location", r->redirect);
        http_reply_header(r->http, "Cache-Control", "no-store");
        http_reply(r->http, 302, NULL, "", 0);
        return;
    }
    render_success(r, &a);
    if (r->location) reply_location(r);
    if (a.body.size) http_reply_take(r->http, a.status, a.type, &a.body);
    else http_reply(r->http, a.status, a.type, "", 0);
    buf_release(&a.body);
}

/* Of a file only the beginning: players ask for it in pieces. */
static bool reads_what_is_told(const struct request *r)
{
    return !r->writes && route_audited(r->route) == AUDIT_READS && (r->file.fd < 0 || r->file.offset == 0);
}

static void answer(struct request *r, bool ok)
{
    if (r->errands.room_id && !(ok && r->errands.taken)) errand_abandon(&r->errands, r->api->core);
    if (r->keyed) keyed_answer(r);
    else if (ok) {
        if (reads_what_is_told(r)) request_audit_later(r);
        reply_success(r);
    } else request_reply_error(r, &r->err);
}

/* ---- running the handler */

static bool is_far(const struct request *r)
{
    return r->route->auth == AUTH_MATRIX || r->route->mode == MODE_FAR;
}

bool request_run(struct request *r)
{
    errand_begin(&r->errands);
    bool far = is_far(r); /* on a worker, between questions to another server, it reads */
    bool ok = (!far || (r->scope.db = core_worker_reader(r->api->core, &r->err))) && r->route->handler(r, &r->err) && (!r->writes || request_audit(r, &r->err));
    if (!ok && r->err.kind == ERR_NONE) err_fail(&r->err, error_internal);
    return ok;
}

static bool write_run(struct db_conn *c, struct db_job *job)
{
    struct request *r = (struct request *)job;
    r->scope.db = c;
    r->err = (struct err){0};
    r->writes = true;
    return request_run(r);
}

static void write_settled(struct db_job *job, bool ok)
{
    struct request *r = (struct request *)job;
    if (!ok && r->err.kind == ERR_NONE) err_fail(&r->err, error_storage_unavailable);
}

static void write_done(struct db_job *job, bool ok)
{
    struct request *r = (struct request *)job;
    write_settled(job, ok);
    if (ok || !errand_start(r)) http_resume(r->http);
}

/* ---- what a remote provider is asked for on the way */

static void errand_run(void *arg)
{
    struct request *r = arg;
    bool late = clock_monotonic_ms() - r->queued_at > core_config(r->api->core)->PROVIDER_TIMEOUT_SECONDS * 1000;
    r->err = (struct err){0};
    if (late) err_fail(&r->err, error_provider_busy);
    else if (errand_do(&r->errands, r->api->core, r->scope.arena, &r->err)) {
        db_write(r->api->core->db, &r->job);
        return;
    }
    http_resume(r->http);
}

bool errand_start(struct request *r)
{
    if (r->errands.wanted == ERRAND_NONE || !r->api->errand_pool) return false;
    r->queued_at = clock_monotonic_ms();
    pool_run(r->api->errand_pool, errand_run, r);
    return true;
}

static void call_run(void *arg)
{
    struct request *r = arg;
    request_run(r);
    http_resume(r->http);
}

struct pool *request_pool(const struct request *r)
{
    return is_far(r) ? r->api->far : r->api->pool;
}

/* From the HTTP thread. */
static bool leave_for_errand(struct request *r)
{
    if (r->errands.wanted == ERRAND_NONE) return false;
    r->job = (struct db_job){write_run, write_done, NULL};
    http_defer(r->http);
    return errand_start(r);
}

/* On this thread if it is alone, else on the writer, where commits are shared. */
static void start_write(struct request *r)
{
    struct db *db = r->api->core->db;
    r->err = (struct err){0}; /* EITHER: that reading was not enough; the writer may not come to run it */
    r->job = (struct db_job){write_run, write_settled, NULL};
    if (reader_is_first_write(reader_at(r->api, r->http->thread)) && db_write_here(db, &r->job)) {
        if (r->err.kind == ERR_NONE || !leave_for_errand(r)) answer(r, r->err.kind == ERR_NONE);
        return;
    }
    r->job.done = write_done;
    http_defer(r->http);
    db_write(db, &r->job);
}

/* True: it could be answered by reading alone. */
static bool start_read(struct request *r)
{
    db_read_share(r->scope.db);
    bool ok = request_run(r);
    if (!ok && r->route->mode == MODE_EITHER && db_is_read_only(&r->err)) return false;
    if (!ok && leave_for_errand(r)) return true;
    answer(r, ok);
    return true;
}

static void start(struct request *r)
{
    if (route_audited(r->route) != AUDIT_NEVER) request_source(r);
    if (keyed_start(r)) return;
    if (r->route->mode == MODE_CALL || r->route->mode == MODE_FAR) {
        http_defer(r->http);
        r->scope.db = NULL;
        pool_run(request_pool(r), call_run, r);
    } else if (r->route->mode == MODE_WRITE || !start_read(r)) start_write(r);
}

/* ---- before it */

static void limit_headers(struct request *r, const struct limit_state *l)
{
    char text[24];
    snprintf(text, sizeof text, "%lld", (long long)l->limit);
    http_reply_header(r->http, "X-RateLimit-Limit", text);
    snprintf(text, sizeof text, "%lld", (long long)l->remaining);
    http_reply_header(r->http, "X-RateLimit-Remaining", text);
    snprintf(text, sizeof text, "%lld", (long long)(limit_is_documented(r->route->limit) ? r->scope.now / 1000 + l->reset_s : l->reset_s));
    http_reply_header(r->http, "X-RateLimit-Reset", text);
    snprintf(text, sizeof text, "%lld", (long long)l->reset_s);
    if (!l->allowed) http_reply_header(r->http, "Retry-After", text);
}

static uint64_t caller_key(const struct request *r)
{
    if (r->matrix_user) return limit_key(r->matrix_user);
    if (!r->scope.actor) return limit_key(r->http->client);
    return (uint64_t)r->scope.actor->id * 0x9e3779b97f4a7c15ULL;
}

static bool within_limit(struct request *r)
{
    enum limit_class c = r->route->limit;
    if (c == limit_none || (!core_config(r->api->core)->RATE_LIMITS && !limit_is_documented(c))) return true;
    struct limit_state l = limit_take(c, caller_key(r), r->scope.now);
    limit_headers(r, &l);
    if (l.allowed) return true;
    struct err e;
    err_fail(&e, error_too_many_requests);
    metric_add(http_limited_total, 1);
    request_reply_error(r, &e);
    return false;
}

static const char *request_id(struct http_request *h)
{
    const char *given = http_header(h, "X-Request-Id");
    size_t n = given ? strlen(given) : 0;
    if (n && n <= 64 && strspn(given, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") == n) return given;
    char *id = arena_alloc(&h->arena, 17);
    rand_text(id, 16, RAND_ID);
    return id;
}

/* Only the proxy's own word counts: the last address, which it added itself; and only from a proxy on this box. */
static void take_forwarded(const struct config *c, struct http_request *h)
{
    const char *list = c->TRUST_PROXY && (!strncmp(h->client, "127.", 4) || !strcmp(h->client, "::1")) ? http_header(h, "X-Forwarded-For") : NULL;
    if (!list) return;
    const char *comma = strrchr(list, ','), *last = comma ? comma + 1 : list;
    while (*last == ' ') last++;
    if (*last && strlen(last) < sizeof h->client && strspn(last, "0123456789abcdefABCDEF.:") == strlen(last)) strcpy(h->client, last);
}

static struct request *request_create(struct api *api, struct http_request *h)
{
    struct request *r = arena_new(&h->arena, struct request);
    r->api = api;
    r->http = h;
    r->file.fd = -1;
    r->voice = voice_of_path(h->path);
    r->scope = (struct scope){.core = api->core, .db = reader_conn(reader_at(api, h->thread)), .arena = &h->arena, .now = clock_now_ms()};
    if (api->errand_pool) r->scope.errands = &r->errands;
    r->id = request_id(h);
    h->context = r;
    take_forwarded(core_config(api->core), h);
    http_reply_header(h, "X-Request-Id", r->id);
    return r;
}

static void refuse(struct request *r, enum error id)
{
    struct err e;
    err_fail(&e, id);
    request_reply_error(r, &e);
}

/* A path of the API that this server has nothing for is another thing than one that never was. */
static void refuse_path(struct request *r)
{
    const struct voice *v = voice_of_path(r->http->path);
    const char *lacks = v->lacks ? v->lacks(r->http->path) : NULL;
    struct err e;
    err_fail(&e, lacks ? error_not_supported : error_not_found);
    if (lacks) err_say(&e, "%s", lacks);
    request_reply_error(r, &e);
}

static void admit(struct request *r, bool known, const struct err *why)
{
    if (!within_limit(r)) return;
    if (!known) request_reply_error(r, why);
    else if (parse_request(r, r->match)) start(r);
}

/* ---- callers whom another server has to name */

static void ask_far(void *arg)
{
    struct request *r = arg;
    visitor_ask(r, &r->err);
    http_resume(r->http);
}

static void named(struct request *r)
{
    struct err why = r->err;
    r->next = NULL;
    r->err = (struct err){0};
    admit(r, why.kind == ERR_NONE, &why);
}

static void take_visitor(struct request *r)
{
    struct err e = {0};
    enum visitor who = visitor_known(r, &e);
    if (who != VISITOR_LATER) {
        admit(r, who == VISITOR_KNOWN, &e);
        return;
    }
    r->next = named;
    http_defer(r->http);
    pool_run(r->api->far, ask_far, r);
}

static void take(struct request *r, const struct route_match *m)
{
    struct err e = {0};
    r->route = m->route;
    r->voice = m->route->voice;
    r->match = m;
    if (m->route->auth == AUTH_MATRIX) take_visitor(r);
    else {
        bool known = authenticate(r, &e);
        admit(r, known, &e);
    }
}

/* ---- WebSockets */

struct upgrade { struct api *api; const struct websocket_path *to; const char *client, *bearer; };

static void upgraded(void *ctx, int fd, const void *early, size_t early_size, void (*release)(void *), void *handle)
{
    const struct upgrade *u = ctx;
    u->to->accept(u->api->ctx, &(struct ws_arrival){fd, early, early_size, release, handle, u->client, u->bearer});
}

static const struct websocket_path *websocket_at(const struct api *api, const char *path)
{
    const struct websocket_path *w = api->websockets;
    while (w && w->path && strcmp(w->path, path) != 0) w++;
    return w && w->path ? w : NULL;
}

static void upgrade(struct request *r, const struct websocket_path *to)
{
    struct err e = {0};
    struct upgrade *u = arena_new(&r->http->arena, struct upgrade);
    *u = (struct upgrade){r->api, to, r->http->client, request_bearer(r)};
    if (!u->bearer) u->bearer = request_query(r, "access_token");
    if (http_reply_websocket(r->http, upgraded, u, &e)) return;
    request_reply_error(r, &e);
}

/* ---- the whole */

/* Below an API's prefix nothing else is looked for. */
static bool is_api(const struct request *r)
{
    const char *prefix = r->voice->prefix;
    return !strncmp(r->http->path, "/api/", 5) || !strncmp(r->http->path, prefix, strlen(prefix));
}

/* The name of a room alone is its address, as /v1 tells it. */
static bool find_door(struct request *r, struct route_match *m)
{
    const char *path = daily_door_path(r);
    return path && route_find("GET", path, &r->http->arena, m);
}

static void on_request(struct http_request *h, void *ctx)
{
    struct api *api = ctx;
    struct request *r = request_create(api, h);
    struct route_match *m = arena_new(&h->arena, struct route_match);
    bool found = route_find(h->head ? "GET" : h->method, h->path, &h->arena, m);
    cors_headers(r);
    if (!found) found = find_door(r, m);
    const struct websocket_path *socket = websocket_at(api, h->path);
    if (socket) upgrade(r, socket);
    else if (found && m->route) take(r, m);
    else if (found && !strcmp(h->method, "OPTIONS")) http_reply(h, 204, NULL, "", 0);
    else if (found) {
        http_reply_header(h, "Allow", m->allow);
        refuse(r, error_method_not_allowed);
    } else if (is_api(r) || (strcmp(h->method, "GET") != 0 && !h->head) || !static_serve(api, h)) refuse_path(r);
}

static void on_resume(struct http_request *h, void *ctx)
{
    (void)ctx;
    struct request *r = h->context;
    if (r->next) r->next(r);
    else answer(r, r->err.kind == ERR_NONE);
}

static void count(const struct http_request *h, int64_t us)
{
    metric_add(http_requests_total, 1);
    metric_add(http_request_us_total, us);
    if (h->status >= 500) metric_add(http_errors_total, 1);
    else if (h->status >= 400) metric_add(http_refused_total, 1);
}

static void on_done(struct http_request *h, void *ctx)
{
    (void)ctx;
    const struct request *r = h->context;
    int64_t us = clock_monotonic_us() - h->started_us;
    count(h, us);
    if (!r) return;
    if (r->file.fd >= 0) close(r->file.fd);
    log_info("request", LOG_STR("id", r->id), LOG_STR("client", h->client), LOG_STR("method", h->method), LOG_STR("path", h->path), LOG_INT("status", h->status),
             LOG_INT("bytes", h->reply_size), LOG_INT("us", us), LOG_INT("user", r->scope.actor ? r->scope.actor->id : 0));
}

static void on_thread_start(int thread, void *ctx)
{
    struct api *api = ctx;
    reader_open(reader_at(api, thread), api->core);
    log_hold();
}

static void on_idle(int thread, void *ctx)
{
    db_read_end(reader_conn(reader_at(ctx, thread)));
    reader_new_round(reader_at(ctx, thread));
    log_flush();
}

static void on_thread_stop(int thread, void *ctx)
{
    log_flush();
    reader_close(reader_at(ctx, thread));
}

static int thread_count(const struct config *c)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    if (c->HTTP_THREADS) return (int)c->HTTP_THREADS;
    return cores <= 2 ? 1 : cores > 9 ? 8 : (int)cores - 1;
}

static bool has_remote(const struct core *core)
{
    for (size_t i = 0; i < core->provider_count; i++)
        if (!(core->providers[i]->ops->capabilities & PROVIDER_LOCAL)) return true;
    return false;
}

bool api_start(struct api *api, struct err *e)
{
    const struct config *c = core_config(api->core);
    route_start();
    audit_start();
    api->threads = thread_count(c);
    api->readers = xcalloc((size_t)api->threads, reader_size());
    api->pool = pool_create((int)c->WORKER_THREADS, "worker");
    if (has_remote(api->core)) api->errand_pool = pool_create((int)c->PROVIDER_THREADS, "provider");
    api->outbound = fetcher_create();
    api->far = pool_create(FAR_THREADS, "far");
    struct http_options o = {
        .address = c->address, .port = c->port, .threads = api->threads, .timeout_s = (int)c->TIMEOUT_SECONDS, .connections = (int)c->CONNECTIONS,
        .body_limit = (size_t)c->BODY_LIMIT_BYTES, .on_thread_start = on_thread_start, .on_idle = on_idle, .on_thread_stop = on_thread_stop,
        .on_request = on_request, .on_resume = on_resume, .on_done = on_done, .ctx = api};
    api->http = http_start(&o, e);
    return api->http != NULL;
}

void api_stop(struct api *api)
{
    if (api->http) http_stop(api->http);
    pool_destroy(api->errand_pool);
    pool_destroy(api->pool);
    pool_destroy(api->far);
    fetcher_destroy(api->outbound);
    free(api->readers);
}

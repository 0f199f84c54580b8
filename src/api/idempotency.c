/* idempotency.c - a POST with an Idempotency-Key: sent again, it is answered as it was the first time, and done once.
 *
 * What changes by one transaction (READ, WRITE and EITHER routes) keeps its answer in that transaction: who was cut off between the commit
 * and the answer gets it on asking again. CALL routes do more than one thing, so the key is marked as in flight before, and the answer kept
 * after; a crash between them leaves it in flight, and after LEASE_MS it may be tried anew. What went wrong by our fault (5xx) is not kept. */
#include "api/api.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/metric.h"
#include "core/idempotency.h"
#include <stdio.h>
#include <string.h>

enum { LONGEST = 255, LEASE_MS = 60000, TRIES = 3 };

struct keyed {
    struct idempotency id;
    char fingerprint[65];
    struct idempotency_key row;
    bool handled;              /* the handler has run */
    bool replayed;
    int tries;
    int status;                /* of the answer, as it is kept; 0: none */
    const char *type, *body;
    size_t size;
};

/* ---- whose key, and for what */

static const char *caller_of(struct request *r)
{
    char hash[65];
    const char *bearer = http_header(r->http, "Authorization");
    if (r->scope.actor) return arena_printf(r->scope.arena, "user:%lld", (long long)r->scope.actor->id);
    if (r->matrix_user) return arena_printf(r->scope.arena, "matrix:%s", r->matrix_user);
    if (!bearer) return arena_printf(r->scope.arena, "address:%s", r->http->client);
    sha256_hex(bearer, strlen(bearer), hash); /* of another house: whoever shows it is the same caller */
    return arena_printf(r->scope.arena, "bearer:%s", hash);
}

/* Keyed, since there may be a password in the body. */
static void fingerprint(struct request *r, char out[65])
{
    unsigned char hash[HMAC_SIZE];
    struct buf text;
    buf_init(&text, 0);
    buf_printf(&text, "%s %s?%s\n", r->http->method, r->http->path, r->http->query);
    buf_add(&text, r->http->body, r->http->body_size);
    hmac_sha256(&r->api->core->idempotency_key, text.data, text.size, hash);
    hex_text(hash, sizeof hash, out);
    buf_release(&text);
}

static bool is_key(const char *text)
{
    size_t n = 0;
    while (text[n] > ' ' && text[n] < 127) n++;
    return n && n <= LONGEST && !text[n];
}

/* ---- the answer, kept and found */

static void render(struct request *r, const struct err *e)
{
    struct keyed *k = r->keyed;
    struct answer a;
    request_render(r, e, &a);
    k->status = a.status;
    k->type = a.type;
    k->size = a.body.size;
    k->body = arena_strndup(r->scope.arena, a.body.size ? a.body.data : "", a.body.size);
    buf_release(&a.body);
}

static bool keep(struct request *r, struct scope *s, struct err *e)
{
    struct keyed *k = r->keyed;
    return idempotency_keep(s, &k->row, k->status, k->type, seal_text(s->arena, &s->core->idempotency_key, k->body, k->size), e);
}

/* False: it is not there yet, or cannot be read any more since SECRET_KEY was changed. */
static bool replay(struct request *r)
{
    struct keyed *k = r->keyed;
    const char *body = k->row.status ? unseal_text(r->scope.arena, &r->api->core->idempotency_key, k->row.body, &k->size) : NULL;
    if (!body) return false;
    k->status = (int)k->row.status;
    k->type = HAS(&k->row, idempotency_key, content_type) ? k->row.content_type : NULL;
    k->body = body;
    k->replayed = true;
    metric_add(http_replayed_total, 1);
    return true;
}

/* ---- in one transaction */

static bool write_run(struct db_conn *c, struct db_job *job)
{
    struct request *r = (struct request *)job;
    struct keyed *k = r->keyed;
    r->scope.db = c;
    r->err = (struct err){0};
    k->handled = false;
    k->status = 0;
    if (!idempotency_begin(&r->scope, &k->id, &k->row, &r->err)) return false;
    if (replay(r)) return true;
    k->handled = r->writes = true;
    if (!request_run(r)) return false;
    render(r, NULL);
    return keep(r, &r->scope, &r->err);
}

static bool refusal_run(struct db_conn *c, struct db_job *job)
{
    struct request *r = (struct request *)job;
    struct scope s = r->scope;
    struct err e = {0};
    s.db = c;
    return keep(r, &s, &e);
}

static void refusal_done(struct db_job *job, bool ok)
{
    (void)ok; /* refused it is anyway */
    http_resume(((struct request *)job)->http);
}

/* What the handler did before it refused was rolled back; that it refused is a write of its own. */
static void keep_refusal(struct request *r)
{
    render(r, &r->err);
    r->job.run = refusal_run;
    r->job.done = refusal_done;
    db_write(r->api->core->db, &r->job);
}

static void write_done(struct db_job *job, bool ok)
{
    struct request *r = (struct request *)job;
    struct keyed *k = r->keyed;
    if (!ok && r->err.kind == ERR_NONE) err_fail(&r->err, error_storage_unavailable);
    if (!ok) k->status = 0; /* rendered, perhaps, but not committed */
    bool outrun = !ok && k->handled && err_is(&r->err, error_idempotency_in_flight); /* by another node: its answer is there now */
    if (!ok && k->handled && errand_start(r)) return;
    if (outrun && k->tries++ < TRIES) db_write(r->api->core->db, &r->job);
    else if (!ok && k->handled && !outrun && r->err.kind != ERR_INTERNAL && voice_status(r->voice, &r->err) < 500) keep_refusal(r);
    else http_resume(r->http);
}

/* ---- in several steps, on a worker */

static bool claim(struct scope *s, void *arg, struct err *e)
{
    struct request *r = arg;
    struct scope own = *s;
    own.arena = r->scope.arena;
    return idempotency_begin(&own, &r->keyed->id, &r->keyed->row, e) && (replay(r) || idempotency_lease(&own, &r->keyed->row, LEASE_MS, e));
}

static bool settle(struct scope *s, void *arg, struct err *e)
{
    struct request *r = arg;
    return r->keyed->status < 500 ? keep(r, s, e) : idempotency_drop(s, &r->keyed->row, e);
}

static void call_run(void *arg)
{
    struct request *r = arg;
    struct err e = {0};
    if (core_write(r->api->core, claim, r, &r->err) && !r->keyed->replayed && FAULT_POINT(key_claimed)) {
        render(r, request_run(r) ? NULL : &r->err);
        FAULT_POINT(key_answered);
        if (!core_write(r->api->core, settle, r, &e)) log_error("idempotency.not_kept", LOG_STR("id", r->id), LOG_STR("error", e.text));
    }
    http_resume(r->http);
}

/* ---- from dispatch.c */

static void begin(struct request *r, const char *key)
{
    struct keyed *k = r->keyed = arena_new(r->scope.arena, struct keyed);
    fingerprint(r, k->fingerprint);
    k->id = (struct idempotency){caller_of(r), arena_strdup(r->scope.arena, key), k->fingerprint};
    http_defer(r->http);
    if (r->route->mode == MODE_CALL || r->route->mode == MODE_FAR) {
        r->scope.db = NULL;
        pool_run(request_pool(r), call_run, r);
        return;
    }
    r->job = (struct db_job){write_run, write_done, NULL};
    db_write(r->api->core->db, &r->job);
}

bool keyed_start(struct request *r)
{
    const char *key = strcmp(r->http->method, "POST") ? NULL : http_header(r->http, "Idempotency-Key");
    struct err e;
    if (!key) return false;
    if (is_key(key)) begin(r, key);
    else {
        err_fail(&e, error_bad_idempotency_key);
        request_reply_error(r, &e);
    }
    return true;
}

void keyed_answer(struct request *r)
{
    const struct keyed *k = r->keyed;
    if (!k->status) {
        if (err_is(&r->err, error_idempotency_in_flight)) http_reply_header(r->http, "Retry-After", "1");
        request_reply_error(r, &r->err);
        return;
    }
    if (k->replayed) http_reply_header(r->http, "Idempotent-Replayed", "true");
    request_answer_headers(r, k->status);
    http_reply(r->http, k->status, k->type, k->body, k->size);
}

#include "sink/s3.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/fault.h"
#include "net/fetch.h"
#include "net/sigv4.h"
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <time.h>

enum { PART = 8 << 20, MOST_PARTS = 10000, ABREAST = 2, TIMEOUT_MS = 600000, SILENT_MS = 60000, WORDS_LONGEST = 160 }; /* while a store puts many parts together it says something now and then */

struct s3 {
    struct sink sink;
    struct fetcher *fetcher;
    struct sigv4_key key;
    const char *bucket, *prefix;
    char *base, *host;            /* https://HOST and HOST */
    char *root;                   /* of every path: "" or "/BUCKET" */
};

struct call { const char *method, *key, *query; const void *body; size_t size; const char *content_type, *sha256; bool (*go_on)(void *arg); void *go_on_arg; }; /* sha256: of the whole file, said once */

/* ---- one request */

static char *path_of(struct s3 *s, struct arena *a, const char *key)
{
    return arena_printf(a, "%s/%s", s->root, sigv4_escape_path(a, key));
}

/* The text of the first element of that name: error codes and upload ids, which hold no markup. NULL: there is none. */
static char *element(struct arena *a, const char *xml, const char *name)
{
    const char *open = strstr(xml, arena_printf(a, "<%s>", name));
    const char *text = open ? open + strlen(name) + 2 : NULL, *end = text ? strchr(text, '<') : NULL;
    return end ? arena_strndup(a, text, (size_t)(end - text)) : NULL;
}

static bool refused(struct s3 *s, struct arena *a, const struct fetch_reply *r, struct err *e)
{
    const char *code = element(a, r->body, "Code"), *message = element(a, r->body, "Message");
    return err_set(e, ERR_DESTINATION, "sink_refused", "bucket \"%s\" at %s answered %d%s%s%s%.*s", s->bucket, s->host, r->status, code ? ": " : "", code ? code : "", message ? ": " : "",
                   WORDS_LONGEST, message ? message : "");
}

static bool request(struct s3 *s, struct arena *a, const struct call *c, struct fetch_reply *out, struct err *e)
{
    char time[SIGV4_TIME], payload[65];
    const char *path = path_of(s, a, c->key), *query = c->query ? c->query : "";
    sigv4_time(clock_now_ms(), time);
    sha256_hex(c->body ? c->body : "", c->size, payload);
    struct sigv4_header headers[] = {{"host", s->host}, {"x-amz-content-sha256", payload}, {"x-amz-date", time}, {"x-amz-meta-sha256", c->sha256}};
    struct sigv4_request r = {c->method, path, query, headers, c->sha256 ? 4 : 3, payload};
    const char *lines[] = {arena_printf(a, "Authorization: %s", sigv4_authorization(a, &s->key, &r, time)), arena_printf(a, "x-amz-content-sha256: %s", payload),
                           arena_printf(a, "x-amz-date: %s", time), "Expect:", arena_printf(a, "Content-Type: %s", c->content_type ? c->content_type : "application/octet-stream"),
                           c->sha256 ? arena_printf(a, "x-amz-meta-sha256: %s", c->sha256) : NULL, NULL};
    struct fetch what = {.method = c->method, .url = arena_printf(a, "%s%s%s%s", s->base, path, *query ? "?" : "", query), .headers = lines,
                         .body = c->body, .body_size = c->size, .total_ms = TIMEOUT_MS, .silent_ms = SILENT_MS, .go_on = c->go_on, .go_on_arg = c->go_on_arg};
    return fetch(s->fetcher, &what, a, out, e);
}

static bool good(struct s3 *s, struct arena *a, const struct call *c, struct fetch_reply *out, struct err *e)
{
    return request(s, a, c, out, e) && (out->status / 100 == 2 || refused(s, a, out, e));
}

/* ---- up */

/* HEAD has no words, but the size and what we said of the hash; the parts' own hashes the store has checked itself. */
static bool verify(struct s3 *s, struct arena *a, const struct sink_file *f, struct err *e)
{
    struct call c = {.method = "HEAD", .key = f->key};
    struct fetch_reply r;
    if (!good(s, a, &c, &r, e)) return false;
    const char *size = fetch_header(&r, a, "Content-Length"), *sha256 = fetch_header(&r, a, "x-amz-meta-sha256");
    if (!size || atoll(size) != f->size) return err_set(e, ERR_DESTINATION, "sink_size", "bucket \"%s\" has %s bytes of \"%s\", not %lld", s->bucket, size ? size : "no", f->key, (long long)f->size);
    if (!sha256 || strcmp(sha256, f->sha256) != 0) return err_set(e, ERR_DESTINATION, "sink_checksum", "bucket \"%s\" has another file under \"%s\"", s->bucket, f->key);
    return true;
}

static bool put_mapped(struct s3 *s, struct arena *a, const struct sink_file *f, const struct call *like, int64_t offset, size_t size, struct fetch_reply *r, struct err *e)
{
    struct call c = *like;
    void *bytes = size ? mmap(NULL, size, PROT_READ, MAP_PRIVATE, f->fd, offset) : NULL;
    if (bytes == MAP_FAILED) return err_sys(e, ERR_INTERNAL, "sink", "cannot map a file to be uploaded");
    c.body = bytes ? bytes : "";
    c.size = size;
    bool ok = good(s, a, &c, r, e);
    if (bytes) munmap(bytes, size);
    return ok;
}

static bool begin(struct s3 *s, struct arena *a, const struct sink_file *f, struct sink_upload *u, struct err *e)
{
    struct call c = {.method = "POST", .key = f->key, .query = "uploads=", .body = "", .content_type = f->content_type, .sha256 = f->sha256};
    struct fetch_reply r;
    if (!good(s, a, &c, &r, e)) return false;
    u->id = element(a, r.body, "UploadId");
    u->parts = "";
    u->done = 0;
    return u->id ? FAULT_POINT(upload_named) && u->save(u->arg, u, e) : err_set(e, ERR_DESTINATION, "sink_refused", "bucket \"%s\" gave no name for an upload", s->bucket);
}

/* 5 MiB at least, 10 000 at most; a multiple of a page. */
static int64_t part_size(int64_t size)
{
    int64_t part = PART;
    while (part * MOST_PARTS < size) part *= 2;
    return part;
}

static int64_t part_at(const struct sink_file *f, int64_t offset)
{
    int64_t part = part_size(f->size), left = f->size - offset;
    return left < part ? left : part;
}

/* ---- parts: some go up side by side, each by a thread of its own, so that the store never waits for a hash, nor a hash for the store */

struct part { struct s3 *s; const struct sink_file *file; const struct sink_upload *upload; int64_t offset; const atomic_bool *over; pthread_t thread; struct arena own; const char *tag; struct err why; };

static bool is_wanted(void *over)
{
    return !*(const atomic_bool *)over;
}

/* By a thread of its own; `tag` stays NULL where it fails. */
static void *put_part(void *arg)
{
    struct part *p = arg;
    struct fetch_reply r;
    const char *query = arena_printf(&p->own, "partNumber=%lld&uploadId=%s", (long long)(p->offset / part_size(p->file->size) + 1), fetch_escape(&p->own, p->upload->id));
    struct call c = {.method = "PUT", .key = p->file->key, .query = query, .go_on = is_wanted, .go_on_arg = (void *)p->over};
    if (!put_mapped(p->s, &p->own, p->file, &c, p->offset, (size_t)part_at(p->file, p->offset), &r, &p->why)) return NULL;
    p->tag = fetch_header(&r, &p->own, "ETag");
    if (!p->tag) err_set(&p->why, ERR_DESTINATION, "sink_refused", "bucket \"%s\" gave no tag for a part", p->s->bucket);
    return NULL;
}

static bool part_begin(struct part *p, struct err *e)
{
    arena_init(&p->own);
    return !pthread_create(&p->thread, NULL, put_part, p) || err_set(e, ERR_INTERNAL, "sink", "no thread can be started to upload a part");
}

static bool joined_soon(pthread_t thread)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec++;
    return pthread_clockjoin_np(thread, NULL, CLOCK_MONOTONIC, &until) != ETIMEDOUT;
}

/* When it is there, what the store said of it is kept. */
static bool part_end(struct part *p, struct arena *a, struct sink_upload *u, atomic_bool *over, struct err *e)
{
    while (!joined_soon(p->thread)) *over |= !u->go_on(u->arg);
    if (p->tag) u->parts = arena_printf(a, "%s%s\n", u->parts ? u->parts : "", p->tag);
    else *e = p->why;
    arena_release(&p->own);
    if (!p->tag) return false;
    u->done += part_at(p->file, p->offset);
    return FAULT_POINT(upload_part) && u->save(u->arg, u, e) && FAULT_POINT(upload_noted);
}

static bool put_each(struct s3 *s, struct arena *a, const struct sink_file *f, struct sink_upload *u, struct err *e)
{
    struct part parts[ABREAST];
    atomic_bool over = false;
    size_t begun = 0, ended = 0;
    int64_t next = u->done;
    bool ok = true;
    while (ok && u->done < f->size) {
        for (; ok && begun - ended < ABREAST && next < f->size; next += part_at(f, next), begun += ok) {
            struct part *p = &parts[begun % ABREAST];
            *p = (struct part){.s = s, .file = f, .upload = u, .offset = next, .over = &over};
            ok = part_begin(p, e);
        }
        ok = ok && part_end(&parts[ended++ % ABREAST], a, u, &over, e);
    }
    over = true;
    for (; ended < begun; ended++) pthread_join(parts[ended % ABREAST].thread, NULL), arena_release(&parts[ended % ABREAST].own);
    return ok;
}

/* A reply of 200 may still hold an error: it was begun before it was known. */
static bool complete(struct s3 *s, struct arena *a, const struct sink_file *f, const struct sink_upload *u, struct err *e)
{
    struct buf body;
    struct fetch_reply r;
    int number = 0;
    buf_init(&body, 0);
    buf_text(&body, "<CompleteMultipartUpload>");
    for (const char *p = u->parts, *end; (end = strchr(p, '\n')); p = end + 1)
        buf_printf(&body, "<Part><PartNumber>%d</PartNumber><ETag>%.*s</ETag></Part>", ++number, (int)(end - p), p);
    buf_text(&body, "</CompleteMultipartUpload>");
    struct call c = {.method = "POST", .key = f->key, .query = arena_printf(a, "uploadId=%s", fetch_escape(a, u->id)), .body = body.data, .size = body.size, .content_type = "application/xml"};
    bool ok = good(s, a, &c, &r, e) && (!strstr(r.body, "<Error>") || refused(s, a, &r, e));
    buf_release(&body);
    return ok;
}

/* What was begun is given up; unknown there is as good. */
static bool abandon(struct s3 *s, struct arena *a, const char *key, const char *upload, struct err *e)
{
    struct fetch_reply r;
    struct call c = {.method = "DELETE", .key = key, .query = arena_printf(a, "uploadId=%s", fetch_escape(a, upload))};
    return request(s, a, &c, &r, e) && (r.status / 100 == 2 || r.status == 404 || refused(s, a, &r, e));
}

static bool forget(struct sink_upload *u, struct err *e)
{
    u->id = u->parts = NULL;
    u->done = 0;
    return u->save(u->arg, u, e);
}

/* The store has dropped an upload that we took for begun: its life there is limited. Or it is whole, and only the answer was lost. Or a part is
 * not what it said when it took it, and would not be at the next try either. */
static bool begin_anew(struct s3 *s, struct arena *a, const struct sink_file *f, struct sink_upload *u, struct err *e)
{
    struct err unverified, ignored;
    bool gone = strstr(e->text, "NoSuchUpload"), wrong = strstr(e->text, "InvalidPart");
    if (!gone && !wrong) return false;
    if (gone && verify(s, a, f, &unverified)) return true;
    if (wrong) abandon(s, a, f->key, u->id, &ignored);
    return forget(u, e) && err_set(e, ERR_DESTINATION, "sink_refused", gone ? "bucket \"%s\" does not know the upload of \"%s\" any more: it begins anew" :
                                   "bucket \"%s\" has other parts of \"%s\" than it said: it begins anew", s->bucket, f->key);
}

static bool put_parts(struct s3 *s, struct arena *a, const struct sink_file *f, struct sink_upload *u, struct err *e)
{
    if (!u->id && !begin(s, a, f, u, e)) return false;
    if (!put_each(s, a, f, u, e)) return begin_anew(s, a, f, u, e);
    return (complete(s, a, f, u, e) && FAULT_POINT(upload_whole)) || begin_anew(s, a, f, u, e);
}

static bool put(void *ctx, struct arena *a, const struct sink_file *f, struct sink_upload *u, const char **url, struct err *e)
{
    struct s3 *s = ctx;
    struct fetch_reply r;
    struct call c = {.method = "PUT", .key = f->key, .content_type = f->content_type, .sha256 = f->sha256, .go_on = u->go_on, .go_on_arg = u->arg};
    bool ok = f->size > part_size(f->size) ? put_parts(s, a, f, u, e) : put_mapped(s, a, f, &c, 0, (size_t)f->size, &r, e);
    *url = NULL;
    return ok && verify(s, a, f, e);
}

/* ---- names, links, the end */

static const char *key_of(void *ctx, struct arena *a, const struct sink_place *p)
{
    const struct s3 *s = ctx;
    return arena_printf(a, "%srecordings/%s/%s", s->prefix, p->recording, p->file);
}

static const char *link_of(void *ctx, struct arena *a, const char *key, const char *url, const char *save_as, int64_t now, int seconds)
{
    struct s3 *s = ctx;
    char time[SIGV4_TIME];
    (void)url;
    sigv4_time(now, time);
    const char *query = save_as ? arena_printf(a, "response-content-disposition=%s", fetch_escape(a, arena_printf(a, "attachment; filename=\"%s\"", save_as))) : "";
    return sigv4_presigned(a, &s->key, s->base, s->host, path_of(s, a, key), query, time, seconds);
}

static bool erase(void *ctx, struct arena *a, const char *key, const char *upload, struct err *e)
{
    struct s3 *s = ctx;
    struct fetch_reply r;
    struct call c = {.method = "DELETE", .key = key};
    if (upload && !abandon(s, a, key, upload, e)) return false;
    return request(s, a, &c, &r, e) && (r.status / 100 == 2 || r.status == 404 || refused(s, a, &r, e));
}

/* ---- life */

static const struct sink_ops ops = {.name = "s3", .key = key_of, .put = put, .link = link_of, .erase = erase};

struct s3 *s3_create(const struct config *c, struct err *e)
{
    const char *endpoint = c->S3_ENDPOINT, *scheme = strstr(endpoint, "://");
    if (!*c->S3_BUCKET || !*c->S3_ACCESS_KEY_ID || !*c->S3_SECRET_ACCESS_KEY) {
        err_set(e, ERR_CALLER, "config", "SINKS names s3: set S3_BUCKET, S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY");
        return NULL;
    }
    if (!scheme || (strncasecmp(endpoint, "https://", 8) != 0 && strncasecmp(endpoint, "http://", 7) != 0)) {
        err_set(e, ERR_CALLER, "config", "S3_ENDPOINT must be an address with https:// or http://");
        return NULL;
    }
    struct s3 *s = xcalloc(1, sizeof *s);
    struct arena a;
    arena_init(&a);
    const char *host = arena_strndup(&a, scheme + 3, strcspn(scheme + 3, "/"));
    if (!c->S3_PATH_STYLE) host = arena_printf(&a, "%s.%s", c->S3_BUCKET, host);
    s->host = xstrdup(host);
    s->base = xstrdup(arena_printf(&a, "%.*s://%s", (int)(scheme - endpoint), endpoint, host));
    s->root = xstrdup(c->S3_PATH_STYLE ? arena_printf(&a, "/%s", c->S3_BUCKET) : "");
    arena_release(&a);
    s->key = (struct sigv4_key){c->S3_ACCESS_KEY_ID, c->S3_SECRET_ACCESS_KEY, c->S3_REGION};
    s->bucket = c->S3_BUCKET;
    s->prefix = c->S3_PREFIX;
    s->fetcher = fetcher_create();
    s->sink = (struct sink){&ops, s};
    return s;
}

void s3_destroy(struct s3 *s)
{
    if (!s) return;
    fetcher_destroy(s->fetcher);
    free(s->base);
    free(s->host);
    free(s->root);
    free(s);
}

const struct sink *s3_sink(const struct s3 *s)
{
    return &s->sink;
}

#include "sink/s3.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/fault.h"
#include "net/fetch.h"
#include "net/sigv4.h"
#include "sink/digest.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>

enum { PART = 16 << 20, MOST_PARTS = 10000, TIMEOUT_MS = 600000, SILENT_MS = 60000, WORDS_LONGEST = 160 }; /* while a store puts many parts together it says something now and then */

struct s3 {
    struct sink sink;
    struct fetcher *fetcher;
    struct sigv4_key key;
    const char *bucket, *prefix;
    char *base, *host;            /* https://HOST and HOST */
    char *root;                   /* of every path: "" or "/BUCKET" */
};

struct call { const char *method, *key, *query; const void *body; size_t size; const char *content_type, *sha256, *payload; const struct sink_upload *upload; }; /* payload: the body's hash, if it is known */

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
    if (c->payload) snprintf(payload, sizeof payload, "%s", c->payload);
    else sha256_hex(c->body ? c->body : "", c->size, payload);
    struct sigv4_header headers[] = {{"host", s->host}, {"x-amz-content-sha256", payload}, {"x-amz-date", time}, {"x-amz-meta-sha256", c->sha256}};
    struct sigv4_request r = {c->method, path, query, headers, c->sha256 ? 4 : 3, payload};
    const char *lines[] = {arena_printf(a, "Authorization: %s", sigv4_authorization(a, &s->key, &r, time)), arena_printf(a, "x-amz-content-sha256: %s", payload),
                           arena_printf(a, "x-amz-date: %s", time), "Expect:", arena_printf(a, "Content-Type: %s", c->content_type ? c->content_type : "application/octet-stream"),
                           c->sha256 ? arena_printf(a, "x-amz-meta-sha256: %s", c->sha256) : NULL, NULL};
    struct fetch what = {.method = c->method, .url = arena_printf(a, "%s%s%s%s", s->base, path, *query ? "?" : "", query), .headers = lines,
                         .body = c->body, .body_size = c->size, .total_ms = TIMEOUT_MS, .silent_ms = SILENT_MS, .go_on = c->upload ? c->upload->go_on : NULL, .go_on_arg = c->upload ? c->upload->arg : NULL};
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

static bool put_part(struct s3 *s, struct arena *a, const struct sink_file *f, struct sink_upload *u, const struct part_digest *digest, struct err *e)
{
    struct arena own;
    struct fetch_reply r;
    arena_init(&own);
    const char *query = arena_printf(&own, "partNumber=%lld&uploadId=%s", (long long)(u->done / part_size(f->size) + 1), fetch_escape(&own, u->id));
    struct call c = {.method = "PUT", .key = f->key, .query = query, .payload = digest->hex, .upload = u};
    bool ok = put_mapped(s, &own, f, &c, u->done, (size_t)digest->size, &r, e);
    const char *tag = ok ? fetch_header(&r, &own, "ETag") : NULL;
    if (ok && !tag) ok = err_set(e, ERR_DESTINATION, "sink_refused", "bucket \"%s\" gave no tag for a part", s->bucket);
    if (ok) u->parts = arena_printf(a, "%s%s\n", u->parts ? u->parts : "", tag);
    arena_release(&own);
    if (!ok) return false;
    u->done += digest->size;
    return FAULT_POINT(upload_part) && u->save(u->arg, u, e) && FAULT_POINT(upload_noted);
}

/* While a part is on its way the next one's hash is made. */
static bool put_each(struct s3 *s, struct arena *a, const struct sink_file *f, struct sink_upload *u, struct err *e)
{
    struct part_digest now, next = {0};
    bool ok = true;
    if (u->done < f->size) part_digest_begin(&next, f->fd, u->done, part_at(f, u->done));
    while (ok && u->done < f->size) {
        ok = part_digest_end(&next, e);
        now = next;
        int64_t after = now.offset + now.size;
        if (ok && after < f->size) part_digest_begin(&next, f->fd, after, part_at(f, after));
        bool begun = ok && after < f->size;
        ok = ok && put_part(s, a, f, u, &now, e);
        if (!ok && begun) part_digest_end(&next, NULL);
    }
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
    struct call c = {.method = "PUT", .key = f->key, .content_type = f->content_type, .sha256 = f->sha256, .upload = u};
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

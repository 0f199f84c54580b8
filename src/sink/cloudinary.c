#include "sink/cloudinary.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/rand.h"
#include "net/crypto.h"
#include "net/fetch.h"
#include "sink/digest.h"
#include <jansson.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CHUNK = 8 << 20, TIMEOUT_MS = 600000, SILENT_MS = 120000, WORDS_LONGEST = 160, BOUNDARY = 32, SHA1_SIZE = 20 };

struct cloudinary {
    struct sink sink;
    struct fetcher *fetcher;
    const char *cloud, *key, *secret;
    char *base;                  /* https://api.cloudinary.com/v1_1/CLOUD/video */
};

struct part { const char *name, *value; };

/* SHA-1 over the parameters in order of their names and the secret. */
static char *signature(const struct cloudinary *c, struct arena *a, const struct part *parts, size_t count)
{
    unsigned char hash[EVP_MAX_MD_SIZE];
    char *text = arena_strdup(a, ""), *out = arena_alloc(a, SHA1_SIZE * 2 + 1);
    for (size_t i = 0; i < count; i++) text = arena_printf(a, "%s%s%s=%s", text, i ? "&" : "", parts[i].name, parts[i].value);
    text = arena_printf(a, "%s%s", text, c->secret);
    EVP_Digest(text, strlen(text), hash, NULL, EVP_sha1(), NULL);
    hex_text(hash, SHA1_SIZE, out);
    return out;
}

static void add_part(struct buf *b, const char *boundary, const char *name, const char *value)
{
    buf_printf(b, "--%s\r\nContent-Disposition: form-data; name=\"%s\"\r\n\r\n%s\r\n", boundary, name, value);
}

static void add_parts(struct buf *b, const struct cloudinary *c, struct arena *a, const char *boundary, const struct part *parts, size_t count)
{
    for (size_t i = 0; i < count; i++) add_part(b, boundary, parts[i].name, parts[i].value);
    add_part(b, boundary, "api_key", c->key);
    add_part(b, boundary, "signature", signature(c, a, parts, count));
}

static bool read_chunk(struct buf *b, const struct sink_file *f, int64_t offset, size_t size, struct err *e)
{
    char *to = buf_reserve(b, size);
    for (size_t done = 0; done < size;) {
        ssize_t n = pread(f->fd, to + done, size - done, offset + (int64_t)done);
        if (n <= 0) return err_sys(e, ERR_INTERNAL, "sink", "cannot read a file to be uploaded");
        done += (size_t)n;
    }
    b->size += size;
    return true;
}

static void release_json(void *j) { json_decref(j); }

static bool post(struct cloudinary *c, struct arena *a, const char *action, const char *const *headers, const struct buf *body, const struct sink_upload *u, const json_t **out, struct err *e)
{
    struct fetch_reply r;
    struct fetch what = {.method = "POST", .url = arena_printf(a, "%s/%s", c->base, action), .headers = headers, .body = body->data, .body_size = body->size, .total_ms = TIMEOUT_MS, .silent_ms = SILENT_MS,
                         .go_on = u ? u->go_on : NULL, .go_on_arg = u ? u->arg : NULL};
    if (!fetch(c->fetcher, &what, a, &r, e)) return false;
    json_t *j = json_loadb(r.body, r.size, 0, NULL);
    if (j) arena_defer(a, release_json, j);
    *out = j;
    if (r.status / 100 == 2) return true;
    const char *why = json_string_value(json_object_get(json_object_get(j, "error"), "message"));
    return err_set(e, ERR_DESTINATION, "sink_refused", "Cloudinary cloud \"%s\" answered %d%s%.*s", c->cloud, r.status, why ? ": " : "", WORDS_LONGEST, why ? why : "");
}

static bool put_chunk(struct cloudinary *c, struct arena *a, const struct sink_file *f, const struct sink_upload *u, size_t size, const json_t **reply, struct err *e)
{
    char boundary[BOUNDARY + 1];
    struct buf body;
    rand_text(boundary, BOUNDARY, "0123456789abcdef");
    const struct part parts[] = {{"public_id", f->key}, {"timestamp", arena_printf(a, "%lld", (long long)(clock_now_ms() / 1000))}};
    const char *headers[] = {arena_printf(a, "Content-Type: multipart/form-data; boundary=%s", boundary), arena_printf(a, "X-Unique-Upload-Id: %s", u->id), "Expect:",
                             arena_printf(a, "Content-Range: bytes %lld-%lld/%lld", (long long)u->done, (long long)u->done + (long long)size - 1, (long long)f->size), NULL};
    buf_init(&body, 0);
    add_parts(&body, c, a, boundary, parts, 2);
    buf_printf(&body, "--%s\r\nContent-Disposition: form-data; name=\"file\"; filename=\"recording\"\r\nContent-Type: %s\r\n\r\n", boundary, f->content_type);
    bool ok = read_chunk(&body, f, u->done, size, e);
    buf_printf(&body, "\r\n--%s--\r\n", boundary);
    ok = ok && post(c, a, "upload", headers, &body, u, reply, e);
    buf_release(&body);
    return ok;
}

static bool verify(struct cloudinary *c, struct arena *a, const struct sink_file *f, const json_t *reply, const char **url, struct err *e)
{
    char own[DIGEST_TEXT];
    int64_t length;
    const char *md5 = json_string_value(json_object_get(reply, "etag")), *address = json_string_value(json_object_get(reply, "secure_url"));
    long long size = json_integer_value(json_object_get(reply, "bytes"));
    if (size != f->size) return err_set(e, ERR_DESTINATION, "sink_size", "Cloudinary cloud \"%s\" has %lld bytes of \"%s\", not %lld", c->cloud, size, f->key, (long long)f->size);
    if (!file_digest(f->fd, "MD5", &length, own, e)) return false;
    if (!md5 || strcmp(md5, own) != 0) return err_set(e, ERR_DESTINATION, "sink_checksum", "Cloudinary cloud \"%s\" has another file under \"%s\"", c->cloud, f->key);
    if (!address) return err_set(e, ERR_DESTINATION, "sink_refused", "Cloudinary cloud \"%s\" told no address of \"%s\"", c->cloud, f->key);
    *url = arena_strdup(a, address);
    return true;
}

/* Its last answer has what it made of the chunks, so a break after that is an upload anew. */
static bool begin(struct arena *a, const struct sink_file *f, struct sink_upload *u, struct err *e)
{
    char id[37];
    if (u->id && u->done < f->size) return true;
    rand_uuid(id);
    u->id = arena_strdup(a, id);
    u->parts = NULL;
    u->done = 0;
    return u->save(u->arg, u, e);
}

static bool put_next(struct cloudinary *c, struct arena *a, const struct sink_file *f, struct sink_upload *u, const char **url, struct err *e)
{
    int64_t left = f->size - u->done, size = left < CHUNK ? left : CHUNK;
    struct arena own;
    const json_t *reply;
    const char *address = NULL;
    arena_init(&own);
    bool ok = put_chunk(c, &own, f, u, (size_t)size, &reply, e) && (left > size || verify(c, a, f, reply, &address, e));
    arena_release(&own);
    if (!ok) return false;
    *url = address;
    u->done += size;
    return u->save(u->arg, u, e);
}

static bool put(void *ctx, struct arena *a, const struct sink_file *f, struct sink_upload *u, const char **url, struct err *e)
{
    *url = NULL;
    if (!begin(a, f, u, e)) return false;
    while (u->done < f->size)
        if (!put_next(ctx, a, f, u, url, e)) return false;
    return *url || err_set(e, ERR_DESTINATION, "sink_size", "an empty file cannot be kept at Cloudinary");
}

/* The document's for a session's first recording; the next ones do not take its place. */
static const char *key_of(void *ctx, struct arena *a, const struct sink_place *p)
{
    (void)ctx;
    const char *number = p->number > 1 ? arena_printf(a, "-%lld", (long long)p->number) : "";
    return arena_printf(a, "live-sessions/%s%s%s-recording%s", p->course ? p->course : "", p->course ? "/" : "", p->session, number);
}

static const char *link_of(void *ctx, struct arena *a, const char *key, const char *url, const char *save_as, int64_t now, int seconds)
{
    (void)ctx;
    (void)a;
    (void)key;
    (void)save_as;
    (void)now;
    (void)seconds;
    return url;
}

static bool erase(void *ctx, struct arena *a, const char *key, const char *upload, struct err *e)
{
    struct cloudinary *c = ctx;
    char boundary[BOUNDARY + 1];
    struct buf body;
    const json_t *reply;
    (void)upload;
    rand_text(boundary, BOUNDARY, "0123456789abcdef");
    const struct part parts[] = {{"invalidate", "true"}, {"public_id", key}, {"timestamp", arena_printf(a, "%lld", (long long)(clock_now_ms() / 1000))}};
    const char *headers[] = {arena_printf(a, "Content-Type: multipart/form-data; boundary=%s", boundary), NULL};
    buf_init(&body, 0);
    add_parts(&body, c, a, boundary, parts, 3);
    buf_printf(&body, "--%s--\r\n", boundary);
    bool ok = post(c, a, "destroy", headers, &body, NULL, &reply, e);
    buf_release(&body);
    const char *result = ok ? json_string_value(json_object_get(reply, "result")) : NULL;
    return ok && ((result && (!strcmp(result, "ok") || !strcmp(result, "not found"))) ||
                  err_set(e, ERR_DESTINATION, "sink_refused", "Cloudinary cloud \"%s\" did not delete \"%s\": %.*s", c->cloud, key, WORDS_LONGEST, result ? result : "no reason told"));
}

static const struct sink_ops ops = {.name = "cloudinary", .main_only = true, .key = key_of, .put = put, .link = link_of, .erase = erase};

struct cloudinary *cloudinary_create(const struct config *config, struct err *e)
{
    if (!*config->CLOUD_NAME || !*config->CLOUD_API_KEY || !*config->CLOUD_API_SECRET) {
        err_set(e, ERR_CALLER, "config", "SINKS names cloudinary: set CLOUD_NAME, CLOUD_API_KEY and CLOUD_API_SECRET");
        return NULL;
    }
    struct cloudinary *c = xcalloc(1, sizeof *c);
    struct arena a;
    arena_init(&a);
    c->base = xstrdup(arena_printf(&a, "%s/%s/video", config->CLOUD_API_BASE_URL, fetch_escape(&a, config->CLOUD_NAME)));
    arena_release(&a);
    c->cloud = config->CLOUD_NAME;
    c->key = config->CLOUD_API_KEY;
    c->secret = config->CLOUD_API_SECRET;
    c->fetcher = fetcher_create();
    c->sink = (struct sink){&ops, c};
    return c;
}

void cloudinary_destroy(struct cloudinary *c)
{
    if (!c) return;
    fetcher_destroy(c->fetcher);
    free(c->base);
    free(c);
}

const struct sink *cloudinary_sink(const struct cloudinary *c)
{
    return &c->sink;
}

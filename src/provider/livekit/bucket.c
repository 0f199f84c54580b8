/* bucket.c - recordings that the recorder has put into a bucket of S3, or of what speaks like it: fetched in pieces, gone on with where an earlier try
 * broke off. The object stays in the bucket; how long is for the bucket's own rules to say. */
#include "base/clock.h"
#include "net/fetch.h"
#include "net/sigv4.h"
#include "provider/livekit/parts.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE = 8 << 20, LINK_S = 900, PIECE_MS = 120000 };

struct object { const char *url; int to; int64_t at, total; };

/* Amazon has a host for each bucket, others have it in the path. */
static const char *link_to(const struct config *c, struct arena *a, const char *key)
{
    char time[SIGV4_TIME];
    bool own = *c->EGRESS_S3_ENDPOINT;
    struct sigv4_key k = {c->EGRESS_S3_ACCESS_KEY, c->EGRESS_S3_SECRET, c->EGRESS_S3_REGION};
    const char *base = own ? c->EGRESS_S3_ENDPOINT : arena_printf(a, "https://%s.s3.%s.amazonaws.com", c->EGRESS_S3_BUCKET, c->EGRESS_S3_REGION), *scheme = strstr(base, "://");
    size_t n = strlen(base);
    if (n && base[n - 1] == '/') base = arena_strndup(a, base, n - 1);
    key += *key == '/';
    sigv4_time(clock_now_ms(), time);
    const char *path = own ? arena_printf(a, "/%s/%s", c->EGRESS_S3_BUCKET, sigv4_escape_path(a, key)) : arena_printf(a, "/%s", sigv4_escape_path(a, key));
    return sigv4_presigned(a, &k, base, scheme ? base + (scheme - base) + 3 : base, path, "", time, LINK_S);
}

static bool write_all(int to, const char *bytes, size_t size, struct err *e)
{
    for (size_t at = 0; at < size;) {
        ssize_t n = write(to, bytes + at, size - at);
        if (n < 0) return err_sys(e, ERR_DESTINATION, errno == ENOSPC ? "disk_full" : "disk", "cannot write the recording");
        at += (size_t)n;
    }
    return true;
}

/* "bytes 0-99/1234" */
static int64_t total_of(const struct fetch_reply *r, struct arena *a)
{
    const char *range = fetch_header(r, a, "Content-Range"), *slash = range ? strchr(range, '/') : NULL;
    return slash ? strtoll(slash + 1, NULL, 10) : 0;
}

/* What asking again will not mend is said at once, with where to look. */
static const char *hint(int status)
{
    if (status == 404) return ": is it the bucket that the recorder writes to (EGRESS_S3_BUCKET, EGRESS_S3_ENDPOINT), and do its rules keep objects for some hours?";
    if (status == 403 || status == 401) return ": may EGRESS_S3_ACCESS_KEY read it, is EGRESS_S3_SECRET right, and this machine's clock?";
    return status == 408 || status == 429 || status >= 500 ? "" : ": are EGRESS_S3_ENDPOINT and EGRESS_S3_REGION right?";
}

static bool refused(const struct livekit_provider *l, int status, struct err *e)
{
    const char *what = hint(status);
    return err_set(e, ERR_DESTINATION, *what ? "fetch_gone" : "fetch_status", "bucket \"%s\" answered %d for the recording%s", l->config->EGRESS_S3_BUCKET, status, what);
}

static bool next_piece(struct livekit_provider *l, struct arena *a, struct object *o, struct err *e)
{
    struct fetch_reply r;
    const char *headers[] = {arena_printf(a, "Range: bytes=%lld-%lld", (long long)o->at, (long long)o->at + PIECE - 1), NULL};
    struct fetch what = {.url = o->url, .headers = headers, .total_ms = PIECE_MS, .largest = PIECE + 1};
    if (!fetch(l->fetcher, &what, a, &r, e)) return false;
    if (r.status == 416) { /* nothing comes after what is here */
        o->total = o->at;
        return true;
    }
    if (r.status != 206 && !(r.status == 200 && !o->at)) return refused(l, r.status, e);
    if (r.status == 206 && !r.size) return err_set(e, ERR_DESTINATION, "fetch_status", "bucket \"%s\" broke off", l->config->EGRESS_S3_BUCKET);
    if (!write_all(o->to, r.body, r.size, e)) return false;
    o->at += (int64_t)r.size;
    o->total = r.status == 200 ? o->at : total_of(&r, a);
    return o->total > 0 || err_set(e, ERR_DESTINATION, "fetch_status", "bucket \"%s\" did not say how large the recording is", l->config->EGRESS_S3_BUCKET);
}

static bool take_pieces(struct livekit_provider *l, struct object *o, struct provider_fetch *fetch, struct err *e)
{
    bool ok = true;
    do {
        struct arena a;
        arena_init(&a);
        ok = next_piece(l, &a, o, e);
        arena_release(&a);
        if (ok && !fetch->progress(fetch->arg, o->total ? (int)(o->at * 100 / o->total) : 0)) ok = err_set(e, ERR_DESTINATION, "fetch_stopped", "stopped");
    } while (ok && o->at < o->total);
    return ok && (!fsync(o->to) || err_sys(e, ERR_DESTINATION, "disk", "cannot write the recording"));
}

bool sfu_take_object(struct livekit_provider *l, struct arena *a, const char *key, const char *to, struct provider_fetch *fetch, struct err *e)
{
    struct stat s;
    struct object o = {.url = link_to(l->config, a, key), .to = open(to, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)};
    if (o.to < 0) return err_sys(e, ERR_DESTINATION, "disk", "cannot write the recording");
    if (!fstat(o.to, &s)) o.at = s.st_size;
    bool ok = take_pieces(l, &o, fetch, e);
    close(o.to);
    return ok;
}

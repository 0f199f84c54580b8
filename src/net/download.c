#include "net/download.h"
#include "base/buf.h"
#include "base/fault.h"
#include "net/fetch_options.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CONNECT_MS = 5000, SILENT_MS = 30000, SLOWEST = 256, MARK_LONGEST = 256, REDIRECTS = 3, HEADER_LONGEST = 8192 };

struct transfer {
    const struct download *d;
    CURL *curl;
    int fd;
    int64_t from, at, total, part;            /* of the file; total 0: not known; part: where what comes belongs, as the reply says */
    char mark[MARK_LONGEST], sent_mark[MARK_LONGEST]; /* ETag of what comes; of what is there */
    long status;                              /* of the reply whose headers come */
    int64_t length;
    bool begun, stopped, too_large, other;    /* other: it is no part of what is there */
    int sys;                                  /* errno of a write that failed */
};

/* ---- what is there already */

static void mark_path(const struct download *d, char to[4096])
{
    snprintf(to, 4096, "%s.mark", d->path);
}

static void read_mark(struct transfer *t)
{
    char path[4096];
    mark_path(t->d, path);
    FILE *f = fopen(path, "re");
    size_t n = f ? fread(t->sent_mark, 1, MARK_LONGEST - 1, f) : 0;
    t->sent_mark[n] = '\0';
    if (f) fclose(f);
}

static void write_mark(const struct transfer *t)
{
    char path[4096];
    mark_path(t->d, path);
    FILE *f = t->mark[0] ? fopen(path, "we") : NULL;
    if (!f) {
        unlink(path);
        return;
    }
    fputs(t->mark, f);
    fclose(f);
}

static bool disk(struct transfer *t, struct err *e)
{
    int sys = t->sys ? t->sys : errno;
    errno = sys;
    return err_sys(e, ERR_DESTINATION, sys == ENOSPC || sys == EDQUOT ? "disk_full" : "disk", "cannot write \"%s\"", t->d->path);
}

static bool open_file(struct transfer *t, struct err *e)
{
    struct stat st;
    t->fd = open(t->d->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (t->fd < 0 || fstat(t->fd, &st)) return disk(t, e);
    read_mark(t);
    t->from = t->sent_mark[0] ? st.st_size : 0; /* of a thing without a mark nobody can say that it is the same */
    return true;
}

/* ---- what comes */

static bool header_is(const char *line, size_t size, const char *name, char *value, size_t room)
{
    size_t n = strlen(name), from = n + 1;
    if (size <= n || strncasecmp(line, name, n) != 0 || line[n] != ':') return false;
    while (from < size && (line[from] == ' ' || line[from] == '\t')) from++;
    while (size > from && (line[size - 1] == '\r' || line[size - 1] == '\n')) size--;
    snprintf(value, room, "%.*s", (int)(size - from), line + from);
    return true;
}

static size_t on_header(char *line, size_t one, size_t size, void *arg)
{
    struct transfer *t = arg;
    char value[MARK_LONGEST];
    (void)one;
    if (size > HEADER_LONGEST) return 0;
    if (size > 5 && !strncmp(line, "HTTP/", 5)) { /* another reply: of a redirect, say */
        t->status = 0;
        t->length = t->part = -1;
        t->total = 0;
        t->mark[0] = '\0';
        return size;
    }
    if (header_is(line, size, "Content-Length", value, sizeof value)) t->length = strtoll(value, NULL, 10);
    if (header_is(line, size, "ETag", value, sizeof value) && strncmp(value, "W/", 2) != 0) memcpy(t->mark, value, sizeof value);
    if (header_is(line, size, "Content-Range", value, sizeof value)) {
        const char *slash = strchr(value, '/'), *from = value + strcspn(value, "0123456789");
        if (slash && from < slash) t->part = strtoll(from, NULL, 10);
        if (slash && slash[1] != '*') t->total = strtoll(slash + 1, NULL, 10);
    }
    return size;
}

/* A part belongs where it was asked for, and is of the thing whose beginning is here. */
static bool fits(struct transfer *t)
{
    t->other = t->part != t->from || (t->mark[0] && strcmp(t->mark, t->sent_mark) != 0);
    if (!t->mark[0]) memcpy(t->mark, t->sent_mark, sizeof t->mark);
    return !t->other;
}

/* The first byte of the body decides: the rest of what is there, or all of it anew. */
static bool begin_body(struct transfer *t)
{
    curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &t->status);
    t->begun = true;
    if (t->status != 200 && t->status != 206) return false;
    if (t->status == 200) {
        t->from = 0;
        t->total = t->length > 0 ? t->length : 0;
    }
    if (t->status == 206 && !fits(t)) return false;
    t->at = t->from;
    t->too_large = t->d->largest && t->total > t->d->largest;
    if (t->too_large) return false;
    if (ftruncate(t->fd, t->from) || lseek(t->fd, t->from, SEEK_SET) < 0) {
        t->sys = errno;
        return false;
    }
    write_mark(t);
    return true;
}

static size_t on_body(char *data, size_t one, size_t size, void *arg)
{
    struct transfer *t = arg;
    (void)one;
    if (!t->begun && !begin_body(t)) return 0;
    t->too_large = t->d->largest && t->at + (int64_t)size > t->d->largest;
    if (t->too_large) return 0;
    for (size_t done = 0; done < size;) {
        ssize_t n = write(t->fd, data + done, size - done);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) {
            t->sys = n ? errno : EIO;
            return 0;
        }
        done += (size_t)n;
    }
    t->at += (int64_t)size;
    return size;
}

static int on_progress(void *arg, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    struct transfer *t = arg;
    (void)a, (void)b, (void)c, (void)d;
    t->stopped = t->d->progress && !t->d->progress(t->d->arg, t->at, t->total);
    return t->stopped;
}

/* ---- the request */

static struct curl_slist *set_range(struct transfer *t)
{
    char text[MARK_LONGEST + 32];
    if (!t->from) return NULL;
    snprintf(text, sizeof text, "%lld-", (long long)t->from);
    curl_easy_setopt(t->curl, CURLOPT_RANGE, text);
    snprintf(text, sizeof text, "If-Range: %s", t->sent_mark);
    struct curl_slist *list = curl_slist_append(NULL, text);
    curl_easy_setopt(t->curl, CURLOPT_HTTPHEADER, list);
    return list;
}

static void set_options(struct transfer *t)
{
    const struct download *d = t->d;
    CURL *c = t->curl;
    curl_easy_setopt(c, CURLOPT_URL, d->url);
    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(c, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(c, CURLOPT_MAXREDIRS, (long)REDIRECTS);
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_PROXY, "");
    curl_easy_setopt(c, CURLOPT_USERAGENT, "roomd");
    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)fault_deadline_ms(d->connect_ms ? d->connect_ms : CONNECT_MS));
    curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, (long)SLOWEST);
    curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, (long)((fault_deadline_ms(d->silent_ms ? d->silent_ms : SILENT_MS) + 999) / 1000));
    curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(c, CURLOPT_HEADERDATA, t);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, t);
    curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(c, CURLOPT_XFERINFODATA, t);
    curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
    if (!d->aws_sigv4) return;
    curl_easy_setopt(c, CURLOPT_AWS_SIGV4, d->aws_sigv4);
    curl_easy_setopt(c, CURLOPT_USERPWD, d->credentials);
}

static const char *host_of(struct arena *a, const char *url)
{
    const char *from = strstr(url, "://");
    from = from ? from + 3 : url;
    return arena_strndup(a, from, strcspn(from, "/?#"));
}

static void forget(struct transfer *t)
{
    t->mark[0] = '\0';
    write_mark(t);
}

static bool refused_status(struct transfer *t, const char *host, struct err *e)
{
    bool gone = t->status == 403 || t->status == 404 || t->status == 410;
    if (t->status == 416) forget(t); /* what is there is not the beginning of what is there now */
    return err_set(e, ERR_DESTINATION, gone ? "fetch_gone" : "fetch_status", "\"%s\" answered with %ld", host, t->status);
}

static bool judge(struct transfer *t, CURLcode code, bool refused, struct arena *a, struct err *e)
{
    const char *host = host_of(a, t->d->url);
    curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &t->status);
    if (refused) return err_set(e, ERR_DESTINATION, "fetch_refused", "\"%s\": %s", host, FETCH_REFUSED);
    if (t->stopped) return err_set(e, ERR_DESTINATION, "fetch_stopped", "stopped");
    if (t->sys) return disk(t, e);
    if (t->too_large) return err_set(e, ERR_DESTINATION, "fetch_too_large", "\"%s\": the file is too large", host);
    if (t->status && t->status != 200 && t->status != 206) return refused_status(t, host, e);
    if (t->other) return forget(t), err_set(e, ERR_DESTINATION, "fetch_incomplete", "\"%s\" sent a part of something else", host);
    if (code == CURLE_PARTIAL_FILE || (code == CURLE_OK && t->total && t->at != t->total))
        return err_set(e, ERR_DESTINATION, "fetch_incomplete", "\"%s\" sent %lld of %lld bytes", host, (long long)t->at, (long long)t->total);
    return code == CURLE_OK || err_set(e, ERR_DESTINATION, fetch_code(code), "\"%s\": %s", host, curl_easy_strerror(code));
}

static bool run(struct transfer *t, struct arena *a, struct downloaded *out, struct err *e)
{
    struct gate gate = {t->d->guard, false};
    char *type = NULL, path[4096];
    set_options(t);
    if (t->d->guard) fetch_set_gate(t->curl, &gate);
    struct curl_slist *headers = set_range(t);
    CURLcode code = curl_easy_perform(t->curl);
    if (code == CURLE_OK && !t->begun && begin_body(t)) t->total = t->at; /* an empty file */
    bool ok = judge(t, code, gate.refused, a, e);
    curl_easy_getinfo(t->curl, CURLINFO_CONTENT_TYPE, &type);
    if (ok) *out = (struct downloaded){t->at, t->from, type ? arena_strdup(a, type) : NULL};
    curl_slist_free_all(headers);
    if (ok && fsync(t->fd)) return disk(t, e);
    mark_path(t->d, path);
    if (ok) unlink(path);
    return ok;
}

bool download(const struct download *d, struct arena *a, struct downloaded *out, struct err *e)
{
    struct transfer t = {.d = d, .fd = -1, .length = -1, .part = -1};
    if (!url_is_http(d->url)) return err_set(e, ERR_DESTINATION, "fetch_url", "the URL is not of http or https");
    if (d->guard && !guard_lets_url(d->guard, d->url)) return err_set(e, ERR_DESTINATION, "fetch_refused", "\"%s\": %s", host_of(a, d->url), FETCH_REFUSED);
    fetch_start_curl();
    if (!(t.curl = curl_easy_init())) abort();
    bool ok = open_file(&t, e) && run(&t, a, out, e);
    curl_easy_cleanup(t.curl);
    if (t.fd >= 0) close(t.fd);
    return ok;
}

#include "net/fetch.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/fault.h"
#include "net/fetch_options.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { CONNECT_MS = 5000, TOTAL_MS = 30000, LARGEST = 1 << 20, LARGEST_HEADERS = 64 << 10, IDLE = 16, ASK_MS = 1000 };

/* Handles that are not in use; each keeps its connections. The last one given back is the next one taken: its connection is the freshest.
 * Those of guarded requests are a pool of their own, so that they meet no connection that the guard has not seen. */
struct idle { CURL *handles[IDLE]; size_t count; };
struct fetcher {
    pthread_mutex_t mutex;
    struct idle free_ones, guarded;
};

static void start_curl(void) { curl_global_init_mem(CURL_GLOBAL_DEFAULT, xmalloc, free, xrealloc, xstrdup, xcalloc); }

void fetch_start_curl(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, start_curl);
}

struct fetcher *fetcher_create(void)
{
    fetch_start_curl();
    struct fetcher *f = xcalloc(1, sizeof *f);
    pthread_mutex_init(&f->mutex, NULL);
    return f;
}

void fetcher_destroy(struct fetcher *f)
{
    if (!f) return;
    for (size_t i = 0; i < f->free_ones.count; i++) curl_easy_cleanup(f->free_ones.handles[i]);
    for (size_t i = 0; i < f->guarded.count; i++) curl_easy_cleanup(f->guarded.handles[i]);
    pthread_mutex_destroy(&f->mutex);
    free(f);
}

static CURL *take(struct fetcher *f, struct idle *from)
{
    pthread_mutex_lock(&f->mutex);
    CURL *c = from->count ? from->handles[--from->count] : NULL;
    pthread_mutex_unlock(&f->mutex);
    if (!c && !(c = curl_easy_init())) abort();
    return c;
}

static void give_back(struct fetcher *f, struct idle *to, CURL *c)
{
    curl_easy_reset(c); /* options go, connections stay */
    pthread_mutex_lock(&f->mutex);
    bool kept = to->count < IDLE;
    if (kept) to->handles[to->count++] = c;
    pthread_mutex_unlock(&f->mutex);
    if (!kept) curl_easy_cleanup(c);
}

/* Fewer bytes taken than given ends the transfer. */
static size_t collect(char *data, size_t one, size_t size, void *to)
{
    struct buf *b = to;
    (void)one;
    buf_add(b, data, size);
    return b->overflow ? 0 : size;
}

static curl_socket_t open_guarded(void *gate, curlsocktype purpose, struct curl_sockaddr *to)
{
    struct gate *g = gate;
    (void)purpose;
    bool ok = guard_lets(g->guard, &to->addr);
    g->refused |= !ok;
    return ok ? socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol) : CURL_SOCKET_BAD;
}

void fetch_set_gate(CURL *c, struct gate *gate)
{
    curl_easy_setopt(c, CURLOPT_OPENSOCKETFUNCTION, open_guarded);
    curl_easy_setopt(c, CURLOPT_OPENSOCKETDATA, gate);
}

struct filling { const struct fetch *what; struct buf *body; bool enough; };

static size_t collect_until_enough(char *data, size_t one, size_t size, void *to)
{
    struct filling *f = to;
    size_t taken = collect(data, one, size, f->body);
    f->enough = taken == size && f->what->enough(f->what->enough_arg, f->body->data, f->body->size);
    return f->enough ? 0 : taken;
}

static void set_filling(CURL *c, struct filling *f)
{
    if (!f->what->enough) return;
    curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, collect_until_enough);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, f);
}

struct asking { bool (*go_on)(void *arg); void *arg; int64_t asked_at; };

static int ask(void *arg, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    struct asking *q = arg;
    int64_t now = clock_monotonic_ms();
    (void)a, (void)b, (void)c, (void)d;
    if (now - q->asked_at < ASK_MS) return 0;
    q->asked_at = now;
    return !q->go_on(q->arg);
}

static void set_asking(CURL *c, struct asking *q)
{
    if (!q->go_on) return;
    curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, ask);
    curl_easy_setopt(c, CURLOPT_XFERINFODATA, q);
}

static void set_deadlines(CURL *c, const struct fetch *w)
{
    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)fault_deadline_ms(w->connect_ms ? w->connect_ms : CONNECT_MS));
    curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)fault_deadline_ms(w->total_ms ? w->total_ms : TOTAL_MS));
    curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, w->silent_ms ? 1L : 0L);
    curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, (long)((fault_deadline_ms(w->silent_ms) + 999) / 1000));
}

static void set_options(CURL *c, const struct fetch *w, struct buf *body, struct buf *headers)
{
    curl_easy_setopt(c, CURLOPT_URL, w->url);
    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(c, CURLOPT_PROXY, "");
    curl_easy_setopt(c, CURLOPT_USERAGENT, "roomd");
    curl_easy_setopt(c, CURLOPT_ACCEPT_ENCODING, "");
    set_deadlines(c, w);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, collect);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, body);
    curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, collect);
    curl_easy_setopt(c, CURLOPT_HEADERDATA, headers);
    if (w->body) {
        curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)w->body_size);
        curl_easy_setopt(c, CURLOPT_POSTFIELDS, w->body);
    }
    if (w->once) curl_easy_setopt(c, CURLOPT_FRESH_CONNECT, 1L);
    if (w->method) curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, w->method);
    if (w->method && !strcmp(w->method, "HEAD")) curl_easy_setopt(c, CURLOPT_NOBODY, 1L);
}

static struct curl_slist *header_list(const struct fetch *w)
{
    struct curl_slist *list = curl_slist_append(NULL, "Expect:"); /* no waiting for a 100 before a body */
    for (const char *const *h = w->headers; h && *h; h++) list = curl_slist_append(list, *h);
    return list;
}

static const char *host_of(struct arena *a, const char *url)
{
    const char *from = strstr(url, "://");
    from = from ? from + 3 : url;
    size_t size = strcspn(from, "/?#");
    const char *at = memchr(from, '@', size);
    if (at) size -= (size_t)(at + 1 - from), from = at + 1;
    return arena_strndup(a, from, size);
}

const char *fetch_code(CURLcode code)
{
    switch (code) {
    case CURLE_URL_MALFORMAT: return "fetch_url";
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT: return "fetch_connect";
    case CURLE_OPERATION_TIMEDOUT: return "fetch_timeout";
    case CURLE_ABORTED_BY_CALLBACK: return "fetch_stopped";
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE: return "fetch_tls";
    default: return "fetch_failed";
    }
}

static void fail(struct err *e, const char *host, CURLcode code, bool too_large, bool refused)
{
    if (refused) err_set(e, ERR_DESTINATION, "fetch_refused", "\"%s\": %s", host, FETCH_REFUSED);
    else if (too_large) err_set(e, ERR_DESTINATION, "fetch_too_large", "\"%s\": the reply is too large", host);
    else err_set(e, ERR_DESTINATION, fetch_code(code), "\"%s\": %s", host, curl_easy_strerror(code));
}

bool fetch(struct fetcher *f, const struct fetch *what, struct arena *a, struct fetch_reply *out, struct err *e)
{
    struct buf body, headers;
    if (strncasecmp(what->url, "http://", 7) != 0 && strncasecmp(what->url, "https://", 8) != 0) return err_set(e, ERR_DESTINATION, "fetch_url", "the URL is not of http or https");
    struct idle *pool = what->guard ? &f->guarded : &f->free_ones;
    struct gate gate = {what->guard, false};
    CURL *c = take(f, pool);
    struct curl_slist *list = header_list(what);
    buf_init(&body, what->largest ? what->largest : LARGEST);
    buf_init(&headers, LARGEST_HEADERS);
    set_options(c, what, &body, &headers);
    curl_easy_setopt(c, CURLOPT_HTTPHEADER, list);
    if (what->guard) fetch_set_gate(c, &gate);
    struct asking asking = {what->go_on, what->go_on_arg, clock_monotonic_ms()};
    set_asking(c, &asking);
    struct filling filling = {what, &body, false};
    set_filling(c, &filling);
    CURLcode code = curl_easy_perform(c);
    long status = 0;
    curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
    *out = (struct fetch_reply){(int)status, arena_strndup(a, body.size ? body.data : "", body.size), body.size, arena_strndup(a, headers.size ? headers.data : "", headers.size)};
    bool ok = code == CURLE_OK || filling.enough;
    if (!ok) fail(e, host_of(a, what->url), code, body.overflow || headers.overflow, gate.refused);
    curl_slist_free_all(list);
    buf_release(&body);
    buf_release(&headers);
    give_back(f, pool, c);
    return ok;
}

const char *fetch_header(const struct fetch_reply *r, struct arena *a, const char *name)
{
    size_t n = strlen(name);
    for (const char *line = r->headers; *line; line += strcspn(line, "\n"), line += *line == '\n') {
        if (strncasecmp(line, name, n) != 0 || line[n] != ':') continue;
        const char *value = line + n + 1 + strspn(line + n + 1, " \t");
        return arena_strndup(a, value, strcspn(value, "\r\n"));
    }
    return NULL;
}

char *fetch_escape(struct arena *a, const char *text)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~", hex[] = "0123456789ABCDEF";
    char *out = arena_alloc(a, strlen(text) * 3 + 1), *to = out;
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        if (strchr(plain, *p)) *to++ = (char)*p;
        else {
            *to++ = '%';
            *to++ = hex[*p >> 4];
            *to++ = hex[*p & 15];
        }
    }
    return out;
}

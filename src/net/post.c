#include "net/post.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/fault.h"
#include "net/fetch_options.h"
#include <stdlib.h>
#include <string.h>

enum { CONNECT_MS = 10000, LARGEST = 256 << 10, IDLE_CONNECTIONS = 256 };

/* A handle with what it needs; used again and again. */
struct slot {
    struct poster *poster;
    struct slot *next, *before;     /* free: next; in use: both */
    CURL *curl;
    struct curl_slist *headers;
    struct gate gate;
    void *ctx;
    int64_t began_us;
    size_t size, total;
    char bytes[POSTED_BYTES];
};

struct poster {
    CURLM *multi;
    const struct guard *guard;
    posted_fn *done;
    void *owner;
    struct slot *idle, *busy;
};

struct poster *poster_create(const struct guard *guard, posted_fn *done, void *owner)
{
    fetch_start_curl();
    struct poster *p = xcalloc(1, sizeof *p);
    *p = (struct poster){.multi = curl_multi_init(), .guard = guard, .done = done, .owner = owner};
    if (!p->multi) abort();
    curl_multi_setopt(p->multi, CURLMOPT_MAXCONNECTS, (long)IDLE_CONNECTIONS);
    return p;
}

void poster_set_guard(struct poster *p, const struct guard *guard)
{
    p->guard = guard;
}

/* The beginning is kept; somebody who never ends is broken off. */
static size_t take_bytes(char *data, size_t one, size_t size, void *to)
{
    struct slot *s = to;
    size_t room = sizeof s->bytes - s->size, n = size < room ? size : room;
    (void)one;
    memcpy(s->bytes + s->size, data, n);
    s->size += n;
    s->total += size;
    return s->total > LARGEST ? 0 : size;
}

static struct slot *make_slot(struct poster *p)
{
    struct slot *s = xcalloc(1, sizeof *s);
    s->poster = p;
    CURL *c = s->curl = curl_easy_init();
    if (!c) abort();
    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(c, CURLOPT_PROXY, "");
    curl_easy_setopt(c, CURLOPT_USERAGENT, "roomd");
    curl_easy_setopt(c, CURLOPT_POST, 1L);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take_bytes);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, s);
    curl_easy_setopt(c, CURLOPT_PRIVATE, s);
    fetch_set_gate(c, &s->gate);
    return s;
}

static struct slot *take_slot(struct poster *p)
{
    struct slot *s = p->idle ? p->idle : make_slot(p);
    if (p->idle) p->idle = s->next;
    s->before = NULL;
    s->next = p->busy;
    if (p->busy) p->busy->before = s;
    p->busy = s;
    return s;
}

static void leave_busy(struct poster *p, struct slot *s)
{
    if (s->before) s->before->next = s->next;
    else p->busy = s->next;
    if (s->next) s->next->before = s->before;
    curl_multi_remove_handle(p->multi, s->curl);
    curl_slist_free_all(s->headers);
    s->headers = NULL;
}

void poster_start(struct poster *p, const struct post *what)
{
    struct slot *s = take_slot(p);
    s->gate = (struct gate){p->guard, false};
    s->ctx = what->ctx;
    s->size = s->total = 0;
    s->began_us = clock_monotonic_us();
    s->headers = curl_slist_append(NULL, "Expect:");
    for (const char *const *h = what->headers; *h; h++) s->headers = curl_slist_append(s->headers, *h);
    curl_easy_setopt(s->curl, CURLOPT_URL, what->url);
    curl_easy_setopt(s->curl, CURLOPT_HTTPHEADER, s->headers);
    curl_easy_setopt(s->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)what->size);
    curl_easy_setopt(s->curl, CURLOPT_POSTFIELDS, what->body);
    curl_easy_setopt(s->curl, CURLOPT_CONNECTTIMEOUT_MS, (long)fault_deadline_ms(CONNECT_MS));
    curl_easy_setopt(s->curl, CURLOPT_TIMEOUT_MS, (long)fault_deadline_ms(what->timeout_ms));
    curl_multi_add_handle(p->multi, s->curl);
}

static void tell(struct poster *p, struct slot *s, CURLcode code)
{
    long status = 0;
    curl_off_t retry_after = 0;
    struct posted out = {.ctx = s->ctx, .bytes = s->bytes, .size = s->size, .duration_ms = (clock_monotonic_us() - s->began_us) / 1000};
    curl_easy_getinfo(s->curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(s->curl, CURLINFO_RETRY_AFTER, &retry_after);
    bool answered = code == CURLE_OK || (code == CURLE_WRITE_ERROR && s->total > LARGEST);
    if (answered) out.status = (int)status;
    else out.error = s->gate.refused ? FETCH_REFUSED : curl_easy_strerror(code);
    if (answered && retry_after > 0 && retry_after < 1 << 30) out.retry_after_ms = (int64_t)retry_after * 1000;
    leave_busy(p, s);
    p->done(p->owner, &out);
    s->next = p->idle;
    p->idle = s;
}

void poster_turn(struct poster *p, int64_t wait_ms)
{
    int running, left;
    bool any = false;
    curl_multi_perform(p->multi, &running);
    for (CURLMsg *m; (m = curl_multi_info_read(p->multi, &left));) {
        if (m->msg != CURLMSG_DONE) continue;
        struct slot *s = NULL;
        curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&s);
        any = true;
        tell(p, s, m->data.result);
    }
    wait_ms = fault_wait_ms(wait_ms);
    if (!any && wait_ms > 0) curl_multi_poll(p->multi, NULL, 0, wait_ms < 60000 ? (int)wait_ms : 60000, NULL);
}

void poster_wake(struct poster *p)
{
    curl_multi_wakeup(p->multi);
}

static void free_slots(struct slot *s)
{
    for (struct slot *next; s; s = next) {
        next = s->next;
        curl_easy_cleanup(s->curl);
        free(s);
    }
}

void poster_break_off(struct poster *p, void (*drop)(void *ctx))
{
    for (struct slot *s; (s = p->busy);) {
        leave_busy(p, s);
        drop(s->ctx);
        s->next = p->idle;
        p->idle = s;
    }
}

void poster_destroy(struct poster *p)
{
    if (!p) return;
    free_slots(p->idle);
    curl_multi_cleanup(p->multi);
    free(p);
}

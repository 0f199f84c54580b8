/* event_stream.c - the stream's thread: what happened comes in, and goes out to everybody. */
#include "stream/event_parts.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/metric.h"
#include <stdlib.h>
#include <unistd.h>

/* ---- from the writer */

struct notice { struct event_stream *stream; struct event_note note; char data[]; };

static void count_sent(struct event_stream *s)
{
    if (s->sent) metric_add(stream_sent_total, (int64_t)s->sent);
    s->sent = 0;
}

/* Those who are behind read it themselves; those who cannot take more now go on when they can, unless it has left the backlog by then. */
static void fan_out(void *arg)
{
    struct event_stream *s = arg;
    s->fan_out_posted = false;
    FAULT_POINT(stream_due);
    for (struct subscriber *w = s->subscribers, *next; w; w = next) {
        next = w->next;
        if (w->state != SUBSCRIBER_LIVE) continue;
        if (w->place < s->backlog.first) subscriber_cut(w);
        else if (!w->blocked) subscriber_go_on(w);
    }
    arena_reset(&s->arena);
    count_sent(s);
}

/* What comes together goes out together. */
static void fan_out_soon(struct event_stream *s)
{
    if (!s->fan_out_posted) loop_post(s->loop, fan_out, s);
    s->fan_out_posted = true;
}

static struct event event_of(const struct event_note *n)
{
    struct event event = {0};
    SET(&event, event, id, n->id);
    SET(&event, event, event_type, event_row(n->type)->name);
    SET(&event, event, timestamp, n->at);
    if (n->session_id) SET(&event, event, session_id, n->session_id);
    if (n->user_id) SET(&event, event, user_id, n->user_id);
    if (n->data) SET(&event, event, event_data, n->data);
    return event;
}

/* Without what lies in between they would have a gap: they come back with the cursor. */
static void give_up_live(struct event_stream *s)
{
    for (struct subscriber *w = s->subscribers, *next; w; w = next) {
        next = w->next;
        if (w->state == SUBSCRIBER_LIVE) subscriber_fail_unread(w);
    }
}

/* Where nobody is live yet, all will read it. A number that does not follow: a transaction that was undone, or another program's event. */
static void take_event(struct event_stream *s, const struct event_note *note)
{
    struct backlog *b = &s->backlog;
    if (!s->subscribers || s->stopping || b->last < 0 || note->id <= b->last) return;
    struct event event = event_of(note);
    if (note->id == b->last + 1) backlog_add(b, &event, stream_backlog_bytes(s));
    else if (!catch_up_backlog(s)) give_up_live(s);
    fan_out_soon(s);
}

static void take_note(void *arg)
{
    struct notice *n = arg;
    take_event(n->stream, &n->note);
    free(n);
}

/* Where nobody is, nothing has to be told: who comes later reads it. */
static void on_event(void *ctx, const struct event_note *note)
{
    struct event_stream *s = ctx;
    if (!atomic_load(&s->reserved)) return;
    size_t size = note->data ? strlen(note->data) + 1 : 0;
    struct notice *n = xmalloc(sizeof *n + size);
    n->stream = s;
    n->note = *note;
    if (size) n->note.data = memcpy(n->data, note->data, size);
    loop_post(s->loop, take_note, n);
}

/* ---- from the HTTP threads */

void stream_holder(char name[QUOTA_NAME], const struct feed_pass *pass, const char *client)
{
    if (pass->user_id) quota_of_account(name, pass->user_id);
    else quota_of_address(name, client);
}

bool stream_count(struct event_stream *s, const char *holder, struct err *e)
{
    int64_t most = core_config(s->core)->STREAM_SUBSCRIBERS_EACH;
    if (quota_take(&s->quota, holder, most)) return true;
    err_fail(e, error_too_many_streams);
    return err_say(e, "%s (%lld may be, STREAM_SUBSCRIBERS_EACH)", error_row(error_too_many_streams)->message, (long long)most);
}

static void leave(void *ctx, const struct feed_arrival *a)
{
    struct event_stream *s = ctx;
    char holder[QUOTA_NAME];
    stream_holder(holder, &a->pass, a->client);
    quota_give(&s->quota, holder);
    atomic_fetch_sub(&s->reserved, 1);
}

static bool reserve(void *ctx, const struct feed_arrival *a, struct err *e)
{
    struct event_stream *s = ctx;
    char holder[QUOTA_NAME];
    stream_holder(holder, &a->pass, a->client);
    if (!stream_count(s, holder, e)) return false;
    if (atomic_fetch_add(&s->reserved, 1) < core_config(s->core)->STREAM_SUBSCRIBERS) return true;
    leave(s, a);
    return err_fail(e, error_stream_full);
}

struct arrival { struct event_stream *stream; struct feed_arrival a; };

static void arrive(void *arg)
{
    struct arrival *n = arg;
    subscriber_arrive(n->stream, &n->a);
    free((char *)(uintptr_t)n->a.bearer);
    free((char *)(uintptr_t)n->a.client);
    free(n);
}

static void accept_arrival(void *ctx, const struct feed_arrival *from)
{
    struct arrival *n = xmalloc(sizeof *n);
    *n = (struct arrival){ctx, *from};
    n->a.bearer = from->bearer ? xstrdup(from->bearer) : NULL;
    n->a.client = xstrdup(from->client);
    n->a.wish.session = from->wish.session ? xstrdup(from->wish.session) : NULL;
    n->a.wish.types = from->wish.types ? xstrdup(from->wish.types) : NULL;
    loop_post(n->stream->loop, arrive, n);
}

struct feed_door event_stream_door(struct event_stream *s)
{
    return (struct feed_door){s, reserve, leave, accept_arrival};
}

/* ---- now and then */

static void look(void *arg)
{
    struct event_stream *s = arg;
    uint64_t next = s->backlog.next;
    bearers_check(s);
    if (s->backlog.last >= 0 && catch_up_backlog(s) && s->backlog.next != next) fan_out_soon(s);
}

static void keep_alive(void *arg)
{
    struct event_stream *s = arg;
    for (struct subscriber *w = s->subscribers, *next; w; w = next) {
        next = w->next;
        subscriber_keep_alive(w);
    }
    count_sent(s);
}

/* ---- the end */

static void give_up(void *arg)
{
    loop_stop(((struct event_stream *)arg)->loop);
}

static void begin_end(void *arg)
{
    struct event_stream *s = arg;
    s->stopping = true;
    for (struct subscriber *w = s->subscribers, *next; w; w = next) {
        next = w->next;
        subscriber_end(w, "restarting", "The server is restarting; come back", 1012);
    }
    if (s->subscribers) loop_timer_start(s->loop, GOODBYE_MS, give_up, s);
    else give_up(s);
}

void event_stream_stop(struct event_stream *s)
{
    loop_post(s->loop, begin_end, s);
}

bool event_stream_said_goodbye(const struct event_stream *s)
{
    return atomic_load(&s->gone);
}

void event_stream_join(struct event_stream *s)
{
    if (!s) return;
    loop_post(s->loop, begin_end, s);
    pthread_join(s->thread, NULL);
    db_conn_close(s->db);
}

void event_stream_destroy(struct event_stream *s)
{
    if (!s) return;
    loop_destroy(s->loop);
    backlog_clear(&s->backlog);
    arena_release(&s->arena);
    free(s);
}

/* ---- the beginning */

static void *run(void *arg)
{
    struct event_stream *s = arg;
    loop_run(s->loop);
    atomic_store(&s->gone, true);
    return NULL;
}

struct event_stream *event_stream_start(struct core *core, struct err *e)
{
    struct event_stream *s = xcalloc(1, sizeof *s);
    *s = (struct event_stream){.core = core, .loop = loop_create(), .db = db_reader(core->db, e), .quota = {.mutex = PTHREAD_MUTEX_INITIALIZER}};
    s->behind_end = &s->behind;
    s->backlog.last = -1;
    arena_init(&s->arena);
    if (s->loop) loop_timer_every(s->loop, KEEPALIVE_MS / 3, keep_alive, s);
    if (s->loop) loop_timer_every(s->loop, RECHECK_MS, look, s);
    if (!s->db || !s->loop || pthread_create(&s->thread, NULL, run, s)) {
        if (s->db) err_set(e, ERR_INTERNAL, "thread", "cannot start the stream's thread");
        db_conn_close(s->db);
        if (s->loop) event_stream_destroy(s);
        else free(s);
        return NULL;
    }
    pthread_setname_np(s->thread, "stream");
    event_listen(core, on_event, s);
    return s;
}

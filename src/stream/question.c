/* question.c - may this watcher be told? Accounts of ours are looked up at once; for a Matrix token the homeserver is asked on a worker,
 * and the answer comes back to the loop. */
#include "base/clock.h"
#include "core/session.h"
#include "core/user.h"
#include "stream/parts.h"
#include <stdlib.h>
#include <string.h>

struct question {
    struct recording_stream *stream;
    int64_t watcher;
    char *bearer, *room;        /* room NULL: only whose token it is */
    bool known, may;
    struct err err;             /* why it is not known */
};

static struct news *take_first(struct watcher *w)
{
    struct news *n = w->first;
    w->first = n->next;
    if (!w->first) w->last = &w->first;
    w->waiting--;
    return n;
}

static void turn_away(struct watcher *w, const struct err *why)
{
    bool bad = why->status == 401 || why->status == 403 || why->status == 400; /* of the token; else of the homeserver, and worth another try */
    struct recording_error m = {0};
    struct buf text;
    buf_init(&text, 0);
    SET(&m, recording_error, error, why->text);
    SET(&m, recording_error, code, bad ? "UNAUTHORIZED" : "SERVICE_UNAVAILABLE");
    model_write(&text, &recording_error_model, &m);
    ws_send(w->ws, text.data, text.size);
    w->over = true;
    ws_close(w->ws, bad ? 4401 : 1013, bad ? "not authenticated" : "try again later");
    buf_release(&text);
}

/* The person is who they were; now for what they were not told yet. */
static void settle(struct watcher *w, bool known, bool may, const struct err *why)
{
    static const char greeting[] = "{\"type\":\"authenticated\"}";
    if (!known && (!w->named || why->status < 500)) {
        turn_away(w, why);
        return;
    }
    if (!w->named) {
        w->named = true;
        if (w->greets) ws_send(w->ws, greeting, sizeof greeting - 1);
        return;
    }
    struct news *n = take_first(w);
    if (known && may) ws_send(w->ws, n->text, strlen(n->text));
    free(n->room);
    free(n->text);
    free(n);
}

/* ---- accounts of ours */

static void look_up(struct watcher *w)
{
    struct recording_stream *s = w->stream;
    struct arena own; /* the stream's has the matter that is being told, and is not reset when somebody comes */
    arena_init(&own);
    struct scope scope = {.core = s->core, .db = s->db, .arena = &own, .now = clock_now_ms()};
    struct user user;
    struct session session;
    struct err e = {0}, refused;
    struct bearer_rights rights;
    bool known = bearer_user(&scope, w->bearer, &user, &rights, &e) && api_scopes_hold(rights.scopes, (api_scopes)1 << api_scope_recordings_read, &e), may = false;
    scope.actor = &user;
    if (known && w->named) may = session_access_id(&scope, w->first->session_id, ACCESS_MEMBER, &session, &refused);
    settle(w, known, may, &e);
    arena_release(&own);
}

/* ---- people of Matrix */

static void answer(void *arg)
{
    struct question *q = arg;
    struct watcher *w = q->stream->watchers;
    while (w && w->number != q->watcher) w = w->next;
    q->stream->questions--;
    if (w) {
        w->asking = false;
        settle(w, q->known, q->may, &q->err);
        question_next(w);
    }
    explicit_bzero(q->bearer, strlen(q->bearer));
    free(q->bearer);
    free(q->room);
    free(q);
}

static void ask(void *arg)
{
    struct question *q = arg;
    char user[MATRIX_ID];
    q->known = matrix_whoami(q->stream->matrix, q->bearer, user, &q->err);
    if (q->known && q->room) q->may = matrix_may(q->stream->matrix, q->bearer, user, q->room, MATRIX_JOINED, &q->err);
    if (!q->may && err_is(&q->err, error_bad_credentials)) q->known = false; /* the token died in between */
    loop_post(q->stream->loop, answer, q);
}

static void start_asking(struct watcher *w)
{
    struct question *q = xcalloc(1, sizeof *q);
    *q = (struct question){.stream = w->stream, .watcher = w->number, .bearer = xstrdup(w->bearer)};
    if (w->named && w->first->room) q->room = xstrdup(w->first->room);
    w->asking = true;
    w->stream->questions++;
    pool_run(w->stream->pool, ask, q);
}

void question_next(struct watcher *w)
{
    while (!w->over && !w->stream->stopping && !w->asking && (!w->named || w->first)) {
        if (!w->ours) start_asking(w);
        else look_up(w);
    }
}

#include "base/clock.h"
#include "core/egress.h"
#include "core/matrix_room.h"
#include "stream/parts.h"
#include <stdlib.h>
#include <string.h>

enum { ASKERS = 4 };

/* ---- what happened, as a message */

static const int statuses[event_type_count] = { /* one more than the status: 0 is "not told" */
    [event_recording_started] = EGRESS_PROCESSING + 1, [event_recording_stopped] = EGRESS_PROCESSING + 1, [event_recording_retried] = EGRESS_PROCESSING + 1,
    [event_recording_ready] = EGRESS_READY + 1, [event_recording_failed] = EGRESS_FAILED + 1};

static bool write_update(struct scope *s, const struct recording *rec, int status, struct buf *to)
{
    struct recording_update m = {0};
    struct err e = {0};
    const char *url = NULL;
    char id[EGRESS_ID];
    if (status == EGRESS_READY && !egress_link(s, rec, &url, &e)) return false;
    egress_id(rec, id);
    SET(&m, recording_update, type, "status_update");
    SET(&m, recording_update, egressId, id);
    SET(&m, recording_update, status, status);
    if (url) SET(&m, recording_update, downloadUrl, url);
    if (status == EGRESS_FAILED && HAS(rec, recording, error)) SET(&m, recording_update, error, rec->error);
    model_write(to, &recording_update_model, &m);
    return true;
}

static void tell(struct recording_stream *s, const struct event_note *n)
{
    struct scope scope = {.core = s->core, .db = s->db, .arena = &s->arena, .now = clock_now_ms()};
    struct recording rec;
    struct matrix_room room;
    struct err e = {0};
    struct buf text;
    if (recording_by_id(&scope, n->subject_id, &rec, &e) != DB_ROW) return; /* deleted meanwhile */
    enum db_found bound = matrix_room_of_session(&scope, n->session_id, &room, &e);
    buf_init(&text, 0);
    if (bound != DB_FAILED && write_update(&scope, &rec, statuses[n->type] - 1, &text))
        for (struct watcher *w = s->watchers; w; w = w->next) watcher_tell(w, text.data, n->session_id, bound == DB_ROW ? room.room_id : NULL);
    buf_release(&text);
}

/* ---- from the writer to the loop */

struct notice { struct recording_stream *stream; struct event_note note; };

static void follow(void *arg)
{
    struct notice *n = arg;
    if (!n->stream->stopping && n->stream->watchers) tell(n->stream, &n->note);
    arena_reset(&n->stream->arena);
    free(n);
}

static void on_event(void *ctx, const struct event_note *note)
{
    if (!statuses[note->type]) return;
    struct notice *n = xmalloc(sizeof *n);
    *n = (struct notice){ctx, *note};
    n->note.data = NULL; /* lives as long as this call */
    loop_post(n->stream->loop, follow, n);
}

/* ---- start and end */

struct recording_stream *recording_stream_create(struct core *core, struct loop *loop, struct matrix *matrix, struct err *e)
{
    struct recording_stream *s = xcalloc(1, sizeof *s);
    *s = (struct recording_stream){.core = core, .loop = loop, .matrix = matrix, .db = db_reader(core->db, e)};
    arena_init(&s->arena);
    if (!s->db) {
        recording_stream_destroy(s);
        return NULL;
    }
    s->pool = pool_create(ASKERS, "matrix");
    event_listen(core, on_event, s);
    return s;
}

struct arrival { struct recording_stream *stream; struct ws_arrival a; };

static void arrive(void *arg)
{
    struct arrival *a = arg;
    watcher_arrive(a->stream, &a->a);
    free((void *)(uintptr_t)a->a.early);
    free((char *)(uintptr_t)a->a.bearer);
    free(a);
}

void recording_stream_accept(struct recording_stream *s, const struct ws_arrival *from)
{
    struct arrival *a = xmalloc(sizeof *a);
    void *early = xmalloc(from->early_size + 1);
    *a = (struct arrival){s, *from};
    if (from->early_size) memcpy(early, from->early, from->early_size);
    a->a.early = early;
    a->a.bearer = from->bearer ? xstrdup(from->bearer) : NULL;
    a->a.client = NULL;
    loop_post(s->loop, arrive, a);
}

void recording_stream_stop(struct recording_stream *s)
{
    s->stopping = true;
    for (struct watcher *w = s->watchers; w; w = w->next) ws_close(w->ws, 1012, "restarting");
}

bool recording_stream_said_goodbye(const struct recording_stream *s)
{
    return !s->watchers && !s->questions;
}

void recording_stream_destroy(struct recording_stream *s)
{
    if (!s) return;
    pool_destroy(s->pool);
    arena_release(&s->arena);
    db_conn_close(s->db);
    free(s);
}

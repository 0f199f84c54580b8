/* watcher.c - one WebSocket: who it is, what waits for it, its end. */
#include "core/user.h"
#include "stream/parts.h"
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum { DOOR_MS = 5000, LARGEST_MESSAGE = 8192, MOST_WAITING = 1000 };

static void forget_news(struct watcher *w)
{
    for (struct news *n = w->first, *next; n; n = next) {
        next = n->next;
        free(n->room);
        free(n->text);
        free(n);
    }
}

static void on_close(struct ws *ws, int code, void *ctx)
{
    struct watcher *w = ctx;
    (void)ws;
    (void)code;
    for (struct watcher **at = &w->stream->watchers; *at; at = &(*at)->next)
        if (*at == w) {
            *at = w->next;
            break;
        }
    loop_timer_stop(w->door);
    forget_news(w);
    if (w->bearer) explicit_bzero(w->bearer, strlen(w->bearer));
    free(w->bearer);
    free(w);
}

static void name(struct watcher *w, const char *bearer)
{
    w->bearer = xstrdup(bearer);
    w->ours = bearer_is_ours(bearer);
    loop_timer_stop(w->door);
    w->door = NULL;
    question_next(w);
}

/* The first message may say who it is; others are not asked for, and passed over. */
static void on_text(struct ws *ws, const char *text, size_t size, void *ctx)
{
    struct watcher *w = ctx;
    if (w->bearer) return;
    json_t *message = json_loadb(text, size, 0, NULL);
    const char *bearer = json_string_value(json_object_get(message, "access_token"));
    if (bearer) {
        w->greets = true;
        name(w, bearer);
    } else ws_close(ws, 4401, "the first message has to be {\"access_token\": \"...\"}");
    json_decref(message);
}

static void on_silence(void *arg)
{
    struct watcher *w = arg;
    w->door = NULL;
    ws_close(w->ws, 4401, "not authenticated");
}

static const struct ws_handler handler = {on_text, on_close};

void watcher_arrive(struct recording_stream *s, struct ws_arrival *a)
{
    struct watcher *w = xcalloc(1, sizeof *w);
    *w = (struct watcher){.stream = s, .next = s->watchers, .number = ++s->numbers};
    w->last = &w->first;
    s->watchers = w;
    w->ws = ws_accept(s->loop, a->fd, a->early, a->early_size, LARGEST_MESSAGE, &handler, w, a->release, a->handle);
    if (s->stopping) ws_close(w->ws, 1012, "restarting");
    else if (a->bearer) name(w, a->bearer);
    else w->door = loop_timer_start(s->loop, DOOR_MS, on_silence, w);
}

void watcher_tell(struct watcher *w, const char *text, int64_t session_id, const char *room)
{
    if (!w->bearer || w->over) return;
    if (++w->waiting > MOST_WAITING) {
        w->over = true;
        ws_close(w->ws, 1008, "too slow");
        return;
    }
    struct news *n = xmalloc(sizeof *n);
    *n = (struct news){NULL, session_id, room ? xstrdup(room) : NULL, xstrdup(text)};
    *w->last = n;
    w->last = &n->next;
    question_next(w);
}

/* parts.h - what the files of this folder share. Nobody else includes it. */
#pragma once
#include "base/pool.h"
#include "core/event.h"
#include "stream/recording_stream.h"

/* One update on its way to one watcher. */
struct news {
    struct news *next;
    int64_t session_id;
    char *room;                 /* Matrix room, or NULL: none */
    char *text;
};

struct watcher {
    struct recording_stream *stream;
    struct watcher *next;
    int64_t number;             /* what a question under way knows of it: it may be gone when the answer comes */
    struct ws *ws;
    struct loop_timer *door;    /* until it said who it is */
    char *bearer;
    bool ours, named, greets, asking, over;
    struct news *first, **last;
    size_t waiting;
};

struct recording_stream {
    struct core *core;
    struct loop *loop;
    struct matrix *matrix;
    struct db_conn *db;
    struct pool *pool;
    struct arena arena;         /* of the matter at hand */
    struct watcher *watchers;
    int64_t numbers;
    size_t questions;           /* under way */
    bool stopping;
};

/* watcher.c */
void watcher_arrive(struct recording_stream *s, struct ws_arrival *a);
void watcher_tell(struct watcher *w, const char *text, int64_t session_id, const char *room);

/* question.c */
void question_next(struct watcher *w);              /* asks what has to be known before the first of its news, or says it */

/* sink.h - where recordings end up besides this box, as core sees it: object stores, media clouds.
 *
 * The local folder (src/sink/local.h) is where files are made, and no sink of this kind. The list of sinks is put together where the server is
 * (cli/serve.c), from SINKS. Calls block and are made by the job thread; `link` alone asks nobody and may run anywhere. Errors are of kind
 * ERR_DESTINATION, and their text is shown to whoever runs roomd: it names the place and says what that answered, never a secret. */
#pragma once
#include "core/core.h"

struct sink_file { int fd; int64_t size; const char *key, *content_type, *sha256; };

/* How far an upload is. It is kept between tries, so that one which broke off goes on where it was. */
struct sink_upload {
    const char *id;                /* the sink's name of it; NULL: not begun */
    const char *parts;             /* what the sink said of the parts that it has; NULL: none */
    int64_t done;                  /* bytes it has */
    bool (*save)(void *arg, const struct sink_upload *u, struct err *e); /* after every part. False: stop */
    bool (*go_on)(void *arg);      /* about once a second while a part is on its way: keeps the job ours however slow the line is. False: break off (fetch_stopped) */
    void *arg;
};

/* What names are made of: UUIDs (course may be NULL), which recording of its session it is (1, 2 …), and the file. */
struct sink_place { const char *course, *session, *recording, *file; int64_t number; };

struct sink_ops {
    const char *name;              /* as SINKS has it */
    bool main_only;                /* takes the one file to be played, not tracks and the like */
    const char *(*key)(void *ctx, struct arena *a, const struct sink_place *place);
    bool (*put)(void *ctx, struct arena *a, const struct sink_file *f, struct sink_upload *u, const char **url, struct err *e); /* true: what is there has the size and the checksum */
    const char *(*link)(void *ctx, struct arena *a, const char *key, const char *url, const char *save_as, int64_t now, int seconds); /* save_as: NULL to play */
    bool (*erase)(void *ctx, struct arena *a, const char *key, const char *upload, struct err *e); /* not there is fine; `upload`: one that was broken off, or NULL */
};
struct sink { const struct sink_ops *ops; void *ctx; };

const struct sink *sink_find(const struct core *core, const char *name);      /* NULL if it is not set up */

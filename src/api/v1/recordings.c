/* recordings.c - recordings of a session: start, pause, stop, list, fetch, delete. */
#include "core/recording.h"
#include "api/api.h"
#include "core/copy.h"
#include "core/retention.h"
#include "core/sink.h"
#include "core/user.h"
#include "sink/local.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { LINK_SECONDS = 3600 };

static bool show_copies(struct request *r, const struct recording *rec, struct recording_reply *out, struct err *e)
{
    struct list rows;
    if (!copy_list(&r->scope, rec->id, &rows, e)) return false;
    struct recording_copy_reply *copies = arena_array(r->scope.arena, struct recording_copy_reply, rows.count + 1);
    for (size_t i = 0; i < rows.count; i++) COPY(recording_copy_reply, &copies[i], recording_copy, (const struct recording_copy *)rows.items + i);
    SET(out, recording_reply, copies, ((struct list){copies, rows.count}));
    return true;
}

static bool show(struct request *r, const struct recording *rec, struct recording_reply *out, struct err *e)
{
    struct list rows;
    int64_t deletes_at;
    if (!(HAS(rec, recording, deleted_at) ? recording_files_ever : recording_files)(&r->scope, rec->id, &rows, e)) return false;
    struct recording_file_reply *files = arena_array(r->scope.arena, struct recording_file_reply, rows.count + 1);
    for (size_t i = 0; i < rows.count; i++) {
        const struct recording_file *f = (const struct recording_file *)rows.items + i;
        COPY(recording_file_reply, &files[i], recording_file, f);
        SET(&files[i], recording_file_reply, url, recording_file_url(&r->scope, f));
    }
    COPY(recording_reply, out, recording, rec);
    if (retention_due(&r->scope, rec, &deletes_at)) SET(out, recording_reply, deletes_at, deletes_at);
    SET(out, recording_reply, files, ((struct list){files, rows.count}));
    return show_copies(r, rec, out, e);
}

static bool reply_recording(struct request *r, const struct recording *rec, struct err *e)
{
    struct recording_reply *out = arena_new(r->scope.arena, struct recording_reply);
    return show(r, rec, out, e) && reply_with(r, out);
}

bool v1_recording_start(struct request *r, struct err *e)
{
    const struct session_path *path = r->path;
    struct session session;
    struct recording rec;
    return session_access(&r->scope, path->session_id, ACCESS_TEACHER, &session, e) && recording_begin(&r->scope, &session, &rec, e) && reply_recording(r, &rec, e);
}

bool v1_recording_list(struct request *r, struct err *e)
{
    const struct session_path *path = r->path;
    const struct recording_query *q = r->query;
    struct session session;
    struct list rows;
    int64_t total;
    if (!session_access(&r->scope, path->session_id, ACCESS_MEMBER, &session, e) ||
        !(q->deleted ? recording_list_deleted : recording_list)(&r->scope, session.id, q->skip, q->limit, &rows, &total, e)) return false;
    struct recording_reply *items = arena_array(r->scope.arena, struct recording_reply, rows.count + 1);
    for (size_t i = 0; i < rows.count; i++)
        if (!show(r, (const struct recording *)rows.items + i, &items[i], e)) return false;
    struct recording_list *out = arena_new(r->scope.arena, struct recording_list);
    SET(out, recording_list, recordings, ((struct list){items, rows.count}));
    SET(out, recording_list, total, total);
    return reply_with(r, out);
}

static bool open_recording(struct request *r, enum access need, struct recording *rec, struct err *e)
{
    const struct recording_path *path = r->path;
    struct session session;
    return recording_access(&r->scope, path->recording_id, need, rec, &session, e);
}

bool v1_recording_get(struct request *r, struct err *e)
{
    struct recording rec;
    return open_recording(r, ACCESS_MEMBER, &rec, e) && reply_recording(r, &rec, e);
}

bool v1_recording_change(struct request *r, struct err *e)
{
    const struct recording_change *in = r->body;
    struct recording rec;
    if (!open_recording(r, ACCESS_TEACHER, &rec, e)) return false;
    if (in->action == record_action_start) return err_fail(e, error_recording_running);
    return recording_act(&r->scope, &rec, (enum record_action)in->action, e) && reply_recording(r, &rec, e);
}

bool v1_recording_delete(struct request *r, struct err *e)
{
    struct recording rec;
    return open_recording(r, ACCESS_TEACHER, &rec, e) && recording_delete(&r->scope, &rec, e);
}

bool v1_recording_keep(struct request *r, struct err *e)
{
    const struct recording_keep *in = r->body;
    struct recording rec;
    if (!user_admin_only(&r->scope, e) || !open_recording(r, ACCESS_TEACHER, &rec, e)) return false;
    return recording_keep(&r->scope, &rec, in->kept, HAS(in, recording_keep, reason) ? in->reason : NULL, e) && reply_recording(r, &rec, e);
}

/* Of one that was deleted: what a sink has not deleted yet. */
static bool erase_again(struct request *r, struct recording *rec, struct err *e)
{
    bool any;
    struct session session;
    return session_access_id(&r->scope, rec->session_id, ACCESS_TEACHER, &session, e) && copy_erase_again(&r->scope, rec->id, &any, e) && (any || recording_is_gone(rec, e)) && reply_recording(r, rec, e);
}

bool v1_recording_retry(struct request *r, struct err *e)
{
    struct recording rec;
    enum db_found gone = recording_tombstone(&r->scope, ((const struct recording_path *)r->path)->recording_id, &rec, e);
    if (gone != DB_NONE) return gone == DB_ROW && erase_again(r, &rec, e);
    return open_recording(r, ACCESS_TEACHER, &rec, e) && recording_retry(&r->scope, &rec, e) && reply_recording(r, &rec, e);
}

/* ---- files */

static bool may_fetch(struct request *r, const struct file_path *path, const struct file_query *q, struct err *e)
{
    struct recording rec;
    struct session session;
    if (HAS(q, file_query, signature))
        return recording_link_check(&r->scope, path->recording_id, path->file_id, HAS(q, file_query, expires) ? q->expires : 0, q->signature) || err_fail(e, error_bad_link);
    if (!r->scope.actor) return err_fail(e, error_not_authenticated);
    return recording_access(&r->scope, path->recording_id, ACCESS_MEMBER, &rec, &session, e);
}

/* RFC 9110: one range, which may be all of it (players ask for bytes=0- and want a 206); several, or what is no range, are answered
 * with the whole. False: beyond the end. */
static bool range_of(const char *header, uint64_t total, uint64_t *offset, uint64_t *size, bool *partial)
{
    unsigned long long from = 0, to = 0;
    *offset = 0;
    *size = total;
    *partial = false;
    if (!header || strncasecmp(header, "bytes=", 6) || strchr(header, ',')) return true;
    const char *spec = header + 6;
    if (*spec == '-') {
        if (sscanf(spec + 1, "%llu", &to) != 1) return true;
        if (!to || !total) return false;
        *partial = true;
        *size = to < total ? to : total;
        *offset = total - *size;
        return true;
    }
    int fields = sscanf(spec, "%llu-%llu", &from, &to);
    if (fields < 1 || (fields == 2 && to < from)) return true;
    if (from >= total) return false;
    if (fields < 2 || to >= total) to = total - 1;
    *partial = true;
    *offset = from;
    *size = to - from + 1;
    return true;
}

/* It is not here any more: the sink's own link, for as long as it takes to begin. */
static bool serve_elsewhere(struct request *r, const struct recording_file *f, bool save, struct err *e)
{
    struct recording_copy c;
    if (copy_to_serve(&r->scope, f->id, &c, e) != DB_ROW) return err_fail(e, error_file_not_found);
    const struct sink *sink = sink_find(r->api->core, c.sink);
    const char *known = HAS(&c, recording_copy, url) ? c.url : NULL;
    r->redirect = sink ? sink->ops->link(sink->ctx, r->scope.arena, c.key, known, save ? f->name : NULL, r->scope.now, LINK_SECONDS) : known;
    return r->redirect || err_fail(e, error_file_not_found);
}

bool v1_file_get(struct request *r, struct err *e)
{
    const struct file_path *path = r->path;
    const struct file_query *q = r->query;
    struct recording_file file;
    if (!may_fetch(r, path, q, e) || !recording_is_there(&r->scope, path->recording_id, e) || !recording_file_find(&r->scope, path->recording_id, path->file_id, &file, e)) return false;
    if (strcmp(file.sink, "local") != 0) return serve_elsewhere(r, &file, q->download, e);
    int fd = sink_open_local(core_config(r->api->core)->DATA_DIR, file.key, e);
    if (fd < 0) return false;
    uint64_t total = (uint64_t)file.size_bytes, offset, size;
    bool partial;
    if (!range_of(http_header(r->http, "Range"), total, &offset, &size, &partial)) {
        close(fd);
        http_reply_header(r->http, "Content-Range", arena_printf(r->scope.arena, "bytes */%llu", (unsigned long long)total));
        return err_fail(e, error_range_not_satisfiable);
    }
    r->file.fd = fd;
    r->file.partial = partial;
    r->file.offset = offset;
    r->file.size = size;
    r->file.total = total;
    r->file.type = file.content_type;
    r->file.name = q->download ? file.name : NULL;
    return true;
}

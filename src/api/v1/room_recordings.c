/* room_recordings.c - recordings of a room, and how to come in by phone. */
#include "core/dial_in.h"
#include "core/recording.h"
#include "core/room.h"
#include "api/v1/page.h"

static bool open_room(struct request *r, enum access need, struct session *out, struct err *e)
{
    const struct room_path *path = r->path;
    return room_access(&r->scope, path->room_id, need, out, e);
}

static void show_files(struct request *r, const struct list *rows, struct room_recording *out)
{
    const struct recording_file *f = rows->items;
    struct recording_file_reply *files = arena_array(r->scope.arena, struct recording_file_reply, rows->count + 1);
    const char *film = NULL;
    int64_t size = 0;
    for (size_t i = 0; i < rows->count; i++) {
        COPY(recording_file_reply, &files[i], recording_file, &f[i]);
        SET(&files[i], recording_file_reply, url, recording_file_url(&r->scope, &f[i]));
        if (!film && f[i].kind == file_kind_video) film = files[i].url;
        size += f[i].size_bytes;
    }
    SET(out, room_recording, files, ((struct list){files, rows->count}));
    SET(out, room_recording, file_size_bytes, size);
    if (!rows->count) return;
    SET(out, room_recording, storage_provider, f[0].sink);
    SET(out, room_recording, download_url, film ? film : files[0].url);
}

static bool show(struct request *r, const struct recording *rec, struct room_recording *out, struct err *e)
{
    struct list rows;
    if (!recording_files(&r->scope, rec->id, &rows, e)) return false;
    COPY(room_recording, out, recording, rec);
    SET(out, room_recording, room, rec->session_id);
    if (HAS(rec, recording, duration_ms)) SET(out, room_recording, duration_seconds, (rec->duration_ms + 500) / 1000);
    show_files(r, &rows, out);
    return true;
}

static bool reply_recording(struct request *r, const struct recording *rec, struct err *e)
{
    struct room_recording *out = arena_new(r->scope.arena, struct room_recording);
    return show(r, rec, out, e) && reply_with(r, out);
}

bool rooms_recording_start(struct request *r, struct err *e)
{
    struct session session;
    struct recording rec;
    return open_room(r, ACCESS_TEACHER, &session, e) && recording_begin(&r->scope, &session, &rec, e) && reply_recording(r, &rec, e);
}

bool rooms_recording_stop(struct request *r, struct err *e)
{
    struct session session;
    struct recording rec;
    if (!open_room(r, ACCESS_TEACHER, &session, e)) return false;
    enum db_found found = recording_running(&r->scope, session.id, &rec, e);
    if (found == DB_NONE) return err_fail(e, error_recording_not_running);
    return found == DB_ROW && recording_act(&r->scope, &rec, record_action_stop, e) && reply_recording(r, &rec, e);
}

bool rooms_recording_list(struct request *r, struct err *e)
{
    const struct rooms_page_query *q = r->query;
    struct session session;
    struct list rows;
    int64_t total;
    if (!open_room(r, ACCESS_MEMBER, &session, e) || !recording_list(&r->scope, session.id, q->offset, q->limit, &rows, &total, e)) return false;
    struct room_recording *items = arena_array(r->scope.arena, struct room_recording, rows.count + 1);
    for (size_t i = 0; i < rows.count; i++)
        if (!show(r, (const struct recording *)rows.items + i, &items[i], e)) return false;
    return page_fill(r, &room_recording_list_model, q->limit, q->offset, total, (struct list){items, rows.count});
}

bool rooms_recording_get(struct request *r, struct err *e)
{
    const struct room_recording_path *path = r->path;
    struct session session;
    struct recording rec;
    if (!room_access(&r->scope, path->room_id, ACCESS_MEMBER, &session, e)) return false;
    enum db_found found = recording_by_id(&r->scope, path->recording_id, &rec, e);
    if (found == DB_FAILED) return false;
    return found == DB_ROW && rec.session_id == session.id ? reply_recording(r, &rec, e) : err_fail(e, error_recording_not_found);
}

bool rooms_dial_in(struct request *r, struct err *e)
{
    const struct dial_in_query *q = r->query;
    struct session session;
    struct dial_in_reply *out = arena_new(r->scope.arena, struct dial_in_reply);
    return open_room(r, ACCESS_MEMBER, &session, e) && dial_in_info(&r->scope, &session, HAS(q, dial_in_query, country) ? q->country : NULL, out, e) && reply_with(r, out);
}

/* recordings.c - /v1/recordings and /v1/rooms/ROOM/recordings. One recording of a call at a time; its film is made here, so its key is a name only. */
#include "api/daily/daily.h"
#include "core/alias.h"
#include "core/recording.h"
#include "core/recording_ask.h"
#include <string.h>
#include <strings.h>

/* ---- starting and stopping */

static bool hosts_a_call(struct request *r, const struct session *session, struct err *e)
{
    struct list present;
    if (!stay_present(&r->scope, session->id, true, 1, &present, e)) return false;
    return present.count || daily_fail(e, error_no_call_in_room, session->room_name);
}

static const char *layout_text(struct request *r, const struct dailyco_recording_start *in)
{
    struct buf text;
    if (!HAS(in, dailyco_recording_start, layout)) return "{\"preset\":\"default\"}";
    buf_init(&text, 0);
    model_write(&text, &dailyco_layout_model, in->layout);
    const char *out = arena_strndup(r->scope.arena, text.data, text.size);
    buf_release(&text);
    return out;
}

static bool is_odd(bool has, int64_t n)
{
    return has && n % 2;
}

static bool can_be_made(const struct dailyco_recording_start *in, struct err *e)
{
    if (HAS(in, dailyco_recording_start, type) && !strcmp(in->type, "raw-tracks"))
        return daily_fail(e, error_not_supported, "raw-tracks recordings need a recordings_bucket; this server keeps recordings itself: use cloud");
    if (is_odd(HAS(in, dailyco_recording_start, width), in->width) || is_odd(HAS(in, dailyco_recording_start, height), in->height))
        return daily_fail(e, error_not_supported, "\"width\" and \"height\" must be even numbers");
    return true;
}

static bool reply_sent(struct request *r)
{
    struct dailyco_sent *out = arena_new(r->scope.arena, struct dailyco_sent);
    SET(out, dailyco_sent, status, "sent");
    return reply_with(r, out);
}

static bool begin(struct request *r, const struct session *session, const struct dailyco_recording_start *in, struct err *e)
{
    struct recording rec;
    struct recording_ask ask = {0};
    if (!recording_begin(&r->scope, session, &rec, e)) return daily_about(e, error_recording_running, session->room_name);
    SET(&ask, recording_ask, recording_id, rec.id);
    SET(&ask, recording_ask, kind, HAS(in, dailyco_recording_start, type) ? in->type : "cloud");
    SET(&ask, recording_ask, instance, HAS(in, dailyco_recording_start, instanceId) ? in->instanceId : DAILY_INSTANCE);
    SET(&ask, recording_ask, layout, layout_text(r, in));
    return recording_ask_note(&r->scope, &ask, e);
}

bool daily_recording_start(struct request *r, struct err *e)
{
    const struct daily_room_path *path = r->path;
    struct session session;
    return can_be_made(r->body, e) && daily_room_open(r, path->room_name, ACCESS_TEACHER, &session, NULL, e) && hosts_a_call(r, &session, e) && begin(r, &session, r->body, e) && reply_sent(r);
}

/* Of another name than it was asked for under: another recording, which there is not. */
static bool running(struct request *r, const struct session *session, const char *instance, struct recording *out, struct err *e)
{
    struct recording_ask ask;
    enum db_found found = recording_running(&r->scope, session->id, out, e);
    if (found == DB_FAILED) return false;
    if (found == DB_NONE) return daily_fail(e, error_recording_not_running, session->room_name);
    found = instance ? recording_ask_of(&r->scope, out->id, &ask, e) : DB_NONE;
    if (found != DB_ROW) return found == DB_NONE;
    return !strcasecmp(ask.instance, instance) || daily_fail(e, error_recording_not_running, session->room_name);
}

bool daily_recording_update(struct request *r, struct err *e)
{
    const struct daily_room_path *path = r->path;
    const struct dailyco_recording_update *in = r->body;
    struct session session;
    struct recording rec;
    return daily_room_open(r, path->room_name, ACCESS_TEACHER, &session, NULL, e) && hosts_a_call(r, &session, e) &&
           running(r, &session, HAS(in, dailyco_recording_update, instanceId) ? in->instanceId : NULL, &rec, e) && reply_sent(r);
}

bool daily_recording_stop(struct request *r, struct err *e)
{
    const struct daily_room_path *path = r->path;
    const struct dailyco_recording_stop *in = r->body;
    struct session session;
    struct recording rec;
    return daily_room_open(r, path->room_name, ACCESS_TEACHER, &session, NULL, e) &&
           running(r, &session, HAS(in, dailyco_recording_stop, instanceId) ? in->instanceId : NULL, &rec, e) && recording_act(&r->scope, &rec, record_action_stop, e) && reply_sent(r);
}

/* ---- showing */

static const char *status_of(const struct recording *rec)
{
    return rec->status == recording_status_ready ? "finished" : rec->status == recording_status_failed ? "canceled" : "in-progress";
}

char *daily_recording_key(struct scope *s, const struct recording *rec, const char *room)
{
    const char *url = core_config(s->core)->PUBLIC_URL, *host = strstr(url, "://");
    host = host ? host + 3 : url;
    return arena_printf(s->arena, "%.*s/%s/%lld", (int)strcspn(host, ":/"), host, room, (long long)rec->started_at);
}

static bool show_meeting(struct request *r, const struct recording *rec, struct dailyco_recording *out, struct err *e)
{
    struct meeting m;
    if (!meeting_of_recording(&r->scope, rec, &m, e)) return false;
    SET(out, dailyco_recording, max_participants, m.most);
    if (m.id) SET(out, dailyco_recording, mtgSessionId, alias_text(&r->scope, ALIAS_MEETING, m.first));
    return true;
}

static bool show(struct request *r, const struct recording_row *row, struct dailyco_recording *out, struct err *e)
{
    struct recording rec = {0};
    COPY(recording, &rec, recording_row, row);
    const char *room = session_plain_name(r->scope.arena, row->room_name);
    SET(out, dailyco_recording, id, rec.uuid);
    SET(out, dailyco_recording, room_name, room);
    SET(out, dailyco_recording, start_ts, rec.started_at / 1000);
    SET(out, dailyco_recording, status, status_of(&rec));
    SET(out, dailyco_recording, s3key, daily_recording_key(&r->scope, &rec, room));
    if (rec.status == recording_status_ready) SET(out, dailyco_recording, duration, (rec.duration_ms + 500) / 1000);
    return show_meeting(r, &rec, out, e);
}

static int64_t number_of(struct request *r, const char *id)
{
    return recording_number(&r->scope, id);
}

bool daily_recording_list(struct request *r, struct err *e)
{
    const struct daily_recordings_query *q = r->query;
    struct id_window window;
    struct list rows;
    int64_t total;
    if (!daily_window(r, q->limit, q->starting_after, q->ending_before, number_of, &window, e) ||
        !recording_window(&r->scope, daily_sees_all(r), HAS(q, daily_recordings_query, room_name) ? q->room_name : NULL, &window, &rows, &total, e)) return false;
    struct dailyco_recording *items = arena_array(r->scope.arena, struct dailyco_recording, rows.count + 1);
    for (size_t i = 0; i < rows.count; i++)
        if (!show(r, (const struct recording_row *)rows.items + i, &items[i], e)) return false;
    struct dailyco_recording_list *out = arena_new(r->scope.arena, struct dailyco_recording_list);
    SET(out, dailyco_recording_list, total_count, total);
    SET(out, dailyco_recording_list, data, ((struct list){items, rows.count}));
    return reply_with(r, out);
}

static bool open_recording(struct request *r, struct recording_row *out, struct err *e)
{
    const struct daily_id_path *path = r->path;
    enum db_found found = recording_row_of(&r->scope, path->id, out, e);
    if (found != DB_ROW) return found == DB_NONE && daily_fail(e, error_recording_not_found, path->id);
    return daily_sees_all(r) || out->teacher_id == r->scope.actor->id || err_fail(e, error_forbidden);
}

bool daily_recording_get(struct request *r, struct err *e)
{
    struct recording_row row;
    struct dailyco_recording *out = arena_new(r->scope.arena, struct dailyco_recording);
    return open_recording(r, &row, e) && show(r, &row, out, e) && reply_with(r, out);
}

bool daily_recording_delete(struct request *r, struct err *e)
{
    struct recording_row row;
    struct recording rec;
    struct dailyco_recording_deleted *out = arena_new(r->scope.arena, struct dailyco_recording_deleted);
    if (!open_recording(r, &row, e) || recording_by_id(&r->scope, row.id, &rec, e) != DB_ROW) return false;
    SET(out, dailyco_recording_deleted, deleted, true);
    SET(out, dailyco_recording_deleted, id, rec.uuid);
    SET(out, dailyco_recording_deleted, s3_bucket, "");
    SET(out, dailyco_recording_deleted, s3_region, "");
    SET(out, dailyco_recording_deleted, s3_key, daily_recording_key(&r->scope, &rec, session_plain_name(r->scope.arena, row.room_name)));
    return recording_delete(&r->scope, &rec, e) && reply_with(r, out);
}

/* The film; of a recording without one, its sound. */
static const struct recording_file *film_of(const struct list *files, bool sound)
{
    const struct recording_file *f = files->items, *best = NULL;
    for (size_t i = 0; i < files->count; i++)
        if (f[i].kind == (sound ? file_kind_audio : file_kind_video)) return &f[i];
        else if (!best && f[i].kind != file_kind_track) best = &f[i];
    return best;
}

bool daily_recording_link(struct request *r, struct err *e)
{
    const struct daily_link_query *q = r->query;
    struct recording_row row;
    struct recording_ask ask = {.kind = "cloud"};
    struct list files;
    int64_t expires = r->scope.now / 1000 + q->valid_for_secs;
    struct dailyco_access_link *out = arena_new(r->scope.arena, struct dailyco_access_link);
    if (!open_recording(r, &row, e) || recording_ask_of(&r->scope, row.id, &ask, e) == DB_FAILED || !recording_files(&r->scope, row.id, &files, e)) return false;
    const struct recording_file *film = film_of(&files, !strcmp(ask.kind, "cloud-audio-only"));
    if (row.status != recording_status_ready || !film) return daily_fail(e, error_recording_busy, "the recording is not finished yet");
    SET(out, dailyco_access_link, download_link, arena_printf(r->scope.arena, "%s&download=true", recording_file_url_until(&r->scope, film, expires)));
    SET(out, dailyco_access_link, expires, expires);
    return reply_with(r, out);
}

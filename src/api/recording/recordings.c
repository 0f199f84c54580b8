/* recordings.c - /api/recording: start, stop, status, list, delete (seed S5). */
#include "api/recording/access.h"
#include "api/audit.h"
#include "base/log.h"
#include "core/outside_call.h"
#include <stdio.h>
#include <string.h>

/* ---- changes: on the writer, where the row is read again */

struct change {
    int64_t id;                    /* of the session to start in, else of the recording */
    const char *room, *media_room; /* to start in a call that is none of ours: its Matrix room, and its name on the media server */
    struct request *request;
    bool (*run)(struct scope *, struct change *, struct err *);
    struct recording recording;
};

static bool run(struct scope *s, void *arg, struct err *e)
{
    struct change *c = arg;
    struct scope own = *s;
    own.errands = &c->request->errands;
    errand_begin(own.errands);
    if (!c->run(&own, c, e)) return false;
    request_subject(c->request, "recording", c->recording.id);
    return true;
}

/* Again after each thing that a remote provider had to be asked for. */
static bool change(struct request *r, struct change *c, const char *what, struct err *e)
{
    c->request = r;
    while (!request_write(r, run, c, e))
        if (r->errands.wanted == ERRAND_NONE || !errand_do(&r->errands, r->api->core, r->scope.arena, e)) return false;
    log_info("recording_api", LOG_STR("id", r->id), LOG_STR("did", what), LOG_INT("recording", c->recording.id), LOG_INT("user", r->scope.actor ? r->scope.actor->id : 0));
    return true;
}

static bool current(struct scope *s, struct change *c, struct err *e)
{
    enum db_found found = recording_by_id(s, c->id, &c->recording, e);
    return found == DB_NONE ? err_fail(e, error_recording_not_found) : found == DB_ROW;
}

/* Starting again is no fault: who asks twice, or after another did, gets the recording that runs. */
static bool session_to_record(struct scope *s, struct change *c, struct session *out, struct err *e)
{
    if (c->media_room) return outside_call_take_in(s, c->room, c->media_room, out, e);
    enum db_found found = session_by_id(s, c->id, out, e);
    if (found == DB_FAILED) return false;
    return (found == DB_ROW && out->status == session_status_active) || err_fail(e, error_no_call_in_room);
}

static bool begin(struct scope *s, struct change *c, struct err *e)
{
    struct session session;
    if (!session_to_record(s, c, &session, e)) return false;
    enum db_found found = recording_running(s, session.id, &c->recording, e);
    if (found == DB_FAILED) return false;
    if (found == DB_NONE) return recording_begin(s, &session, &c->recording, e);
    return c->recording.status == recording_status_recording || recording_act(s, &c->recording, record_action_resume, e);
}

static bool end(struct scope *s, struct change *c, struct err *e)
{
    if (!current(s, c, e)) return false;
    bool runs = c->recording.status == recording_status_recording || c->recording.status == recording_status_paused;
    return !runs || recording_act(s, &c->recording, record_action_stop, e);
}

static bool erase(struct scope *s, struct change *c, struct err *e)
{
    return current(s, c, e) && recording_delete(s, &c->recording, e);
}

/* ---- answers */

static const char *id_of(struct request *r, const struct recording *rec)
{
    char *id = arena_alloc(r->scope.arena, EGRESS_ID);
    egress_id(rec, id);
    return id;
}

/* Times without their fractions, as the document has them. */
static bool show(struct request *r, const struct recording *rec, const char *room, struct egress_entry *out, struct err *e)
{
    const char *url;
    if (!egress_link(&r->scope, rec, &url, e)) return false;
    SET(out, egress_entry, egressId, id_of(r, rec));
    SET(out, egress_entry, roomName, room);
    SET(out, egress_entry, status, egress_status(rec));
    SET(out, egress_entry, rawStatus, recording_status_words.words[rec->status]);
    SET(out, egress_entry, startedAt, rec->started_at - rec->started_at % 1000);
    if (HAS(rec, recording, ended_at)) SET(out, egress_entry, endedAt, rec->ended_at - rec->ended_at % 1000);
    if (url) SET(out, egress_entry, downloadUrl, url);
    if (out->status == EGRESS_READY && HAS(rec, recording, duration_ms)) SET(out, egress_entry, duration, (rec->duration_ms + 500) / 1000);
    if (out->status == EGRESS_FAILED && HAS(rec, recording, error)) SET(out, egress_entry, error, rec->error);
    return true;
}

/* ---- the routes */

/* Another provider says itself whether it can. */
static bool engine_is_ready(struct request *r, const struct session *session, struct err *e)
{
    bool remote;
    const char *why;
    if (!errand_is_remote(&r->scope, session->id, &remote, e)) return false;
    return remote || r->api->ready(r->api->ctx, &why) || err_fail(e, error_media_unavailable);
}

/* Where nobody is found the name that was looked for is half of the answer: it follows from a setting. */
static bool not_found_there(const struct change *c, struct err *e)
{
    if (!c->media_room || !(err_is(e, error_nobody_publishes) || err_is(e, error_no_call_in_room))) return false;
    err_fail(e, error_no_call_in_room);
    return err_say(e, "%s (looked for the LiveKit room \"%s\")", e->text, c->media_room);
}

bool recording_api_start(struct request *r, struct err *e)
{
    const struct recording_start *in = r->body;
    struct session session;
    struct change c = {.run = begin, .room = in->roomName};
    if (!access_call(r, in->roomName, &session, &c.media_room, e) || (!c.media_room && !engine_is_ready(r, &session, e))) return false;
    if (!c.media_room) c.id = session.id;
    if (!change(r, &c, "start", e)) return not_found_there(&c, e);
    struct recording_started *out = arena_new(r->scope.arena, struct recording_started);
    SET(out, recording_started, egressId, id_of(r, &c.recording));
    SET(out, recording_started, status, "started");
    return reply_with(r, out);
}

bool recording_api_stop(struct request *r, struct err *e)
{
    const struct egress_body *in = r->body;
    struct recording rec;
    const char *room;
    if (!access_recording(r, in->egressId, MATRIX_POWER, &rec, &room, e) || !change(r, &(struct change){.id = rec.id, .run = end}, "stop", e)) return false;
    struct recording_stopped *out = arena_new(r->scope.arena, struct recording_stopped);
    SET(out, recording_stopped, status, "stopping");
    SET(out, recording_stopped, message, "Recording will be processed");
    return reply_with(r, out);
}

bool recording_api_status(struct request *r, struct err *e)
{
    const struct egress_query *in = r->query;
    struct recording rec;
    const char *room;
    struct egress_entry *entry = arena_new(r->scope.arena, struct egress_entry);
    if (!access_recording(r, in->egressId, MATRIX_JOINED, &rec, &room, e) || !show(r, &rec, room, entry, e)) return false;
    struct egress_status *out = arena_new(r->scope.arena, struct egress_status);
    COPY(egress_status, out, egress_entry, entry);
    return reply_with(r, out);
}

bool recording_api_list(struct request *r, struct err *e)
{
    const struct egress_list_query *in = r->query;
    struct list rows;
    if (!access_recordings(r, in, &rows, e)) return false;
    struct egress_entry *items = arena_array(r->scope.arena, struct egress_entry, rows.count + 1);
    for (size_t i = 0; i < rows.count; i++)
        if (!show(r, (const struct recording *)rows.items + i, in->roomName, &items[i], e)) return false;
    struct egress_list *out = arena_new(r->scope.arena, struct egress_list);
    SET(out, egress_list, recordings, ((struct list){items, rows.count}));
    return reply_with(r, out);
}

bool recording_api_delete(struct request *r, struct err *e)
{
    const struct egress_body *in = r->body;
    struct recording rec;
    const char *room;
    if (!access_recording(r, in->egressId, MATRIX_POWER, &rec, &room, e) || !change(r, &(struct change){.id = rec.id, .run = erase}, "delete", e)) return false;
    struct recording_deleted *out = arena_new(r->scope.arena, struct recording_deleted);
    SET(out, recording_deleted, message, "Recording deleted successfully");
    return reply_with(r, out);
}

/* fact_recording.c - what a remote provider says of recordings. Ours go by their UUID, which the provider was given; what it made without being asked
 * by us (by a host, in its own page) becomes a recording of the room's session once it can be fetched. */
#include "base/rand.h"
#include "core/errand.h"
#include "core/event.h"
#include "core/fact.h"
#include "core/job.h"
#include "core/reconcile.h"
#include "core/recording.h"
#include "core/session.h"
#include <string.h>

static const char SQL_ROW[] = "SELECT {} FROM provider_recordings WHERE recording_id = $1";
static const char SQL_BY_EXTERNAL[] =
    "SELECT {r} FROM provider_recordings p JOIN recordings r ON r.id = p.recording_id WHERE p.provider = $1 AND p.external_id = $2";
static const char SQL_BY_UUID[] =
    "SELECT {r} FROM recordings r JOIN sessions s ON s.id = r.session_id WHERE r.uuid = $1 AND s.provider = $2";
/* Where only room and time are known: one of ours that has no name at the provider yet, begun about then. */
static const char SQL_BY_TIME[] =
    "SELECT {r} FROM recordings r JOIN sessions s ON s.id = r.session_id LEFT JOIN provider_recordings p ON p.recording_id = r.id "
    "WHERE s.room_name = $1 AND s.provider = $2 AND p.external_id IS NULL AND r.started_at <= $3 AND r.started_at >= $4 ORDER BY r.started_at DESC, r.id DESC LIMIT 1";
static const char SQL_ROOM[] = "SELECT {} FROM sessions WHERE room_name = $1 AND provider = $2 AND deleted_at IS NULL";

static const char SQL_RUNS[] =
    "SELECT count(*) FROM recordings r JOIN sessions s ON s.id = r.session_id WHERE s.room_name = $1 AND s.provider = $2 AND r.status = 'recording' AND r.deleted_at IS NULL";

/* Between our note that a recording began and the provider's start of it: clocks apart, a worker that is slow to come. */
enum { EARLIER_MS = 120000, LATER_MS = 15000 };

enum db_found fact_recording_row(struct scope *s, int64_t recording_id, struct provider_recording *out, struct err *e)
{
    return db_one(s->db, SQL_ROW, provider_recording, out, s->arena, e, INT_(recording_id));
}

const char *fact_external(struct scope *s, int64_t recording_id)
{
    struct provider_recording row;
    return fact_recording_row(s, recording_id, &row, NULL) == DB_ROW && HAS(&row, provider_recording, external_id) ? row.external_id : NULL;
}

/* ---- which one it is */

static enum db_found find(struct scope *s, const char *provider, const struct fact *f, struct recording *out, struct err *e)
{
    const struct fact_recording *r = &f->recording;
    enum db_found found = DB_NONE;
    if (r->uuid) found = db_one(s->db, SQL_BY_UUID, recording, out, s->arena, e, TEXT_(r->uuid), TEXT_(provider));
    if (found == DB_NONE && r->external) found = db_one(s->db, SQL_BY_EXTERNAL, recording, out, s->arena, e, TEXT_(provider), TEXT_(r->external));
    if (found != DB_NONE || r->uuid || !f->room || !r->started_at) return found;
    return db_one(s->db, SQL_BY_TIME, recording, out, s->arena, e, TEXT_(f->room), TEXT_(provider), INT_(r->started_at + LATER_MS), INT_(r->started_at - EARLIER_MS));
}

static bool adopt(struct scope *s, const struct session *session, const struct fact_recording *r, struct recording *out, struct err *e)
{
    char uuid[37];
    rand_uuid(uuid);
    *out = (struct recording){0};
    SET(out, recording, uuid, arena_strdup(s->arena, uuid));
    SET(out, recording, session_id, session->id);
    SET(out, recording, status, recording_status_processing);
    SET(out, recording, progress, 0);
    SET(out, recording, kept, false);
    SET(out, recording, started_at, r->started_at ? r->started_at : s->now);
    SET(out, recording, ended_at, out->started_at + r->duration_ms);
    struct recording_span span = {0};
    if (!db_insert(s->db, "recordings", recording, out, e)) return false;
    SET(&span, recording_span, recording_id, out->id);
    SET(&span, recording_span, started_at, out->started_at);
    SET(&span, recording_span, ended_at, out->ended_at);
    return db_insert(s->db, "recording_spans", recording_span, &span, e) && EMIT(s, recording_started, session->id, e, .recording_id = out->id) &&
           EMIT(s, recording_stopped, session->id, e, .recording_id = out->id);
}

/* ---- what is known of it */

static bool keep(struct scope *s, const char *provider, const struct fact *f, struct provider_recording *row, struct err *e)
{
    const struct fact_recording *r = &f->recording;
    bool known = HAS(row, provider_recording, id);
    if (!HAS(row, provider_recording, external_id) && r->external) SET(row, provider_recording, external_id, r->external);
    if (!known || (int64_t)r->state > row->told) SET(row, provider_recording, told, (int)r->state);
    if (r->state == FACT_RECORDING_READY && r->detail) SET(row, provider_recording, detail, r->detail);
    SET(row, provider_recording, provider, provider);
    SET(row, provider_recording, told_at, s->now);
    return known ? db_update(s->db, "provider_recordings", provider_recording, row, e) : db_insert(s->db, "provider_recordings", provider_recording, row, e);
}

bool fact_record_begun(struct scope *s, const char *provider, int64_t recording_id, const char *external, struct err *e)
{
    struct provider_recording row = {0};
    struct fact f = {.kind = FACT_RECORDING, .recording = {.external = external, .state = FACT_RECORDING_STARTED}};
    SET(&row, provider_recording, recording_id, recording_id);
    return keep(s, provider, &f, &row, e);
}

/* ---- what follows */

static bool follows(struct scope *s, struct recording *r, const struct fact_recording *told, struct err *e)
{
    bool runs = r->status == recording_status_recording || r->status == recording_status_paused, over = r->status == recording_status_ready;
    if (HAS(r, recording, deleted_at)) return true;
    switch (told->state) {
    case FACT_RECORDING_STARTED: return true;
    case FACT_RECORDING_STOPPED: return !runs || recording_stopped(s, r, e);
    case FACT_RECORDING_FAILED:
        return over || ((!runs || recording_stopped(s, r, e)) && recording_failed(s, r->id, told->error ? told->error : "the provider could not record", e) && errand_record_over(s, r, e));
    case FACT_RECORDING_READY: break;
    }
    return over || ((!runs || recording_stopped(s, r, e)) && recording_take_up(s, r, e) && job_want(s, "fetch", r->id, e));
}

bool fact_of_recording(struct scope *s, const char *provider, const struct fact *f, struct err *e)
{
    struct recording r;
    struct provider_recording row = {0};
    struct session session;
    enum db_found found = find(s, provider, f, &r, e);
    if (found == DB_NONE && f->recording.state == FACT_RECORDING_READY && f->room) {
        found = db_one(s->db, SQL_ROOM, session, &session, s->arena, e, TEXT_(f->room), TEXT_(provider));
        if (found == DB_ROW && !adopt(s, &session, &f->recording, &r, e)) return false;
    }
    if (found != DB_ROW) return found == DB_NONE;
    found = fact_recording_row(s, r.id, &row, e);
    if (found == DB_FAILED) return false;
    if (found == DB_NONE) SET(&row, provider_recording, recording_id, r.id);
    bool news = found == DB_NONE || (int64_t)f->recording.state > row.told;
    bool named = !HAS(&row, provider_recording, external_id) && f->recording.external;
    if (!news && !named) return true;
    return keep(s, provider, f, &row, e) && (!news || follows(s, &r, &f->recording, e));
}

bool fact_of_published(struct scope *s, const char *provider, const struct fact *f, struct err *e)
{
    int64_t running;
    if (!f->room) return true;
    if (db_number(s->db, SQL_RUNS, &running, e, TEXT_(f->room), TEXT_(provider)) != DB_ROW) return false;
    return !running || reconcile_ring(s, e);
}

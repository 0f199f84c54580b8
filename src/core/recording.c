#include "core/recording.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/metric.h"
#include "base/rand.h"
#include "core/copy.h"
#include "core/course_session.h"
#include "core/errand.h"
#include "core/event.h"
#include "core/job.h"
#include "core/node.h"
#include "core/participant.h"
#include <stdio.h>
#include <string.h>

static const char SQL_BY_ID[] = "SELECT {} FROM recordings WHERE id = $1 AND deleted_at IS NULL";
static const char SQL_BY_UUID[] = "SELECT {} FROM recordings WHERE uuid = $1 AND deleted_at IS NULL";
static const char SQL_LATEST_FILE[] =
    "SELECT {f} FROM recording_files f JOIN recordings r ON r.id = f.recording_id WHERE r.session_id = $1 AND r.status = 'ready' AND r.deleted_at IS NULL "
    "AND f.kind IN ('video', 'audio') ORDER BY r.id DESC, CASE f.kind WHEN 'video' THEN 0 ELSE 1 END LIMIT 1";
static const char SQL_RUNNING[] = "SELECT {} FROM recordings WHERE session_id = $1 AND status IN ('recording', 'paused')";
static const char SQL_ALL_RUNNING[] =
    "SELECT {r} FROM recordings r JOIN session_nodes p ON p.session_id = r.session_id WHERE r.status IN ('recording', 'paused') AND p.node_id = $1 ORDER BY r.id";
static const char SQL_ANY[] = "SELECT id FROM recordings WHERE session_id = $1 LIMIT 1";
static const char SQL_LIST[] = "SELECT {} FROM recordings WHERE session_id = $1 AND deleted_at IS NULL ORDER BY id LIMIT $2 OFFSET $3";
static const char SQL_COUNT[] = "SELECT count(*) FROM recordings WHERE session_id = $1 AND deleted_at IS NULL";
static const char SQL_SPANS[] = "SELECT {} FROM recording_spans WHERE recording_id = $1 ORDER BY id";
static const char SQL_CLOSE_SPAN[] = "UPDATE recording_spans SET ended_at = $2 WHERE recording_id = $1 AND ended_at IS NULL";
static const char SQL_DELETED[] = "SELECT {} FROM recordings WHERE id = $1 AND deleted_at IS NOT NULL";
static const char SQL_LIST_DELETED[] = "SELECT {} FROM recordings WHERE session_id = $1 AND deleted_at IS NOT NULL ORDER BY id LIMIT $2 OFFSET $3";
static const char SQL_COUNT_DELETED[] = "SELECT count(*) FROM recordings WHERE session_id = $1 AND deleted_at IS NOT NULL";
static const char SQL_FILES[] = "SELECT {} FROM recording_files WHERE recording_id = $1 AND deleted_at IS NULL ORDER BY id";
static const char SQL_FILES_EVER[] = "SELECT {} FROM recording_files WHERE recording_id = $1 ORDER BY id";
static const char SQL_FILE[] = "SELECT {} FROM recording_files WHERE recording_id = $1 AND id = $2";
static const char SQL_FORGET_FILES[] = "DELETE FROM recording_files WHERE recording_id = $1";
static const char SQL_PROGRESS[] = "UPDATE recordings SET progress = $2 WHERE id = $1 AND status = 'processing'";

/* Janus closes its files when the recording stops; should nobody tell that it has, the files are made after this anyway. */
enum { FLUSH_MS = 5000 };

enum db_found recording_running(struct scope *s, int64_t session_id, struct recording *out, struct err *e)
{
    return db_one(s->db, SQL_RUNNING, recording, out, s->arena, e, INT_(session_id));
}

bool recording_runs(struct scope *s, int64_t session_id, bool *runs, struct err *e)
{
    struct recording r;
    enum db_found found = recording_running(s, session_id, &r, e);
    *runs = found == DB_ROW;
    return found != DB_FAILED;
}

bool recording_all_running(struct scope *s, struct list *out, struct err *e)
{
    if (!db_all(s->db, SQL_ALL_RUNNING, recording, out, s->arena, e, INT_(s->core->node_id))) return false;
    struct recording *r = (struct recording *)(uintptr_t)out->items;
    size_t ours = 0;
    for (size_t i = 0; i < out->count; i++) {
        bool remote;
        if (!errand_is_remote(s, r[i].session_id, &remote, e)) return false;
        if (!remote) r[ours++] = r[i];
    }
    out->count = ours;
    return true;
}

static bool open_span(struct scope *s, int64_t recording_id, struct err *e)
{
    struct recording_span span = {0};
    SET(&span, recording_span, recording_id, recording_id);
    SET(&span, recording_span, started_at, s->now);
    return db_insert(s->db, "recording_spans", recording_span, &span, e);
}

/* Who starts it agrees to it. */
static bool starter_agrees(struct scope *s, int64_t session_id, struct err *e)
{
    struct participant p;
    enum db_found found = s->actor ? participant_of_user(s, session_id, s->actor->id, &p, e) : DB_NONE;
    return found == DB_ROW ? participant_consent(s, &p, consent_way_host, true, e) : found == DB_NONE;
}

static bool begin(struct scope *s, const struct session *session, struct recording *out, struct err *e)
{
    bool runs, taken_over;
    char uuid[37];
    const char *elsewhere;
    if (session_is_over(session)) return err_fail(e, error_session_not_active);
    if (!recording_runs(s, session->id, &runs, e)) return false;
    if (runs) return err_fail(e, error_recording_running);
    rand_uuid(uuid);
    if (!errand_record_start(s, session, uuid, e)) return false;
    *out = (struct recording){0};
    SET(out, recording, uuid, arena_strdup(s->arena, uuid));
    SET(out, recording, session_id, session->id);
    SET(out, recording, status, recording_status_recording);
    SET(out, recording, progress, 0);
    SET(out, recording, started_at, s->now);
    SET(out, recording, kept, false);
    if (provider_remote(s->core, session->provider)) elsewhere = session->provider;
    else if (!node_elsewhere(s, session->id, &elsewhere, e)) return false;
    if (!elsewhere && !node_claim(s, session->id, &taken_over, e)) return false; /* where nobody is in, it runs here */
    return db_insert(s->db, "recordings", recording, out, e) && open_span(s, out->id, e) && errand_record_begun(s, session, out->id, e) &&
           EMIT(s, recording_started, session->id, e, .recording_id = out->id);
}

bool recording_begin(struct scope *s, const struct session *session, struct recording *out, struct err *e)
{
    return starter_agrees(s, session->id, e) && begin(s, session, out, e);
}

bool recording_begin_automatic(struct scope *s, const struct session *session, struct err *e)
{
    int64_t id;
    struct recording r;
    enum db_found found = db_number(s->db, SQL_ANY, &id, e, INT_(session->id));
    return found == DB_NONE ? begin(s, session, &r, e) : found == DB_ROW;
}

static bool move_to(struct scope *s, struct recording *r, enum recording_status status, enum event_type type, struct err *e)
{
    SET(r, recording, status, (int)status);
    return db_update(s->db, "recordings", recording, r, e) && event_emit(s, type, r->session_id, &(struct event_details){.recording_id = r->id}, e);
}

static bool close_span(struct scope *s, int64_t recording_id, struct err *e)
{
    return db_run(s->db, SQL_CLOSE_SPAN, e, INT_(recording_id), INT_(s->now));
}

static bool stop(struct scope *s, struct recording *r, struct err *e)
{
    bool remote; /* who recorded it makes the files too */
    if (!errand_is_remote(s, r->session_id, &remote, e)) return false;
    SET(r, recording, ended_at, s->now);
    return close_span(s, r->id, e) && move_to(s, r, recording_status_processing, event_recording_stopped, e) &&
           (remote || (job_add(s, "compose", r->id, s->now + FLUSH_MS, e) && job_prefer(s, "compose", r->id, node_of(s, r->session_id), e)));
}

bool recording_stopped(struct scope *s, struct recording *r, struct err *e)
{
    return stop(s, r, e);
}

bool recording_take_up(struct scope *s, struct recording *r, struct err *e)
{
    if (r->status != recording_status_failed) return true;
    CLEAR(r, recording, error);
    SET(r, recording, progress, 0);
    return move_to(s, r, recording_status_processing, event_recording_retried, e);
}

bool recording_act(struct scope *s, struct recording *r, enum record_action action, struct err *e)
{
    bool running = r->status == recording_status_recording, paused = r->status == recording_status_paused;
    if (!running && !paused) return (action == record_action_stop && errand_record_stopped(s)) || err_fail(e, error_recording_not_running);
    if (action == record_action_stop) return errand_record_stop(s, r, e) && stop(s, r, e);
    if (action == record_action_pause ? paused : running) return true;
    bool remote;
    if (!errand_is_remote(s, r->session_id, &remote, e)) return false;
    if (remote) return err_fail(e, error_provider_cannot);
    if (action == record_action_pause) return close_span(s, r->id, e) && move_to(s, r, recording_status_paused, event_recording_paused, e);
    return open_span(s, r->id, e) && move_to(s, r, recording_status_recording, event_recording_resumed, e);
}

bool recording_stop_of(struct scope *s, int64_t session_id, struct err *e)
{
    struct recording r;
    enum db_found found = recording_running(s, session_id, &r, e);
    return found == DB_ROW ? stop(s, &r, e) && errand_record_over(s, &r, e) : found == DB_NONE;
}

bool recording_roll_all(struct scope *before, struct scope *after, struct err *e)
{
    struct list running;
    if (!recording_all_running(before, &running, e)) return false;
    struct recording *r = (struct recording *)(uintptr_t)running.items;
    for (size_t i = 0; i < running.count; i++) {
        struct session session;
        struct recording next;
        bool goes_on = r[i].status == recording_status_recording;
        if (!stop(before, &r[i], e)) return false;
        if (goes_on && (session_by_id(after, r[i].session_id, &session, e) != DB_ROW || !begin(after, &session, &next, e))) return false;
    }
    return true;
}

enum db_found recording_by_id(struct scope *s, int64_t id, struct recording *out, struct err *e)
{
    return db_one(s->db, SQL_BY_ID, recording, out, s->arena, e, INT_(id));
}

enum db_found recording_by_uuid(struct scope *s, const char *uuid, struct recording *out, struct err *e)
{
    return db_one(s->db, SQL_BY_UUID, recording, out, s->arena, e, TEXT_(uuid));
}

enum db_found recording_latest_file(struct scope *s, int64_t session_id, struct recording_file *out, struct err *e)
{
    return db_one(s->db, SQL_LATEST_FILE, recording_file, out, s->arena, e, INT_(session_id));
}

enum db_found recording_tombstone(struct scope *s, int64_t id, struct recording *out, struct err *e)
{
    return db_one(s->db, SQL_DELETED, recording, out, s->arena, e, INT_(id));
}

bool recording_is_gone(const struct recording *r, struct err *e)
{
    char at[TIME_TEXT];
    time_format(r->deleted_at, at);
    err_fail(e, error_recording_deleted);
    return err_say(e, "%s on %.10s: %s", error_row(error_recording_deleted)->message, at, HAS(r, recording, deleted_reason) ? r->deleted_reason : "by hand");
}

/* Who could see it is told what became of it; to everybody else it never was. */
static bool tell_gone(struct scope *s, int64_t id, enum access need, struct err *e)
{
    struct recording r;
    struct session session;
    enum db_found found = recording_tombstone(s, id, &r, e);
    if (found == DB_NONE) return err_fail(e, error_recording_not_found);
    return found == DB_ROW && session_access_id(s, r.session_id, need, &session, e) && recording_is_gone(&r, e);
}

bool recording_access(struct scope *s, int64_t id, enum access need, struct recording *out, struct session *session, struct err *e)
{
    enum db_found found = recording_by_id(s, id, out, e);
    if (found == DB_NONE) return tell_gone(s, id, need, e);
    return found == DB_ROW && session_access_id(s, out->session_id, need, session, e);
}

bool recording_list(struct scope *s, int64_t session_id, int64_t skip, int64_t limit, struct list *out, int64_t *total, struct err *e)
{
    return db_all(s->db, SQL_LIST, recording, out, s->arena, e, INT_(session_id), INT_(limit), INT_(skip)) &&
           db_number(s->db, SQL_COUNT, total, e, INT_(session_id)) == DB_ROW;
}

bool recording_list_deleted(struct scope *s, int64_t session_id, int64_t skip, int64_t limit, struct list *out, int64_t *total, struct err *e)
{
    return db_all(s->db, SQL_LIST_DELETED, recording, out, s->arena, e, INT_(session_id), INT_(limit), INT_(skip)) &&
           db_number(s->db, SQL_COUNT_DELETED, total, e, INT_(session_id)) == DB_ROW;
}

bool recording_spans(struct scope *s, int64_t recording_id, struct list *out, struct err *e)
{
    return db_all(s->db, SQL_SPANS, recording_span, out, s->arena, e, INT_(recording_id));
}

bool recording_files(struct scope *s, int64_t recording_id, struct list *out, struct err *e)
{
    return db_all(s->db, SQL_FILES, recording_file, out, s->arena, e, INT_(recording_id));
}

bool recording_files_ever(struct scope *s, int64_t recording_id, struct list *out, struct err *e)
{
    return db_all(s->db, SQL_FILES_EVER, recording_file, out, s->arena, e, INT_(recording_id));
}

bool recording_file_find(struct scope *s, int64_t recording_id, int64_t file_id, struct recording_file *out, struct err *e)
{
    enum db_found found = db_one(s->db, SQL_FILE, recording_file, out, s->arena, e, INT_(recording_id), INT_(file_id));
    if (found == DB_NONE) return err_fail(e, error_file_not_found);
    return found == DB_ROW && (!HAS(out, recording_file, deleted_at) || err_fail(e, error_file_deleted));
}

bool recording_is_there(struct scope *s, int64_t id, struct err *e)
{
    struct recording r;
    enum db_found found = recording_tombstone(s, id, &r, e);
    return found == DB_ROW ? recording_is_gone(&r, e) : found == DB_NONE;
}

/* ---- what becomes of it */

bool recording_progress(struct scope *s, int64_t id, int percent, struct err *e)
{
    return db_run(s->db, SQL_PROGRESS, e, INT_(id), INT_(percent));
}

bool recording_ready(struct scope *s, int64_t id, int64_t duration_ms, struct recording_file *files, size_t count, struct err *e)
{
    struct recording r;
    enum db_found found = recording_by_id(s, id, &r, e);
    if (found != DB_ROW) return found == DB_NONE; /* deleted meanwhile */
    if (r.status == recording_status_ready) return true; /* by another node, while this one had fallen silent: its files are being copied, or are gone from here already */
    if (!db_run(s->db, SQL_FORGET_FILES, e, INT_(id))) return false;
    for (size_t i = 0; i < count; i++) {
        CLEAR(&files[i], recording_file, deleted_at);
        if (!db_insert(s->db, "recording_files", recording_file, &files[i], e)) return false;
    }
    SET(&r, recording, status, recording_status_ready);
    SET(&r, recording, progress, 100);
    SET(&r, recording, duration_ms, duration_ms); /* an error stays: it says why a recording that is ready is not whole */
    return db_update(s->db, "recordings", recording, &r, e) && EMIT(s, recording_ready, r.session_id, e, .recording_id = id, .duration_ms = duration_ms) &&
           copy_want(s, &r, files, count, e) && (copy_wanted_elsewhere(s->core) || course_session_published(s, r.session_id, NULL, (duration_ms + 500) / 1000, e));
}

bool recording_failed(struct scope *s, int64_t id, const char *why, struct err *e)
{
    struct recording r;
    enum db_found found = recording_by_id(s, id, &r, e);
    if (found != DB_ROW) return found == DB_NONE;
    SET(&r, recording, status, recording_status_failed);
    SET(&r, recording, error, why);
    return db_update(s->db, "recordings", recording, &r, e) && EMIT(s, recording_failed, r.session_id, e, .recording_id = id, .error = why);
}

bool recording_retry(struct scope *s, struct recording *r, struct err *e)
{
    bool remote, copies = false; /* it is here, and a sink did not take it */
    if (r->status == recording_status_ready && !copy_retry(s, r->id, &copies, e)) return false;
    if (copies) return EMIT(s, recording_retried, r->session_id, e, .recording_id = r->id);
    if (r->status != recording_status_failed) return err_fail(e, error_recording_not_failed);
    if (!errand_is_remote(s, r->session_id, &remote, e)) return false;
    return recording_take_up(s, r, e) && job_add(s, remote ? "fetch" : "compose", r->id, s->now, e);
}

bool recording_delete_for(struct scope *s, struct recording *r, const char *reason, struct err *e)
{
    if (r->kept) return err_fail(e, error_recording_kept);
    if (r->status != recording_status_ready && r->status != recording_status_failed) return err_fail(e, error_recording_busy);
    SET(r, recording, deleted_at, s->now);
    SET(r, recording, deleted_reason, reason);
    if (s->actor) SET(r, recording, deleted_by, s->actor->id);
    metric_add(recordings_deleted_total, 1);
    return db_update(s->db, "recordings", recording, r, e) && FAULT_POINT(recording_marked) && job_add(s, "erase", r->id, s->now, e) && copy_erase(s, r->id, e) &&
           EMIT(s, recording_deleted, r->session_id, e, .recording_id = r->id, .reason = reason);
}

bool recording_delete(struct scope *s, struct recording *r, struct err *e)
{
    return recording_delete_for(s, r, "by hand", e);
}

bool recording_keep(struct scope *s, struct recording *r, bool kept, const char *reason, struct err *e)
{
    bool changed = r->kept != kept;
    SET(r, recording, kept, kept);
    if (kept && reason) SET(r, recording, kept_reason, reason);
    else CLEAR(r, recording, kept_reason);
    if (!db_update(s->db, "recordings", recording, r, e)) return false;
    FAULT_POINT(recording_held);
    if (!kept) return !changed || EMIT(s, recording_let_go, r->session_id, e, .recording_id = r->id);
    return EMIT(s, recording_kept, r->session_id, e, .recording_id = r->id, .reason = reason);
}

/* ---- links */

static void link_signature(struct core *core, int64_t recording_id, int64_t file_id, int64_t expires, char out[48])
{
    char text[96];
    unsigned char hash[HMAC_SIZE];
    int n = snprintf(text, sizeof text, "%lld/%lld/%lld", (long long)recording_id, (long long)file_id, (long long)expires);
    hmac_sha256(&core->link_key, text, (size_t)n, hash);
    base64url(hash, sizeof hash, out);
}

char *recording_file_url_until(struct scope *s, const struct recording_file *f, int64_t expires)
{
    char signature[48];
    link_signature(s->core, f->recording_id, f->id, expires, signature);
    return arena_printf(s->arena, "%s/api/v1/recordings/%lld/files/%lld?expires=%lld&signature=%s", core_config(s->core)->PUBLIC_URL, (long long)f->recording_id,
                        (long long)f->id, (long long)expires, signature);
}

char *recording_file_url(struct scope *s, const struct recording_file *f)
{
    return recording_file_url_until(s, f, s->now / 1000 + core_config(s->core)->LINK_EXPIRE_MINUTES * 60);
}

bool recording_link_check(struct scope *s, int64_t recording_id, int64_t file_id, int64_t expires, const char *signature)
{
    char expected[48];
    link_signature(s->core, recording_id, file_id, expires, expected);
    return equal_secret(expected, signature) && expires > s->now / 1000;
}

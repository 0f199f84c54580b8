/* recording.h - recordings of sessions as facts: running, paused, stopped, made into files. Media is the provider's, files the sink's. */
#pragma once
#include "core/core.h"
#include "core/session.h"

/* SQL: somebody whose seat p is `theirs` was in while the recording r ran. */
#define RECORDING_TOOK_PART(theirs) \
    "EXISTS (SELECT 1 FROM connection_spans c JOIN participants p ON p.id = c.participant_id WHERE " theirs " AND c.session_id = r.session_id " \
    "AND (r.ended_at IS NULL OR c.joined_at < r.ended_at) AND (c.left_at IS NULL OR c.left_at > r.started_at))"
/* SQL: somebody else was. */
#define RECORDING_HAS_OTHERS(theirs) RECORDING_TOOK_PART("CASE WHEN " theirs " THEN 0 ELSE 1 END = 1")

bool recording_runs(struct scope *s, int64_t session_id, bool *runs, struct err *e);                 /* recording or paused */
enum db_found recording_running(struct scope *s, int64_t session_id, struct recording *out, struct err *e);
/* Of all calls on this node, as far as they are recorded here: what a remote provider records fills another disk, by another clock. */
bool recording_all_running(struct scope *s, struct list *out, struct err *e);
bool recording_begin(struct scope *s, const struct session *session, struct recording *out, struct err *e);
bool recording_begin_automatic(struct scope *s, const struct session *session, struct err *e);       /* unless there is or was one */
bool recording_act(struct scope *s, struct recording *r, enum record_action action, struct err *e);  /* pause, resume, stop */
bool recording_stop_of(struct scope *s, int64_t session_id, struct err *e);                          /* nothing running: nothing done */
/* The wall clock jumped: what runs is stopped in the old time and begun again in the new one. Paused ones just stop. */
bool recording_roll_all(struct scope *before, struct scope *after, struct err *e);

bool recording_access(struct scope *s, int64_t id, enum access need, struct recording *out, struct session *session, struct err *e); /* recording_not_found, recording_deleted, forbidden */
enum db_found recording_by_id(struct scope *s, int64_t id, struct recording *out, struct err *e);
enum db_found recording_by_uuid(struct scope *s, const char *uuid, struct recording *out, struct err *e);
enum db_found recording_latest_file(struct scope *s, int64_t session_id, struct recording_file *out, struct err *e); /* what to play of the newest that is ready */
bool recording_list(struct scope *s, int64_t session_id, int64_t skip, int64_t limit, struct list *out, int64_t *total, struct err *e);
bool recording_spans(struct scope *s, int64_t recording_id, struct list *out, struct err *e);        /* of struct recording_span */
bool recording_files(struct scope *s, int64_t recording_id, struct list *out, struct err *e);        /* of struct recording_file */
bool recording_file_find(struct scope *s, int64_t recording_id, int64_t file_id, struct recording_file *out, struct err *e); /* file_not_found, file_deleted */

/* A remote provider tells (core/fact_recording.c): it does not record any more · its files can be fetched, whatever was thought before. */
bool recording_stopped(struct scope *s, struct recording *r, struct err *e);
bool recording_take_up(struct scope *s, struct recording *r, struct err *e);

/* The maker of files tells: */
bool recording_progress(struct scope *s, int64_t id, int percent, struct err *e);
bool recording_ready(struct scope *s, int64_t id, int64_t duration_ms, struct recording_file *files, size_t count, struct err *e);
bool recording_failed(struct scope *s, int64_t id, const char *why, struct err *e);
bool recording_retry(struct scope *s, struct recording *r, struct err *e);

/* Deleted here and at every sink, by jobs that are tried again and again; the row stays as a tombstone: when, why, by whom (the scope's actor), and which files there were.
 * recording_busy, recording_kept. */
bool recording_delete(struct scope *s, struct recording *r, struct err *e);                          /* by hand */
bool recording_delete_for(struct scope *s, struct recording *r, const char *reason, struct err *e);  /* by a rule, or on somebody's behalf */
bool recording_keep(struct scope *s, struct recording *r, bool kept, const char *reason, struct err *e); /* nobody and no rule deletes it meanwhile */
enum db_found recording_tombstone(struct scope *s, int64_t id, struct recording *out, struct err *e); /* of one that was deleted */
bool recording_is_gone(const struct recording *tombstone, struct err *e);                            /* recording_deleted, with day and reason */
bool recording_is_there(struct scope *s, int64_t id, struct err *e);                                 /* recording_deleted; true of what never was */
bool recording_list_deleted(struct scope *s, int64_t session_id, int64_t skip, int64_t limit, struct list *out, int64_t *total, struct err *e);
bool recording_files_ever(struct scope *s, int64_t recording_id, struct list *out, struct err *e);   /* also those that were deleted before it */

/* Links that need no sign-in: HMAC over recording, file and time. */
char *recording_file_url_until(struct scope *s, const struct recording_file *f, int64_t expires); /* unix seconds */
char *recording_file_url(struct scope *s, const struct recording_file *f);
bool recording_link_check(struct scope *s, int64_t recording_id, int64_t file_id, int64_t expires, const char *signature);

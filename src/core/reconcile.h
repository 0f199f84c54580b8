/* reconcile.h - what we think against what a remote provider says when it is asked: rooms, people, recordings. A lost webhook costs a round.
 *
 * The job `reconcile` (jobs/reconcile_job.c) goes round every RECONCILE_SECONDS, at start, and sooner when something rings: an event whose signature
 * is not right is believed in nothing, but is reason enough to ask ("a doorbell, not a letter"). However often it rings, rounds are RING_GAP_MS apart. */
#pragma once
#include "core/provider.h"

struct session;
struct pending_recording;

bool reconcile_begin(struct scope *s, struct err *e);                        /* at start: a round is due, and what waited for a provider is looked at */
bool reconcile_ring(struct scope *s, struct err *e);
bool reconcile_next(struct scope *s, struct err *e);                         /* a round is over: when the next is due */

/* Rooms to ask about, by their number: of sessions that are not over, or where somebody is said to be in. Of struct provider_room. */
bool reconcile_rooms(struct scope *s, const char *provider, int64_t after_id, int64_t limit, struct list *out, struct err *e);
bool reconcile_inside(struct scope *s, int64_t session_id, int64_t *count, struct err *e); /* how many are said to be in */
/* Recordings whose end or files have not been told yet. Of struct pending_recording. */
bool reconcile_recordings(struct scope *s, const char *provider, struct list *out, struct err *e);
bool reconcile_lost(struct scope *s, const struct pending_recording *r, struct err *e);  /* asked about for hours, and never known: it has failed */
/* A session's books: since when to ask. False in *due: it is no remote one's any more. */
bool reconcile_history(struct scope *s, int64_t session_id, struct session *out, int64_t *since, bool *due, struct err *e);
bool reconcile_gap(struct scope *s, const char *provider, struct err *e);    /* events may be missing: every open room's books are due */
bool reconcile_tend(struct scope *s, const char *provider, bool *due, struct err *e); /* is it time to look after it? Then it is noted */
bool reconcile_looked(struct scope *s, const char *provider, int64_t asked_at, struct err *e); /* a whole round was answered: an empty room is believed to be empty */

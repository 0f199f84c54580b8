/* retention.h - what is not kept for ever: RETENTION_DAYS, RETENTION_TRACK_DAYS, RETENTION_CHAT_DAYS, INBOX_DAYS. The job `retention` (jobs/retention_job.c)
 * goes round every hour, a bit in a transaction. What an administrator keeps (recording_keep) no rule deletes. What webhooks were sent has its own sweeper. */
#pragma once
#include "core/recording.h"

enum { RETENTION_EVERY_MS = 3600000 };
bool retention_begin(struct scope *s, struct err *e);                   /* at start: a round is due */
bool retention_due(struct scope *s, const struct recording *r, int64_t *at); /* when RETENTION_DAYS comes to it; false: never, as things are */
/* One bit of what is too old; `more`: there was some, ask again. On the writer. */
bool retention_recordings(struct scope *s, bool *more, struct err *e);  /* whole ones: deleted here and at every sink, as by hand */
bool retention_tracks(struct scope *s, bool *more, struct err *e);      /* their single tracks */
bool retention_chat(struct scope *s, bool *more, struct err *e);        /* what was written: that somebody wrote stays in the log */

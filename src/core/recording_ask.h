/* recording_ask.h - recordings over all sessions, by cursors, and with what they were asked for. */
#pragma once
#include "core/session.h"

bool recording_ask_note(struct scope *s, struct recording_ask *ask, struct err *e);
enum db_found recording_ask_of(struct scope *s, int64_t recording_id, struct recording_ask *out, struct err *e); /* DB_NONE: by another API */

/* Of struct recording_row; those of sessions that the actor is host of, or `everybody`'s; without those that failed. room NULL: of all. */
bool recording_window(struct scope *s, bool everybody, const char *room, const struct id_window *w, struct list *out, int64_t *total, struct err *e);
enum db_found recording_row_of(struct scope *s, const char *uuid, struct recording_row *out, struct err *e);
int64_t recording_number(struct scope *s, const char *uuid);                             /* also of one that was deleted; 0: none */

/* copy.h - copies of recordings' files at sinks (core/sink.h): wanted, under way, proven, given up, deleted.
 *
 * They are wanted in the transaction that makes a recording ready, one durable job each. A file leaves this box only when every copy of it is
 * proven, and only if SINKS does not name `local`. Deleting a recording deletes its copies where they are; the rows stay and say so. */
#pragma once
#include "core/recording.h"

bool copy_want(struct scope *s, const struct recording *r, const struct recording_file *files, size_t count, struct err *e); /* files: as inserted */
bool copy_wanted_elsewhere(const struct core *core);                                               /* is any sink set up? */
enum db_found copy_by_id(struct scope *s, int64_t id, struct recording_copy *out, struct err *e);
bool copy_list(struct scope *s, int64_t recording_id, struct list *out, struct err *e);            /* of struct recording_copy */
enum db_found copy_to_serve(struct scope *s, int64_t file_id, struct recording_copy *out, struct err *e); /* of a file that is not here any more */
bool copy_retry(struct scope *s, int64_t recording_id, bool *any, struct err *e);                  /* those that a sink did not take: at once, and as often as at first */
bool copy_erase(struct scope *s, int64_t recording_id, struct err *e);                             /* all of a recording, wherever they are */
bool copy_erase_file(struct scope *s, const struct recording_file *f, struct err *e);              /* all of one file */
bool copy_erase_again(struct scope *s, int64_t recording_id, bool *any, struct err *e);            /* those that are not erased yet: at once, and as often as at first */

/* The uploader tells: */
bool copy_progress(struct scope *s, int64_t id, const char *upload, const char *parts, int64_t done, struct err *e);
bool copy_trouble(struct scope *s, int64_t id, const char *why, struct err *e);                       /* a try failed; there will be others */
bool copy_stored(struct scope *s, const struct recording_copy *c, const char *url, struct err *e);
bool copy_failed(struct scope *s, int64_t id, const char *why, struct err *e);
bool copy_erased(struct scope *s, int64_t id, struct err *e);
bool copy_not_erased(struct scope *s, int64_t id, const char *why, struct err *e);                    /* tried often enough */
bool copy_released(struct scope *s, int64_t file_id, bool *release, struct err *e);                /* may the file leave this box? Then it is served from elsewhere from now on */

/* kinds.h - what each kind of job does. */
#pragma once
#include "jobs/runner.h"

enum work_result compose_work(struct work_context *w, struct err *e);   /* subject: a stopped recording */
bool compose_give_up(struct scope *s, int64_t recording_id, const char *why, struct err *e);
enum work_result room_close_work(struct work_context *w, struct err *e);      /* subject: a row of provider_rooms */
enum work_result record_end_work(struct work_context *w, struct err *e);      /* subject: a recording whose session has ended */
enum work_result provider_remove_work(struct work_context *w, struct err *e); /* subject: a participant who was removed */
enum work_result dial_in_work(struct work_context *w, struct err *e);         /* all rooms that callers come into, or shall no more */
enum work_result reconcile_work(struct work_context *w, struct err *e); /* all remote providers */
enum work_result history_work(struct work_context *w, struct err *e);   /* subject: a session whose provider keeps books of who was in */
enum work_result record_begin_work(struct work_context *w, struct err *e);  /* subject: a session whose recording begins with the first arrival */
enum work_result fetch_work(struct work_context *w, struct err *e);     /* subject: a recording that a remote provider has made */
bool fetch_give_up(struct scope *s, int64_t recording_id, const char *why, struct err *e);
enum work_result inbox_work(struct work_context *w, struct err *e);     /* all that came in */
enum work_result publish_work(struct work_context *w, struct err *e);   /* subject: a copy to be uploaded to a sink */
bool publish_give_up(struct scope *s, int64_t copy_id, const char *why, struct err *e);
enum work_result release_work(struct work_context *w, struct err *e);   /* subject: a file that may be kept elsewhere now */
enum work_result unpublish_work(struct work_context *w, struct err *e); /* subject: a copy to be deleted at its sink */
enum work_result forget_work(struct work_context *w, struct err *e);    /* subject: an erasure of a person */
enum work_result forget_files_work(struct work_context *w, struct err *e); /* subject: a recording in which somebody was who was forgotten */
bool unpublish_give_up(struct scope *s, int64_t copy_id, const char *why, struct err *e);
enum work_result retention_work(struct work_context *w, struct err *e);  /* all that is too old */
enum work_result erase_file_work(struct work_context *w, struct err *e); /* subject: a file that went before its recording */
enum work_result erase_work(struct work_context *w, struct err *e);     /* subject: a deleted recording */

/* course_session.h - sessions as an app with courses sees them: made for a course and an instructor, with students that it numbers itself.
 * Every session is one: what was made without a course has none, and its teacher's account is the instructor. */
#pragma once
#include "core/core.h"

/* `plan` holds title, description, scheduled_start, duration_minutes and max_participants (the instructor's seat included); the rest is
 * filled in. instructor NULL: the actor. The room is named after the title. */
bool course_session_schedule(struct scope *s, struct session *plan, const char *course, const char *instructor, struct live_row *out, struct err *e);

bool course_session_find(struct scope *s, const char *id_or_uuid, struct live_row *out, struct err *e);       /* session_not_found */
/* Newest first. `total` is kept, not counted; a search looks through the newest hundred thousand. `search` NULL or empty: all. */
bool course_session_page(struct scope *s, const char *search, int64_t limit, int64_t skip, struct list *out, int64_t *total, struct err *e);
bool course_session_of_course(struct scope *s, const char *course, struct list *out, struct err *e);          /* of struct live_row, by time */
bool course_session_of_instructor(struct scope *s, const char *instructor, struct list *out, struct err *e);
bool course_session_recording_url(struct scope *s, const struct live_row *row, const char **url, struct err *e); /* NULL: there is none */
bool course_session_students(struct scope *s, int64_t session_id, struct list *out, struct err *e);           /* TEXTS: all seats but the teacher's and removed people's */

/* A student by the app's own id. Twice changes nothing; who was removed gets the seat back, but no old link opens it. session_full. */
bool course_session_add_student(struct scope *s, const struct session *session, const char *student, struct err *e);
bool course_session_remove_student(struct scope *s, const struct session *session, const char *student, struct err *e); /* for good: the media stops. participant_not_found */

/* A recording can be played: `url` where it is elsewhere (Cloudinary, …), NULL where it is one of our own. A session that was made for a
 * course is over then, unless somebody is still in it or it is being recorded again. */
bool course_session_published(struct scope *s, int64_t session_id, const char *url, int64_t seconds, struct err *e);

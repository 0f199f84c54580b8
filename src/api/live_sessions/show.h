/* show.h - what the replies of the Live Sessions API have in common: a session as it is shown there, and who may change it. */
#pragma once
#include "api/api.h"
#include "core/course_session.h"

/* Every member that some reply shows; a reply copies its own from here. */
void live_show_new(struct request *r, const struct live_row *row, struct live_session *out);       /* one that has no students yet: asks the database nothing */
bool live_show(struct request *r, const struct live_row *row, struct live_session *out, struct err *e);
const struct live_course *live_show_course(struct request *r, const struct live_row *row);         /* NULL: none */
const struct live_instructor *live_show_instructor(struct request *r, const struct live_row *row);

/* The session of the path, for a change: by its teacher, by a superuser, or by anybody where the endpoints are open. */
bool live_to_change(struct request *r, const char *id, struct session *out, struct err *e);
bool live_may_change(struct request *r, const struct session *session, struct err *e);

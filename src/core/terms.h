/* terms.h - a session's door by the clock: from when and until when one comes in, how long one stays, who needs a token.
 *
 * Sessions of the API /v1 have terms; those of other APIs have none, and nothing here concerns them. When a stay begins it is decided when it
 * ends, for good: terms that change later hold for later stays. A session with terms does not end because nobody is in; it ends when its door
 * has closed and the last has left. */
#pragma once
#include "core/core.h"

enum db_found terms_find(struct scope *s, int64_t session_id, struct session_terms *out, struct err *e);
bool terms_save(struct scope *s, struct session_terms *terms, struct err *e);          /* new: id 0 */
bool terms_of_token(struct scope *s, struct token_terms *terms, struct err *e);        /* noted with a new join token */

/* For the door (core/presence.c): */
bool terms_admit(struct scope *s, int64_t session_id, struct err *e);                  /* session_not_open, session_closed */
bool terms_begin_stay(struct scope *s, const struct span *span, int64_t token_id, struct err *e); /* token_id 0: none. What a token says of its end beats what the session says */
bool terms_record(struct scope *s, const struct session *session, struct participant *p, int64_t token_id, struct err *e); /* who starts a recording agrees to it */

bool terms_eject(struct scope *s, const struct session *session, int64_t participant_id, const char *connection, const char *why, struct err *e); /* may come in again */
bool terms_enforce(struct scope *s, struct err *e);                                    /* now and then: puts out whose time is over, ends what is closed and empty; some at a time */

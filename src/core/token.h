/* token.h - join tokens: what opens the door of the call.
 *
 * A seat's own link is signed and kept nowhere: bound to session, seat and the seat's generation; dead when it has expired, the seat
 * was removed, or the generation moved on. A token of the rooms API (table join_tokens) carries its row's id besides: it has a role of
 * its own for the stays that it opens, it counts its uses, and it can be revoked. The secret is told once and kept nowhere either. */
#pragma once
#include "core/core.h"

struct join_pass { int64_t token_id; enum participant_role role; bool used_up, revoked; }; /* token_id 0: a seat's own link */

char *join_token_sign(struct scope *s, const struct participant *p);
/* bad_join_token, participant_removed. The pass may be NULL. The seat is as it is kept: see join_pass_apply. */
bool join_token_check(struct scope *s, const char *token, struct session *session, struct participant *p, struct join_pass *pass, struct err *e);
void join_pass_apply(const struct join_pass *pass, const struct session *session, struct participant *p); /* the role that holds for the stay; not to be saved */
bool join_pass_use(struct scope *s, const struct join_pass *pass, const char *connection, struct err *e);  /* one more stay */
bool join_pass_by_id(struct scope *s, int64_t token_id, struct join_pass *pass, struct err *e);             /* none: as if it were revoked */
bool join_pass_of(struct scope *s, const char *connection, struct join_pass *pass, struct err *e);         /* that a stay was opened with */

enum participant_role room_role_seat(enum room_role role);
enum room_role room_role_of(enum participant_role role);

/* Who asks: a host for anybody, others for themselves and for no more than their seat lets them. */
bool token_issue(struct scope *s, const struct session *session, const struct token_create *in, struct join_token *out, struct participant *seat, char **secret, struct err *e);
bool token_list(struct scope *s, int64_t session_id, int64_t limit, int64_t offset, struct list *out, int64_t *total, struct err *e); /* of struct token_view */
bool token_see(struct scope *s, int64_t session_id, int64_t id, struct token_view *out, struct err *e);    /* token_not_found */
bool token_revoke(struct scope *s, int64_t session_id, int64_t id, struct err *e);                         /* whoever came in with it is put out */

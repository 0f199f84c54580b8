/* participant.h - seats in sessions, who has them and what they may do. */
#pragma once
#include "core/core.h"

enum db_found participant_of_user(struct scope *s, int64_t session_id, int64_t user_id, struct participant *out, struct err *e);
bool participant_in(struct scope *s, int64_t session_id, int64_t participant_id, struct participant *out, struct err *e); /* participant_not_found */
bool participant_list(struct scope *s, int64_t session_id, struct list *out, struct err *e);          /* of struct participant, by id */
/* A seat, so far as a token needs it, and how many there are: one look at the database. */
enum db_found participant_of_many(struct scope *s, int64_t session_id, int64_t user_id, struct participant *seat, int64_t *count, struct err *e);
bool participant_count(struct scope *s, int64_t session_id, int64_t *count, struct err *e);
bool participant_present(struct scope *s, int64_t participant_id, bool *present, struct err *e);      /* in the call right now */

bool participant_add(struct scope *s, const struct session *session, const struct user *user, enum participant_role role, struct participant *out, struct err *e); /* who has none yet */
/* By the host's wish: who has a seat keeps it as it is; refused when all are taken. */
bool participant_seat(struct scope *s, const struct session *session, const struct user *user, enum participant_role role, struct participant *out, struct err *e);
bool participant_seat_named(struct scope *s, const struct session *session, const char *identity, const char *name, enum participant_role role, struct participant *out, struct err *e); /* the same for who has no account */
bool participant_may_share(const struct session *session, enum participant_role role);                /* what a seat of that role begins with */
/* Who is in the call already, without having had a seat: a remote provider let them in. Seats are not counted. */
bool participant_seen(struct scope *s, const struct session *session, const char *identity, const char *name, struct participant *out, struct err *e);
/* A seat for somebody whom another app knows by `identity`. */
enum db_found participant_of_identity(struct scope *s, int64_t session_id, const char *identity, struct participant *out, struct err *e);
bool participant_readmit(struct scope *s, const struct session *session, struct participant *p, struct err *e); /* who was removed gets a seat again; old links stay dead */
/* The door as seed S3 has it: over, removed, full are refused; a new person gets a seat; the teacher opens the session. */
bool participant_join(struct scope *s, struct session *session, struct participant *out, struct err *e);
bool participant_join_guest(struct scope *s, struct session *session, const char *name, struct participant *out, struct err *e);
bool participant_leave(struct scope *s, const struct session *session, struct participant *out, struct err *e);
bool participant_kick(struct scope *s, const struct session *session, struct participant *p, struct err *e);
bool participant_allow_screenshare(struct scope *s, struct participant *p, bool allowed, struct err *e);
bool participant_allow_all(struct scope *s, int64_t session_id, bool allowed, struct err *e); /* the students' screens */
bool participant_admit(struct scope *s, struct participant *p, bool admit, struct err *e);
/* Their word on being recorded, also into the ledger (core/consent.h). Saying yes again changes nothing. */
bool participant_consent(struct scope *s, struct participant *p, enum consent_way way, bool given, struct err *e);

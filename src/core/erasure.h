/* erasure.h - forgetting a person (doc/privacy.md): their account says nothing any more at once, in the transaction of the request, and they are
 * out of every call; the rest is done by the job `forget`, step by step, each step a transaction that also keeps how far it is. So it goes on
 * where it was after a crash, and doing it again changes nothing. What is kept (attendance, others' recordings, consent, the audit log) is
 * kept under a pseudonym. At the end user.erased is told, once. */
#pragma once
#include "core/core.h"

/* Who is being erased already gets the erasure that there is. last_admin; session counts and totals of attendance stay as they are. */
bool erasure_begin(struct scope *s, const struct user *person, enum erasure_media media, int64_t by, struct erasure *out, struct err *e);
/* The same for somebody without an account (guest_of), whose seats whoever asks has looked at and counted: guest_adopt, then as above. guest_not_found, guest_seats_differ */
bool erasure_begin_guest(struct scope *s, const char *who, int64_t seats, enum erasure_media media, int64_t by, struct erasure *out, struct err *e);
enum db_found erasure_of(struct scope *s, int64_t user_id, struct erasure *out, struct err *e);
bool erasure_list(struct scope *s, int64_t skip, int64_t limit, struct list *out, int64_t *total, struct err *e); /* of struct erasure_reply, the latest first */

/* For the job. GO_ON: once more; WAIT: something has to finish first (`why`); WIPE: the database's files are to be wiped, then erasure_finish. */
enum erasure_next { ERASURE_GO_ON, ERASURE_WAIT, ERASURE_WIPE, ERASURE_DONE };
bool erasure_step(struct scope *s, int64_t id, enum erasure_next *next, const char **why, struct err *e);
bool erasure_finish(struct scope *s, int64_t id, struct err *e);

/* ---- for erasure_steps.c, erasure_text.c */
bool erasure_seats_in(struct scope *s, int64_t user_id, struct list *out, struct err *e); /* of struct participant: with which they are in a call now */
struct needle { const char *text; bool anywhere; };             /* anywhere: distinctive enough to go wherever it stands; else only as a whole text */
struct forgetting { struct erasure row; struct needle *needles; size_t count; const char *address; const char *why; };
bool needles_of(struct scope *s, struct forgetting *f, struct err *e);
const char *needles_sealed(struct scope *s, const struct user *person, const struct list *seats);
/* The text without them, in the arena; the same pointer where none was in it. JSON stays JSON. */
const char *needles_out(struct arena *a, const struct forgetting *f, const char *text);

struct erasure_step { enum erasure_stage stage; bool (*run)(struct scope *s, struct forgetting *f, bool *finished, struct err *e); };
extern const char erasure_tables[];                             /* in which something of them was, with commas */
extern const struct erasure_step erasure_steps[];               /* ends with a NULL run */

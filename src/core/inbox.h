/* inbox.h - what providers tell (webhooks), kept as it came before they are answered, and looked at afterwards by a durable job.
 *
 * The seam to a provider is small: who receives says which event it is, of which room, and whether its signature is right. Only what was
 * signed is ever believed. What a type of event does is a row of spec/inbox.def; the provider that it came from
 * makes facts of it (core/fact.h). Where that provider is not set up it stays here, in state `waiting`, in the order of arrival. */
#pragma once
#include "core/core.h"

struct delivery {
    const char *provider;
    bool verified;
    const char *event_type, *room_name;     /* NULL: it does not say */
    const char *dedupe;                     /* what is the same when it comes twice */
    const char *proof;                      /* headers that the signature is in */
    const char *body;                       /* as text: inbox_set_body */
    bool encoded;
};
void inbox_set_body(struct delivery *d, struct arena *a, const char *body, size_t size, bool is_text); /* is_text: known to be one */

bool inbox_store(struct scope *s, const struct delivery *d, struct err *e);                     /* kept, also what came before: */
void inbox_taken(struct scope *s);                                                              /* the job begins: what is stored from now on wants it anew */
bool inbox_next(struct scope *s, int64_t after_id, int64_t count, struct list *out, struct err *e); /* of struct inbox, in state received */
bool inbox_process(struct scope *s, const struct inbox *row, struct err *e);                    /* ... which is forgotten here, and does nothing */
bool inbox_put_off(struct scope *s, const struct inbox *row, const char *why, struct err *e);   /* after six times it is set aside */
bool inbox_take_up(struct scope *s, const char *provider, struct err *e);                       /* what waited for it is looked at */
bool inbox_sweep(struct scope *s, struct err *e);                                               /* what is older than INBOX_DAYS; unsigned ones but for the newest */
bool inbox_want(struct scope *s, struct err *e);                                                /* its job shall look */

/* ---- for who looks after the server (inbox_log.c) */
struct inbox_filter { const char *state, *provider, *event_type, *room_name; int64_t since, until, from_id, to_id; }; /* NULL, 0: whatever it is */
bool inbox_filter_check(const struct inbox_filter *f, struct err *e);                           /* inbox_unverified where only such are asked for */
bool inbox_list(struct scope *s, const struct inbox_filter *f, int64_t limit, struct list *out, struct err *e);     /* of struct inbox_reply, newest first */
bool inbox_find(struct scope *s, int64_t id, struct inbox *out, struct err *e);                 /* inbox_not_found */
bool inbox_set_aside(struct scope *s, int64_t *count, struct err *e);                           /* how many are */
/* Looked at again, the oldest first, INBOX_AT_ONCE at the most: their facts are applied anew, which changes nothing that was applied; what the
 * session's log was told is not told twice. `last`: the last of them, 0 where that was all. */
enum { INBOX_AT_ONCE = 1000 };
bool inbox_replay(struct scope *s, const struct inbox_filter *f, int64_t *count, int64_t *last, struct err *e);
bool inbox_count(struct scope *s, const struct inbox_filter *f, int64_t *count, struct err *e); /* that a replay would take */

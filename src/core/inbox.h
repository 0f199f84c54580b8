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
bool inbox_next(struct scope *s, int64_t count, struct list *out, struct err *e);               /* of struct inbox, in state received */
bool inbox_process(struct scope *s, const struct inbox *row, struct err *e);                    /* ... which is forgotten here, and does nothing */
bool inbox_put_off(struct scope *s, const struct inbox *row, const char *why, struct err *e);   /* after INBOX_TRIES it has failed */
bool inbox_take_up(struct scope *s, const char *provider, struct err *e);                       /* what waited for it is looked at */
bool inbox_sweep(struct scope *s, struct err *e);                                               /* what is older than 30 days; unsigned ones but for the newest */

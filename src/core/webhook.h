/* webhook.h - what roomd tells other servers: endpoints, the messages to them, and the log of what became of those.
 *
 * The table `events` is the outbox: it is written in the transaction of what it tells, and an endpoint's `position` says up to where it
 * was told. So a change costs nothing for webhooks. src/webhook sends (many at once, on a thread of its own) and has the outcome noted here:
 * one row a message, written when it was taken, or when it has to wait. A message is sent at least once; who gets it knows doubles by its
 * id. Those of one session go to an endpoint in their order, each when the one before was taken or given up.
 *
 * Shapes: `standard` is here. `daily` is put into words by whoever sets its render function (api/daily); signing it is here too. */
#pragma once
#include "core/core.h"

/* ---- endpoints */
struct webhook_new {
    const char *url, *description;
    const char *event_types;       /* blanks between; in the shape's words (standard: spec/events.def, `recording.*` for all that begin so). NULL: all */
    int64_t session_id;            /* 0: of all */
    enum webhook_shape shape;
    enum webhook_retry retry;
    const char *secret;            /* standard: whsec_BASE64; daily: BASE64. NULL: one is made */
    const char *authorization;     /* for the header Authorization; NULL: none */
};
bool webhook_create(struct scope *s, const struct webhook_new *in, struct webhook_endpoint *out, const char **secret, struct err *e);
bool webhook_find(struct scope *s, int64_t id, struct webhook_endpoint *out, struct err *e);                    /* webhook_not_found */
bool webhook_by_uuid(struct scope *s, const char *uuid, struct webhook_endpoint *out, struct err *e);           /* webhook_not_found */
bool webhook_list(struct scope *s, int shape, int64_t skip, int64_t limit, struct list *out, int64_t *total, struct err *e); /* of struct webhook_endpoint; shape -1: any */
bool webhook_store(struct scope *s, struct webhook_endpoint *w, struct err *e);                                 /* fields were changed by hand; tells of it */
/* Sets it going again (failures are forgotten; `skip`: what happened meanwhile is not sent), or stops it: told as webhook.paused or webhook.disabled. */
bool webhook_set_state(struct scope *s, struct webhook_endpoint *w, enum webhook_state state, bool skip, const char *reason, struct err *e);
bool webhook_rotate(struct scope *s, struct webhook_endpoint *w, const char *secret, int64_t old_ms, const char **out, struct err *e); /* secret NULL: one is made */
bool webhook_set_authorization(struct scope *s, struct webhook_endpoint *w, const char *value);                 /* in the struct; NULL: none */
bool webhook_delete(struct scope *s, struct webhook_endpoint *w, struct err *e);
const char *webhook_secret(struct scope *s, const struct webhook_endpoint *w);                                  /* as it was given; NULL: cannot be read any more */
bool webhook_secret_is_valid(enum webhook_shape shape, const char *secret);
bool webhook_check_types(const char *types, struct err *e);                                                     /* of the standard shape: unknown_event_type */

bool webhook_wants(const struct webhook_endpoint *w, const char *type);                                         /* is it among its event_types */

/* ---- one message */
struct webhook_letter { const char *message_id, *body; };      /* body NULL: this endpoint is not told of that event */
/* A webhook_render_fn (core.h) puts an event into words for an endpoint; it lives in the scope's arena. Runs on the sender's thread with a reading connection. */
void webhook_set_render(struct core *core, enum webhook_shape shape, webhook_render_fn *fn);                    /* before serving starts */
bool webhook_render(struct scope *s, const struct webhook_endpoint *w, const struct event *event, struct webhook_letter *out, struct err *e);

/* What an endpoint's messages are signed with, unsealed. */
struct webhook_keys { struct hmac_key now, old; int64_t old_until; const char *authorization; };
bool webhook_keys_open(const struct core *core, struct arena *a, const struct webhook_endpoint *w, struct webhook_keys *out, struct err *e);
enum { WEBHOOK_HEADERS = 6 };
/* The headers, "Name: value", ending with NULL. Standard Webhooks 1.0: v1,BASE64(HMAC-SHA256(key, id "." seconds "." body)), one for each key.
 * Daily.co: X-Webhook-Signature is BASE64(HMAC-SHA256(key, milliseconds "." body)). */
void webhook_sign(struct arena *a, enum webhook_shape shape, const struct webhook_keys *k, const char *message_id, int64_t now_ms, const char *body, const char *out[WEBHOOK_HEADERS]);
bool webhook_took_it(enum webhook_shape shape, int status);    /* 2xx; of Daily's shape exactly 200 */
/* How long to wait after so many attempts; -1: no more. `luck`: 0 to 999, spreads them by a tenth. */
int64_t webhook_wait_ms(enum webhook_retry retry, int64_t attempts, uint32_t luck);
enum { WEBHOOK_TIMEOUT_MS = 15000, WEBHOOK_CIRCUIT = 3, WEBHOOK_ANSWER = 1024 };
#define WEBHOOK_PATIENCE_MS INT64_C(270000000) /* 75 h of nothing but failures: paused */

/* ---- what became of them. For the sender. */
struct webhook_outcome { struct webhook_delivery row; bool attempted; };       /* attempted: row has an attempt's facts; else it only waits */
/* Where an endpoint stands. `stop`: -1, or the state that it comes into, with `reason`. */
struct webhook_account {
    int64_t endpoint_id, position, failed_count, failing_since, held_until, last_attempt_at, last_success_at; /* times 0: none */
    int stop;
    const char *reason;
};
struct webhook_batch { struct webhook_outcome *outcomes; size_t outcome_count; struct webhook_account *accounts; size_t account_count; };
bool webhook_record(struct scope *s, const struct webhook_batch *b, struct err *e);
bool webhook_active(struct scope *s, struct list *out, struct err *e);                                          /* of struct webhook_endpoint: that are to be sent something */
/* Takes or keeps an active endpoint for this node until `lease_ms` from now. */
bool webhook_lease(struct scope *s, int64_t id, int64_t lease_ms, struct webhook_endpoint *out, bool *mine, struct err *e);
bool webhook_release(struct scope *s, int64_t id, struct err *e);
bool webhook_waiting(struct scope *s, int64_t endpoint_id, int64_t after_event, int64_t limit, struct list *out, struct err *e); /* of struct waiting_delivery, in order of their events */
bool webhook_noted(struct scope *s, int64_t endpoint_id, int64_t after_event, struct list *out, struct err *e);  /* the same, in any state */
bool webhook_events(struct scope *s, int64_t after, int64_t limit, struct list *out, struct err *e);             /* of struct event */
/* What a waiting message says: as it was sent before, or in words for the first time. */
bool webhook_letter_of(struct scope *s, const struct webhook_endpoint *w, int64_t event_id, struct webhook_letter *out, struct err *e);
bool webhook_note_test(struct scope *s, const struct webhook_delivery *d, struct err *e);                       /* a message that was sent on the spot */
bool webhook_sweep_due(struct scope *s, bool *due, struct err *e);                                              /* is there something to sweep? reads only */
bool webhook_sweep(struct scope *s, struct err *e);                                                             /* a bit of what is older than WEBHOOK_LOG_DAYS, or of deleted endpoints */

/* ---- the log */
bool webhook_log(struct scope *s, int64_t endpoint_id, const struct delivery_query *q, struct list *out, int64_t *total, struct err *e); /* of struct webhook_delivery without bodies' worth */
bool webhook_delivery_find(struct scope *s, int64_t endpoint_id, int64_t id, struct webhook_delivery *out, struct err *e); /* delivery_not_found */
bool webhook_attempts(struct scope *s, int64_t delivery_id, struct list *out, struct err *e);                   /* of struct webhook_attempt, oldest first */
bool webhook_replay_one(struct scope *s, struct webhook_delivery *d, struct err *e);                            /* delivery_is_test */
bool webhook_replay_range(struct scope *s, const struct webhook_endpoint *w, const struct webhook_replay *in, int64_t *count, int64_t *last, struct err *e);

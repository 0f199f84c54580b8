/* idempotency.h - requests that may be sent again: one row a caller and key, kept for 24 hours.
 *
 * A row without an answer is in flight: somebody works on it under a lease. Who died over it leaves it so; after the lease the
 * next one may work on it anew. Everything here runs on the writer. */
#pragma once
#include "core/core.h"

struct idempotency { const char *caller, *key, *fingerprint; };

/* True: `row` has the answer (status not 0), or there is none yet and the caller is to work on it. Refused: idempotency_key_reused, idempotency_in_flight. */
bool idempotency_begin(struct scope *s, const struct idempotency *i, struct idempotency_key *row, struct err *e);
bool idempotency_lease(struct scope *s, struct idempotency_key *row, int64_t lease_ms, struct err *e); /* another was faster: idempotency_in_flight */
bool idempotency_keep(struct scope *s, struct idempotency_key *row, int status, const char *content_type, const char *body, struct err *e);
bool idempotency_drop(struct scope *s, const struct idempotency_key *row, struct err *e);
bool idempotency_sweep(struct scope *s, struct err *e);      /* what has expired; some at a time */

/* webhook_probe.h - one message to an endpoint, right now: tests, and Daily's question at creation. */
#pragma once
#include "api/api.h"
#include "core/webhook.h"

struct webhook_probe { bool taken; int status; const char *answer, *error; int64_t duration_ms; }; /* status 0: no answer; texts NULL: none */

/* On a worker (FAR routes). Signed with the endpoint's secret, kept by the guard. False only when it could not be tried. */
bool webhook_probe(struct request *r, const struct webhook_endpoint *w, const char *message_id, const char *body, int64_t timeout_ms, struct webhook_probe *out, struct err *e);
/* The URL may be used: bad_webhook_url, webhook_url_private. */
bool webhook_url_check(struct request *r, const char *url, struct err *e);

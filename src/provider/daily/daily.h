/* daily.h - Daily.co as a provider: its REST API (libdailyco), its events, its recordings. https://docs.daily.co/reference/rest-api
 *
 * Any thread may call it; calls block up to PROVIDER_TIMEOUT_SECONDS, tries and waiting for a turn included: what is asked is queued so that
 * Daily's limits hold (limits.h). What certainly was not done is tried again (no connection, 429); what may have been done only where doing it twice
 * is no different. Errors are of kind ERR_DESTINATION, their code is daily_refused (4xx), daily_limited (429), daily_not_hosting, daily_failed (5xx, or a
 * reply that is none) or one of net/fetch.h; the text has Daily's `error` and `info`, and is for the log. */
#pragma once
#include "core/provider.h"
#include "dailyco.h"

struct daily;

struct daily *daily_create(const struct config *c, struct err *e); /* false settings: ERR_CALLER */
void daily_destroy(struct daily *d);                               /* NULL is fine */
const struct provider *daily_provider(const struct daily *d);

/* ---- for tools */
enum daily_webhook_state { DAILY_WEBHOOK_UNKNOWN, DAILY_WEBHOOK_NONE, DAILY_WEBHOOK_ACTIVE, DAILY_WEBHOOK_FAILED };
struct dailyco *daily_client_create(const struct config *c, void *limits, struct err *e); /* limits NULL: none are kept */
bool daily_webhook_is_ours(const struct config *c, const char *url);                      /* it leads to this server (PUBLIC_URL) */
char *daily_webhook_url(const struct config *c, struct arena *a);
bool daily_webhook_look(struct dailyco *client, const struct config *c, struct arena *a, enum daily_webhook_state *state, struct err *e);

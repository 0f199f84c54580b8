/* daily.h - Daily.co as a provider: its REST API over net/fetch. https://docs.daily.co/reference/rest-api
 *
 * Any thread may call it; calls block up to PROVIDER_TIMEOUT_SECONDS, tries included. What certainly was not done is tried again (no
 * connection, 429); what may have been done only where doing it twice is no different. Errors are of kind ERR_DESTINATION, their code is
 * daily_refused (4xx), daily_limited (429), daily_failed (5xx, or a reply that is none) or one of net/fetch.h; the text has Daily's `error` and
 * `info`, and is for the log. */
#pragma once
#include "core/provider.h"

struct daily;

struct daily *daily_create(const struct config *c, struct err *e); /* false settings: ERR_CALLER */
void daily_destroy(struct daily *d);                               /* NULL is fine */
const struct provider *daily_provider(const struct daily *d);

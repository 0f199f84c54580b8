/* provider.h - a LiveKit server as a provider, by liblivekit: rooms, tokens, people, recordings by egress, and what its webhooks say.
 *
 * Any thread may call it. Calls block up to PROVIDER_TIMEOUT_SECONDS, tries included; starting and stopping a recording up to EGRESS_SECONDS, since the
 * server itself looks for a recorder for twenty. Errors are of kind ERR_DESTINATION, for the log; those of kind ERR_CONFLICT, and of code
 * no_recorder, are rows of spec/errors.def, and for the caller. Nothing about sessions is kept here: what there is to know is asked anew. */
#pragma once
#include "core/provider.h"

struct livekit_provider;

struct livekit_provider *livekit_provider_create(const struct config *c, struct err *e); /* false settings: ERR_CALLER */
void livekit_provider_destroy(struct livekit_provider *l);                               /* NULL is fine */
const struct provider *livekit_provider_of(const struct livekit_provider *l);

/* dial_in.h - coming in by phone: a PIN for each room, numbers by country. What makes the PIN work at the provider: core/dial_in_rule.h. */
#pragma once
#include "core/core.h"

enum { DIAL_IN_PIN = 6 };
bool dial_in_free_pin(struct scope *s, char pin[DIAL_IN_PIN + 1], struct err *e); /* that no other room has which is not over */
/* A room that may be dialled into gets a PIN which no other room that is not over has; one that may not has none. The row is not saved. */
bool dial_in_settle(struct scope *s, const struct session *session, struct room_side *side, struct err *e);
/* sip_not_enabled, sip_unavailable, sip_not_configured, no_number_there. A PIN that is missing is given, which is a change; while the session is active the PIN works when this
 * is told (provider_dial_in, if the provider could not make it so). `country` may be NULL. */
bool dial_in_info(struct scope *s, const struct session *session, const char *country, struct dial_in_reply *out, struct err *e);

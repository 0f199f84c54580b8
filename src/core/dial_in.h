/* dial_in.h - coming in by phone: a PIN for each room, numbers by country. */
#pragma once
#include "core/core.h"

/* A room that may be dialled into gets a PIN which no other room that is not over has; one that may not has none. The row is not saved. */
bool dial_in_settle(struct scope *s, const struct session *session, struct room_side *side, struct err *e);
/* sip_not_enabled, sip_unavailable, sip_not_configured, no_number_there. A PIN that is missing is given, which is a change. `country` may be NULL. */
bool dial_in_info(struct scope *s, const struct session *session, const char *country, struct dial_in_reply *out, struct err *e);

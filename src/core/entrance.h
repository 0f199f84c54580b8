/* entrance.h - the door and the controls of calls whose media is with a provider that our page speaks to (PROVIDER_OUR_PAGE, core/provider.h).
 *
 * By join token, as the WebSocket of calls on this box has it (call/door.c), and with the same rules (core/presence.h): the page asks the door, and
 * is told where the media is and what lets it in there. Who is in is known from what the provider tells, not from the page. So a door keeps
 * nothing but who knocks, and any node can answer. All three fail with provider_cannot where the media is on this box, or the call is not on our page. */
#pragma once
#include "core/core.h"

bool entrance_open(struct scope *s, const struct door_request *in, struct door_reply *out, struct err *e);
bool entrance_see(struct scope *s, const char *token, struct door_reply *out, struct err *e);
bool entrance_act(struct scope *s, const struct door_deed *in, struct door_reply *out, struct err *e); /* not_allowed: only hosts may */

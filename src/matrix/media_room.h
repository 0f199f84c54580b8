/* media_room.h - what the call of a Matrix room is named on the media server, for those that were not made by roomd.
 *
 * Who makes the names is the service that gives Element Call its tokens (lk-jwt-service), and it has changed its mind: up to 0.4.0 the room's id as it is
 * (`verbatim`), 0.4.1 and 0.4.2 the SHA-256 of `room|slot` (`sha256-pipe`), since 0.4.3 that of the JSON array ["room","slot"]
 * (`sha256-json`), both in base64 without padding. `template` is for anything else. Source: MSC4195 and lk-jwt-service 0.5. */
#pragma once
#include "core/config.h"

bool media_room_check(const struct config *c, struct err *e);                    /* are the settings fit? */
/* The name has '/' and '+' in it: it is no part of a path. */
const char *media_room_name(const struct config *c, struct arena *a, const char *room_id);

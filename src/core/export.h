/* export.h - all that is known of a person, as one JSON document: account, seats, stays, what they said, consent, recordings in which they took
 * part (as links), sessions they held, keys and tokens without their secrets, bookings, what the audit log has of them. Written in pages of rows,
 * so memory is bounded whatever there is. */
#pragma once
#include "core/core.h"
#include "core/guest.h"
#include <stdio.h>

/* `links`: recordings with signed links. user_not_found. The scope's connection is a reader's; the arena keeps little. */
bool export_person(struct scope *s, int64_t user_id, bool links, FILE *to, struct err *e);
bool export_guest(struct scope *s, const struct guest *guest, bool links, FILE *to, struct err *e);  /* the same of somebody without an account */

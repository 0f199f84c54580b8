/* kept.h - what is kept of a person, in short: how much there is of each kind, and the newest of it. For who decides about an export or an erasure;
 * core/export.h has all of it. */
#pragma once
#include "core/core.h"
#include "core/guest.h"

bool kept_of_user(struct scope *s, int64_t user_id, struct person_kept *out, struct err *e);   /* user_not_found */
bool kept_of_guest(struct scope *s, const struct guest *guest, struct person_kept *out, struct err *e);

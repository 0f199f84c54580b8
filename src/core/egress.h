/* egress.h - a recording as /api/recording (seed S5) tells of it: an egressId, three states, one link.
 *
 * The egressId is "egress_" and the recording's UUID without its dashes: stable, unguessable, and whatever engine makes the recording
 * keeps its own id to itself. */
#pragma once
#include "core/core.h"
#include "core/recording.h"

enum { EGRESS_ID = 40, EGRESS_PROCESSING = 0, EGRESS_READY = 1, EGRESS_FAILED = 2 };

void egress_id(const struct recording *r, char out[EGRESS_ID]);
enum db_found egress_find(struct scope *s, const char *egress_id, struct recording *out, struct err *e);
int egress_status(const struct recording *r);
bool egress_link(struct scope *s, const struct recording *r, const char **url, struct err *e); /* to the file of RECORDING_FORMAT, or the nearest there is; NULL until it is ready */

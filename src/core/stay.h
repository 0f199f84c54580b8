/* stay.h - what a stay in the call was used for: microphone, camera, screen, and how good the line was. Kept beside the connection span
 * (table stays); the call counts and saves whole amounts now and then, so saving twice does no harm. */
#pragma once
#include "core/core.h"

struct stay_use { int64_t track_ms[track_kind_count], quality_ms[call_quality_count]; };

bool stay_save(struct scope *s, const char *connection, const struct stay_use *use, struct err *e);
bool stay_load(struct scope *s, const char *connection, struct stay_use *out, struct err *e);      /* nothing noted: all 0 */
bool stay_list(struct scope *s, int64_t session_id, struct list *out, struct err *e);              /* of struct stay_view: by participant, then time */

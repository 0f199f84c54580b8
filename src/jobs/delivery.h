/* delivery.h - what the jobs have in common that bring a recording's files here: those that are composed, and those that a remote provider has made. */
#pragma once
#include "core/provider.h"
#include "jobs/runner.h"

void delivery_progress(struct work_context *w, int64_t recording_id, int percent, int *told);  /* told from two percent more on */
/* From `folder` to where it stays, proven; `row` says so. A name may have a folder before it. */
bool delivery_store(struct work_context *w, const struct recording *r, const char *folder, const struct provider_file *file, struct recording_file *row, struct err *e);
bool delivery_ready(struct work_context *w, const struct recording *r, int64_t duration_ms, struct recording_file *files, size_t count, struct err *e);

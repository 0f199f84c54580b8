#include "jobs/delivery.h"
#include "core/recording.h"
#include "sink/local.h"
#include <string.h>

struct told { int64_t id; int percent; };

static bool tell_percent(struct scope *s, void *arg, struct err *e)
{
    const struct told *t = arg;
    return recording_progress(s, t->id, t->percent, e);
}

void delivery_progress(struct work_context *w, int64_t recording_id, int percent, int *told)
{
    if (percent < *told + 2) return;
    struct told t = {recording_id, *told = percent};
    core_write(w->core, tell_percent, &t, NULL);
}

bool delivery_store(struct work_context *w, const struct recording *r, const char *folder, const struct provider_file *file, struct recording_file *row, struct err *e)
{
    char sha256[65];
    int64_t size;
    const char *slash = strrchr(file->name, '/'), *key = arena_printf(w->arena, "recordings/%s/%s", r->uuid, file->name);
    if (!sink_put_local(core_config(w->core)->DATA_DIR, arena_printf(w->arena, "%s/%s", folder, file->name), key, &size, sha256, e)) return false;
    if (size != file->size_bytes) return err_set(e, ERR_DESTINATION, "sink_size", "\"%s\" has %lld bytes at the sink, not %lld", file->name, (long long)size, (long long)file->size_bytes);
    *row = (struct recording_file){.recording_id = r->id, .kind = (int)file->kind, .name = arena_strdup(w->arena, slash ? slash + 1 : file->name), .sink = "local", .key = key,
                                   .content_type = file->content_type, .size_bytes = size, .sha256 = arena_strdup(w->arena, sha256), .duration_ms = file->duration_ms};
    model_all_present(&recording_file_model, row);
    return true;
}

struct finished { int64_t id, duration_ms; struct recording_file *files; size_t count; };

static bool tell_ready(struct scope *s, void *arg, struct err *e)
{
    const struct finished *f = arg;
    return recording_ready(s, f->id, f->duration_ms, f->files, f->count, e);
}

bool delivery_ready(struct work_context *w, const struct recording *r, int64_t duration_ms, struct recording_file *files, size_t count, struct err *e)
{
    struct finished f = {r->id, duration_ms, files, count};
    return core_write(w->core, tell_ready, &f, e);
}

#include "core/egress.h"
#include <stdio.h>
#include <string.h>

static const char PREFIX[] = "egress_";

void egress_id(const struct recording *r, char out[EGRESS_ID])
{
    char *to = stpcpy(out, PREFIX);
    for (const char *c = r->uuid; *c; c++)
        if (*c != '-') *to++ = *c;
    *to = '\0';
}

enum db_found egress_find(struct scope *s, const char *id, struct recording *out, struct err *e)
{
    char uuid[37];
    size_t n = sizeof PREFIX - 1;
    if (strlen(id) != n + 32 || strncmp(id, PREFIX, n) || strspn(id + n, "0123456789abcdef") != 32) return DB_NONE;
    id += n;
    snprintf(uuid, sizeof uuid, "%.8s-%.4s-%.4s-%.4s-%.12s", id, id + 8, id + 12, id + 16, id + 20);
    return recording_by_uuid(s, arena_strdup(s->arena, uuid), out, e);
}

int egress_status(const struct recording *r)
{
    return r->status == recording_status_ready ? EGRESS_READY : r->status == recording_status_failed ? EGRESS_FAILED : EGRESS_PROCESSING;
}

/* Lower is better. */
static int distance(const char *format, enum file_kind kind)
{
    static const struct { const char *format; enum file_kind kinds[4]; } orders[] = {
        {"mp3", {file_kind_audio, file_kind_opus, file_kind_video, file_kind_track}},
        {"ogg", {file_kind_opus, file_kind_audio, file_kind_video, file_kind_track}},
        {"mp4", {file_kind_video, file_kind_audio, file_kind_opus, file_kind_track}}};
    size_t o = 0;
    while (o < 2 && strcmp(orders[o].format, format) != 0) o++;
    for (int i = 0; i < 4; i++)
        if (orders[o].kinds[i] == kind) return i;
    return 4;
}

bool egress_link(struct scope *s, const struct recording *r, const char **url, struct err *e)
{
    struct list files;
    const char *format = core_config(s->core)->RECORDING_FORMAT;
    const struct recording_file *best = NULL;
    *url = NULL;
    if (r->status != recording_status_ready) return true;
    if (!recording_files(s, r->id, &files, e)) return false;
    for (size_t i = 0; i < files.count; i++) {
        const struct recording_file *f = (const struct recording_file *)files.items + i;
        if (!best || distance(format, (enum file_kind)f->kind) < distance(format, (enum file_kind)best->kind)) best = f;
    }
    if (best) *url = recording_file_url(s, best);
    return true;
}

/* records.c - recordings at Daily: known there by an instanceId, which is our recording's UUID; finished ones by an id of Daily's own. */
#include "base/clock.h"
#include "model/model.h"
#include "net/download.h"
#include "net/fetch.h"
#include "provider/daily/parts.h"
#include <string.h>

/* ---- start and stop */

/* A room that was planned without recording must be told that there is one after all, and where raw tracks go. */
static bool allow(const struct daily *d, struct arena *a, const char *room, struct dailyco_error *why)
{
    struct dailyco_room_properties properties = {0};
    struct dailyco_room_update update = {0};
    struct dailyco_recordings_bucket bucket = {0};
    DAILYCO_SET(&properties, dailyco_room_properties, enable_recording, d->config->DAILY_RECORDING_TYPE);
    if (*d->config->DAILY_RECORDINGS_BUCKET) DAILYCO_SET(&properties, dailyco_room_properties, recordings_bucket, daily_bucket(d->config, &bucket));
    DAILYCO_SET(&update, dailyco_room_update, properties, &properties);
    return dailyco_update_room(d->client, room, &update, dailyco_within(a), why) != NULL;
}

const struct dailyco_recordings_bucket *daily_bucket(const struct config *c, struct dailyco_recordings_bucket *b)
{
    DAILYCO_SET(b, dailyco_recordings_bucket, bucket_name, c->DAILY_RECORDINGS_BUCKET);
    DAILYCO_SET(b, dailyco_recordings_bucket, bucket_region, c->DAILY_RECORDINGS_REGION);
    DAILYCO_SET(b, dailyco_recordings_bucket, assume_role_arn, c->DAILY_RECORDINGS_ROLE_ARN);
    DAILYCO_SET(b, dailyco_recordings_bucket, allow_api_access, true);
    return b;
}

bool daily_record_start(void *ctx, struct arena *a, struct provider_record *record, struct err *e)
{
    const struct daily *d = ctx;
    struct dailyco_error why = {0};
    struct dailyco_recording_start start = {0};
    if (!allow(d, a, record->room, &why)) return daily_refused_call(&why, e);
    DAILYCO_SET(&start, dailyco_recording_start, type, d->config->DAILY_RECORDING_TYPE);
    DAILYCO_SET(&start, dailyco_recording_start, instanceId, record->uuid);
    return dailyco_start_recording(d->client, record->room, &start, dailyco_within(a), &why) || why.code == DAILYCO_ALREADY_RECORDING || daily_refused_call(&why, e);
}

bool daily_record_stop(void *ctx, struct arena *a, const struct provider_record *record, struct err *e)
{
    const struct daily *d = ctx;
    struct dailyco_error why = {0};
    struct dailyco_recording_stop stop = {0};
    DAILYCO_SET(&stop, dailyco_recording_stop, instanceId, record->uuid);
    DAILYCO_SET(&stop, dailyco_recording_stop, type, d->config->DAILY_RECORDING_TYPE);
    return dailyco_stop_recording(d->client, record->room, &stop, dailyco_within(a), &why) || daily_refused_call(&why, e);
}

/* ---- how they stand */

enum { MOST = 200 };
struct standing { struct arena *arena; const char *room; int64_t since; struct fact *facts; size_t count; };

static struct fact_recording state_of(struct arena *a, const struct dailyco_recording *r)
{
    const char *status = TEXT(r, dailyco_recording, status);
    struct fact_recording f = {.external = arena_strdup(a, r->id), .started_at = DAILYCO_HAS(r, dailyco_recording, start_ts) ? time_of_seconds((double)r->start_ts) : 0,
                               .duration_ms = DAILYCO_HAS(r, dailyco_recording, duration) ? time_of_seconds((double)r->duration) : 0, .state = FACT_RECORDING_STARTED};
    if (status && !strcmp(status, "finished")) f.state = FACT_RECORDING_READY;
    if (status && !strcmp(status, "canceled")) f.state = FACT_RECORDING_FAILED, f.error = "Daily canceled it";
    return f;
}

static bool take(void *context, const struct dailyco_recording *r)
{
    struct standing *s = context;
    struct fact_recording f = state_of(s->arena, r);
    if (f.started_at && f.started_at < s->since) return false; /* newest first */
    s->facts[s->count++] = (struct fact){.kind = FACT_RECORDING, .room = s->room, .at = f.started_at, .recording = f};
    return s->count < MOST;
}

bool daily_recordings(void *ctx, struct arena *a, const struct provider_record *record, int64_t since, struct facts *out, struct err *e)
{
    const struct daily *d = ctx;
    struct dailyco_error why = {0};
    struct dailyco_recordings_query q = {0};
    struct standing s = {a, record->room, since, arena_array(a, struct fact, MOST), 0};
    DAILYCO_SET(&q, dailyco_recordings_query, room_name, record->room);
    if (!dailyco_each_recording(d->client, &q, take, &s, &why)) return daily_refused_call(&why, e);
    *out = (struct facts){s.facts, s.count};
    return true;
}

/* ---- fetching */

struct part { struct provider_fetch *fetch; int64_t before, all; }; /* bytes of the files before this one, and of all; 0: not known */

static bool on_progress(void *arg, int64_t done, int64_t total)
{
    const struct part *p = arg;
    int64_t all = p->all ? p->all : total;
    return p->fetch->progress(p->fetch->arg, all ? (int)((p->before + done) * 99 / all) : 0);
}

static bool is_audio(const char *type)
{
    return type && !strncmp(type, "audio/", 6);
}

static bool fetch_cloud(const struct daily *d, struct arena *a, struct provider_fetch *f, const struct dailyco_recording *r, struct err *e)
{
    struct dailyco_error why = {0};
    struct downloaded got;
    struct part part = {f, 0, 0};
    const struct dailyco_access_link *link = dailyco_get_recording_link(d->client, f->record.external, NULL, dailyco_within(a), &why);
    if (!link) return daily_refused_call(&why, e);
    const char *url = TEXT(link, dailyco_access_link, download_link);
    if (!url || !url_is_http(url)) return err_set(e, ERR_DESTINATION, "daily_failed", "Daily gave no link to recording %s: %.120s", f->record.external, url ? url : "nothing");
    struct download what = {.url = url, .path = arena_printf(a, "%s/recording.mp4", f->folder), .guard = &d->config->outbound, .progress = on_progress, .arg = &part};
    if (!download(&what, a, &got, e)) return false;
    if (!got.size_bytes) return err_set(e, ERR_DESTINATION, "daily_failed", "recording %s is an empty file", f->record.external);
    f->duration_ms = DAILYCO_HAS(r, dailyco_recording, duration) ? time_of_seconds((double)r->duration) : 0;
    f->files = arena_new(a, struct provider_file);
    *f->files = (struct provider_file){"recording.mp4", is_audio(got.content_type) ? file_kind_audio : file_kind_video, is_audio(got.content_type) ? "audio/mp4" : "video/mp4", got.size_bytes, f->duration_ms};
    f->count = 1;
    return true;
}

/* A raw track is an object in one's own bucket: PARTICIPANT-SOURCE-KIND-TIME.webm here. */
static const char *name_of_track(struct arena *a, const struct dailyco_track *t, size_t number)
{
    struct dailyco_track_name n;
    if (!dailyco_track_name_parse(t->s3Key, &n)) return arena_printf(a, "track-%zu.webm", number + 1);
    return arena_printf(a, "%s-%s-%s-%lld.webm", n.participant_id, n.source, n.kind, (long long)n.track_ms);
}

static const char *object_url(const struct config *c, struct arena *a, const char *key)
{
    const char *base = *c->DAILY_RECORDINGS_ENDPOINT ? c->DAILY_RECORDINGS_ENDPOINT : arena_printf(a, "https://s3.%s.amazonaws.com", c->DAILY_RECORDINGS_REGION);
    struct buf path;
    buf_init(&path, 0);
    for (const char *p = key; *p; p += strcspn(p, "/"), p += *p == '/') buf_printf(&path, "/%s", fetch_escape(a, arena_strndup(a, p, strcspn(p, "/"))));
    char *url = arena_printf(a, "%s/%s%s", base, c->DAILY_RECORDINGS_BUCKET, path.size ? path.data : "");
    buf_release(&path);
    return url;
}

static bool fetch_track(const struct daily *d, struct arena *a, struct provider_fetch *f, const struct dailyco_track *t, struct part *part, struct err *e)
{
    const struct config *c = d->config;
    struct downloaded got;
    const char *name = name_of_track(a, t, f->count);
    bool audio = t->type && !strcmp(t->type, "audio");
    struct download what = {.url = object_url(c, a, t->s3Key), .path = arena_printf(a, "%s/%s", f->folder, name), .guard = &c->outbound, .progress = on_progress, .arg = part,
                            .aws_sigv4 = arena_printf(a, "aws:amz:%s:s3", c->DAILY_RECORDINGS_REGION), .credentials = arena_printf(a, "%s:%s", c->DAILY_RECORDINGS_KEY, c->DAILY_RECORDINGS_SECRET)};
    if (!download(&what, a, &got, e)) return false;
    if (DAILYCO_HAS(t, dailyco_track, size) && t->size != got.size_bytes)
        return err_set(e, ERR_DESTINATION, "fetch_incomplete", "track \"%s\" has %lld bytes, not %lld", name, (long long)got.size_bytes, (long long)t->size);
    f->files[f->count++] = (struct provider_file){name, file_kind_track, audio ? "audio/webm" : "video/webm", got.size_bytes, f->duration_ms};
    part->before += got.size_bytes;
    return true;
}

static bool fetch_tracks(const struct daily *d, struct arena *a, struct provider_fetch *f, const struct dailyco_recording *r, struct err *e)
{
    struct part part = {f, 0, 0};
    const struct dailyco_track *tracks = r->tracks.items;
    if (!*d->config->DAILY_RECORDINGS_KEY || !*d->config->DAILY_RECORDINGS_BUCKET)
        return err_set(e, ERR_DESTINATION, "daily_bucket", "raw tracks are in your bucket: set DAILY_RECORDINGS_BUCKET, _REGION, _KEY and _SECRET so that they can be fetched");
    f->files = arena_array(a, struct provider_file, r->tracks.count);
    f->duration_ms = DAILYCO_HAS(r, dailyco_recording, duration) ? time_of_seconds((double)r->duration) : 0;
    for (size_t i = 0; i < r->tracks.count; i++) part.all += DAILYCO_HAS(&tracks[i], dailyco_track, size) ? tracks[i].size : 0;
    for (size_t i = 0; i < r->tracks.count; i++)
        if (TEXT(&tracks[i], dailyco_track, s3Key) && !fetch_track(d, a, f, &tracks[i], &part, e)) return false;
    return f->count || err_set(e, ERR_DESTINATION, "fetch_gone", "Daily names no object of recording %s", f->record.external);
}

/* The recording itself says what it is; an event's word for it is not needed. */
bool daily_record_fetch(void *ctx, struct arena *a, struct provider_fetch *f, struct err *e)
{
    const struct daily *d = ctx;
    struct dailyco_error why = {0};
    if (!f->record.external) return err_set(e, ERR_DESTINATION, "daily_failed", "Daily has not told its id of the recording yet");
    const struct dailyco_recording *r = dailyco_get_recording(d->client, f->record.external, dailyco_within(a), &why);
    if (!r && why.code == DAILYCO_NOT_FOUND) return err_set(e, ERR_DESTINATION, "fetch_gone", "Daily has no recording %s any more", f->record.external);
    if (!r) return daily_refused_call(&why, e);
    return dailyco_recording_is_raw(r) ? fetch_tracks(d, a, f, r, e) : fetch_cloud(d, a, f, r, e);
}

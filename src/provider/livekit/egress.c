/* egress.c - recordings by LiveKit's recorder: begun, ended, found again, and how they stand.
 *
 * An egress is known by the recording's UUID, which is in the path that it writes to: LiveKit has no key of the caller's own, gives its id only with an
 * answer that may be lost, and would start a second one if it were asked again. So nothing has to be kept here, and a start that timed out is
 * found by its path. What one says goes forward only (core/fact_recording.c). */
#include "base/clock.h"
#include "base/log.h"
#include "provider/livekit/output.h"
#include "provider/livekit/parts.h"
#include <jansson.h>
#include <string.h>

enum { UUID = 36, NS_A_MS = 1000000, STARTS_WITHIN_MS = 120000, RECORDER_GONE_MS = 20000, UPLOADS_WITHIN_MS = 1800000, UNLISTED_MS = 420000 };

/* ---- which recording it is */

static bool is_uuid(const char *text)
{
    for (int i = 0; i < UUID; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (!text[i] || (dash ? text[i] != '-' : !strchr("0123456789abcdef", text[i]))) return false;
    }
    return true;
}

static const char *uuid_in(struct arena *a, const char *path)
{
    for (; path && *path; path++)
        if (is_uuid(path)) return arena_strndup(a, path, UUID);
    return NULL;
}

/* Of the whole call: files of single tracks come and go beside it. */
static const char *uuid_of(struct arena *a, const struct livekit_egress_info *i)
{
    return i->room_composite && i->room_composite->file_outputs.count ? uuid_in(a, i->room_composite->file_outputs.items[0].filepath) : NULL;
}

/* ---- what it says */

static const struct livekit_file_info *file_of(const struct livekit_egress_info *i)
{
    return i->file_results.count ? &i->file_results.items[0] : NULL;
}

static char *detail_of(struct arena *a, const struct livekit_egress_info *i)
{
    const struct livekit_file_info *file = file_of(i);
    return json_take_text(a, json_pack("{s:s, s:s, s:I, s:I}", "egress", text_or(i->egress_id, ""), "path", file ? text_or(file->filename, "") : "", "size", (json_int_t)(file ? file->size : 0),
                                "duration_ms", (json_int_t)(file ? file->duration / NS_A_MS : 0)));
}

static enum fact_recording_state state_of(const struct livekit_egress_info *i)
{
    const struct livekit_file_info *file = file_of(i);
    switch (i->status) {
    case LIVEKIT_EGRESS_ENDING: return FACT_RECORDING_STOPPED;
    case LIVEKIT_EGRESS_COMPLETE: return FACT_RECORDING_READY;
    case LIVEKIT_EGRESS_LIMIT_REACHED: return file && file->size > 0 ? FACT_RECORDING_READY : FACT_RECORDING_FAILED;
    case LIVEKIT_EGRESS_FAILED:
    case LIVEKIT_EGRESS_ABORTED: return FACT_RECORDING_FAILED;
    default: return FACT_RECORDING_STARTED;
    }
}

bool sfu_egress_fact(struct arena *a, const struct livekit_egress_info *i, struct fact *f)
{
    const struct livekit_file_info *file = file_of(i);
    const char *uuid = uuid_of(a, i);
    if (!uuid) return false;
    f->kind = FACT_RECORDING;
    f->room = i->room_name;
    f->recording = (struct fact_recording){.uuid = uuid, .external = text_or(i->egress_id, NULL), .state = state_of(i), .error = text_or(i->error, text_or(i->details, "the recorder failed"))};
    if (file && file->started_at) f->recording.started_at = file->started_at / NS_A_MS;
    if (file) f->recording.duration_ms = file->duration / NS_A_MS;
    if (f->recording.state == FACT_RECORDING_READY) f->recording.detail = detail_of(a, i);
    return true;
}

/* ---- the list */

bool sfu_egresses(struct livekit_provider *l, struct arena *a, const char *room, bool active, struct livekit_list_egress_response **out, struct err *e)
{
    struct livekit_error said;
    struct livekit_list_egress_request r = {.room_name = room, .active = active};
    *out = livekit_list_egress(l->quick, &r, livekit_within(a), &said);
    return *out || livekit_said("list the recordings", &said, e);
}

bool sfu_egress_is_final(const struct livekit_egress_info *i)
{
    return i->status >= LIVEKIT_EGRESS_COMPLETE;
}

/* ---- begin */

struct crowd { bool sends, encrypted; const struct livekit_list_participants_response *people; };

static bool look_around(struct livekit_provider *l, struct arena *a, const char *room, struct crowd *out, struct err *e)
{
    struct livekit_list_participants_response *people;
    *out = (struct crowd){0};
    if (!sfu_people(l, a, room, &people, e)) return false;
    out->people = people;
    for (size_t i = 0; i < people->participants.count; i++)
        for (size_t t = 0; t < people->participants.items[i].tracks.count; t++) {
            out->sends = true;
            out->encrypted |= people->participants.items[i].tracks.items[t].encryption != LIVEKIT_ENCRYPTION_NONE;
        }
    return true;
}

const struct livekit_s3_upload *sfu_bucket(const struct livekit_provider *l, struct arena *a)
{
    const struct config *c = l->config;
    struct livekit_s3_upload *s3 = arena_new(a, struct livekit_s3_upload);
    *s3 = (struct livekit_s3_upload){.access_key = c->EGRESS_S3_ACCESS_KEY, .secret = c->EGRESS_S3_SECRET, .region = c->EGRESS_S3_REGION, .bucket = c->EGRESS_S3_BUCKET,
                                     .endpoint = text_or(c->EGRESS_S3_ENDPOINT, NULL), .force_path_style = *c->EGRESS_S3_ENDPOINT != '\0'};
    return *c->EGRESS_S3_BUCKET ? s3 : NULL;
}

/* By the names that LiveKit gives them. */
static int file_type(const char *name)
{
    return !strcmp(name, "MP3") ? LIVEKIT_FILE_MP3 : !strcmp(name, "OGG") ? LIVEKIT_FILE_OGG : LIVEKIT_FILE_MP4;
}

static int audio_codec(const char *name)
{
    return !strcmp(name, "AC_MP3") ? LIVEKIT_AUDIO_MP3 : !strcmp(name, "OPUS") ? LIVEKIT_AUDIO_OPUS : LIVEKIT_AUDIO_AAC;
}

static struct livekit_egress_info *start(struct livekit_provider *l, struct arena *a, const struct provider_record *record, struct livekit_error *said)
{
    struct livekit_output o;
    livekit_output_make(l->config, a, record->room, record->uuid, &o);
    struct livekit_encoded_file_output file = {.file_type = file_type(o.file_type), .filepath = o.filepath, .disable_manifest = true, .s3 = sfu_bucket(l, a)};
    struct livekit_encoding_options encoding = {.audio_codec = audio_codec(o.audio_codec), .audio_bitrate = o.audio_bitrate};
    struct livekit_room_composite_egress_request r = {.room_name = record->room, .audio_only = o.audio_only, .layout = o.audio_only ? NULL : "grid", .advanced = &encoding,
                                                      .file_outputs = {&file, 1}};
    return livekit_start_room_composite_egress(l->slow, &r, livekit_within(a), said);
}

static bool refused(const struct livekit_error *said, struct err *e)
{
    if (said->code == LIVEKIT_NOT_FOUND) return err_fail(e, error_nobody_publishes); /* no room, nobody in it */
    if (said->code == LIVEKIT_UNAVAILABLE || said->code == LIVEKIT_INTERNAL) {
        log_warn("livekit.no_recorder", LOG_STR("error", said->message));
        return err_fail(e, error_no_recorder);
    }
    return livekit_said("start the recording", said, e);
}

/* The answer was lost. The recording counts as begun: what becomes of it is told by webhooks, or found in the list. */
static void adopt(struct livekit_provider *l, struct arena *a, struct provider_record *record)
{
    struct livekit_list_egress_response *there;
    struct err ignored;
    if (!sfu_egresses(l, a, record->room, false, &there, &ignored)) return;
    for (size_t i = 0; i < there->items.count; i++) {
        const char *uuid = uuid_of(a, &there->items.items[i]);
        if (uuid && !strcmp(uuid, record->uuid)) record->external = there->items.items[i].egress_id;
    }
}

bool sfu_record_start(void *ctx, struct arena *a, struct provider_record *record, struct err *e)
{
    struct crowd crowd;
    struct livekit_error said = {0};
    if (!look_around(ctx, a, record->room, &crowd, e)) return false;
    if (!crowd.sends) return err_fail(e, error_nobody_publishes);
    if (crowd.encrypted) return err_fail(e, error_call_encrypted);
    struct livekit_egress_info *begun = start(ctx, a, record, &said);
    if (!begun && !said.maybe_done) return refused(&said, e);
    if (begun) record->external = begun->egress_id;
    else adopt(ctx, a, record);
    sfu_tracks_start(ctx, a, record, NULL, crowd.people);
    return true;
}

/* ---- end */

/* Ended already, unknown, or its recorder does not answer any more: what becomes of it is told or found. */
static bool is_over(const struct livekit_error *said)
{
    return said->code == LIVEKIT_FAILED_PRECONDITION || said->code == LIVEKIT_NOT_FOUND || said->code == LIVEKIT_DEADLINE_EXCEEDED;
}

bool sfu_record_stop(void *ctx, struct arena *a, const struct provider_record *record, struct err *e)
{
    struct livekit_provider *l = ctx;
    struct provider_record known = *record;
    struct livekit_error said;
    sfu_tracks_stop(l, a, record); /* first: as soon as the whole call's ends, all is told to be over */
    if (!known.external) adopt(l, a, &known);
    struct livekit_stop_egress_request r = {.egress_id = known.external};
    return !known.external || livekit_stop_egress(l->slow, &r, livekit_within(a), &said) || is_over(&said) || livekit_said("stop the recording", &said, e);
}

/* ---- how it stands */

static bool has_recorder(const struct livekit_list_participants_response *people, const char *egress)
{
    for (size_t i = 0; i < people->participants.count; i++)
        if (people->participants.items[i].identity && !strcmp(people->participants.items[i].identity, egress)) return true;
    return false;
}

/* Of one that says it goes on: does it? A recorder that was killed says nothing any more, and its item stays as it was for ever. */
const char *sfu_why_lost(struct livekit_provider *l, struct arena *a, const struct livekit_egress_info *i)
{
    struct livekit_list_participants_response *people;
    struct err e;
    int64_t silent_ms = clock_now_ms() - (i->updated_at ? i->updated_at : i->started_at) / NS_A_MS;
    if (sfu_egress_is_final(i)) return NULL;
    if (i->status == LIVEKIT_EGRESS_STARTING) return silent_ms > STARTS_WITHIN_MS ? "the recorder never began" : NULL;
    if (i->status == LIVEKIT_EGRESS_ENDING) return silent_ms > UPLOADS_WITHIN_MS ? "the recorder never finished" : NULL;
    if (silent_ms < RECORDER_GONE_MS || !sfu_people(l, a, i->room_name, &people, &e)) return NULL;
    return has_recorder(people, i->egress_id) ? NULL : "the recorder went away in the middle of it";
}

/* What a lost recorder has left on a disk that we can read is taken. */
static void salvage(struct livekit_provider *l, struct arena *a, const char *room, const char *why, struct fact *f)
{
    struct livekit_output o;
    livekit_output_make(l->config, a, room, f->recording.uuid, &o);
    int64_t size = sfu_file_size(l, a, o.filepath);
    f->kind = FACT_RECORDING;
    f->room = room;
    f->at = clock_now_ms();
    f->recording.state = size > 0 ? FACT_RECORDING_READY : FACT_RECORDING_FAILED;
    f->recording.error = why;
    if (size > 0) f->recording.detail = json_take_text(a, json_pack("{s:s, s:I, s:b}", "path", o.filepath, "size", (json_int_t)size, "salvaged", 1));
    log_warn("livekit.recording_lost", LOG_STR("recording", f->recording.uuid), LOG_STR("why", why), LOG_INT("salvaged", size));
}

static void abandon(struct livekit_provider *l, struct arena *a, const struct livekit_egress_info *i)
{
    struct livekit_error said;
    struct livekit_stop_egress_request r = {.egress_id = i->egress_id};
    livekit_stop_egress(l->quick, &r, livekit_within(a), &said); /* should it come to life after all */
}

static bool tell_of(struct livekit_provider *l, struct arena *a, const struct livekit_egress_info *i, struct fact *f)
{
    f->at = clock_now_ms();
    if (!sfu_egress_fact(a, i, f)) return false;
    const char *why = sfu_why_lost(l, a, i);
    if (why) abandon(l, a, i);
    if (why) salvage(l, a, i->room_name, why, f);
    return true;
}

bool sfu_recordings(void *ctx, struct arena *a, const struct provider_record *record, int64_t since, struct facts *out, struct err *e)
{
    struct livekit_provider *l = ctx;
    struct livekit_list_egress_response *there;
    bool seen = false;
    if (!sfu_egresses(l, a, record->room, false, &there, e)) return false;
    struct fact *facts = arena_array(a, struct fact, there->items.count + 1);
    *out = (struct facts){facts, 0};
    for (size_t i = 0; i < there->items.count; i++) {
        const char *uuid = uuid_of(a, &there->items.items[i]);
        if (!uuid || strcmp(uuid, record->uuid) != 0 || !tell_of(l, a, &there->items.items[i], &facts[out->count])) continue;
        seen = true;
        if (facts[out->count].recording.state == FACT_RECORDING_STARTED) sfu_tracks_start(l, a, record, there, NULL);
        out->count++;
    }
    if (seen || clock_now_ms() - since < UNLISTED_MS) return true;
    facts[0].recording = (struct fact_recording){.uuid = record->uuid, .external = record->external};
    salvage(l, a, record->room, "LiveKit knows nothing of it any more", &facts[0]);
    out->count = 1;
    return true;
}

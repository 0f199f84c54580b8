/* tracks.c - each person's tracks in files of their own, beside the recording of the whole call (EGRESS_TRACKS).
 *
 * As with the whole call nothing is kept here: which egress has which track of which recording is in the list, by the path that it writes to. Whoever
 * looks begins what is missing: when the recording begins, and each time that it is asked how the recording stands. That is one thread at a
 * time: a recording is not asked about before its start has returned. Tracks never cost the recording: one that cannot be had is left out.
 * A track has one try: a second egress would write over what the first one has. */
#include "base/clock.h"
#include "base/log.h"
#include "net/crypto.h"
#include "provider/livekit/output.h"
#include "provider/livekit/parts.h"
#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

enum { NS_A_MS = 1000000, HASH_SHOWN = 16, LONGEST_SID = 64, LONGEST_NAME = 200, HOLD_OFF_MS = 30000, PATIENCE_MS = 300000 };
static const char MARK[] = "-track-";

/* ---- which one it is */

static const struct livekit_direct_file_output *output_of(const struct livekit_egress_info *i, const char *uuid)
{
    const struct livekit_direct_file_output *file = i->track ? i->track->file : NULL;
    return file && file->filepath && i->track->track_id && strstr(file->filepath, uuid) && strstr(file->filepath, MARK) ? file : NULL;
}

static bool has_egress(const struct livekit_list_egress_response *there, const char *uuid, const char *track)
{
    for (size_t i = 0; there && i < there->items.count; i++)
        if (output_of(&there->items.items[i], uuid) && !strcmp(there->items.items[i].track->track_id, track)) return true;
    return false;
}

/* ---- where it goes */

/* Made of ids only: "seat-12" of our people, of others (telephones, Matrix clients) a hash of what LiveKit knows them by. */
static const char *person_of(struct arena *a, const char *identity)
{
    char hash[65];
    size_t digits = strncmp(identity, "seat-", 5) ? 0 : strspn(identity + 5, "0123456789");
    if (digits) return arena_strndup(a, identity, 5 + digits);
    sha256_hex(identity, strlen(identity), hash);
    return arena_printf(a, "%.*s", HASH_SHOWN, hash);
}

static const char *source_of(const struct livekit_track_info *t)
{
    switch (t->source) {
    case LIVEKIT_MICROPHONE: return "mic";
    case LIVEKIT_CAMERA: return "camera";
    case LIVEKIT_SCREEN_SHARE: return "screen";
    case LIVEKIT_SCREEN_SHARE_AUDIO: return "screen_sound";
    default: return t->type == LIVEKIT_VIDEO ? "video" : "audio";
    }
}

static const char *path_of(const struct livekit_provider *l, struct arena *a, const struct provider_record *record, const struct livekit_participant_info *p, const struct livekit_track_info *t)
{
    struct livekit_output whole;
    livekit_output_make(l->config, a, record->room, record->uuid, &whole);
    int stem = (int)(strrchr(whole.filepath, '.') - whole.filepath);
    return arena_printf(a, "%.*s%s%s-%s-%s", stem, whole.filepath, MARK, person_of(a, text_or(p->identity, "")), source_of(t), t->sid);
}

/* ---- begin */

static bool fits(const struct livekit_track_info *t)
{
    size_t n = t->sid ? strlen(t->sid) : 0, plain = 0;
    while (plain < n && (isalnum((unsigned char)t->sid[plain]) || t->sid[plain] == '_')) plain++;
    return n && n == plain && n <= LONGEST_SID && t->type != LIVEKIT_DATA && t->encryption == LIVEKIT_ENCRYPTION_NONE;
}

static bool start(struct livekit_provider *l, struct arena *a, const struct provider_record *record, const struct livekit_participant_info *p, const struct livekit_track_info *t)
{
    struct livekit_error said;
    struct livekit_direct_file_output file = {.filepath = path_of(l, a, record, p, t), .disable_manifest = true, .s3 = sfu_bucket(l, a)};
    struct livekit_track_egress_request r = {.room_name = record->room, .track_id = t->sid, .file = &file};
    if (livekit_start_track_egress(l->slow, &r, livekit_within(a), &said)) return true;
    log_warn("livekit.track_not_begun", LOG_STR("recording", record->uuid), LOG_STR("track", t->sid), LOG_STR("error", said.message));
    return false;
}

/* After one that could not be begun all others wait, but for those of a recording that begins: LiveKit looks for a free recorder for twenty seconds each time, and a start whose
 * answer was lost is in the list by then. */
static bool start_missing(struct livekit_provider *l, struct arena *a, const struct provider_record *record, const struct livekit_list_egress_response *there,
                          const struct livekit_participant_info *p)
{
    for (size_t i = 0; i < p->tracks.count; i++) {
        const struct livekit_track_info *t = &p->tracks.items[i];
        if (!fits(t) || has_egress(there, record->uuid, t->sid) || start(l, a, record, p, t)) continue;
        atomic_store(&l->tracks_again_at, clock_now_ms() + HOLD_OFF_MS);
        return false;
    }
    return true;
}

void sfu_tracks_start(struct livekit_provider *l, struct arena *a, const struct provider_record *record, const struct livekit_list_egress_response *there,
                      const struct livekit_list_participants_response *people)
{
    struct livekit_list_participants_response *asked;
    struct err ignored;
    if (!l->config->EGRESS_TRACKS || (there && clock_now_ms() < atomic_load(&l->tracks_again_at))) return;
    if (!people && sfu_people(l, a, record->room, &asked, &ignored)) people = asked;
    for (size_t i = 0; people && i < people->participants.count; i++)
        if (sfu_is_person(&people->participants.items[i]) && !start_missing(l, a, record, there, &people->participants.items[i])) return;
}

/* ---- end */

static void stop(struct livekit_provider *l, struct arena *a, const struct livekit_egress_info *i)
{
    struct livekit_error said;
    struct livekit_stop_egress_request r = {.egress_id = i->egress_id};
    livekit_stop_egress(l->quick, &r, livekit_within(a), &said); /* where that fails it is tried again before its file is taken */
}

void sfu_tracks_stop(struct livekit_provider *l, struct arena *a, const struct provider_record *record)
{
    struct livekit_list_egress_response *there;
    struct err ignored;
    if (!l->config->EGRESS_TRACKS || !sfu_egresses(l, a, record->room, true, &there, &ignored)) return;
    for (size_t i = 0; i < there->items.count; i++)
        if (output_of(&there->items.items[i], record->uuid) && there->items.items[i].status < LIVEKIT_EGRESS_ENDING) stop(l, a, &there->items.items[i]);
}

/* ---- its file */

static const struct kind { const char *end, *type; } kinds[] = {{".ogg", "audio/ogg"}, {".webm", "video/webm"}, {".mp4", "video/mp4"}};

/* "track-seat-12-mic-TR_x.ogg", of what LiveKit says that it wrote. NULL: that is not where it was told to write. */
static const char *name_of(const char *written)
{
    const char *name = NULL;
    for (const char *at = written; (at = strstr(at, MARK)); at++) name = at + 1;
    size_t n = name ? strlen(name) : 0;
    return n && n < LONGEST_NAME && strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.") == n ? name : NULL;
}

static const char *type_of(const char *name)
{
    const char *end = strrchr(name, '.');
    for (size_t i = 0; end && i < sizeof kinds / sizeof *kinds; i++)
        if (!strcmp(end, kinds[i].end)) return kinds[i].type;
    return NULL;
}

static bool is_taken(const struct provider_fetch *fetch, const char *name)
{
    for (size_t i = 0; i < fetch->count; i++)
        if (!strcmp(fetch->files[i].name, name)) return true;
    return false;
}

/* What a retry may mend is an error as long as there is patience. */
struct taking { struct livekit_provider *l; struct provider_fetch *fetch; bool patient; };

static bool left_out(const struct taking *t, const struct livekit_egress_info *i, const char *why, bool may_mend, struct err *e)
{
    if (may_mend && t->patient) return err_set(e, ERR_DESTINATION, "fetch_track", "%s", why);
    log_warn("livekit.track_left_out", LOG_STR("recording", t->fetch->record.uuid), LOG_STR("track", i->track->track_id), LOG_STR("why", why));
    return true;
}

static bool take(const struct taking *t, struct arena *a, const struct livekit_egress_info *i, const struct livekit_file_info *file, struct err *e)
{
    struct stat s;
    struct err why = {0};
    const char *name = name_of(file->filename), *type = name ? type_of(name) : NULL;
    if (!type) return left_out(t, i, "it is not where it was told to be", false, e);
    if (is_taken(t->fetch, name)) return true;
    const char *to = arena_printf(a, "%s/%s", t->fetch->folder, name);
    if (!sfu_take(t->l, a, file->filename, to, t->fetch, &why) || stat(to, &s)) {
        bool ours = !strcmp(why.code, "fetch_stopped") || !strcmp(why.code, "disk_full");
        if (ours) *e = why;
        return !ours && left_out(t, i, why.text, strcmp(why.code, "fetch_gone") != 0, e);
    }
    t->fetch->files[t->fetch->count++] = (struct provider_file){name, file_kind_track, type, s.st_size, file->duration / NS_A_MS};
    return true;
}

/* Of one whose recorder went away: what it has left on a disk that we can read. */
static bool settle(const struct taking *t, struct arena *a, const struct livekit_egress_info *i, struct err *e)
{
    const struct livekit_file_info *file = i->file_results.count && text_or(i->file_results.items[0].filename, NULL) ? &i->file_results.items[0] : NULL;
    bool over = sfu_egress_is_final(i), failed = i->status == LIVEKIT_EGRESS_FAILED || i->status == LIVEKIT_EGRESS_ABORTED;
    const char *lost = over ? NULL : sfu_why_lost(t->l, a, i);
    if (!over) stop(t->l, a, i);
    if (!over && !lost) return left_out(t, i, "a track is not written yet", true, e);
    if (failed) return left_out(t, i, text_or(i->error, text_or(i->details, "the recorder failed")), false, e);
    if (!file || (lost && !sfu_file_size(t->l, a, file->filename))) return left_out(t, i, lost ? lost : "it has no file", false, e);
    return take(t, a, i, file, e);
}

/* Since the recording's own file came here, by this machine's clock: a later try leaves that as it is. */
static bool is_patient(const struct provider_fetch *fetch, struct arena *a)
{
    struct stat s;
    return !stat(arena_printf(a, "%s/%s", fetch->folder, fetch->files[0].name), &s) && clock_now_ms() - (int64_t)s.st_ctime * 1000 < PATIENCE_MS;
}

bool sfu_tracks_fetch(struct livekit_provider *l, struct arena *a, struct provider_fetch *fetch, struct err *e)
{
    struct taking t = {l, fetch, is_patient(fetch, a)};
    struct livekit_list_egress_response *there;
    struct err why = {0}, wait = {0};
    if (!l->config->EGRESS_TRACKS) return true;
    if (!sfu_egresses(l, a, fetch->record.room, false, &there, &why)) {
        if (t.patient) *e = why;
        log_warn("livekit.tracks_not_found", LOG_STR("recording", fetch->record.uuid), LOG_STR("error", why.text));
        return !t.patient;
    }
    struct provider_file *files = arena_array(a, struct provider_file, there->items.count + 1);
    files[0] = fetch->files[0];
    fetch->files = files;
    bool all = true;
    for (size_t i = 0; i < there->items.count; i++)
        if (output_of(&there->items.items[i], fetch->record.uuid) && !settle(&t, a, &there->items.items[i], &wait)) all = false;
    if (!all) *e = wait;
    return all;
}

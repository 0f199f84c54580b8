#include "provider/livekit/output.h"
#include "base/buf.h"
#include "base/log.h"
#include "net/crypto.h"
#include <string.h>
#include <strings.h>

enum { BITS_FROM = 1000, KBPS_LEAST = 8, KBPS_MOST = 512, KBPS_MP3 = 320, SAFE_LONGEST = 100 };
static const char STANDARD[] = "recordings/{room_name}/{egress_id}";
static const char SAFE[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* By format: the type, the codec it has unless another fits too, and that other one. */
static const struct format { const char *name, *type, *codec, *other, *other_codec; bool audio_only; } formats[] = {
    {"mp3", "MP3", "AC_MP3", "mp3", "AC_MP3", true}, {"ogg", "OGG", "OPUS", "opus", "OPUS", true}, {"mp4", "MP4", "AAC", "opus", "OPUS", false}};

static const struct format *format_of(const struct config *c)
{
    size_t i = 0;
    while (i < 2 && strcasecmp(formats[i].name, c->RECORDING_FORMAT) != 0) i++;
    return &formats[i];
}

static const char *codec_of(const struct config *c, const struct format *f)
{
    return !strcasecmp(c->EGRESS_AUDIO_CODEC, f->other) ? f->other_codec : f->codec;
}

static int64_t kbps_of(const struct config *c, const struct format *f)
{
    int64_t kbps = c->EGRESS_BITRATE >= BITS_FROM ? c->EGRESS_BITRATE / 1000 : c->EGRESS_BITRATE, most = f->audio_only && *f->name == 'm' ? KBPS_MP3 : KBPS_MOST;
    if (!kbps) return 0;
    return kbps < KBPS_LEAST ? KBPS_LEAST : kbps > most ? most : kbps;
}

/* ---- the path */

/* A room's name that may stand in a path; of others a hash. */
static void add_room(struct buf *to, const char *room)
{
    char hash[65];
    size_t n = strlen(room);
    if (n && n <= SAFE_LONGEST && strspn(room, SAFE) == n) {
        buf_text(to, room);
        return;
    }
    sha256_hex(room, n, hash);
    buf_add(to, hash, 32);
}

static bool starts(const char *text, const char *with)
{
    return !strncmp(text, with, strlen(with));
}

static const char *path_of(const struct config *c, struct arena *a, const struct format *f, const char *room, const char *uuid)
{
    struct buf to;
    const char *pattern = *c->EGRESS_OUTPUT_PATH ? c->EGRESS_OUTPUT_PATH : STANDARD;
    if (*c->EGRESS_S3_BUCKET) pattern += strspn(pattern, "/"); /* a key, not a path: stores take "/out" for another than "out" */
    buf_init(&to, 0);
    for (const char *at = pattern; *at; at++) {
        if (starts(at, "{room_name}")) add_room(&to, room), at += sizeof "{room_name}" - 2;
        else if (starts(at, "{egress_id}")) buf_text(&to, uuid), at += sizeof "{egress_id}" - 2;
        else buf_char(&to, *at);
    }
    if (!strstr(pattern, "{egress_id}")) buf_printf(&to, "%s%s", !*pattern || to.data[to.size - 1] == '/' ? "" : "/", uuid);
    size_t n = strlen(f->name);
    bool ended = to.size > n && to.data[to.size - n - 1] == '.' && !strcasecmp(to.data + to.size - n, f->name);
    if (!ended) buf_printf(&to, ".%s", f->name);
    const char *path = arena_strdup(a, to.data);
    buf_release(&to);
    return path;
}

void livekit_output_make(const struct config *c, struct arena *a, const char *room, const char *uuid, struct livekit_output *out)
{
    const struct format *f = format_of(c);
    *out = (struct livekit_output){.filepath = path_of(c, a, f, room, uuid), .file_type = f->type, .audio_codec = codec_of(c, f), .audio_bitrate = kbps_of(c, f), .audio_only = f->audio_only};
}

/* ---- the settings */

static bool check_path(const char *path, struct err *e)
{
    for (const char *c = path; (c = strchr(c, '{')); c++)
        if (!starts(c, "{room_name}") && !starts(c, "{egress_id}"))
            return err_set(e, ERR_CALLER, "config", "EGRESS_OUTPUT_PATH knows {room_name} and {egress_id}, and no other \"{…}\": \"%s\"", path);
    if (starts(path, "s3://") || strstr(path, "://")) return err_set(e, ERR_CALLER, "config", "EGRESS_OUTPUT_PATH is a path or a key, not an address: \"%s\"; the bucket is a setting of the egress worker (storage)", path);
    for (const char *c = path; (c = strstr(c, "..")); c += 2)
        if ((c == path || c[-1] == '/') && (!c[2] || c[2] == '/')) return err_set(e, ERR_CALLER, "config", "EGRESS_OUTPUT_PATH must not go up by \"..\": \"%s\"", path);
    return true;
}

static void tell_codec(const struct config *c, const struct format *f)
{
    const char *written = c->EGRESS_AUDIO_CODEC, *codec = codec_of(c, f);
    bool same = !*written || !strcasecmp(written, codec) || !strcasecmp(written, f->other);
    if (!same) log_warn("egress.codec", LOG_STR("format", f->name), LOG_STR("written", written), LOG_STR("taken", codec), LOG_STR("why", "the format cannot hold the other"));
}

static void tell_bitrate(const struct config *c, const struct format *f)
{
    int64_t written = c->EGRESS_BITRATE, kbps = kbps_of(c, f);
    if (written && written != kbps && written != kbps * 1000) log_warn("egress.bitrate", LOG_INT("written", written), LOG_INT("taken_kbit", kbps));
}

bool livekit_output_check(const struct config *c, struct err *e)
{
    static const char *const codecs[] = {"", "opus", "aac", "mp3", "ac_mp3"};
    size_t i = 0;
    while (i < 5 && strcasecmp(codecs[i], c->EGRESS_AUDIO_CODEC) != 0) i++;
    if (i == 5) return err_set(e, ERR_CALLER, "config", "EGRESS_AUDIO_CODEC must be opus, aac or mp3, not \"%s\"", c->EGRESS_AUDIO_CODEC);
    if (!check_path(c->EGRESS_OUTPUT_PATH, e)) return false;
    tell_codec(c, format_of(c));
    tell_bitrate(c, format_of(c));
    return true;
}

/* output.h - what an egress shall write, and where: S5's `egress:` settings as LiveKit understands them.
 *
 * Settings are read as people write them: `file_format: mp3` with `audio_codec: opus` and `bitrate: 128000` is MP3 with 128 kbit/s, and the log says so;
 * a bitrate of 1000 or more is in bit/s, a smaller one in kbit/s. The path is made here, not by LiveKit: it knows no {egress_id}, and puts a room's name into
 * the path as it is, with every '/' and '..'. Sources: livekit_egress.proto (EncodedFileOutput, EncodingOptions), seed S5. */
#pragma once
#include "core/config.h"

struct livekit_output {
    const char *filepath;          /* holds the recording's UUID; ends as the format does */
    const char *file_type;         /* EncodedFileType: MP3, OGG, MP4 */
    const char *audio_codec;       /* AudioCodec: AC_MP3, OPUS, AAC */
    int64_t audio_bitrate;         /* kbit/s; 0: LiveKit's own choice */
    bool audio_only;
};

void livekit_output_make(const struct config *c, struct arena *a, const char *room, const char *uuid, struct livekit_output *out);
bool livekit_output_check(const struct config *c, struct err *e);  /* at start: are the settings fit? Logs what is read otherwise than written */

/* sdp.h - what roomd reads of an offer that a page sends, before Janus sees it.
 *
 * Only the skeleton is read: m-lines with kind, mid, direction and port. The text itself goes on as it came. Pure functions, any thread. */
#pragma once
#include "base/err.h"
#include "provider/janus/media.h"
#include <stdbool.h>
#include <stddef.h>

enum { SDP_LARGEST = 256 << 10, SDP_LINES = 400, SDP_SENDING = 3 }; /* as call_sub_answer and call_sub_offer say: an answer has an m-line for each track of the others */

enum sdp_kind { SDP_AUDIO, SDP_VIDEO };
enum sdp_direction { SDP_SENDRECV, SDP_SENDONLY, SDP_RECVONLY, SDP_INACTIVE };

struct sdp_line {
    enum sdp_kind kind;
    enum sdp_direction direction;
    char mid[17];
    int port;
    bool bundle_only; /* port 0 does not mean "refused" then */
};

struct sdp {
    struct sdp_line lines[SDP_LINES];
    size_t count;
};

/* False for anything malformed, for data channels, and past the limits above. */
bool sdp_parse(const char *text, struct sdp *sdp, struct err *e);
bool sdp_line_sends(const struct sdp_line *line);

/* Every sending m-line has exactly one track and every track a sending m-line; mic is audio, camera and screen are video, each at most once. */
bool sdp_check_offer(const char *text, const struct media_track *tracks, size_t count, struct err *e);

/* The first DTLS fingerprint, which names the PeerConnection: another one is another PeerConnection. "" where there is none. */
void sdp_fingerprint(const char *text, char *to, size_t size);

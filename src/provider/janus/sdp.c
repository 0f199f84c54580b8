#include "provider/janus/sdp.h"
#include <stdlib.h>
#include <string.h>

struct text {
    const char *at;
    size_t size;
};

static bool bad(struct err *e, const char *what)
{
    return err_set(e, ERR_CALLER, error_row(error_bad_sdp)->name, "offer was refused: %s", what);
}

/* Cuts the next line off; lines end in CR LF or LF. */
static bool next_line(const char **at, struct text *line)
{
    if (!**at) return false;
    const char *end = strchr(*at, '\n');
    if (!end) end = *at + strlen(*at);
    line->at = *at;
    line->size = (size_t)(end - *at);
    *at = *end ? end + 1 : end;
    if (line->size && line->at[line->size - 1] == '\r') line->size--;
    return true;
}

static bool is(struct text t, const char *word)
{
    return t.size == strlen(word) && !memcmp(t.at, word, t.size);
}

static bool cut(struct text *t, const char *prefix)
{
    size_t n = strlen(prefix);
    if (t->size < n || memcmp(t->at, prefix, n)) return false;
    t->at += n;
    t->size -= n;
    return true;
}

static struct text word(struct text *t)
{
    struct text w = {t->at, 0};
    while (w.size < t->size && t->at[w.size] != ' ') w.size++;
    size_t past = w.size < t->size ? w.size + 1 : w.size;
    t->at += past;
    t->size -= past;
    return w;
}

static bool clean(const char *text)
{
    for (const unsigned char *c = (const unsigned char *)text; *c; c++)
        if ((*c < ' ' && *c != '\r' && *c != '\n' && *c != '\t') || *c == 0x7f) return false;
    return true;
}

static bool number(struct text t, int *n)
{
    if (!t.size || t.size > 5) return false;
    for (*n = 0; t.size; t.at++, t.size--) {
        if (*t.at < '0' || *t.at > '9') return false;
        *n = *n * 10 + (*t.at - '0');
    }
    return *n <= 65535;
}

static bool read_media(struct sdp *s, struct text line, enum sdp_direction direction, struct err *e)
{
    if (s->count == SDP_LINES) return bad(e, "too many m-lines");
    struct sdp_line *m = &s->lines[s->count];
    *m = (struct sdp_line){.direction = direction};
    struct text kind = word(&line), port = word(&line), protocol = word(&line);
    if (is(kind, "application")) return bad(e, "data channels are not offered here");
    if (!is(kind, "audio") && !is(kind, "video")) return bad(e, "an m-line is neither audio nor video");
    if (!number(port, &m->port)) return bad(e, "an m-line has no valid port");
    if (!is(protocol, "UDP/TLS/RTP/SAVPF") || !line.size) return bad(e, "an m-line is not UDP/TLS/RTP/SAVPF with formats");
    m->kind = is(kind, "audio") ? SDP_AUDIO : SDP_VIDEO;
    s->count++;
    return true;
}

static bool read_mid(struct sdp *s, struct text mid, struct err *e)
{
    struct sdp_line *m = &s->lines[s->count - 1];
    if (!mid.size || mid.size >= sizeof m->mid || memchr(mid.at, ' ', mid.size)) return bad(e, "a mid is empty or too long");
    if (m->mid[0]) return bad(e, "an m-line has two mids");
    for (size_t i = 0; i + 1 < s->count; i++)
        if (is(mid, s->lines[i].mid)) return bad(e, "two m-lines have the same mid");
    memcpy(m->mid, mid.at, mid.size);
    m->mid[mid.size] = 0;
    return true;
}

static bool read_direction(struct text value, enum sdp_direction *d)
{
    static const char *const words[] = {"sendrecv", "sendonly", "recvonly", "inactive"};
    for (int i = 0; i < 4; i++)
        if (is(value, words[i])) return *d = (enum sdp_direction)i, true;
    return false;
}

static bool read_attribute(struct sdp *s, struct text value, enum sdp_direction *session, struct err *e)
{
    struct sdp_line *m = s->count ? &s->lines[s->count - 1] : NULL;
    if (read_direction(value, m ? &m->direction : session)) return true;
    if (m && is(value, "bundle-only")) return m->bundle_only = true;
    if (m && cut(&value, "mid:")) return read_mid(s, value, e);
    return true;
}

static bool read_lines(const char *at, struct sdp *s, struct err *e)
{
    enum sdp_direction session = SDP_SENDRECV;
    struct text line;
    while (next_line(&at, &line)) {
        if (line.size < 2 || line.at[1] != '=') return bad(e, "a line is not of the form x=…");
        bool good = cut(&line, "m=") ? read_media(s, line, session, e) : cut(&line, "a=") ? read_attribute(s, line, &session, e) : true;
        if (!good) return false;
    }
    return true;
}

bool sdp_parse(const char *text, struct sdp *s, struct err *e)
{
    s->count = 0;
    if (!text || strnlen(text, SDP_LARGEST + 1) > SDP_LARGEST) return bad(e, "it is missing or too large");
    if (strncmp(text, "v=0\r\n", 5) && strncmp(text, "v=0\n", 4)) return bad(e, "it does not begin with v=0");
    if (!clean(text)) return bad(e, "it has control characters");
    if (!read_lines(text, s, e)) return false;
    if (!s->count) return bad(e, "it has no m-line");
    for (size_t i = 0; i < s->count; i++)
        if (!s->lines[i].mid[0]) return bad(e, "an m-line has no mid");
    return true;
}

bool sdp_line_sends(const struct sdp_line *line)
{
    return line->direction <= SDP_SENDONLY && (line->port || line->bundle_only);
}

static bool check_track(const struct sdp *s, const struct media_track *t, struct err *e)
{
    bool audio = !strcmp(t->kind, "mic");
    if (!audio && strcmp(t->kind, "camera") && strcmp(t->kind, "screen")) return bad(e, "a track is neither mic, camera nor screen");
    for (size_t i = 0; i < s->count; i++) {
        const struct sdp_line *m = &s->lines[i];
        if (strcmp(m->mid, t->mid) || !sdp_line_sends(m)) continue;
        if (audio != (m->kind == SDP_AUDIO)) return bad(e, "a track's kind does not fit its m-line");
        return true;
    }
    return bad(e, "a track has no sending m-line");
}

static bool check_pairs(const struct media_track *tracks, size_t count, struct err *e)
{
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < i; k++)
            if (!strcmp(tracks[i].mid, tracks[k].mid) || !strcmp(tracks[i].kind, tracks[k].kind)) return bad(e, "a mid or a kind is named twice");
    return true;
}

bool sdp_check_offer(const char *text, const struct media_track *tracks, size_t count, struct err *e)
{
    struct sdp s;
    size_t sending = 0;
    if (!sdp_parse(text, &s, e)) return false;
    for (size_t i = 0; i < s.count; i++) sending += sdp_line_sends(&s.lines[i]);
    if (sending > SDP_SENDING) return bad(e, "more than three sending m-lines");
    if (sending != count) return bad(e, "tracks and sending m-lines do not pair up");
    for (size_t i = 0; i < count; i++)
        if (!check_track(&s, &tracks[i], e)) return false;
    return check_pairs(tracks, count, e);
}

void sdp_fingerprint(const char *text, char *to, size_t size)
{
    const char *at = strstr(text, "a=fingerprint:");
    size_t n = at ? strcspn(at, "\r\n") : 0;
    if (n >= size) n = size - 1;
    if (n) memcpy(to, at, n);
    to[n] = 0;
}

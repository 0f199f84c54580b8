#include "matrix/media_room.h"
#include "base/buf.h"
#include "net/crypto.h"
#include <string.h>

static const char *const strategies[] = {"verbatim", "sha256-pipe", "sha256-json", "template"};
static const char *const placeholders[] = {"{room_id}", "{localpart}", "{server}", "{slot}"};
enum { STRATEGIES = sizeof strategies / sizeof *strategies, PLACEHOLDERS = sizeof placeholders / sizeof *placeholders };

static size_t place_of(const char *text, const char *const *all, size_t count)
{
    size_t i = 0;
    while (i < count && strncmp(text, all[i], strlen(all[i])) != 0) i++;
    return i;
}

static bool template_fits(const char *text)
{
    for (const char *c = text; (c = strchr(c, '{')); c++)
        if (place_of(c, placeholders, PLACEHOLDERS) == PLACEHOLDERS) return false;
    return strstr(text, "{room_id}") || strstr(text, "{localpart}");
}

bool media_room_check(const struct config *c, struct err *e)
{
    const char *strategy = c->MATRIX_ROOM_NAME_STRATEGY;
    size_t i = 0;
    while (i < STRATEGIES && strcmp(strategies[i], strategy) != 0) i++;
    if (i == STRATEGIES) return err_set(e, ERR_CALLER, "config", "MATRIX_ROOM_NAME_STRATEGY must be verbatim, sha256-pipe, sha256-json or template, not \"%s\"", strategy);
    return strcmp(strategy, "template") != 0 || template_fits(c->MATRIX_ROOM_NAME_TEMPLATE) ||
           err_set(e, ERR_CALLER, "config", "MATRIX_ROOM_NAME_TEMPLATE must hold {room_id} or {localpart}, and may hold {server} and {slot}, not \"%s\"", c->MATRIX_ROOM_NAME_TEMPLATE);
}

/* As Go's encoding/json writes a text, which is what was hashed: also <, >, & and the two line ends of Unicode as \u. */
static void write_go_string(struct buf *to, const char *text)
{
    static const char *const shorts[128] = {['"'] = "\\\"", ['\\'] = "\\\\", ['\b'] = "\\b", ['\f'] = "\\f", ['\n'] = "\\n", ['\r'] = "\\r", ['\t'] = "\\t"};
    buf_char(to, '"');
    for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
        bool line_end = c[0] == 0xe2 && c[1] == 0x80 && (c[2] == 0xa8 || c[2] == 0xa9);
        if (line_end) {
            buf_printf(to, "\\u202%c", c[2] == 0xa8 ? '8' : '9');
            c += 2;
        } else if (*c < 128 && shorts[*c]) buf_text(to, shorts[*c]);
        else if (*c < 0x20 || *c == '<' || *c == '>' || *c == '&') buf_printf(to, "\\u%04x", *c);
        else buf_char(to, (char)*c);
    }
    buf_char(to, '"');
}

static const char *hashed(struct arena *a, const struct buf *text)
{
    unsigned char hash[32];
    char *out = arena_alloc(a, 48);
    sha256_bytes(text->data, text->size, hash);
    base64_text(hash, sizeof hash, out);
    out[strcspn(out, "=")] = '\0';
    return out;
}

static void fill(struct buf *to, const struct config *c, const char *room_id)
{
    const char *server = strchr(room_id, ':'), *at = c->MATRIX_ROOM_NAME_TEMPLATE;
    size_t local = server ? (size_t)(server - room_id - 1) : strlen(room_id + 1);
    for (; *at; at++) {
        size_t which = place_of(at, placeholders, PLACEHOLDERS);
        switch (which) {
        case 0: buf_text(to, room_id); break;
        case 1: buf_add(to, room_id + 1, local); break;
        case 2: buf_text(to, server ? server + 1 : ""); break;
        case 3: buf_text(to, c->MATRIX_ROOM_SLOT); break;
        default: buf_char(to, *at); continue;
        }
        at += strlen(placeholders[which]) - 1;
    }
}

const char *media_room_name(const struct config *c, struct arena *a, const char *room_id)
{
    const char *strategy = c->MATRIX_ROOM_NAME_STRATEGY, *name = room_id;
    struct buf text;
    buf_init(&text, 0);
    if (!strcmp(strategy, "sha256-pipe")) {
        buf_printf(&text, "%s|%s", room_id, c->MATRIX_ROOM_SLOT);
        name = hashed(a, &text);
    } else if (!strcmp(strategy, "sha256-json")) {
        buf_char(&text, '[');
        write_go_string(&text, room_id);
        buf_char(&text, ',');
        write_go_string(&text, c->MATRIX_ROOM_SLOT);
        buf_char(&text, ']');
        name = hashed(a, &text);
    } else if (!strcmp(strategy, "template")) {
        fill(&text, c, room_id);
        name = arena_strdup(a, text.size ? text.data : "");
    }
    buf_release(&text);
    return name;
}

#include "base/clock.h"
#include "livekit/message.h"
#include "model/model.h"
#include "net/crypto.h"
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* How many bytes follow the first one of a character; -1: it begins none. `second` is what the next byte must lie in: no overlong forms, no surrogates. */
static int utf8_rest(unsigned char first, unsigned char second[2])
{
    second[0] = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    second[1] = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
    return first < 0x80 ? 0 : first < 0xc2 ? -1 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : first < 0xf5 ? 3 : -1;
}

static bool is_utf8(const char *text)
{
    unsigned char second[2];
    for (const unsigned char *p = (const unsigned char *)text; *p;) {
        int rest = utf8_rest(*p++, second);
        if (rest < 0 || (rest && (*p < second[0] || *p > second[1]))) return false;
        for (; rest; rest--)
            if ((*p++ & 0xc0) != 0x80) return false;
    }
    return true;
}

static bool write_text(struct buf *to, const char *text)
{
    json_write_string(to, text ? text : "");
    return !text || is_utf8(text);
}

static bool is_zero(const struct lk_field *f, const char *at)
{
    switch (f->kind) {
    case LK_STRING:
    case LK_MESSAGE: return !*(const void *const *)at;
    case LK_INTEGER:
    case LK_DURATION:
    case LK_MOMENT: return !*(const int64_t *)at;
    case LK_DOUBLE: return *(const double *)at == 0;
    case LK_FLAG: return !*(const bool *)at;
    case LK_TRISTATE:
    case LK_CHOICE: return *(const int *)at == 0 || (f->kind == LK_CHOICE && *(const int *)at < 0);
    default: return !((const struct lk_list *)at)->count;
    }
}

/* Before a member: {"room_name": as "roomName": */
static void write_name(struct buf *to, char before, const char *snake)
{
    char *p = buf_reserve(to, strlen(snake) + 4), *start = p;
    if (!p) return;
    *p++ = before;
    *p++ = '"';
    for (; *snake; snake++) *p++ = *snake == '_' && snake[1] ? (char)toupper((unsigned char)*++snake) : *snake;
    *p++ = '"';
    *p++ = ':';
    *p = '\0';
    to->size += (size_t)(p - start);
}

static void write_choice(struct buf *to, const struct lk_words *words, int n)
{
    for (size_t i = 0; i < words->count; i++)
        if (words->list[i].number == n) return json_write_string(to, words->list[i].word);
    buf_int(to, n);
}

static bool write_items(struct buf *to, const struct lk_field *f, const struct lk_list *list)
{
    bool ok = true;
    for (size_t i = 0; i < list->count; i++) {
        buf_char(to, i ? ',' : '[');
        if (f->kind == LK_MESSAGES) ok &= lk_write(to, f->sub, (const char *)list->items + i * f->sub->size);
        else if (f->kind == LK_STRINGS) ok &= write_text(to, ((const char *const *)list->items)[i]);
        else write_choice(to, f->words, ((const int *)list->items)[i]);
    }
    buf_char(to, ']');
    return ok;
}

static bool write_map(struct buf *to, const struct lk_list *list)
{
    bool ok = true;
    const struct livekit_pair *pairs = list->items;
    for (size_t i = 0; i < list->count; i++) {
        buf_char(to, i ? ',' : '{');
        ok &= write_text(to, pairs[i].name);
        buf_char(to, ':');
        ok &= write_text(to, pairs[i].value);
    }
    buf_char(to, '}');
    return ok;
}

static void write_bytes(struct buf *to, const struct lk_list *bytes)
{
    char *text = xmalloc((bytes->count + 2) / 3 * 4 + 1);
    base64_text(bytes->items, bytes->count, text);
    json_write_string(to, text);
    free(text);
}

/* JSON has no word for infinity; protojson has them as text. */
static void write_double(struct buf *to, double n)
{
    if (isfinite(n)) buf_printf(to, "%.17g", n);
    else buf_text(to, isnan(n) ? "\"NaN\"" : n > 0 ? "\"Infinity\"" : "\"-Infinity\"");
}

static bool write_field(struct buf *to, const struct lk_field *f, const char *at)
{
    const int64_t *n = (const int64_t *)at;
    switch (f->kind) {
    case LK_STRING: return write_text(to, *(const char *const *)at);
    case LK_INTEGER: buf_int(to, *n); return true;
    case LK_DOUBLE: write_double(to, *(const double *)at); return true;
    case LK_FLAG: buf_text(to, "true"); return true;
    case LK_TRISTATE: buf_text(to, *(const int *)at > 0 ? "true" : "false"); return true;
    case LK_CHOICE: write_choice(to, f->words, *(const int *)at); return true;
    case LK_MESSAGE: return lk_write(to, f->sub, *(const void *const *)at);
    case LK_MESSAGES:
    case LK_STRINGS:
    case LK_CHOICES: return write_items(to, f, (const struct lk_list *)at);
    case LK_MAP: return write_map(to, (const struct lk_list *)at);
    case LK_BYTES: write_bytes(to, (const struct lk_list *)at); return true;
    case LK_DURATION: buf_printf(to, "\"%s%lld.%03llds\"", *n < 0 ? "-" : "", llabs(*n / 1000), llabs(*n % 1000)); return true;
    case LK_MOMENT: model_write_time(to, *n); return true;
    }
    return false;
}

bool lk_write(struct buf *to, const struct lk_message *m, const void *in)
{
    char before = '{';
    bool ok = true;
    for (size_t i = 0; in && i < m->count; i++) {
        const struct lk_field *f = &m->fields[i];
        const char *at = (const char *)in + f->offset;
        if (is_zero(f, at)) continue;
        write_name(to, before, f->name);
        before = ',';
        ok &= write_field(to, f, at);
    }
    if (before == '{') buf_char(to, '{');
    buf_char(to, '}');
    return ok;
}

#include "base/clock.h"
#include "livekit/message.h"
#include "model/model.h"
#include "net/crypto.h"
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
        if (*p < 0x80) {
            p++;
            continue;
        }
        int rest = utf8_rest(*p++, second);
        if (rest < 0 || (rest && (*p < second[0] || *p > second[1]))) return false;
        for (; rest; rest--)
            if ((*p++ & 0xc0) != 0x80) return false;
    }
    return true;
}

/* Most texts are short and plain: no escapes, nothing to check, and there is room for them. */
static bool write_plain(struct buf *to, const char *text)
{
    size_t room = to->overflow ? 0 : to->room - to->size, n = 0;
    char *p = to->data + to->size;
    for (unsigned char c; (c = (unsigned char)text[n]); n++) {
        if (c < 0x20 || c >= 0x80 || c == '"' || c == '\\' || n + 4 > room) return false;
        p[n + 1] = (char)c;
    }
    if (n + 3 > room) return false;
    p[0] = '"';
    memcpy(p + n + 1, "\"", 2);
    to->size += n + 2;
    return true;
}

static bool write_text(struct buf *to, const char *text)
{
    if (text && write_plain(to, text)) return true;
    json_write_string(to, text ? text : "");
    return !text || is_utf8(text);
}

/* By how wide it is: most fields of most messages are zero, and are only passed by. */
static inline bool is_zero(const struct lk_field *f, const char *at)
{
    if (f->kind == LK_FLAG) return !*(const bool *)at;
    if (f->kind == LK_TRISTATE) return *(const int *)at == 0;
    if (f->kind == LK_CHOICE) return *(const int *)at <= 0;
    if (f->kind == LK_DOUBLE) return *(const double *)at == 0;
    if (f->kind == LK_STRING || f->kind == LK_MESSAGE) return !*(const void *const *)at;
    if (f->kind == LK_INTEGER || f->kind == LK_DURATION || f->kind == LK_MOMENT) return !*(const int64_t *)at;
    return !((const struct lk_list *)at)->count;
}

/* room_join → ,"roomJoin": */
static const struct lk_key *make_key(struct lk_field *f)
{
    struct lk_key *key = xmalloc(sizeof *key + strlen(f->name) + sizeof ",\"\":");
    char *to = stpcpy(key->text, ",\"");
    for (const char *c = f->name; *c; c++) *to++ = *c == '_' && c[1] ? (char)(*++c - 'a' + 'A') : *c;
    key->size = (size_t)(stpcpy(to, "\":") - key->text);
    atomic_store_explicit(&f->key, key, memory_order_release); /* a twin made by another thread does no harm */
    return key;
}

static void write_name(struct buf *to, struct lk_field *f)
{
    const struct lk_key *key = atomic_load_explicit(&f->key, memory_order_acquire);
    if (!key) key = make_key(f);
    buf_add(to, key->text, key->size);
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
    size_t start = to->size;
    bool ok = true;
    for (size_t i = 0; in && i < m->count; i++) {
        struct lk_field *f = &m->fields[i];
        const char *at = (const char *)in + f->offset;
        if (is_zero(f, at)) continue;
        write_name(to, f);
        ok &= write_field(to, f, at);
    }
    if (to->size == start) buf_char(to, '{');
    else to->data[start] = '{'; /* for the first comma */
    buf_char(to, '}');
    return ok;
}

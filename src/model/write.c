#include "base/clock.h"
#include "model/model.h"
#include <string.h>

void json_write_string(struct buf *to, const char *text)
{
    static const char hex[] = "0123456789abcdef";
    buf_char(to, '"');
    const char *from = text;
    for (;; text++) {
        unsigned char c = (unsigned char)*text;
        if (c >= 0x20 && c != '"' && c != '\\') continue;
        buf_add(to, from, (size_t)(text - from));
        if (!c) break;
        if (c == '"' || c == '\\') buf_add(to, (char[]){'\\', (char)c}, 2);
        else if (c == '\n') buf_add(to, "\\n", 2);
        else buf_add(to, (char[]){'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]}, 6);
        from = text + 1;
    }
    buf_char(to, '"');
}

void model_write_time(struct buf *to, int64_t ms)
{
    char text[TIME_TEXT + 2];
    text[0] = '"';
    size_t n = time_format(ms, text + 1);
    text[n + 1] = '"';
    buf_add(to, text, n + 2);
}

static void write_stamp(struct buf *to, int64_t ms)
{
    char text[TIME_TEXT + 6];
    size_t n = time_format(ms, text);
    if (ms % 1000 == 0) n = (size_t)(stpcpy(text + n - 1, ".000Z") - text);
    buf_char(to, '"');
    buf_add(to, text, n);
    buf_char(to, '"');
}

static void write_texts(struct buf *to, const struct list *list)
{
    const char *const *items = list->items;
    buf_char(to, '[');
    for (size_t i = 0; i < list->count; i++) {
        if (i) buf_char(to, ',');
        json_write_string(to, items[i]);
    }
    buf_char(to, ']');
}

static void write_list(struct buf *to, const struct model *m, const struct list *list)
{
    buf_char(to, '[');
    for (size_t i = 0; i < list->count; i++) {
        if (i) buf_char(to, ',');
        model_write(to, m, (const char *)list->items + i * m->size);
    }
    buf_char(to, ']');
}

static void write_value(struct buf *to, const struct field *f, const char *at)
{
    switch (f->type) {
    case FIELD_STR:
    case FIELD_UUID:
    case FIELD_EMAIL: json_write_string(to, *(const char *const *)at); return;
    case FIELD_INT: buf_int(to, *(const int64_t *)at); return;
    case FIELD_BOOL: buf_text(to, *(const bool *)at ? "true" : "false"); return;
    case FIELD_TIME: (f->min == TIME_MILLIS ? write_stamp : model_write_time)(to, *(const int64_t *)at); return;
    case FIELD_ENUM: json_write_string(to, f->words->words[*(const int *)at]); return;
    case FIELD_ANY: buf_text(to, *(const char *const *)at); return;
    case FIELD_OBJ: model_write(to, f->sub, *(const void *const *)at); return;
    case FIELD_LIST: write_list(to, f->sub, (const struct list *)at); return;
    case FIELD_TEXTS: write_texts(to, (const struct list *)at); return;
    }
}

/* {"name": or ,"name": */
static void write_name(struct buf *to, char before, const char *name)
{
    size_t n = strlen(name);
    char *p = buf_reserve(to, n + 4);
    if (!p) return;
    p[0] = before;
    p[1] = '"';
    memcpy(p + 2, name, n);
    memcpy(p + 2 + n, "\":", 3);
    to->size += n + 4;
}

void model_write(struct buf *to, const struct model *m, const void *in)
{
    uint64_t present = *(const uint64_t *)((const char *)in + m->present_offset);
    char before = '{';
    for (size_t i = 0; i < m->field_count; i++) {
        const struct field *f = &m->fields[i];
        bool empty = (f->need == NEED_OPTIONAL || f->need == NEED_OMITTED) && !(present >> i & 1);
        if (empty && f->need == NEED_OMITTED) continue;
        write_name(to, before, f->name);
        before = ',';
        if (empty) buf_add(to, "null", 4);
        else write_value(to, f, (const char *)in + f->offset);
    }
    if (before == '{') buf_char(to, '{');
    buf_char(to, '}');
}

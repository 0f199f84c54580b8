#include "base/clock.h"
#include "model/model.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
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

char *json_text(struct arena *a, const json_t *in)
{
    char *text = json_dumps(in, JSON_COMPACT | JSON_ENCODE_ANY), *own = arena_strdup(a, text);
    free(text);
    return own;
}

char *json_take_text(struct arena *a, json_t *in)
{
    char *text = json_text(a, in);
    json_decref(in);
    return text;
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

/* The C library may write and read another decimal point than JSON's: it is the one byte that no number has. */
void json_write_real(struct buf *to, double n)
{
    char text[40];
    if (!isfinite(n)) {
        buf_text(to, "null");
        return;
    }
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, n);
        if (strtod(text, NULL) == n) break;
    }
    for (char *p = text; *p; p++)
        if (!strchr("0123456789+-e", *p)) *p = '.';
    buf_text(to, text);
}

static void write_mixed(struct buf *to, const char *text)
{
    if (*text == *MIXED_MARK) buf_text(to, text + 1);
    else json_write_string(to, text);
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
    case FIELD_WORD:
    case FIELD_EMAIL: json_write_string(to, *(const char *const *)at); return;
    case FIELD_INT: buf_int(to, *(const int64_t *)at); return;
    case FIELD_BOOL: buf_text(to, *(const bool *)at ? "true" : "false"); return;
    case FIELD_TIME: (f->min == TIME_MILLIS ? write_stamp : model_write_time)(to, *(const int64_t *)at); return;
    case FIELD_ENUM: json_write_string(to, f->words->words[*(const int *)at]); return;
    case FIELD_ANY: buf_text(to, *(const char *const *)at); return;
    case FIELD_OBJ: model_write(to, f->sub, *(const void *const *)at); return;
    case FIELD_LIST: write_list(to, f->sub, (const struct list *)at); return;
    case FIELD_TEXTS: write_texts(to, (const struct list *)at); return;
    case FIELD_REAL: json_write_real(to, *(const double *)at); return;
    case FIELD_MIXED: write_mixed(to, *(const char *const *)at); return;
    case FIELD_MORE: return; /* see write_more */
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

/* The inside of an object's text, among the other fields. */
static char write_more(struct buf *to, char before, const char *object)
{
    size_t n = strlen(object);
    if (n <= 2) return before;
    buf_char(to, before);
    buf_add(to, object + 1, n - 2);
    return ',';
}

static bool left_out(const struct field *f, bool null)
{
    return f->need == NEED_OMITTED || (f->need == NEED_KEPT && !null);
}

void model_write(struct buf *to, const struct model *m, const void *in)
{
    uint64_t present = *(const uint64_t *)((const char *)in + m->present_offset), nulls = *(const uint64_t *)((const char *)in + m->nulls_offset);
    char before = '{';
    for (size_t i = 0; i < m->field_count; i++) {
        const struct field *f = &m->fields[i];
        bool empty = f->need != NEED_REQUIRED && f->need != NEED_DEFAULT && !(present >> i & 1);
        if (empty && left_out(f, nulls >> i & 1)) continue;
        if (f->type == FIELD_MORE) {
            if (!empty) before = write_more(to, before, *(const char *const *)((const char *)in + f->offset));
            continue;
        }
        write_name(to, before, f->name);
        before = ',';
        if (empty) buf_add(to, "null", 4);
        else write_value(to, f, (const char *)in + f->offset);
    }
    if (before == '{') buf_char(to, '{');
    buf_char(to, '}');
}

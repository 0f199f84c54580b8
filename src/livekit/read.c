#include "base/clock.h"
#include "livekit/message.h"
#include "net/crypto.h"
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_LONGEST = 64, WHOLE_NUMBERS = 53 };

/* snake_case → lowerCamel, as protojson does. */
static void camel(const char *snake, char out[NAME_LONGEST])
{
    size_t n = 0;
    for (; *snake && n < NAME_LONGEST - 1; snake++) {
        if (*snake == '_' && snake[1]) out[n++] = (char)toupper((unsigned char)*++snake);
        else out[n++] = *snake;
    }
    out[n] = '\0';
}

static const json_t *member(const json_t *in, const char *name)
{
    char other[NAME_LONGEST];
    const json_t *j = json_object_get(in, name);
    if (j || !strchr(name, '_')) return j;
    camel(name, other);
    return json_object_get(in, other);
}

static bool read_integer(const json_t *j, int64_t *to)
{
    char *end;
    if (json_is_integer(j)) return *to = json_integer_value(j), true;
    double real = json_real_value(j);
    if (json_is_real(j) && fabs(real) <= ldexp(1, WHOLE_NUMBERS)) return *to = (int64_t)real, true;
    const char *text = json_string_value(j);
    if (!text || !*text) return false;
    errno = 0;
    int64_t n = strtoll(text, &end, 10);
    if (*end || errno) return false;
    *to = n;
    return true;
}

static bool read_double(const json_t *j, double *to)
{
    char *end;
    if (json_is_number(j)) return *to = json_number_value(j), true;
    const char *text = json_string_value(j);
    if (!text || !*text) return false;
    *to = strtod(text, &end); /* also NaN and Infinity, which JSON has only as text */
    return !*end;
}

static int choice_of(const struct lk_words *words, const json_t *j)
{
    int64_t n;
    const char *text = json_string_value(j);
    for (size_t i = 0; text && i < words->count; i++)
        if (!strcmp(words->list[i].word, text)) return words->list[i].number;
    return read_integer(j, &n) && n >= 0 && n <= INT32_MAX ? (int)n : LIVEKIT_UNKNOWN;
}

/* "1.5s" */
static bool read_duration(const json_t *j, int64_t *ms)
{
    char *end;
    const char *text = json_string_value(j);
    double seconds = text ? strtod(text, &end) : 0;
    if (!text || strcmp(end, "s") != 0 || !(fabs(seconds) < 1e12)) return false;
    *ms = llround(seconds * 1000);
    return true;
}

static void read_bytes(const json_t *j, struct lk_list *to, struct arena *a)
{
    const char *text = json_string_value(j);
    size_t size = 0, room = text ? strlen(text) : 0;
    char *bytes = arena_alloc(a, room + 1);
    if (text && base64_bytes(text, bytes, room, &size)) *to = (struct lk_list){bytes, size};
}

static void read_strings(const json_t *j, struct lk_list *to, struct arena *a)
{
    size_t n = 0;
    const char **items = arena_array(a, const char *, json_array_size(j) + 1);
    for (size_t i = 0; i < json_array_size(j); i++)
        if (json_is_string(json_array_get(j, i))) items[n++] = json_string_value(json_array_get(j, i));
    *to = (struct lk_list){items, n};
}

static void read_choices(const json_t *j, const struct lk_words *words, struct lk_list *to, struct arena *a)
{
    size_t n = json_array_size(j);
    int *items = arena_array(a, int, n + 1);
    for (size_t i = 0; i < n; i++) items[i] = choice_of(words, json_array_get(j, i));
    *to = (struct lk_list){items, n};
}

static void read_map(const json_t *j, struct lk_list *to, struct arena *a)
{
    size_t n = 0;
    const char *name;
    json_t *value;
    struct livekit_pair *items = arena_array(a, struct livekit_pair, json_object_size(j) + 1);
    json_object_foreach((json_t *)(uintptr_t)j, name, value)
        if (json_is_string(value)) items[n++] = (struct livekit_pair){name, json_string_value(value)};
    *to = (struct lk_list){items, n};
}

static void read_messages(const json_t *j, const struct lk_message *m, struct lk_list *to, struct arena *a)
{
    size_t n = 0;
    char *items = arena_alloc(a, m->size * json_array_size(j) + 1);
    for (size_t i = 0; i < json_array_size(j); i++) n += lk_read(m, json_array_get(j, i), items + n * m->size, a);
    *to = (struct lk_list){items, n};
}

static void read_message(const json_t *j, const struct lk_message *m, const void **to, struct arena *a)
{
    if (!json_is_object(j)) return;
    void *part = arena_alloc(a, m->size);
    lk_read(m, j, part, a);
    *to = part;
}

static void read_field(const struct lk_field *f, const json_t *j, char *to, struct arena *a)
{
    switch (f->kind) {
    case LK_STRING: *(const char **)to = json_string_value(j); return;
    case LK_INTEGER: read_integer(j, (int64_t *)to); return;
    case LK_DOUBLE: read_double(j, (double *)to); return;
    case LK_FLAG: *(bool *)to = json_is_true(j); return;
    case LK_TRISTATE: *(int *)to = json_is_true(j) ? LIVEKIT_YES : json_is_false(j) ? LIVEKIT_NO : LIVEKIT_UNSAID; return;
    case LK_CHOICE: *(int *)to = choice_of(f->words, j); return;
    case LK_MESSAGE: read_message(j, f->sub, (const void **)to, a); return;
    case LK_MESSAGES: read_messages(j, f->sub, (struct lk_list *)to, a); return;
    case LK_STRINGS: read_strings(j, (struct lk_list *)to, a); return;
    case LK_CHOICES: read_choices(j, f->words, (struct lk_list *)to, a); return;
    case LK_MAP: read_map(j, (struct lk_list *)to, a); return;
    case LK_BYTES: read_bytes(j, (struct lk_list *)to, a); return;
    case LK_DURATION: read_duration(j, (int64_t *)to); return;
    case LK_MOMENT:
        if (json_is_string(j)) time_parse(json_string_value(j), (int64_t *)to);
        return;
    }
}

bool lk_read(const struct lk_message *m, const json_t *in, void *out, struct arena *a)
{
    memset(out, 0, m->size);
    if (!json_is_object(in)) return false;
    for (size_t i = 0; i < m->count; i++) {
        const json_t *j = member(in, m->fields[i].name);
        if (j && !json_is_null(j)) read_field(&m->fields[i], j, (char *)out + m->fields[i].offset, a);
    }
    return true;
}

static void release_json(void *j)
{
    json_decref(j);
}

void *lk_read_bytes(const struct lk_message *m, const void *bytes, size_t size, struct arena *a)
{
    json_t *j = json_loadb(bytes, size, JSON_ALLOW_NUL, NULL); /* a name with a NUL in it is cut there: better than an event that is lost */
    if (!j) return NULL;
    arena_defer(a, release_json, j);
    void *out = arena_alloc(a, m->size);
    return lk_read(m, j, out, a) ? out : NULL;
}

const struct lk_field *lk_field_find(const struct lk_message *m, const char *name)
{
    for (size_t i = 0; i < m->count; i++)
        if (!strcmp(m->fields[i].name, name)) return &m->fields[i];
    return NULL;
}

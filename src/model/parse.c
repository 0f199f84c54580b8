#include "base/clock.h"
#include "model/model.h"
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct parse {
    struct arena *arena;
    struct violations *violations;
    unsigned flags;
};

/* Where we are: a chain on the stack, turned into text only when a rule is broken. */
struct place {
    const struct place *around;
    const char *name; /* NULL: `index` */
    size_t index;
};

static const char *path_of(const struct parse *p, const struct place *at)
{
    if (!at) return "";
    const char *before = path_of(p, at->around), *dot = *before ? "." : "";
    return at->name ? arena_printf(p->arena, "%s%s%s", before, dot, at->name) : arena_printf(p->arena, "%s%s%zu", before, dot, at->index);
}

static bool broken(struct parse *p, const struct place *at, const struct field *f, enum rule rule, int64_t limit, const json_t *value)
{
    struct violations *v = p->violations;
    if (v->count < VIOLATIONS) v->list[v->count++] = (struct violation){path_of(p, at), rule, f, limit, value};
    return false;
}

static bool within(struct parse *p, const struct place *at, const struct field *f, int64_t n, const json_t *j)
{
    if (n < f->min) return broken(p, at, f, RULE_MIN, f->min, j);
    if (n > f->max) return broken(p, at, f, RULE_MAX, f->max, j);
    return true;
}

static int64_t code_points(const char *s)
{
    int64_t n = 0;
    for (; *s; s++) n += ((unsigned char)*s & 0xc0) != 0x80;
    return n;
}

static bool parse_str(struct parse *p, const struct place *at, const struct field *f, const json_t *j, char *to)
{
    if (!json_is_string(j)) return broken(p, at, f, RULE_TYPE, 0, j);
    *(const char **)to = json_string_value(j);
    return within(p, at, f, code_points(json_string_value(j)), j);
}

/* One @, a name before it, a dotted host after it; what a mail server would say is not ours to know. */
static bool is_email(const char *s)
{
    const char *sign = strchr(s, '@');
    size_t length = strlen(s);
    if (!sign || sign == s || sign - s > 64 || length > 254 || strchr(sign + 1, '@')) return false;
    for (const char *c = s; *c; c++)
        if ((unsigned char)*c <= ' ' || *c == 0x7f || strchr("<>()[],;:\\\"", *c)) return false;
    const char *dot = strchr(sign, '.');
    if (s[0] == '.' || sign[-1] == '.' || !dot || dot == sign + 1 || s[length - 1] == '.' || s[length - 1] == '-' || sign[1] == '-') return false;
    return !strstr(s, "..");
}

static bool parse_email(struct parse *p, const struct place *at, const struct field *f, const json_t *j, char *to)
{
    if (!json_is_string(j)) return broken(p, at, f, RULE_TYPE, 0, j);
    if (!is_email(json_string_value(j))) return broken(p, at, f, RULE_EMAIL, 0, j);
    *(const char **)to = json_string_value(j);
    return true;
}

/* 8-4-4-4-12 hexadecimal digits, of any version. */
static bool is_uuid(const char *s)
{
    size_t i = 0;
    for (; s[i]; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (i >= 36 || (dash ? s[i] != '-' : !isxdigit((unsigned char)s[i]))) return false;
    }
    return i == 36;
}

static bool parse_uuid(struct parse *p, const struct place *at, const struct field *f, const json_t *j, char *to)
{
    if (!json_is_string(j)) return broken(p, at, f, RULE_TYPE, 0, j);
    if (!is_uuid(json_string_value(j))) return broken(p, at, f, RULE_UUID, 0, j);
    *(const char **)to = json_string_value(j);
    return true;
}

/* As JavaScript and Joi read one: blanks around, a fraction, an exponent. */
static bool number_from_text(const char *s, double *n)
{
    static const char blanks[] = " \t\n\r\v\f", digits[] = "0123456789";
    s += strspn(s, blanks);
    const char *p = s + (*s == '-' || *s == '+');
    size_t whole = strspn(p, digits), parts = whole;
    p += whole;
    if (*p == '.') {
        size_t part = strspn(++p, digits);
        parts += part;
        p += part;
    }
    if (!parts) return false;
    if (*p == 'e' || *p == 'E') {
        p += 1 + (p[1] == '-' || p[1] == '+');
        size_t exponent = strspn(p, digits);
        if (!exponent) return false;
        p += exponent;
    }
    *n = strtod(s, NULL);
    return !p[strspn(p, blanks)];
}

static bool int_from_text(const char *s, int64_t *n)
{
    const char *digits = *s == '-' || *s == '+' ? s + 1 : s;
    if (!*digits || digits[strspn(digits, "0123456789")]) return false;
    errno = 0;
    *n = strtoll(s, NULL, 10);
    return true; /* out of range: clamped, and refused by the limits or found nowhere */
}

/* As Pydantic reads one: blanks around do not matter, nor does a fraction of zeros. */
static bool int_from_lax_text(struct arena *a, const char *s, int64_t *n)
{
    char *plain = arena_strdup(a, s + strspn(s, " \t\r\n"));
    for (size_t size = strlen(plain); size && strchr(" \t\r\n", plain[size - 1]);) plain[--size] = '\0';
    char *dot = strchr(plain, '.');
    if (dot && dot > plain && dot[1] && !dot[1 + strspn(dot + 1, "0")]) *dot = '\0';
    return int_from_text(plain, n);
}

static const double SAFE = 9007199254740991; /* whole numbers up to it are told apart as reals, and are safe to JavaScript */

static bool parse_int(struct parse *p, const struct place *at, const struct field *f, const json_t *j, char *to)
{
    int64_t n;
    double d = json_is_real(j) ? json_real_value(j) : 1e300;
    bool lax = p->flags & PARSE_LAX, numbers = p->flags & (PARSE_NUMBERS | PARSE_FOREIGN);
    if (numbers && json_is_string(j) && !number_from_text(json_string_value(j), &d)) return broken(p, at, f, RULE_PARSE, 0, j);
    if (json_is_integer(j)) n = json_integer_value(j);
    else if (fabs(d) <= SAFE) {
        if (!(lax || numbers) || d != floor(d)) return broken(p, at, f, RULE_FRACTION, 0, j);
        n = (int64_t)d;
    } else if (lax && json_is_string(j)) {
        if (!int_from_lax_text(p->arena, json_string_value(j), &n)) return broken(p, at, f, RULE_PARSE, 0, j);
    } else if (lax && json_is_boolean(j)) n = json_is_true(j);
    else return broken(p, at, f, RULE_TYPE, 0, j);
    *(int64_t *)to = n;
    return within(p, at, f, n, j);
}

static bool parse_real(struct parse *p, const struct place *at, const struct field *f, const json_t *j, char *to)
{
    double n = json_number_value(j);
    bool text = json_is_string(j) && (p->flags & (PARSE_LAX | PARSE_NUMBERS | PARSE_FOREIGN));
    if (text && !number_from_text(json_string_value(j), &n)) return broken(p, at, f, RULE_PARSE, 0, j);
    if (!text && !json_is_number(j)) return broken(p, at, f, RULE_TYPE, 0, j);
    if (!isfinite(n)) return broken(p, at, f, RULE_PARSE, 0, j);
    *(double *)to = n;
    if (f->min != INT64_MIN && n < (double)f->min) return broken(p, at, f, RULE_MIN, f->min, j);
    if (f->max != INT64_MAX && n > (double)f->max) return broken(p, at, f, RULE_MAX, f->max, j);
    return true;
}

static int bool_from_text(const char *s)
{
    static const char *const words[] = {"false", "0", "off", "f", "n", "no", "true", "1", "on", "t", "y", "yes"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (!strcasecmp(s, words[i])) return i >= 6;
    return -1;
}

static bool parse_bool(struct parse *p, const struct place *at, const struct field *f, const json_t *j, char *to)
{
    int value = -1;
    if (json_is_boolean(j)) value = json_is_true(j);
    else if (!(p->flags & PARSE_LAX) || !(json_is_string(j) || json_is_number(j))) return broken(p, at, f, RULE_TYPE, 0, j);
    else if (json_is_string(j)) value = bool_from_text(json_string_value(j));
    else if (json_number_value(j) == 0 || json_number_value(j) == 1) value = (int)json_number_value(j);
    else if (json_is_real(j)) return broken(p, at, f, RULE_TYPE, 0, j);
    if (value < 0) return broken(p, at, f, RULE_PARSE, 0, j);
    *(bool *)to = value;
    return true;
}

/* Numbers as Pydantic reads them: seconds, or milliseconds when they are too many for seconds. */
static bool time_from_number(double n, int64_t *ms)
{
    double exact = fabs(n) > 2e10 ? n : n * 1000;
    if (!(exact >= (double)TIME_FIRST && exact <= (double)TIME_LAST)) return false;
    *ms = (int64_t)llround(exact);
    return true;
}

static bool in_time(struct parse *p, const struct place *at, const struct field *f, const json_t *j, const char *to)
{
    return f->min != TIME_NOT_PAST || *(const int64_t *)to >= clock_now_ms() || broken(p, at, f, RULE_PAST, 0, j);
}

static bool parse_time(struct parse *p, const struct place *at, const struct field *f, const json_t *j, char *to)
{
    bool lax = p->flags & PARSE_LAX;
    if (lax && json_is_number(j)) return time_from_number(json_number_value(j), (int64_t *)to) ? in_time(p, at, f, j, to) : broken(p, at, f, RULE_TIME, 0, j);
    if (!json_is_string(j)) return broken(p, at, f, RULE_TYPE, 0, j);
    const char *s = json_string_value(j);
    int64_t n;
    if (time_parse(s, (int64_t *)to)) return in_time(p, at, f, j, to);
    if (lax && int_from_text(s, &n) && time_from_number((double)n, (int64_t *)to)) return in_time(p, at, f, j, to);
    return broken(p, at, f, RULE_TIME, 0, j);
}

static bool parse_enum(struct parse *p, const struct place *at, const struct field *f, const json_t *j, char *to)
{
    int n = json_is_string(j) ? enumeration_find(f->words, json_string_value(j)) : -1;
    if (n < 0) return broken(p, at, f, RULE_ENUM, 0, j);
    *(int *)to = n;
    return true;
}

static bool parse_word(struct parse *p, const struct place *at, const struct field *f, const json_t *j, char *to)
{
    if (!json_is_string(j)) return broken(p, at, f, RULE_TYPE, 0, j);
    *(const char **)to = json_string_value(j);
    return (p->flags & PARSE_FOREIGN) || enumeration_find(f->words, json_string_value(j)) >= 0 || broken(p, at, f, RULE_ENUM, 0, j);
}

static bool parse_any(struct parse *p, const json_t *j, char *to)
{
    *(const char **)to = json_text(p->arena, j);
    return true;
}

/* Each once. */
static bool are_words(const struct enumeration *words, const json_t *list)
{
    uint64_t seen = 0;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *word = json_string_value(json_array_get(list, i));
        int n = word ? enumeration_find(words, word) : -1;
        if (n < 0 || (seen >> n & 1)) return false;
        seen |= (uint64_t)1 << n;
    }
    return true;
}

static bool parse_mixed(struct parse *p, const struct place *at, const struct field *f, const json_t *j, char *to)
{
    bool foreign = p->flags & PARSE_FOREIGN, list = f->words && json_is_array(j);
    if (json_is_string(j) && f->words) return parse_word(p, at, f, j, to);
    if (json_is_string(j)) return parse_str(p, at, f, j, to);
    if (!list && !(json_is_number(j) && !f->words)) return broken(p, at, f, RULE_TYPE, 0, j);
    if (list && !foreign && !are_words(f->words, j)) return broken(p, at, f, RULE_ENUM, 0, j);
    const char *text = NULL;
    parse_any(p, j, (char *)&text);
    *(const char **)to = arena_printf(p->arena, MIXED_MARK "%s", text);
    return true;
}

static bool parse_object(struct parse *p, const struct model *m, const json_t *in, char *out, const struct place *around, const struct field *f);

static bool parse_list(struct parse *p, const struct place *at, const struct field *f, const json_t *j, char *to)
{
    if (!json_is_array(j)) return broken(p, at, f, RULE_TYPE, 0, j);
    size_t count = json_array_size(j);
    if (!within(p, at, f, (int64_t)count, j)) return false;
    char *items = arena_alloc(p->arena, f->sub->size * count + 1);
    bool ok = true;
    for (size_t i = 0; i < count; i++)
        ok &= parse_object(p, f->sub, json_array_get(j, i), items + i * f->sub->size, &(struct place){at, NULL, i}, f);
    *(struct list *)to = (struct list){items, count};
    return ok;
}

static bool parse_texts(struct parse *p, const struct place *at, const struct field *f, const json_t *j, char *to)
{
    if (!json_is_array(j)) return broken(p, at, f, RULE_TYPE, 0, j);
    size_t count = json_array_size(j);
    if (!within(p, at, f, (int64_t)count, j)) return false;
    const char **items = arena_array(p->arena, const char *, count + 1);
    for (size_t i = 0; i < count; i++) {
        items[i] = json_string_value(json_array_get(j, i));
        if (!items[i]) return broken(p, &(struct place){at, NULL, i}, f, RULE_TYPE, 0, json_array_get(j, i));
    }
    *(struct list *)to = (struct list){items, count};
    return true;
}

static bool parse_obj(struct parse *p, const struct place *at, const struct field *f, const json_t *j, char *to)
{
    char *object = arena_alloc(p->arena, f->sub->size);
    *(const void **)to = object;
    return parse_object(p, f->sub, j, object, at, f);
}

static bool parse_value(struct parse *p, const struct place *at, const struct field *f, const json_t *j, char *to)
{
    switch (f->type) {
    case FIELD_STR: return parse_str(p, at, f, j, to);
    case FIELD_EMAIL: return parse_email(p, at, f, j, to);
    case FIELD_UUID: return parse_uuid(p, at, f, j, to);
    case FIELD_INT: return parse_int(p, at, f, j, to);
    case FIELD_BOOL: return parse_bool(p, at, f, j, to);
    case FIELD_TIME: return parse_time(p, at, f, j, to);
    case FIELD_ENUM: return parse_enum(p, at, f, j, to);
    case FIELD_ANY: return parse_any(p, j, to);
    case FIELD_OBJ: return parse_obj(p, at, f, j, to);
    case FIELD_LIST: return parse_list(p, at, f, j, to);
    case FIELD_TEXTS: return parse_texts(p, at, f, j, to);
    case FIELD_REAL: return parse_real(p, at, f, j, to);
    case FIELD_WORD: return parse_word(p, at, f, j, to);
    case FIELD_MIXED: return parse_mixed(p, at, f, j, to);
    case FIELD_MORE: return false; /* see keep_more */
    }
    return false;
}

static bool standard_value(const struct field *f, char *to)
{
    if (f->type == FIELD_BOOL) *(bool *)to = f->standard != 0;
    else if (f->type == FIELD_ENUM) *(int *)to = (int)f->standard;
    else *(int64_t *)to = f->standard;
    return true;
}

/* s3key, s3_key and s3Key are one name. */
static bool same_name(const char *a, const char *b)
{
    for (;; a++, b++) {
        while (*a == '_') a++;
        while (*b == '_') b++;
        if (tolower((unsigned char)*a) != tolower((unsigned char)*b)) return false;
        if (!*a) return true;
    }
}

/* The first key that is this name in another spelling. */
static const char *other_spelling(const json_t *in, const char *name)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)in, key, value)
        if (same_name(key, name)) return key;
    return NULL;
}

static const json_t *value_of(const struct parse *p, const struct field *f, const json_t *in)
{
    const json_t *j = json_object_get(in, f->name);
    if (j || !(p->flags & PARSE_FOREIGN)) return j;
    const char *key = other_spelling(in, f->name);
    return key ? json_object_get(in, key) : NULL;
}

struct read { uint64_t present, nulls, misfits; size_t met; };

static bool parse_field(struct parse *p, const struct field *f, const json_t *in, char *out, const struct place *around, uint64_t bit, struct read *r)
{
    const struct place at = {around, f->name, 0};
    const json_t *j = value_of(p, f, in);
    bool has = false;
    size_t before = p->violations->count;
    if (!j && f->need == NEED_REQUIRED) return broken(p, &at, f, RULE_REQUIRED, 0, in);
    bool nullable = f->need == NEED_OPTIONAL || f->need == NEED_KEPT || (f->need == NEED_OMITTED && !(p->flags & PARSE_NO_NULL));
    r->met += j != NULL;
    if (j && json_is_null(j) && nullable) r->nulls |= bit;
    else if (j) has = parse_value(p, &at, f, j, out + f->offset);
    else if (f->need == NEED_DEFAULT) has = standard_value(f, out + f->offset);
    if (has) r->present |= bit;
    if (j && !has && nullable && (p->flags & PARSE_FOREIGN) && !(r->nulls & bit)) {
        p->violations->count = before;
        r->misfits |= bit;
        memset(out + f->offset, 0, field_size(f->type));
        return true;
    }
    return has || !j || (r->nulls & bit);
}

static const struct field *field_named(const struct model *m, const char *key)
{
    for (size_t i = 0; i < m->field_count; i++)
        if (m->fields[i].type != FIELD_MORE && !strcmp(m->fields[i].name, key)) return &m->fields[i];
    return NULL;
}

static bool check_unknown(struct parse *p, const struct model *m, json_t *in, const struct place *around)
{
    const char *key;
    json_t *value;
    bool ok = true;
    json_object_foreach(in, key, value)
        if (!field_named(m, key)) ok = broken(p, &(struct place){around, key, 0}, NULL, RULE_UNKNOWN, 0, value);
    return ok;
}

/* Is it the other spelling that a field was read from? */
static const struct field *field_spelled(const struct model *m, const json_t *in, const char *key)
{
    for (size_t i = 0; i < m->field_count; i++) {
        const struct field *f = &m->fields[i];
        if (f->type == FIELD_MORE || !same_name(f->name, key) || json_object_get(in, f->name)) continue;
        const char *first = other_spelling(in, f->name);
        if (first && !strcmp(first, key)) return f;
    }
    return NULL;
}

static void keep_more(struct parse *p, const struct model *m, const json_t *in, const struct field *more, char *to, struct read *r)
{
    const char *key;
    json_t *value, *rest = json_object();
    json_object_foreach((json_t *)(uintptr_t)in, key, value) {
        const struct field *f = field_named(m, key);
        if (!f && (p->flags & PARSE_FOREIGN)) f = field_spelled(m, in, key);
        if (!f || (r->misfits >> (f - m->fields) & 1)) json_object_set(rest, key, value);
    }
    if (json_object_size(rest)) {
        parse_any(p, rest, to + more->offset);
        r->present |= (uint64_t)1 << (more - m->fields);
    }
    json_decref(rest);
}

static bool parse_object(struct parse *p, const struct model *m, const json_t *in, char *out, const struct place *around, const struct field *f)
{
    if (!json_is_object(in)) return broken(p, around, f, RULE_OBJECT, 0, in);
    struct read r = {0};
    size_t count = m->field_count;
    const struct field *more = count && m->fields[count - 1].type == FIELD_MORE ? &m->fields[--count] : NULL;
    bool ok = true;
    for (size_t i = 0; i < count; i++) ok &= parse_field(p, &m->fields[i], in, out, around, (uint64_t)1 << i, &r);
    if (p->flags & PARSE_STRICT) ok &= check_unknown(p, m, (json_t *)(uintptr_t)in, around);
    else if (more && (r.met < json_object_size(in) || r.misfits)) keep_more(p, m, in, more, out, &r);
    *(uint64_t *)(out + m->present_offset) = r.present;
    *(uint64_t *)(out + m->nulls_offset) = r.nulls;
    return ok;
}

bool model_parse(const struct model *m, const json_t *in, void *out, struct arena *a, unsigned flags, struct violations *v)
{
    struct parse p = {a, v, flags};
    v->model = m;
    memset(out, 0, m->size);
    return parse_object(&p, m, in, out, NULL, NULL);
}

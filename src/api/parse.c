/* parse.c - path, query and body of a request, each into the struct that the route's row names. */
#include "api/api.h"
#include "api/multipart.h"
#include "base/utf8.h"
#include <ctype.h>
#include <string.h>
#include <strings.h>

static int hex(char c)
{
    return isdigit((unsigned char)c) ? c - '0' : isxdigit((unsigned char)c) ? tolower((unsigned char)c) - 'a' + 10 : -1;
}

/* Bytes that are no text, and NUL, as U+FFFD: so they are something that is found nowhere, and not nothing, which would be no filter at all. */
static char *as_text(struct arena *a, const char *bytes, size_t size)
{
    char *out = arena_alloc(a, 3 * size + 1), *to = out;
    for (size_t i = 0, n; i < size; i += n ? n : 1) {
        n = bytes[i] ? utf8_size(bytes + i, size - i) : 0;
        memcpy(to, n ? bytes + i : "\xef\xbf\xbd", n ? n : 3);
        to += n ? n : 3;
    }
    return out;
}

static char *decoded(struct arena *a, const char *text, size_t size, bool plus)
{
    char *out = arena_alloc(a, size + 1), *to = out;
    for (size_t i = 0; i < size; i++) {
        int high, low;
        if (text[i] == '%' && i + 2 < size && (high = hex(text[i + 1])) >= 0 && (low = hex(text[i + 2])) >= 0) {
            *to++ = (char)(high << 4 | low);
            i += 2;
        } else *to++ = plus && text[i] == '+' ? ' ' : text[i];
    }
    return as_text(a, out, (size_t)(to - out));
}

static void release_json(void *j)
{
    json_decref(j);
}

static json_t *new_object(struct arena *a)
{
    json_t *o = json_object();
    arena_defer(a, release_json, o);
    return o;
}

/* name=value&… as an object of strings. */
static json_t *pairs(struct arena *a, const char *text)
{
    json_t *o = new_object(a);
    while (*text) {
        size_t size = strcspn(text, "&"), name_size = 0;
        while (name_size < size && text[name_size] != '=') name_size++;
        const char *name = decoded(a, text, name_size, true);
        const char *value = name_size < size ? decoded(a, text + name_size + 1, size - name_size - 1, true) : "";
        if (*name) json_object_set_new(o, name, json_string(value));
        text += size + (text[size] == '&');
    }
    return o;
}

const char *request_query(struct request *r, const char *name)
{
    return json_string_value(json_object_get(pairs(r->scope.arena, r->http->query), name));
}

static bool take(struct request *r, const char *place, const struct model *m, json_t *in, const void **out)
{
    struct violations v = {.count = 0};
    void *to = arena_alloc(r->scope.arena, m->size);
    *out = to;
    bool any_query = (r->voice->ways & VOICE_ANY_QUERY) && !strcmp(place, "query");
    if (model_parse(m, in, to, r->scope.arena, any_query ? r->voice->parse & ~(unsigned)PARSE_STRICT : r->voice->parse, &v)) return true;
    request_reply_violations(r, place, &v);
    return false;
}

static bool parse_path(struct request *r, const struct route_match *m)
{
    if (!r->route->path_model) return true;
    json_t *o = new_object(r->scope.arena);
    for (size_t i = 0; i < m->parameter_count; i++) {
        const char *name = m->parameters[i].name;
        const char *value = decoded(r->scope.arena, m->parameters[i].value, m->parameters[i].size, false);
        json_object_setn_new(o, name, strcspn(name, "}"), json_string(value));
    }
    return take(r, "path", r->route->path_model, o, &r->path);
}

static bool refuse(struct request *r, enum error id)
{
    struct err e;
    err_fail(&e, id);
    request_reply_error(r, &e);
    return false;
}

static bool has_type(const struct request *r, const char *wanted)
{
    const char *type = http_header(r->http, "Content-Type");
    return !type || !strncasecmp(type, wanted, strlen(wanted));
}

/* Also what is made of JSON, as application/merge-patch+json (RFC 6839). */
static bool has_json_type(const struct request *r)
{
    const char *type = http_header(r->http, "Content-Type");
    size_t size = type ? strcspn(type, "; \t") : 0;
    return has_type(r, "application/json") || (size > 5 && !strncasecmp(type, "application/", 12) && !strncasecmp(type + size - 5, "+json", 5));
}

/* A compressed body is not the text that it would have to be. */
static bool is_encoded(const struct request *r)
{
    const char *coding = r->http->body_size ? http_header(r->http, "Content-Encoding") : NULL;
    return coding && *coding && strcasecmp(coding, "identity") != 0;
}

static bool parse_json(struct request *r)
{
    json_error_t where;
    struct err e;
    if (is_encoded(r) || (!(r->voice->ways & VOICE_ANY_TYPE) && !has_json_type(r))) return refuse(r, error_unsupported_media_type);
    if (!r->http->body_size) {
        struct violation missing = {.path = "", .rule = RULE_REQUIRED};
        bool required = false;
        for (size_t i = 0; i < r->route->body_model->field_count; i++) required |= r->route->body_model->fields[i].need == NEED_REQUIRED;
        if (!required || r->voice->empty_is_object) return take(r, "body", r->route->body_model, new_object(r->scope.arena), &r->body);
        request_reply_violations(r, "body", &(struct violations){.list = {missing}, .count = 1});
        return false;
    }
    json_t *body = json_loadb(r->http->body, r->http->body_size, JSON_DECODE_ANY, &where);
    if (!body && json_error_code(&where) == json_error_numeric_overflow) /* too big for an integer: a number all the same, which the limits refuse */
        body = json_loadb(r->http->body, r->http->body_size, JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL, &where);
    if (!body) {
        err_fail(&e, error_bad_json);
        err_say(&e, "Invalid JSON, line %d, column %d: %s", where.line, where.column, where.text);
        request_reply_error(r, &e);
        return false;
    }
    arena_defer(r->scope.arena, release_json, body);
    return take(r, "body", r->route->body_model, body, &r->body);
}

static json_t *parts(struct arena *a, struct multipart *m)
{
    json_t *o = new_object(a);
    const char *name, *value;
    size_t name_size, value_size;
    while (multipart_next(m, &name, &name_size, &value, &value_size))
        json_object_set_new(o, as_text(a, name, name_size), json_string(as_text(a, value, value_size)));
    return o;
}

/* In either way of sending one: URLSearchParams and FormData, as browsers call them. */
static bool parse_form(struct request *r)
{
    struct multipart m;
    bool in_parts = multipart_open(&m, http_header(r->http, "Content-Type"), r->http->body, r->http->body_size);
    if (is_encoded(r) || (!in_parts && !has_type(r, "application/x-www-form-urlencoded"))) return refuse(r, error_unsupported_media_type);
    struct violations v = {.count = 0};
    void *to = arena_alloc(r->scope.arena, r->route->body_model->size);
    r->body = to;
    json_t *form = in_parts ? parts(r->scope.arena, &m) : pairs(r->scope.arena, r->http->body);
    if (model_parse(r->route->body_model, form, to, r->scope.arena, r->voice->parse, &v)) return true;
    for (size_t i = 0; i < v.count; i++)
        if (v.list[i].rule == RULE_REQUIRED) v.list[i].value = NULL; /* a form is not shown again: there is a password in it */
    request_reply_violations(r, "body", &v);
    return false;
}

bool parse_request(struct request *r, const struct route_match *m)
{
    if (r->http->body_too_large && r->route->body != BODY_RAW) return refuse(r, error_body_too_large);
    if (!parse_path(r, m)) return false;
    if (r->route->query_model && !take(r, "query", r->route->query_model, pairs(r->scope.arena, r->http->query), &r->query)) return false;
    if (r->route->body == BODY_JSON) return parse_json(r);
    return r->route->body != BODY_FORM || parse_form(r);
}

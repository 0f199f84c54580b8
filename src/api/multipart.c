#include "api/multipart.h"
#include <string.h>
#include <strings.h>

enum { LONGEST_BOUNDARY = 70 }; /* RFC 2046 */

/* What stands behind `name=` among parameters, with or without quotes; NULL: it is not there. */
static const char *parameter(const char *text, const char *end, const char *name, size_t *size)
{
    size_t n = strlen(name);
    for (const char *p = text; (p = memchr(p, ';', (size_t)(end - p)));) {
        for (p++; p < end && (*p == ' ' || *p == '\t');) p++;
        if ((size_t)(end - p) <= n || strncasecmp(p, name, n) != 0 || p[n] != '=') continue;
        p += n + 1;
        bool quoted = p < end && *p == '"';
        p += quoted;
        for (*size = 0; p + *size < end && !(quoted ? p[*size] == '"' : strchr("; \t\r\n", p[*size]) != NULL);) ++*size;
        return p;
    }
    return NULL;
}

static const char *delimiter(const struct multipart *m, const char *from)
{
    while ((from = memmem(from, (size_t)(m->end - from), m->boundary, m->boundary_size)) && (from - m->rest < 2 || from[-1] != '-' || from[-2] != '-')) from++;
    return from;
}

bool multipart_open(struct multipart *m, const char *content_type, const char *body, size_t size)
{
    static const char type[] = "multipart/form-data";
    if (!content_type || strncasecmp(content_type, type, sizeof type - 1) != 0) return false;
    *m = (struct multipart){.rest = body, .end = body + size};
    m->boundary = parameter(content_type, content_type + strlen(content_type), "boundary", &m->boundary_size);
    return m->boundary && m->boundary_size && m->boundary_size <= LONGEST_BOUNDARY;
}

/* The name in a part's head, "\r\nContent-Disposition: form-data; name=…"; NULL: it has none, or is a file. */
static const char *field_name(const char *head, const char *end, size_t *size)
{
    static const char wanted[] = "\r\nContent-Disposition:";
    size_t ignored;
    for (const char *line = head; line && (size_t)(end - line) > sizeof wanted; line = memmem(line + 1, (size_t)(end - line - 1), "\r\n", 2)) {
        if (strncasecmp(line, wanted, sizeof wanted - 1) != 0) continue;
        const char *stop = memmem(line + 2, (size_t)(end - line - 2), "\r\n", 2);
        if (!stop) stop = end;
        return parameter(line, stop, "filename", &ignored) || parameter(line, stop, "filename*", &ignored) ? NULL : parameter(line, stop, "name", size);
    }
    return NULL;
}

bool multipart_next(struct multipart *m, const char **name, size_t *name_size, const char **value, size_t *value_size)
{
    const char *at, *head, *next;
    while ((at = delimiter(m, m->rest))) {
        at += m->boundary_size;
        if (m->end - at >= 2 && at[0] == '-' && at[1] == '-') return false;
        head = memmem(at, (size_t)(m->end - at), "\r\n\r\n", 4);
        next = head ? delimiter(m, head + 4) : NULL;
        if (!next || next - head < 8 || memcmp(next - 4, "\r\n--", 4) != 0) return false;
        m->rest = next - 2; /* where the "--" is */
        if (!(*name = field_name(at, head, name_size))) continue;
        *value = head + 4;
        *value_size = (size_t)(next - 4 - *value);
        return true;
    }
    return false;
}

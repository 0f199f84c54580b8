#include "base/err.h"
#include "base/utf8.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct error_row rows[] = {
#define ERROR(name, kind, status, message) {#name, message, ERR_##kind, status},
#include "spec/errors.def"
#undef ERROR
};

const struct error_row *error_row(enum error id)
{
    return &rows[id];
}

bool err_fail(struct err *e, enum error id)
{
    if (!e) return false;
    const struct error_row *row = &rows[id];
    *e = (struct err){.code = row->name, .kind = row->kind, .status = row->status};
    snprintf(e->text, sizeof e->text, "%s", row->message);
    return false;
}

static int status_of(enum err_kind kind)
{
    static const int status[] = {500, 400, 409, 502, 500};
    return status[kind];
}

/* What others have said may be in it, and the end may be cut off: as text it can be kept, answered and logged all the same. */
static void tidy(char text[ERR_TEXT])
{
    size_t size = strlen(text);
    bool cut = size == ERR_TEXT - 1;
    for (size_t at = 0, n; at < size; at += n ? n : 1) {
        n = utf8_size(text + at, size - at);
        if (!n && cut && size - at < 4) text[size = at] = '\0'; /* the rest of a character */
        else if (!n || (n == 1 && ((unsigned char)text[at] < ' ' || text[at] == 0x7f))) text[at] = n ? ' ' : '?';
    }
}

bool err_set(struct err *e, enum err_kind kind, const char *code, const char *format, ...)
{
    if (!e) return false;
    *e = (struct err){.code = code, .kind = kind, .status = status_of(kind)};
    va_list args;
    va_start(args, format);
    vsnprintf(e->text, sizeof e->text, format, args);
    va_end(args);
    tidy(e->text);
    return false;
}

bool err_say(struct err *e, const char *format, ...)
{
    char text[ERR_TEXT]; /* what was said may be among the arguments */
    if (!e) return false;
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    tidy(text);
    memcpy(e->text, text, sizeof text);
    return false;
}

bool err_sys(struct err *e, enum err_kind kind, const char *code, const char *format, ...)
{
    int sys = errno;
    if (!e) return false;
    *e = (struct err){.code = code, .kind = kind, .status = status_of(kind), .sys = sys};
    va_list args;
    va_start(args, format);
    int n = vsnprintf(e->text, sizeof e->text, format, args);
    va_end(args);
    if (n >= 0 && (size_t)n < sizeof e->text) snprintf(e->text + n, sizeof e->text - (size_t)n, ": %s", strerror(sys));
    tidy(e->text);
    return false;
}

bool err_is(const struct err *e, enum error id)
{
    return e->code == rows[id].name;
}

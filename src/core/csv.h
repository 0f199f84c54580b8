/* csv.h - fields of comma-separated values (RFC 4180) that spreadsheets do not take for formulas: those get an apostrophe before them. */
#pragma once
#include "base/buf.h"
#include <string.h>

/* Also after blanks, and in the full-width forms of these signs. */
static inline bool csv_is_formula(const char *text)
{
    static const char *const wide[] = {"\xef\xbc\x9d", "\xef\xbc\x8b", "\xef\xbc\x8d", "\xef\xbc\xa0"};
    if (*text && strchr("\t\r\n", *text)) return true;
    text += strspn(text, " \t\r\n");
    for (size_t i = 0; i < sizeof wide / sizeof *wide; i++)
        if (!strncmp(text, wide[i], 3)) return true;
    return *text && strchr("=+-@|%", *text);
}

static inline void csv_field(struct buf *b, const char *text)
{
    buf_char(b, '"');
    if (csv_is_formula(text)) buf_char(b, '\'');
    for (; *text; text++) {
        if (*text == '"') buf_char(b, '"');
        buf_char(b, *text);
    }
    buf_char(b, '"');
}

/* csv.h - fields of comma-separated values (RFC 4180) that spreadsheets do not take for formulas: those get an apostrophe before them. */
#pragma once
#include "base/buf.h"
#include <string.h>

static inline void csv_field(struct buf *b, const char *text)
{
    buf_char(b, '"');
    if (*text && strchr("=+-@\t\r", *text)) buf_char(b, '\'');
    for (; *text; text++) {
        if (*text == '"') buf_char(b, '"');
        buf_char(b, *text);
    }
    buf_char(b, '"');
}

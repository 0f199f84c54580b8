/* csv.h - rows of comma-separated values (RFC 4180), cell by cell. Texts that spreadsheets would take for formulas get an apostrophe before them. */
#pragma once
#include "base/buf.h"
#include "base/clock.h"
#include <stdbool.h>
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

/* A row begins after the end of the one before. */
static inline void csv_begin_cell(struct buf *b)
{
    if (b->size && b->data[b->size - 1] != '\n') buf_char(b, ',');
}

static inline void csv_end_row(struct buf *b)
{
    buf_text(b, "\r\n");
}

/* What somebody wrote; NULL: there is nothing. */
static inline void csv_text(struct buf *b, const char *text)
{
    csv_begin_cell(b);
    if (!text) return;
    buf_char(b, '"');
    if (csv_is_formula(text)) buf_char(b, '\'');
    for (; *text; text++) {
        if (*text == '"') buf_char(b, '"');
        buf_char(b, *text);
    }
    buf_char(b, '"');
}

/* A word of ours. */
static inline void csv_word(struct buf *b, const char *word)
{
    csv_begin_cell(b);
    buf_text(b, word);
}

static inline void csv_number(struct buf *b, bool there, int64_t n)
{
    csv_begin_cell(b);
    if (there) buf_int(b, n);
}

static inline void csv_time(struct buf *b, bool there, int64_t ms)
{
    char at[TIME_TEXT] = "";
    if (there) time_format(ms, at);
    csv_word(b, at);
}

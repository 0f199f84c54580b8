/* clock.h - the time, passed in so that tests can move it. Wall times are UTC milliseconds since 1970; `monotonic` never jumps. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int64_t clock_now_ms(void);        /* wall clock plus the test's offset */
int64_t clock_now_us(void);
int64_t clock_now_s(void);         /* as of the system's last tick, some milliseconds ago: costs a third of the others */
int64_t clock_monotonic_ms(void);  /* for deadlines */
int64_t clock_monotonic_us(void);
void clock_shift(int64_t ms);      /* tests: move the wall clock */

#define DAY_MS INT64_C(86400000)
enum { TIME_TEXT = 32 };
size_t time_format(int64_t ms, char text[TIME_TEXT]);  /* 2030-01-01T10:00:00Z, with .123 where there are milliseconds */
#define TIME_FIRST INT64_C(-62135596800000)             /* 0001-01-01T00:00:00Z; what lies outside cannot be written with four digits */
#define TIME_LAST INT64_C(253402300799999)              /* 9999-12-31T23:59:59.999Z */
/* Seconds that others say, in milliseconds: 0 for what is none, TIME_LAST for what is later. */
static inline int64_t time_of_seconds(double s)
{
    return !(s > 0) ? 0 : s >= 253402300799.0 ? TIME_LAST : (int64_t)(s * 1000 + 0.5);
}
/* RFC 3339 and its common relatives (blank for T, no zone = UTC, no seconds, date alone). False for anything else. */
bool time_parse(const char *text, int64_t *ms);

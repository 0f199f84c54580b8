#include "base/clock.h"
#include "base/fault.h"
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static _Atomic int64_t shift_ms;

static int64_t read_us(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000 + fault_shift_ms() * 1000;
}

int64_t clock_now_us(void) { return read_us(CLOCK_REALTIME) + atomic_load_explicit(&shift_ms, memory_order_relaxed) * 1000; }
int64_t clock_now_ms(void) { return clock_now_us() / 1000; }
int64_t clock_now_s(void) { return (read_us(CLOCK_REALTIME_COARSE) / 1000 + atomic_load_explicit(&shift_ms, memory_order_relaxed)) / 1000; }
int64_t clock_monotonic_us(void) { return read_us(CLOCK_MONOTONIC); }
int64_t clock_monotonic_ms(void) { return clock_monotonic_us() / 1000; }
void clock_shift(int64_t ms) { atomic_fetch_add(&shift_ms, ms); }

/* Days and civil dates after Howard Hinnant's published algorithms: no locale, no table, no gmtime lock on the hot path. */
static int64_t days_from_civil(int64_t y, unsigned m, unsigned d)
{
    y -= m <= 2;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    unsigned yoe = (unsigned)(y - era * 400), doy = (153 * (m + (m > 2 ? -3U : 9U)) + 2) / 5 + d - 1;
    unsigned doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    return era * 146097 + (int64_t)doe - 719468;
}

static void civil_from_days(int64_t z, int *y, unsigned *m, unsigned *d)
{
    z += 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    unsigned doe = (unsigned)(z - era * 146097);
    unsigned yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
    *d = doy - (153 * mp + 2) / 5 + 1;
    *m = mp < 10 ? mp + 3 : mp - 9;
    *y = (int)((int64_t)yoe + era * 400) + (*m <= 2);
}

static void digits(char *to, unsigned n, int width)
{
    while (width-- > 0) {
        to[width] = (char)('0' + n % 10);
        n /= 10;
    }
}

size_t time_format(int64_t ms, char text[TIME_TEXT])
{
    int64_t day = ms / DAY_MS, rest = ms % DAY_MS;
    if (rest < 0) day--, rest += DAY_MS;
    int y;
    unsigned m, d, r = (unsigned)rest;
    civil_from_days(day, &y, &m, &d);
    memcpy(text, "0000-00-00T00:00:00", 19);
    digits(text, (unsigned)y, 4);
    digits(text + 5, m, 2);
    digits(text + 8, d, 2);
    digits(text + 11, r / 3600000, 2);
    digits(text + 14, r / 60000 % 60, 2);
    digits(text + 17, r / 1000 % 60, 2);
    size_t n = 19;
    if (r % 1000) {
        text[n] = '.';
        digits(text + n + 1, r % 1000, 3);
        n += 4;
    }
    text[n++] = 'Z';
    text[n] = '\0';
    return n;
}

static bool number(const char **p, int width, unsigned *out)
{
    unsigned n = 0;
    for (int i = 0; i < width; i++, ++*p) {
        if (**p < '0' || **p > '9') return false;
        n = n * 10 + (unsigned)(**p - '0');
    }
    *out = n;
    return true;
}

static bool literal(const char **p, char c)
{
    if (**p != c) return false;
    ++*p;
    return true;
}

static bool fraction(const char **p, unsigned *ms)
{
    unsigned scale = 100, any = 0;
    *ms = 0;
    for (; **p >= '0' && **p <= '9'; ++*p, any++) {
        *ms += (unsigned)(**p - '0') * scale;
        scale /= 10;
    }
    return any > 0 && any <= 9;
}

static bool zone(const char **p, int64_t *offset_ms)
{
    *offset_ms = 0;
    if (**p == '\0') return true;
    if (**p == 'Z' || **p == 'z') return ++*p, true;
    int sign = **p == '+' ? 1 : **p == '-' ? -1 : 0;
    unsigned h, m = 0;
    if (!sign || (++*p, !number(p, 2, &h))) return false;
    if (**p == ':') ++*p;
    if (**p && !number(p, 2, &m)) return false;
    *offset_ms = sign * ((int64_t)h * 60 + m) * 60000;
    return h <= 23 && m <= 59;
}

static bool time_of_day(const char **p, unsigned *h, unsigned *min, unsigned *s, unsigned *ms)
{
    if (!number(p, 2, h) || !literal(p, ':') || !number(p, 2, min)) return false;
    if (**p == ':') {
        ++*p;
        if (!number(p, 2, s)) return false;
        if (**p == '.' || **p == ',') {
            ++*p;
            if (!fraction(p, ms)) return false;
        }
    }
    return *h <= 23 && *min <= 59 && *s <= 59;
}

static unsigned month_days(unsigned y, unsigned m)
{
    static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
    return days[m - 1] + (m == 2 && leap ? 1U : 0U);
}

bool time_parse(const char *p, int64_t *out)
{
    unsigned y, mo, d, h = 0, mi = 0, s = 0, ms = 0;
    int64_t offset = 0;
    if (!number(&p, 4, &y) || !literal(&p, '-') || !number(&p, 2, &mo) || !literal(&p, '-') || !number(&p, 2, &d)) return false;
    if (y < 1 || mo < 1 || mo > 12 || d < 1 || d > month_days(y, mo)) return false;
    if (*p == 'T' || *p == 't' || *p == ' ' || *p == '_') {
        p++;
        if (!time_of_day(&p, &h, &mi, &s, &ms) || !zone(&p, &offset)) return false;
    }
    if (*p) return false;
    *out = (days_from_civil((int64_t)y, mo, d) * 86400 + h * 3600 + mi * 60 + s) * 1000 + ms - offset;
    return *out >= TIME_FIRST && *out <= TIME_LAST; /* its zone may have moved it out */
}

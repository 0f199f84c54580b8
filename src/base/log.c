#include "base/log.h"
#include "base/buf.h"
#include "base/clock.h"
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static enum log_level least = LOG_INFO;
static bool as_json;
static _Thread_local struct buf line;
static _Thread_local bool held;
static pthread_key_t at_thread_end;
static pthread_once_t key_once = PTHREAD_ONCE_INIT;
static const char *const level_names[] = {"debug", "info", "warn", "error"};
enum { HOLD_AT_MOST = 32768 };

void log_setup(enum log_level level, bool json)
{
    least = level;
    as_json = json;
}

bool log_on(enum log_level level) { return level >= least; }

static void quoted(const char *s)
{
    static const char hex[] = "0123456789abcdef";
    buf_char(&line, '"');
    for (const char *from = s;; s++) {
        unsigned char c = (unsigned char)*s;
        if (c >= 0x20 && c != '"' && c != '\\') continue;
        buf_add(&line, from, (size_t)(s - from));
        if (!c) break;
        if (c == '"' || c == '\\') buf_add(&line, (char[]){'\\', (char)c}, 2);
        else buf_add(&line, (char[]){'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]}, 6);
        from = s + 1;
    }
    buf_char(&line, '"');
}

static bool plain(const char *s)
{
    if (!*s) return false;
    for (; *s; s++)
        if ((unsigned char)*s <= ' ' || *s == '"' || *s == '=' || *s == '\\' || *s == 0x7f) return false;
    return true;
}

static void value(const struct log_field *f)
{
    if (!f->text) buf_int(&line, f->number);
    else if (!as_json && plain(f->text)) buf_text(&line, f->text);
    else quoted(f->text);
}

static void field(const struct log_field *f)
{
    buf_char(&line, as_json ? ',' : ' ');
    if (as_json) quoted(f->key);
    else buf_text(&line, f->key);
    buf_char(&line, as_json ? ':' : '=');
    value(f);
}

static void line_release(void *own)
{
    buf_release(own);
}

static void make_key(void)
{
    pthread_key_create(&at_thread_end, line_release);
}

/* The buffer goes with its thread. */
static void line_init(void)
{
    buf_init(&line, 0);
    pthread_once(&key_once, make_key);
    pthread_setspecific(at_thread_end, &line);
}

void log_write(enum log_level level, const char *event, const struct log_field *fields)
{
    if (level < least) return;
    if (!line.data) line_init();
    char at[TIME_TEXT];
    time_format(clock_now_ms(), at);
    buf_text(&line, as_json ? "{\"at\":\"" : "at=");
    buf_text(&line, at);
    buf_text(&line, as_json ? "\",\"level\":\"" : " level=");
    buf_text(&line, level_names[level]);
    if (as_json) buf_char(&line, '"');
    field(&LOG_STR("event", event));
    for (; fields->key; fields++) field(fields);
    buf_text(&line, as_json ? "}\n" : "\n");
    if (!held || line.size > HOLD_AT_MOST) log_flush();
}

void log_hold(void) { held = true; }

void log_flush(void)
{
    if (!line.size) return;
    for (size_t done = 0; done < line.size;) {
        ssize_t n = write(STDERR_FILENO, line.data + done, line.size - done);
        if (n <= 0) break; /* nobody to tell */
        done += (size_t)n;
    }
    buf_reset(&line);
}

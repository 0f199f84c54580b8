/* log.h - one line an event, logfmt or JSON, on standard error.
 *
 *   log_info("session.ended", LOG_INT("session", id), LOG_STR("why", why));
 *
 * Keys are static words. Values are quoted where needed. Secrets are never passed in. Any thread. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };
struct log_field { const char *key, *text; int64_t number; };

static inline const char *log_text(const char *text) { return text ? text : "-"; }

#define LOG_STR(k, v) ((struct log_field){.key = (k), .text = log_text(v)})
#define LOG_INT(k, v) ((struct log_field){.key = (k), .number = (int64_t)(v)})
#define log_at(level, event, ...) log_write(level, event, (const struct log_field[]){__VA_ARGS__ __VA_OPT__(,) {0}})
#define log_debug(event, ...) log_at(LOG_DEBUG, event __VA_OPT__(,) __VA_ARGS__)
#define log_info(event, ...) log_at(LOG_INFO, event __VA_OPT__(,) __VA_ARGS__)
#define log_warn(event, ...) log_at(LOG_WARN, event __VA_OPT__(,) __VA_ARGS__)
#define log_error(event, ...) log_at(LOG_ERROR, event __VA_OPT__(,) __VA_ARGS__)

void log_setup(enum log_level least, bool json);
bool log_on(enum log_level level);
void log_write(enum log_level level, const char *event, const struct log_field *fields); /* ends at a field without a key */
/* Lines of this thread are kept back and written together by log_flush: for the request log of a busy thread. */
void log_hold(void);
void log_flush(void);

/* err.h - what went wrong, filled once, where it went wrong.
 *
 * A function that can fail returns bool and fills a caller's `struct err`. Four kinds are kept apart, because four different
 * people have to act: the caller, somebody who changed the state meanwhile, the keeper of a destination (bucket, endpoint,
 * provider, disk), us. `err_fail` takes a row of spec/errors.def: errors that a caller of the API can meet. `err_set` is for
 * everything below. The text says what failed, lower case, no full stop, the subject in quotes.
 * Whatever was put into it, it is valid UTF-8 without control characters. */
#pragma once
#include <stdbool.h>

enum err_kind { ERR_NONE, ERR_CALLER, ERR_CONFLICT, ERR_DESTINATION, ERR_INTERNAL };

enum error {
#define ERROR(name, kind, status, message) error_##name,
#include "spec/errors.def"
#undef ERROR
    error_count
};

enum { ERR_TEXT = 256 };

struct err {
    const char *code;   /* name of the row, or a short word; static */
    enum err_kind kind;
    int status;         /* HTTP status that fits */
    int sys;            /* errno, or 0 */
    char text[ERR_TEXT];
};

struct error_row {
    const char *name, *message;
    enum err_kind kind;
    int status;
};

const struct error_row *error_row(enum error id);

/* Both return false, so that `return err_fail(…)` reads as it should. A NULL `e` is allowed. */
bool err_fail(struct err *e, enum error id);
bool err_set(struct err *e, enum err_kind kind, const char *code, const char *format, ...) __attribute__((format(printf, 4, 5)));
bool err_sys(struct err *e, enum err_kind kind, const char *code, const char *format, ...) __attribute__((format(printf, 4, 5))); /* adds errno's text */
bool err_say(struct err *e, const char *format, ...) __attribute__((format(printf, 2, 3))); /* other words for what it is already */
bool err_is(const struct err *e, enum error id);

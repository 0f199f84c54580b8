/* child.h - runs a program to its end, under limits.
 *
 * Arguments go as argv, never through a shell. The program gets a process group of its own, /dev/null as input, no descriptor of
 * ours but its output, and dies when the thread that waits for it dies (a compose job that a crash cut off is run anew, not
 * adopted). Blocks the calling thread; any thread may call. On a missed deadline, a callback's false or a failure of ours the whole group is
 * killed before the call returns. */
#pragma once
#include "base/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CHILD_LINE_BYTES = 4096, CHILD_TAIL_BYTES = 2048, CHILD_TICK_MS = 200 };

struct child_spec {
    const char *const *argv; /* argv[0] is looked up in PATH; ends with NULL */
    const char *cwd;         /* NULL: ours */
    /* At most one of the two takes its standard output; without either it is dropped. False ends the program. */
    bool (*on_line)(void *ctx, const char *line);                 /* without the newline; cut at CHILD_LINE_BYTES */
    bool (*on_data)(void *ctx, const void *data, size_t size);
    bool (*tick)(void *ctx); /* asked every CHILD_TICK_MS; false ends the program: the cancel flag */
    void *ctx;
    int64_t deadline_ms;     /* for the whole run; 0: none */
    uint64_t memory_bytes;   /* address space; 0: no limit of its own */
    int nice;
};

enum child_fate { CHILD_NOT_STARTED, CHILD_EXITED, CHILD_KILLED, CHILD_LATE, CHILD_STOPPED };

struct child_end {
    enum child_fate fate;
    int code;                         /* exit code, or the signal it was killed by */
    char tail[CHILD_TAIL_BYTES + 1];  /* the last of its standard error */
};

/* True when it ended with code 0. Otherwise the error's code is child_start, child_failed, child_killed, child_late or
 * child_stopped and its text ends with the last line of standard error. `end` may be NULL. */
bool child_run(const struct child_spec *spec, struct child_end *end, struct err *e);

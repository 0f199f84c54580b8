#include "base/child.h"
#include "base/clock.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { OUT, ERR, EXIT, WATCHED };

struct run {
    const struct child_spec *spec;
    struct child_end *end;
    struct pollfd watch[WATCHED];
    pid_t pid;
    int64_t until_ms;
    char line[CHILD_LINE_BYTES + 1];
    size_t line_size, tail_size;
};

/* ---- in the child: async-signal-safe calls only, other threads of ours may have held any lock */

static void limit(const struct child_spec *spec)
{
    struct rlimit memory = {.rlim_cur = spec->memory_bytes, .rlim_max = spec->memory_bytes};
    if (spec->memory_bytes) setrlimit(RLIMIT_AS, &memory);
    struct rlimit no_core = {0};
    setrlimit(RLIMIT_CORE, &no_core);
    if (spec->nice) setpriority(PRIO_PROCESS, 0, spec->nice);
}

static void reset_signals(void)
{
    sigset_t none;
    sigemptyset(&none);
    for (int sig = 1; sig < NSIG; sig++) signal(sig, SIG_DFL);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static bool redirect(const int pipes[2])
{
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    return nothing >= 0 && dup2(nothing, 0) >= 0 && dup2(pipes[OUT] >= 0 ? pipes[OUT] : nothing, 1) >= 0 && dup2(pipes[ERR], 2) >= 0;
}

static _Noreturn void become(const struct child_spec *spec, const int pipes[2], int report, pid_t parent)
{
    setpgid(0, 0);
    reset_signals();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() == parent && redirect(pipes) && (!spec->cwd || chdir(spec->cwd) == 0)) {
        limit(spec);
        if (report != 3 && dup3(report, 3, O_CLOEXEC) == 3) report = 3;
        if (report == 3) close_range(4, ~0U, 0);
        execvp(spec->argv[0], (char *const *)spec->argv);
    }
    int sys = errno;
    (void)!write(report, &sys, sizeof sys);
    _exit(127);
}

/* ---- in the parent */

static void shut(int *fd)
{
    if (*fd >= 0) close(*fd);
    *fd = -1;
}

/* Waits until the program has been exec'ed; the errno it could not be exec'ed with, or 0. */
static int exec_errno(int report)
{
    int sys = 0;
    ssize_t n;
    do n = read(report, &sys, sizeof sys);
    while (n < 0 && errno == EINTR);
    return n == (ssize_t)sizeof sys ? sys : 0;
}

static bool make_pipes(int fds[6])
{
    for (int i = 0; i < 6; i++) fds[i] = -1;
    for (int i = 0; i < 6; i += 2)
        if (pipe2(fds + i, O_CLOEXEC) != 0) return false;
    return true;
}

/* Which number the report pipe has must not matter to the child's dup2 of 0..2: ours are always open in a daemon. */
static bool start(struct run *r, struct err *e)
{
    int fds[6];
    bool ok = make_pipes(fds);
    pid_t parent = getpid();
    if (ok) r->pid = fork();
    if (ok && r->pid == 0) become(r->spec, (int[]){fds[1], fds[3]}, fds[5], parent);
    for (int i = 1; i < 6; i += 2) shut(&fds[i]);
    int sys = !ok || r->pid < 0 ? errno : exec_errno(fds[4]);
    shut(&fds[4]);
    if (!sys) {
        setpgid(r->pid, r->pid);
        r->watch[OUT] = (struct pollfd){.fd = fds[0], .events = POLLIN};
        r->watch[ERR] = (struct pollfd){.fd = fds[2], .events = POLLIN};
        r->watch[EXIT] = (struct pollfd){.fd = pidfd_open(r->pid, 0), .events = POLLIN};
        return true;
    }
    shut(&fds[0]);
    shut(&fds[2]);
    if (r->pid > 0) waitpid(r->pid, NULL, 0);
    errno = sys;
    return err_sys(e, ERR_INTERNAL, "child_start", "cannot start \"%s\"", r->spec->argv[0]);
}

static void keep_tail(struct run *r, const char *data, size_t size)
{
    if (size > CHILD_TAIL_BYTES) {
        data += size - CHILD_TAIL_BYTES;
        size = CHILD_TAIL_BYTES;
    }
    size_t keep = r->tail_size + size > CHILD_TAIL_BYTES ? CHILD_TAIL_BYTES - size : r->tail_size;
    memmove(r->end->tail, r->end->tail + r->tail_size - keep, keep);
    memcpy(r->end->tail + keep, data, size);
    r->tail_size = keep + size;
    r->end->tail[r->tail_size] = '\0';
}

static bool take_lines(struct run *r, const char *data, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (data[i] != '\n') {
            if (r->line_size < CHILD_LINE_BYTES) r->line[r->line_size++] = data[i];
            continue;
        }
        r->line[r->line_size] = '\0';
        r->line_size = 0;
        if (!r->spec->on_line(r->spec->ctx, r->line)) return false;
    }
    return true;
}

/* Reads once what stands in a pipe. False when a callback wants the end. */
static bool take(struct run *r, int which)
{
    char data[65536];
    ssize_t n = read(r->watch[which].fd, data, sizeof data);
    if (n < 0 && errno == EINTR) return true;
    if (n <= 0) {
        shut(&r->watch[which].fd);
        return true;
    }
    if (which == ERR) keep_tail(r, data, (size_t)n);
    else if (r->spec->on_data) return r->spec->on_data(r->spec->ctx, data, (size_t)n);
    else if (r->spec->on_line) return take_lines(r, data, (size_t)n);
    return true;
}

/* The program is gone, what it wrote is not: empties both pipes, but does not wait for a grandchild that holds them open. */
static bool drain(struct run *r)
{
    for (;;) {
        if (poll(r->watch, EXIT, 0) <= 0) return true;
        for (int i = 0; i < EXIT; i++)
            if (r->watch[i].fd >= 0 && r->watch[i].revents && !take(r, i)) return false;
        if (r->watch[OUT].fd < 0 && r->watch[ERR].fd < 0) return true;
    }
}

/* Until the program is gone or has to go. */
static enum child_fate attend(struct run *r)
{
    const struct child_spec *spec = r->spec;
    if (r->watch[EXIT].fd < 0) return CHILD_STOPPED; /* its end would not be noticed */
    for (int64_t tick_ms = clock_monotonic_ms() + CHILD_TICK_MS;;) {
        if (poll(r->watch, WATCHED, CHILD_TICK_MS) < 0 && errno != EINTR) return CHILD_STOPPED;
        for (int i = 0; i < EXIT; i++)
            if (r->watch[i].fd >= 0 && r->watch[i].revents && !take(r, i)) return CHILD_STOPPED;
        if (r->watch[EXIT].revents) return drain(r) ? CHILD_EXITED : CHILD_STOPPED;
        int64_t now_ms = clock_monotonic_ms();
        if (spec->deadline_ms && now_ms >= r->until_ms) return CHILD_LATE;
        if (now_ms < tick_ms) continue;
        if (spec->tick && !spec->tick(spec->ctx)) return CHILD_STOPPED;
        tick_ms = now_ms + CHILD_TICK_MS;
    }
}

static void reap(struct run *r, enum child_fate fate)
{
    int status = 0;
    kill(-r->pid, SIGKILL); /* not reaped yet, so the number still is ours; also ends what it left behind */
    while (waitpid(r->pid, &status, 0) < 0 && errno == EINTR) continue;
    for (int i = 0; i < WATCHED; i++) shut(&r->watch[i].fd);
    r->end->code = WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status);
    r->end->fate = fate == CHILD_EXITED && !WIFEXITED(status) ? CHILD_KILLED : fate;
}

static const char *last_line(const char *tail, char to[160])
{
    size_t end = strlen(tail);
    while (end && (tail[end - 1] == '\n' || tail[end - 1] == '\r')) end--;
    size_t from = end;
    while (from && tail[from - 1] != '\n' && tail[from - 1] != '\r') from--;
    snprintf(to, 160, "%.*s", (int)(end - from), tail + from);
    return to[0] ? to : "it said nothing";
}

static bool verdict(const struct run *r, struct err *e)
{
    const struct child_end *end = r->end;
    const char *name = r->spec->argv[0];
    char line[160];
    const char *said = last_line(end->tail, line);
    switch (end->fate) {
    case CHILD_EXITED:
        return end->code == 0 || err_set(e, ERR_INTERNAL, "child_failed", "\"%s\" ended with code %d: %s", name, end->code, said);
    case CHILD_LATE: return err_set(e, ERR_INTERNAL, "child_late", "\"%s\" was not done in %lld ms: %s", name, (long long)r->spec->deadline_ms, said);
    case CHILD_STOPPED: return err_set(e, ERR_CONFLICT, "child_stopped", "\"%s\" was stopped", name);
    default: return err_set(e, ERR_INTERNAL, "child_killed", "\"%s\" was killed by signal %d: %s", name, end->code, said);
    }
}

bool child_run(const struct child_spec *spec, struct child_end *end, struct err *e)
{
    struct child_end unseen;
    struct run r = {.spec = spec, .end = end ? end : &unseen};
    *r.end = (struct child_end){.fate = CHILD_NOT_STARTED};
    r.until_ms = clock_monotonic_ms() + spec->deadline_ms;
    if (!start(&r, e)) return false;
    reap(&r, attend(&r));
    return verdict(&r, e);
}

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "provider/janus/janus_child.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { GRACE_MS = 2000, BACKOFF_FIRST_MS = 200, BACKOFF_MOST_MS = 10000, YOUNG_MS = 5000, LOG_LARGEST = 16 << 20 };

struct janus_child {
    struct loop *loop;
    const struct janus_child_handler *handler;
    void *ctx;
    char *program, *run_dir, *log_path;
    struct janus_conf conf; /* its strings are ours */
    int run_fd;             /* run_dir, to reach the sockets however long its path is */
    pid_t pid;
    int pidfd;
    struct loop_watch *watch;
    struct loop_timer *retry;
    int64_t since_ms;
    int64_t backoff_ms; /* 0: start at once */
};

static void begin(void *arg);

static char *copy(const char *text)
{
    return text ? xstrdup(text) : NULL;
}

int janus_child_pid(const struct janus_child *c)
{
    return c->pid;
}

int64_t janus_child_age_ms(const struct janus_child *c)
{
    return clock_monotonic_ms() - c->since_ms;
}

const char *janus_child_socket(const struct janus_child *c, const char *name, char *to, size_t size)
{
    snprintf(to, size, "/proc/self/fd/%d/%s", c->run_fd, name);
    return to;
}

/* Field 22 of /proc/PID/stat: with the pid it names a process for good. 0: no such process. */
static unsigned long long start_time(pid_t pid, char *state)
{
    char path[64], text[1024];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *f = fopen(path, "re");
    size_t n = f ? fread(text, 1, sizeof text - 1, f) : 0;
    if (f) fclose(f);
    text[n] = 0;
    char *at = strrchr(text, ')'); /* the name before it may hold anything */
    unsigned long long ticks = 0;
    if (!at || sscanf(at + 1, " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu", state, &ticks) != 2) return 0;
    return *state == 'Z' || *state == 'X' ? 0 : ticks;
}

static void pid_path(const struct janus_child *c, char path[PATH_MAX])
{
    snprintf(path, PATH_MAX, "%s/janus.pid", c->run_dir);
}

static void remember(const struct janus_child *c)
{
    char path[PATH_MAX], fresh[PATH_MAX + 8], state;
    pid_path(c, path);
    snprintf(fresh, sizeof fresh, "%s.new", path);
    FILE *f = fopen(fresh, "we");
    bool good = f && fprintf(f, "%d %llu\n", (int)c->pid, start_time(c->pid, &state)) > 0;
    if (f && fclose(f)) good = false;
    if (!good || rename(fresh, path))
        log_warn("janus.pidfile", LOG_STR("folder", c->run_dir), LOG_STR("next", "a restarted roomd will not find this janus; is the disk full?"));
}

static void gone(void *arg, uint32_t events)
{
    struct janus_child *c = arg;
    siginfo_t how = {0};
    (void)events;
    waitid(P_PIDFD, (id_t)c->pidfd, &how, WEXITED | WNOHANG); /* fails for one that is not ours: nothing to reap there */
    log_warn("janus.died", LOG_INT("pid", c->pid),
             LOG_STR("how", !how.si_pid                 ? "-"
                            : how.si_code == CLD_EXITED ? "exit"
                                                        : "signal"),
             LOG_INT("status", how.si_status), LOG_INT("lived_ms", janus_child_age_ms(c)), LOG_STR("its_log", c->log_path));
    loop_watch_stop(c->watch);
    close(c->pidfd);
    c->watch = NULL;
    c->pidfd = -1;
    c->pid = 0;
    c->retry = loop_timer_start(c->loop, c->backoff_ms, begin, c);
    if (!c->backoff_ms) c->backoff_ms = BACKOFF_FIRST_MS;
    else if (c->backoff_ms * 2 <= BACKOFF_MOST_MS) c->backoff_ms *= 2;
    c->handler->on_exit(c->ctx);
}

static bool watch(struct janus_child *c, pid_t pid)
{
    c->pidfd = pidfd_open(pid, 0);
    if (c->pidfd < 0) return false;
    fcntl(c->pidfd, F_SETFD, FD_CLOEXEC);
    c->pid = pid;
    c->since_ms = clock_monotonic_ms();
    c->watch = loop_watch_start(c->loop, c->pidfd, EPOLLIN, gone, c);
    return true;
}

/* What another roomd started and left. One that is stopped by a signal would only hang us. */
static bool adopt(struct janus_child *c)
{
    char path[PATH_MAX], state = 0;
    int pid = 0;
    unsigned long long ticks = 0;
    pid_path(c, path);
    FILE *f = fopen(path, "re");
    bool read = f && fscanf(f, "%d %llu", &pid, &ticks) == 2;
    if (f) fclose(f);
    if (!read || pid <= 1 || !ticks || start_time(pid, &state) != ticks || !watch(c, pid)) return false;
    if (start_time(pid, &state) == ticks && state != 'T' && state != 't') return true;
    janus_child_kill(c, "found stopped"); /* the watch starts the next one */
    return true;
}

static void spare_log(const char *path)
{
    struct stat s;
    char old[PATH_MAX];
    if (stat(path, &s) || s.st_size < LOG_LARGEST) return;
    snprintf(old, sizeof old, "%s.1", path);
    rename(path, old);
}

/* Its own session (a terminal's ^C is not for it), an environment without our secrets, no open files of ours. */
static int spawn(const struct janus_child *c, pid_t *pid)
{
    char main_file[PATH_MAX];
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    snprintf(main_file, sizeof main_file, "%s/janus.jcfg", c->conf.conf_dir);
    char *const argv[] = {c->program, "-F", (char *)c->conf.conf_dir, "-C", main_file, NULL};
    char *const environment[] = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8", NULL};
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&files, 1, c->log_path, O_WRONLY | O_CREAT | O_APPEND, 0600);
    posix_spawn_file_actions_adddup2(&files, 1, 2);
    posix_spawn_file_actions_addclosefrom_np(&files, 3);
    posix_spawn_file_actions_addchdir_np(&files, c->run_dir);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    int failed = posix_spawnp(pid, c->program, &files, &attributes, argv, environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    return failed;
}

static bool start(struct janus_child *c, struct err *e)
{
    pid_t pid;
    if (!janus_conf_write(&c->conf, e)) return false;
    unlinkat(c->run_fd, JANUS_API_SOCKET, 0);
    unlinkat(c->run_fd, JANUS_ADMIN_SOCKET, 0);
    spare_log(c->log_path);
    int failed = spawn(c, &pid);
    if (failed == ENOENT) return err_set(e, ERR_INTERNAL, "janus_missing", "program \"%s\" was not found; install it: apt install janus", c->program);
    errno = failed;
    if (failed) return err_sys(e, ERR_INTERNAL, "janus_start", "program \"%s\" could not be started", c->program);
    if (!watch(c, pid)) return err_sys(e, ERR_INTERNAL, "janus_start", "janus could not be watched");
    remember(c);
    return true;
}

static void try_later(struct janus_child *c, const struct err *why)
{
    c->backoff_ms = c->backoff_ms ? c->backoff_ms * 2 : BACKOFF_FIRST_MS;
    if (c->backoff_ms > BACKOFF_MOST_MS) c->backoff_ms = BACKOFF_MOST_MS;
    log_error("janus.not_started", LOG_STR("why", why->text), LOG_INT("again_in_ms", c->backoff_ms));
    c->retry = loop_timer_start(c->loop, c->backoff_ms, begin, c);
}

static void begin(void *arg)
{
    struct janus_child *c = arg;
    struct err e = {0};
    c->retry = NULL;
    bool adopted = adopt(c);
    if (!adopted && !start(c, &e)) {
        try_later(c, &e);
        return;
    }
    log_info(adopted ? "janus.found" : "janus.started", LOG_INT("pid", c->pid));
    c->handler->on_start(c->ctx, adopted);
}

/* A crash after a good while is followed by a start at once; crash upon crash is not. */
void janus_child_thrives(struct janus_child *c)
{
    if (janus_child_age_ms(c) >= YOUNG_MS) c->backoff_ms = 0;
}

void janus_child_kill(struct janus_child *c, const char *why)
{
    if (!c->pid) return;
    log_warn("janus.killed", LOG_INT("pid", c->pid), LOG_STR("why", why));
    pidfd_send_signal(c->pidfd, SIGKILL, NULL, 0);
}

static void end(struct janus_child *c)
{
    struct pollfd p = {.fd = c->pidfd, .events = POLLIN};
    siginfo_t how;
    pidfd_send_signal(c->pidfd, SIGTERM, NULL, 0);
    if (poll(&p, 1, GRACE_MS) != 1) {
        pidfd_send_signal(c->pidfd, SIGKILL, NULL, 0);
        poll(&p, 1, GRACE_MS);
    }
    waitid(P_PIDFD, (id_t)c->pidfd, &how, WEXITED | WNOHANG);
    unlinkat(c->run_fd, "janus.pid", 0);
}

static void janus_child_free(struct janus_child *c)
{
    const char *owned[] = {c->program,      c->run_dir,  c->log_path, c->conf.conf_dir, c->conf.api_secret, c->conf.admin_secret, c->conf.room_admin_key,
                           c->conf.nat_1_1, c->conf.stun};
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) free((void *)owned[i]);
    if (c->run_fd >= 0) close(c->run_fd);
    free(c);
}

void janus_child_destroy(struct janus_child *c, bool leave_running)
{
    if (!c) return;
    loop_timer_stop(c->retry);
    loop_watch_stop(c->watch);
    if (c->pid && !leave_running) end(c);
    if (c->pidfd >= 0) close(c->pidfd);
    janus_child_free(c);
}

static char *absolute(const char *path, struct err *e)
{
    char *real = realpath(path, NULL);
    if (!real) err_sys(e, ERR_INTERNAL, "janus_dir", "folder \"%s\" cannot be used", path);
    return real;
}

static bool open_dirs(struct janus_child *c, const struct janus_child_options *o, struct err *e)
{
    c->run_dir = absolute(o->run_dir, e);
    c->conf.conf_dir = absolute(o->conf.conf_dir, e);
    if (!c->run_dir || !c->conf.conf_dir) return false;
    c->run_fd = open(c->run_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (c->run_fd < 0) return err_sys(e, ERR_INTERNAL, "janus_dir", "folder \"%s\" cannot be opened", c->run_dir);
    if (chmod(c->run_dir, 0700) || chmod(c->conf.conf_dir, 0700))
        return err_sys(e, ERR_INTERNAL, "janus_dir", "folder \"%s\" cannot be made private", c->run_dir);
    return true;
}

struct janus_child *janus_child_create(const struct janus_child_options *o, const struct janus_child_handler *h, void *ctx, struct err *e)
{
    struct janus_child *c = xcalloc(1, sizeof *c);
    *c = (struct janus_child){.loop = o->loop, .handler = h, .ctx = ctx, .run_fd = -1, .pidfd = -1};
    c->program = xstrdup(o->program);
    c->log_path = xstrdup(o->log_path);
    c->conf = o->conf;
    c->conf.conf_dir = NULL;
    c->conf.api_secret = copy(o->conf.api_secret);
    c->conf.admin_secret = copy(o->conf.admin_secret);
    c->conf.room_admin_key = copy(o->conf.room_admin_key);
    c->conf.nat_1_1 = copy(o->conf.nat_1_1);
    c->conf.stun = copy(o->conf.stun);
    if (!open_dirs(c, o, e)) {
        janus_child_free(c);
        return NULL;
    }
    c->retry = loop_timer_start(c->loop, 0, begin, c);
    return c;
}

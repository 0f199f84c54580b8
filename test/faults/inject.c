/* inject.c - a library for LD_PRELOAD that makes the n-th allocation, write, fsync or connect fail. test/faults/injection.py shares INJECT_FILE
 * with it: which kind, how many more go well, how many fail then, with which error. Writes and syncs count where the file is below INJECT_BELOW. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind { NOTHING, MEMORY, WRITE, SYNC, CONNECT, RENAME, KINDS };
struct control {
    _Atomic int32_t kind, error;      /* error 0, for writes: half of it is written */
    _Atomic int64_t left, times;      /* the calls that go well before; the calls that fail then */
    _Atomic int64_t counts[KINDS], failed;
};

static struct control own, *control = &own;
static char below[PATH_MAX];
static size_t below_size;

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("INJECT_FILE"), *folder = getenv("INJECT_BELOW");
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    void *map = fd >= 0 ? mmap(NULL, sizeof own, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) : MAP_FAILED;
    if (folder) below_size = (size_t)snprintf(below, sizeof below, "%s/", folder);
    if (map != MAP_FAILED) control = map;
    if (fd >= 0) close(fd);
}

static int fails(enum kind kind)
{
    atomic_fetch_add_explicit(&control->counts[kind], 1, memory_order_relaxed);
    if (atomic_load_explicit(&control->kind, memory_order_relaxed) != (int32_t)kind) return 0;
    if (atomic_fetch_sub(&control->left, 1) > 0 || atomic_fetch_sub(&control->times, 1) <= 0) return 0;
    atomic_fetch_add(&control->failed, 1);
    return 1;
}

static int is_below(int fd)
{
    char link[40], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path - 1);
    return n > (ssize_t)below_size && !strncmp(path, below, below_size);
}

static int error_now(void)
{
    errno = atomic_load(&control->error);
    return -1;
}

#define REAL(name) static __typeof__(name) *real; if (!real) real = (__typeof__(name) *)(uintptr_t)dlsym(RTLD_NEXT, #name)

/* ---- memory */

static void *none(void)
{
    errno = ENOMEM;
    return NULL;
}

void *malloc(size_t size) { return fails(MEMORY) ? none() : __libc_malloc(size); }
void *calloc(size_t count, size_t size) { return fails(MEMORY) ? none() : __libc_calloc(count, size); }
void *realloc(void *old, size_t size) { return fails(MEMORY) ? none() : __libc_realloc(old, size); }

/* ---- files */

static size_t fewer(size_t size)
{
    return size > 1 ? size / 2 : size;
}

ssize_t write(int fd, const void *bytes, size_t size)
{
    REAL(write);
    if (!is_below(fd) || !fails(WRITE)) return real(fd, bytes, size);
    return control->error ? error_now() : real(fd, bytes, fewer(size));
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at)
{
    REAL(pwrite);
    if (!is_below(fd) || !fails(WRITE)) return real(fd, bytes, size, at);
    return control->error ? error_now() : real(fd, bytes, fewer(size), at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t at)
{
    REAL(pwrite64);
    if (!is_below(fd) || !fails(WRITE)) return real(fd, bytes, size, at);
    return control->error ? error_now() : real(fd, bytes, fewer(size), at);
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    REAL(writev);
    return is_below(fd) && fails(WRITE) && control->error ? error_now() : real(fd, parts, count);
}

int fsync(int fd)
{
    REAL(fsync);
    return is_below(fd) && fails(SYNC) ? error_now() : real(fd);
}

int fdatasync(int fd)
{
    REAL(fdatasync);
    return is_below(fd) && fails(SYNC) ? error_now() : real(fd);
}

int rename(const char *from, const char *to)
{
    REAL(rename);
    return !strncmp(to, below, below_size) && fails(RENAME) ? error_now() : real(from, to);
}

/* ---- the network */

int connect(int fd, const struct sockaddr *to, socklen_t size)
{
    REAL(connect);
    return (to->sa_family == AF_INET || to->sa_family == AF_INET6) && fails(CONNECT) ? error_now() : real(fd, to, size);
}

#include "base/fault.h"
#ifdef ROOMD_FAULTS
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LOOK_MS = 20 };
enum action { ACTION_KILL = 1, ACTION_STOP = 2 };

/* Read and written by test/faults/control.py too. */
struct control {
    _Atomic int64_t shift_ms;
    _Atomic int64_t waits;          /* how often somebody has looked what time it is, to go on waiting */
    _Atomic int64_t hurry;          /* deadlines for other servers are so many times shorter; 0: as they are */
    struct point { _Atomic uint32_t passed, armed_at, action, met; } points[fault_point_count]; /* met: how often it was ended or stopped there */
};

static struct control own, *control = &own;

static void open_control(void)
{
    const char *path = getenv("ROOMD_FAULTS");
    struct stat st;
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0) return;
    if (fstat(fd, &st) || st.st_size < (off_t)sizeof *control) abort(); /* of another version */
    void *map = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED) abort();
    control = map;
    close(fd);
}

static struct control *shared(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, open_control);
    return control;
}

bool fault_pass(enum fault_point p)
{
    struct point *at = &shared()->points[p];
    uint32_t n = atomic_fetch_add(&at->passed, 1) + 1, armed = atomic_load(&at->armed_at);
    if (!armed || n < armed || !atomic_compare_exchange_strong(&at->armed_at, &armed, 0)) return true;
    bool stop = atomic_load(&at->action) == ACTION_STOP;
    atomic_fetch_add(&at->met, 1);
    kill(getpid(), stop ? SIGSTOP : SIGKILL);
    while (!stop) pause(); /* nothing more happens on this thread */
    return true;
}

int64_t fault_shift_ms(void)
{
    return atomic_load_explicit(&shared()->shift_ms, memory_order_relaxed);
}

int64_t fault_deadline_ms(int64_t ms)
{
    int64_t hurry = atomic_load_explicit(&shared()->hurry, memory_order_relaxed);
    return hurry > 1 ? (ms + hurry - 1) / hurry : ms;
}

int64_t fault_wait_ms(int64_t ms)
{
    struct control *c = shared();
    if (c == &own) return ms;
    atomic_fetch_add(&c->waits, 1);
    return ms < 0 || ms > LOOK_MS ? LOOK_MS : ms;
}
#endif

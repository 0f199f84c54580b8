#include "net/loop.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/fault.h"
#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct loop_watch {
    struct loop *loop;
    int fd;
    loop_io_fn *fn; /* NULL once stopped: events of the same round may still name it */
    void *arg;
    struct loop_watch *next, *prev;
};

struct loop_timer {
    struct loop *loop;
    int64_t due_ms, every_ms; /* every_ms 0: once */
    uint64_t order;           /* equal times fire in the order they were started */
    size_t place;             /* in the heap */
    bool queued;
    loop_fn *fn;
    void *arg;
};

struct post {
    struct post *next;
    loop_fn *fn;
    void *arg;
};

struct loop {
    int epoll, wake;
    atomic_bool stopping;
    pthread_mutex_t lock; /* guards the posts */
    struct post *posts, **posts_end;
    struct loop_watch *watches, *stopped;
    struct loop_timer **heap;
    size_t heap_size, heap_room;
    uint64_t orders;
    struct loop_timer *firing;
    bool firing_stopped;
};

enum { EVENTS_A_ROUND = 256 };

static void wake_up(struct loop *l)
{
    eventfd_write(l->wake, 1);
}

struct loop *loop_create(void)
{
    struct loop *l = xcalloc(1, sizeof *l);
    l->epoll = epoll_create1(EPOLL_CLOEXEC);
    l->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    pthread_mutex_init(&l->lock, NULL);
    l->posts_end = &l->posts;
    struct epoll_event none = {.events = EPOLLIN, .data.ptr = NULL};
    if (l->epoll < 0 || l->wake < 0 || epoll_ctl(l->epoll, EPOLL_CTL_ADD, l->wake, &none) < 0) {
        loop_destroy(l);
        return NULL;
    }
    return l;
}

/* Posts. */

void loop_post(struct loop *l, loop_fn *fn, void *arg)
{
    struct post *p = xmalloc(sizeof *p);
    *p = (struct post){NULL, fn, arg};
    pthread_mutex_lock(&l->lock);
    bool first = !l->posts;
    *l->posts_end = p;
    l->posts_end = &p->next;
    pthread_mutex_unlock(&l->lock);
    if (first) wake_up(l);
}

static struct post *take_posts(struct loop *l)
{
    pthread_mutex_lock(&l->lock);
    struct post *p = l->posts;
    l->posts = NULL;
    l->posts_end = &l->posts;
    pthread_mutex_unlock(&l->lock);
    return p;
}

static bool run_posts(struct loop *l)
{
    struct post *p = take_posts(l);
    bool any = p != NULL;
    while (p) {
        struct post *next = p->next;
        p->fn(p->arg);
        free(p);
        p = next;
    }
    return any;
}

/* Watches. */

struct loop_watch *loop_watch_start(struct loop *l, int fd, uint32_t events, loop_io_fn *fn, void *arg)
{
    struct loop_watch *w = xmalloc(sizeof *w);
    *w = (struct loop_watch){.loop = l, .fd = fd, .fn = fn, .arg = arg, .next = l->watches};
    if (w->next) w->next->prev = w;
    l->watches = w;
    struct epoll_event event = {.events = events, .data.ptr = w};
    if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, fd, &event) == 0) return w;
    int sys = errno;
    loop_watch_stop(w);
    errno = sys;
    return NULL;
}

void loop_watch_change(struct loop_watch *w, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = w};
    epoll_ctl(w->loop->epoll, EPOLL_CTL_MOD, w->fd, &event);
}

void loop_watch_stop(struct loop_watch *w)
{
    if (!w) return;
    struct loop *l = w->loop;
    epoll_ctl(l->epoll, EPOLL_CTL_DEL, w->fd, NULL);
    if (w->prev) w->prev->next = w->next;
    else l->watches = w->next;
    if (w->next) w->next->prev = w->prev;
    w->fn = NULL;
    w->next = l->stopped;
    l->stopped = w;
}

static void free_watches(struct loop_watch **list)
{
    while (*list) {
        struct loop_watch *w = *list;
        *list = w->next;
        free(w);
    }
}

/* Timers: a binary heap, each timer knowing its place so that stopping one is cheap too. */

static bool earlier(const struct loop_timer *a, const struct loop_timer *b)
{
    return a->due_ms != b->due_ms ? a->due_ms < b->due_ms : a->order < b->order;
}

static void put(struct loop *l, size_t place, struct loop_timer *t)
{
    l->heap[place] = t;
    t->place = place;
}

static void sift_up(struct loop *l, size_t place, struct loop_timer *t)
{
    while (place) {
        size_t parent = (place - 1) / 2;
        if (!earlier(t, l->heap[parent])) break;
        put(l, place, l->heap[parent]);
        place = parent;
    }
    put(l, place, t);
}

static void sift_down(struct loop *l, size_t place, struct loop_timer *t)
{
    for (size_t child; (child = place * 2 + 1) < l->heap_size; place = child) {
        if (child + 1 < l->heap_size && earlier(l->heap[child + 1], l->heap[child])) child++;
        if (!earlier(l->heap[child], t)) break;
        put(l, place, l->heap[child]);
    }
    put(l, place, t);
}

static void enqueue(struct loop_timer *t)
{
    struct loop *l = t->loop;
    if (l->heap_size == l->heap_room) {
        l->heap_room = l->heap_room ? l->heap_room * 2 : 16;
        l->heap = xrealloc(l->heap, l->heap_room * sizeof *l->heap);
    }
    t->order = l->orders++;
    t->queued = true;
    sift_up(l, l->heap_size++, t);
}

static void dequeue(struct loop_timer *t)
{
    struct loop *l = t->loop;
    t->queued = false;
    struct loop_timer *last = l->heap[--l->heap_size];
    if (last == t) return;
    size_t place = t->place;
    if (place && earlier(last, l->heap[(place - 1) / 2])) sift_up(l, place, last);
    else sift_down(l, place, last);
}

static struct loop_timer *start_timer(struct loop *l, int64_t after_ms, int64_t every_ms, loop_fn *fn, void *arg)
{
    struct loop_timer *t = xmalloc(sizeof *t);
    *t = (struct loop_timer){.loop = l, .due_ms = clock_monotonic_ms() + after_ms, .every_ms = every_ms, .fn = fn, .arg = arg};
    enqueue(t);
    return t;
}

struct loop_timer *loop_timer_start(struct loop *l, int64_t after_ms, loop_fn *fn, void *arg)
{
    return start_timer(l, after_ms > 0 ? after_ms : 0, 0, fn, arg);
}

struct loop_timer *loop_timer_every(struct loop *l, int64_t every_ms, loop_fn *fn, void *arg)
{
    assert(every_ms > 0);
    return start_timer(l, every_ms, every_ms, fn, arg);
}

void loop_timer_stop(struct loop_timer *t)
{
    if (!t) return;
    if (t->loop->firing == t) { /* fire() frees it */
        t->loop->firing_stopped = true;
        return;
    }
    dequeue(t);
    free(t);
}

static void fire(struct loop *l, struct loop_timer *t, int64_t now_ms)
{
    dequeue(t);
    l->firing = t;
    l->firing_stopped = false;
    t->fn(t->arg);
    l->firing = NULL;
    if (l->firing_stopped || !t->every_ms) {
        free(t);
        return;
    }
    t->due_ms += t->every_ms;
    if (t->due_ms <= now_ms) t->due_ms = now_ms + t->every_ms; /* late: skip the beats that were missed */
    enqueue(t);
}

/* Timers started by these callbacks wait for the next round, so that a chain of zero delays starves nobody. */
static void fire_due(struct loop *l)
{
    if (!l->heap_size) return;
    int64_t now_ms = clock_monotonic_ms();
    uint64_t before = l->orders;
    while (l->heap_size && l->heap[0]->due_ms <= now_ms && l->heap[0]->order < before) fire(l, l->heap[0], now_ms);
}

static int wait_ms(const struct loop *l)
{
    if (atomic_load(&l->stopping)) return 0;
    if (!l->heap_size) return -1;
    int64_t left = l->heap[0]->due_ms - clock_monotonic_ms();
    if (left <= 0) return 0;
    return left > 60000 ? 60000 : (int)left;
}

/* Running. */

static void dispatch(struct loop *l, const struct epoll_event *events, int count)
{
    for (int i = 0; i < count; i++) {
        struct loop_watch *w = events[i].data.ptr;
        eventfd_t ignored;
        if (!w) eventfd_read(l->wake, &ignored);
        else if (w->fn) w->fn(w->arg, events[i].events);
    }
}

void loop_run(struct loop *l)
{
    struct epoll_event events[EVENTS_A_ROUND];
    while (!atomic_load(&l->stopping)) {
        int count = epoll_wait(l->epoll, events, EVENTS_A_ROUND, (int)fault_wait_ms(wait_ms(l)));
        dispatch(l, events, count);
        fire_due(l);
        run_posts(l);
        free_watches(&l->stopped);
    }
    while (run_posts(l)) continue;
    free_watches(&l->stopped);
    atomic_store(&l->stopping, false);
}

void loop_stop(struct loop *l)
{
    atomic_store(&l->stopping, true);
    wake_up(l);
}

void loop_destroy(struct loop *l)
{
    if (!l) return;
    while (run_posts(l)) continue; /* posted after the last round: never lost */
    while (l->heap_size) loop_timer_stop(l->heap[0]);
    free(l->heap);
    free_watches(&l->watches);
    free_watches(&l->stopped);
    if (l->wake >= 0) close(l->wake);
    if (l->epoll >= 0) close(l->epoll);
    pthread_mutex_destroy(&l->lock);
    free(l);
}

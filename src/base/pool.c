#include "base/pool.h"
#include "base/arena.h"
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

struct work { void (*fn)(void *); void *arg; struct work *next; };

struct pool {
    pthread_mutex_t mutex;
    pthread_cond_t some;
    struct work *head, **tail;
    bool stopping;
    int threads;
    pthread_t thread[];
};

static struct work *take(struct pool *p)
{
    pthread_mutex_lock(&p->mutex);
    while (!p->head && !p->stopping) pthread_cond_wait(&p->some, &p->mutex);
    struct work *w = p->head;
    if (w && !(p->head = w->next)) p->tail = &p->head;
    pthread_mutex_unlock(&p->mutex);
    return w;
}

static void *worker(void *arg)
{
    for (struct work *w; (w = take(arg));) {
        w->fn(w->arg);
        free(w);
    }
    return NULL;
}

struct pool *pool_create(int threads, const char *name)
{
    struct pool *p = xcalloc(1, sizeof *p + sizeof(pthread_t) * (size_t)threads);
    pthread_mutex_init(&p->mutex, NULL);
    pthread_cond_init(&p->some, NULL);
    p->tail = &p->head;
    for (int i = 0; i < threads; i++)
        if (!pthread_create(&p->thread[p->threads], NULL, worker, p)) pthread_setname_np(p->thread[p->threads++], name);
    return p;
}

void pool_run(struct pool *p, void (*fn)(void *), void *arg)
{
    struct work *w = xmalloc(sizeof *w);
    *w = (struct work){fn, arg, NULL};
    pthread_mutex_lock(&p->mutex);
    *p->tail = w;
    p->tail = &w->next;
    pthread_mutex_unlock(&p->mutex);
    pthread_cond_signal(&p->some);
}

void pool_destroy(struct pool *p)
{
    if (!p) return;
    pthread_mutex_lock(&p->mutex);
    p->stopping = true;
    pthread_mutex_unlock(&p->mutex);
    pthread_cond_broadcast(&p->some);
    for (int i = 0; i < p->threads; i++) pthread_join(p->thread[i], NULL);
    pthread_cond_destroy(&p->some);
    pthread_mutex_destroy(&p->mutex);
    free(p);
}

#include "stream/quota.h"
#include "base/arena.h"
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct holder { char name[QUOTA_NAME]; int64_t open; };

void quota_of_account(char name[QUOTA_NAME], int64_t user_id)
{
    snprintf(name, QUOTA_NAME, "account %lld", (long long)user_id);
}

void quota_of_address(char name[QUOTA_NAME], const char *address)
{
    snprintf(name, QUOTA_NAME, "address %s", address);
}

static int compare(const void *a, const void *b)
{
    return strcmp(((const struct holder *)a)->name, ((const struct holder *)b)->name);
}

static struct holder *find(struct quota *q, const char *name)
{
    struct holder wanted;
    snprintf(wanted.name, sizeof wanted.name, "%s", name);
    struct holder **node = tfind(&wanted, &q->holders, compare);
    return node ? *node : NULL;
}

static struct holder *add(struct quota *q, const char *name)
{
    struct holder *h = xcalloc(1, sizeof *h);
    snprintf(h->name, sizeof h->name, "%s", name);
    if (!tsearch(h, &q->holders, compare)) abort();
    return h;
}

bool quota_take(struct quota *q, const char *name, int64_t most)
{
    pthread_mutex_lock(&q->mutex);
    struct holder *h = find(q, name);
    bool ok = (h ? h->open : 0) < most;
    if (ok && !h) h = add(q, name);
    if (ok) h->open++;
    pthread_mutex_unlock(&q->mutex);
    return ok;
}

void quota_give(struct quota *q, const char *name)
{
    pthread_mutex_lock(&q->mutex);
    struct holder *h = find(q, name);
    if (!--h->open) {
        tdelete(h, &q->holders, compare);
        free(h);
    }
    pthread_mutex_unlock(&q->mutex);
}

/* floor_group.c - group commit with SQLite and nothing else: WRITERS threads, each with the row that one webhook of LiveKit leaves, and each waiting until
 * its own row is on the disk before it comes with the next. Who finds nobody committing commits for all that wait (as PostgreSQL does it), on a database
 * that roomd made. The benches divide by it.  floor_group FILE WRITERS SECONDS BODY PROOF */
#include "floor.h"
#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>

struct writer { struct writer *next; sem_t woken; bool stored; };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct writer *waiting; /* rows to be stored; the first one leads when nobody does */
static bool led;
static sqlite3_stmt *begin, *commit, *insert;
static const char *body, *proof;
static int64_t end, done;

static void append(void)
{
    char id[16] = "EV_";
    random_text(id + 3, 12, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789");
    sqlite3_bind_text(insert, 1, id, -1, SQLITE_STATIC);
    sqlite3_bind_text(insert, 2, proof, -1, SQLITE_STATIC);
    sqlite3_bind_text(insert, 3, body, -1, SQLITE_STATIC);
    sqlite3_bind_int64(insert, 4, now_ms(CLOCK_REALTIME));
    run(insert);
}

/* Commits what waits, its own row among it, wakes whose rows they are, and leaves the lead to who came meanwhile. */
static void lead(struct writer *self)
{
    pthread_mutex_lock(&lock);
    struct writer *all = waiting, *next;
    waiting = NULL;
    pthread_mutex_unlock(&lock);
    run(begin);
    for (struct writer *w = all; w; w = w->next, done++) append();
    run(commit);
    for (struct writer *w = all; w; w = next) {
        next = w->next;
        w->stored = true;
        if (w != self) sem_post(&w->woken);
    }
    pthread_mutex_lock(&lock);
    led = waiting != NULL;
    if (led) sem_post(&waiting->woken);
    pthread_mutex_unlock(&lock);
}

static void store(struct writer *self)
{
    self->stored = false;
    pthread_mutex_lock(&lock);
    self->next = waiting;
    waiting = self;
    bool leads = !led;
    led = true;
    pthread_mutex_unlock(&lock);
    if (!leads) sem_wait(&self->woken);
    if (!self->stored) lead(self);
}

static void *write_rows(void *arg)
{
    struct writer self = {0};
    sem_init(&self.woken, 0, 0);
    while (now_ms(CLOCK_MONOTONIC) < end) store(&self);
    return arg;
}

int main(int count, char **words)
{
    if (count != 6) {
        fputs("usage: floor_group FILE WRITERS SECONDS BODY PROOF\n", stderr);
        return 2;
    }
    open_database(words[1]);
    begin = prepare("BEGIN IMMEDIATE"), commit = prepare("COMMIT"), insert = prepare(INBOX_INSERT);
    body = words[4], proof = words[5];
    size_t writers = strtoul(words[2], NULL, 10);
    pthread_t *threads = calloc(writers, sizeof *threads);
    int64_t started = now_ms(CLOCK_MONOTONIC);
    end = started + (int64_t)(atof(words[3]) * 1000);
    for (size_t i = 0; i < writers; i++)
        if (pthread_create(&threads[i], NULL, write_rows, NULL) != 0) return 1;
    for (size_t i = 0; i < writers; i++) pthread_join(threads[i], NULL);
    printf("{\"rps\":%.1f}\n", (double)done * 1000 / (double)(now_ms(CLOCK_MONOTONIC) - started));
    sqlite3_close(db);
    return 0;
}

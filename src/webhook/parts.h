/* parts.h - the sender's own structures; all belong to its thread, except where it says otherwise. */
#pragma once
#include "core/webhook.h"
#include "net/post.h"
#include "webhook/sender.h"
#include <pthread.h>
#include <stdatomic.h>

enum {
    READ_AT_ONCE = 500,        /* events */
    UNNOTED_MOST = 1000,       /* messages of an endpoint that are in memory alone */
    MESSAGES_MOST = 5000,      /* of an endpoint in memory; the rest waits in the database */
    FLIGHTS = 512, FLIGHTS_EACH = 64, FLIGHTS_FAILING = 4,
    LANES = 1024,              /* slots of an endpoint's table of sessions */
    LEASE_MS = 30000, RENEW_MS = 10000, LOOK_MS = 5000, SWEEP_MS = 60000, FLUSH_MS = 30000, LINGER_MS = 10,
    HOLD_AFTER = 10, HOLD_MOST_MS = 60000, RETRY_AFTER_MOST_MS = 24 * 3600000,
    TOUCHED = 64
};

struct message {
    struct message *next;                     /* in its lane */
    struct message *before, *after;           /* among those that are not noted, in the order of their events */
    int64_t event_id, session_id, attempts, due_at, first_at, created_at;
    bool noted;
    char *id, *body;                          /* NULL: in the database, or not put into words yet */
    char type[];
};

/* The messages of one session to one endpoint: one is sent at a time. */
enum lane_state { LANE_READY, LANE_FLYING, LANE_WAITING };
struct lane {
    struct endpoint *endpoint;
    struct lane *same_slot;                   /* in the table of sessions */
    struct lane *next;                        /* ready or waiting */
    struct message *first, **last;
    int64_t session_id, due_at;               /* session 0: none, then the lane has one message */
    enum lane_state state;
};

struct endpoint {
    struct endpoint *next;
    struct sender *sender;
    struct arena arena;                       /* of row, keys and noted */
    struct webhook_endpoint row;
    struct webhook_keys keys;
    struct lane *table[LANES];
    struct lane *ready, **ready_last, *waiting;
    struct message *unnoted, *unnoted_last;
    struct list noted;                        /* struct waiting_delivery past the position that are in the log already */
    int64_t position;                         /* read up to here */
    int64_t rows_read;                        /* waiting deliveries were read up to this event … */
    bool more_rows;                           /* … and there are more */
    int64_t wake_at;                          /* when a waiting lane is due; 0: none waits */
    int64_t failed_count, failing_since, held_until, last_attempt_at, last_success_at, renewed_at;
    size_t flights, messages, unnoted_count;
    bool dirty, closing;                      /* dirty: its account is to be noted */
    bool spoiled;                             /* something could not be noted: its account is not true any more */
    const struct batch *last_batch;           /* with something of it */
    int stop;                                 /* webhook_state, or -1 */
    char reason[200];
};

/* What is to be noted together. Owns copies of everything. */
struct batch {
    struct arena arena;
    struct webhook_batch what;
    size_t outcome_room;
    int64_t since;                            /* monotonic ms of the first */
    struct sender *sender;
};

struct flight { struct arena arena; struct endpoint *endpoint; struct lane *lane; struct message *message; };

struct sender {
    struct core *core;
    struct db_conn *db;                       /* for reading */
    struct poster *poster;
    const struct config *config;
    pthread_t thread;
    struct endpoint *endpoints;
    struct batch *batch;                      /* being filled */
    struct batch *noting;                     /* on its way through the writer */
    int64_t newest;                           /* there is no event after it, as far as is known; INT64_MAX: not known */
    int64_t sweep_at, reread_at, flush_at;    /* monotonic ms; reread: the list of endpoints */
    size_t flights, messages;
    /* shared with other threads */
    atomic_bool stopping, news, told;         /* news: there are events; told: `noting` is through */
    atomic_bool noted_well;
    atomic_int watched;                       /* endpoints that are open: else nobody is woken */
    pthread_mutex_t mutex;
    int64_t touched[TOUCHED];                 /* endpoints that were changed or are to be replayed */
    size_t touched_count;                     /* more than TOUCHED: all */
};

/* endpoint.c */
void endpoints_reread(struct sender *s);
void endpoint_touch(struct sender *s, int64_t id);           /* it is read anew as soon as nothing of it is under way */
void endpoints_close_due(struct sender *s);
void endpoints_renew(struct sender *s);
void endpoints_drop(struct sender *s);                       /* memory only */
void endpoint_forget(struct endpoint *w);
/* lane.c */
struct message *message_new(int64_t event_id, int64_t session_id, const char *type);
void message_say(struct message *m, const struct webhook_letter *letter);
void message_free(struct message *m);
struct lane *lane_of(struct endpoint *w, int64_t session_id);
void lane_add(struct endpoint *w, struct message *m);        /* at the end of its session's lane; ready if it is the first */
void lane_ready(struct lane *l);
void lane_wait(struct lane *l, int64_t due_at);
void lane_next(struct lane *l);                              /* the first one is done with: frees it, goes on or frees the lane */
struct lane *lane_take(struct endpoint *w);                  /* the next that is ready; NULL: none */
void lanes_wake(struct endpoint *w, int64_t now);
void unnoted_add(struct endpoint *w, struct message *m);
void unnoted_remove(struct endpoint *w, struct message *m);
int64_t noted_up_to(const struct endpoint *w);
void endpoint_drop_messages(struct endpoint *w);
/* follow.c */
bool follow_events(struct sender *s);                        /* true: there is more to be read at once */
bool follow_rows(struct sender *s, struct endpoint *w);      /* waiting deliveries that have not been read */
/* deliver.c */
void deliver_drop(void *flight);                             /* it was broken off */
void deliver_start(struct sender *s, int64_t now);
void deliver_done(void *sender, const struct posted *p);
int64_t deliver_due(const struct sender *s, int64_t now);    /* ms until something is due; -1: nothing waits */
/* note.c */
void note_outcome(struct endpoint *w, const struct message *m, enum delivery_state state, int64_t due_at, const struct posted *p, const char *error, int64_t now);
void note_waiting(struct endpoint *w, struct message *m, int64_t now); /* it is behind one that waits: noted, and its words left to the database */
void note_submit(struct sender *s, bool everything);         /* what is due; or all that there is, positions too */
void note_settle(struct sender *s);
int64_t note_linger(const struct sender *s);                 /* ms until the batch is to be noted; -1: there is nothing */

/* event_parts.h - what the files of the live stream share. All of it belongs to the stream's thread, except where it says otherwise. */
#pragma once
#include "net/loop.h"
#include "net/ws.h"
#include "stream/event_stream.h"
#include "stream/quota.h"
#include <pthread.h>

enum {
    LINES = 4096,               /* events in the backlog at the most; a power of two */
    PAGE_ROWS = 200, PAGE_BYTES = 64 << 10, /* of the past, at once */
    READ_A_TURN = 16,           /* pages, then the others get their turn */
    VECTOR = 16,                /* lines in one call of the system */
    SOCKET_BUFFER = 64 << 10,   /* asked of the kernel for each; it takes it twice */
    KEEPALIVE_MS = 15000,       /* a comment, so that a proxy in between and a dead line are noticed */
    STALL_MS = 60000,           /* nothing could be written for so long */
    RECHECK_MS = 1000, RECHECK_AGE_MS = 2500,
    DOOR_MS = 5000, FIRST_MESSAGE = 8192, GOODBYE_MS = 2300
};

/* An event in words. */
struct line {
    int64_t id, session_id, teacher_id; /* teacher -1: not looked up */
    unsigned type;
    size_t size, envelope;      /* of text; where the envelope begins in it */
    char *message;              /* as the WebSocket has it; NULL: nobody has asked for it */
    size_t message_size;
    char text[];                /* as the event stream has it */
};

/* The latest lines, by their place in the stream: place n is lines[n % LINES]. */
struct backlog {
    struct line *lines[LINES];
    uint64_t first, next;
    int64_t last;               /* every event up to this number is in it, or was; -1: not known, nobody is live */
    size_t bytes;
};

/* A bearer, for all that came with it. */
struct bearer {
    struct bearer *next, *prev;
    struct feed_pass pass;      /* of the first */
    size_t users;
    int64_t checked_ms;
    bool over;
    char text[];
};

enum subscriber_state { SUBSCRIBER_AT_DOOR, SUBSCRIBER_BEHIND, SUBSCRIBER_LIVE, SUBSCRIBER_ENDING }; /* at the door, ending: WebSockets only */

struct subscriber {
    struct event_stream *stream;
    struct subscriber *next, *prev, *next_behind;
    struct feed_pass pass;
    struct bearer *bearer;
    struct feed_wish wish;      /* until its bearer is known */
    uint64_t place;             /* live: the next line to be looked at */
    struct buf page;            /* of its own, to be sent before anything else */
    size_t sent;                /* of the page, or of the line */
    int fd;                     /* -1: a WebSocket's */
    bool blocked, queued;       /* the socket takes no more; waits for a page */
    enum subscriber_state state;
    int64_t moved_ms;           /* when it took something last, or had nothing to take */
    struct loop_watch *watch;
    struct ws *ws;
    struct loop_timer *door;
    char holder[QUOTA_NAME];    /* for whom it counts */
};

struct event_stream {
    struct core *core;
    struct loop *loop;
    struct db_conn *db;
    pthread_t thread;
    struct backlog backlog;
    struct subscriber *subscribers;
    struct subscriber *behind, **behind_end;
    struct bearer *bearers;
    struct arena arena;         /* of the matter at hand */
    bool fan_out_posted, read_posted, stopping;
    int64_t now_ms;             /* monotonic, of this turn */
    size_t sent;                /* not counted yet */
    atomic_int reserved;        /* any thread */
    struct quota quota;
    atomic_bool gone;
};

/* backlog.c */
void backlog_add(struct backlog *b, const struct event *event, size_t limit_bytes); /* of a type that is not known here: only its number is kept */
void backlog_clear(struct backlog *b);
uint64_t backlog_after(const struct backlog *b, int64_t event_id);     /* the place of the first line past it */
static inline struct line *backlog_at(const struct backlog *b, uint64_t place) { return b->lines[place % LINES]; }
void line_write(struct buf *to, const struct event *event);            /* as the event stream has it */
void line_write_message(struct buf *to, const struct event *event);    /* as the WebSocket has it */
void line_prepare_message(struct line *l);

/* event_stream.c */
void stream_holder(char name[QUOTA_NAME], const struct feed_pass *pass, const char *client);
bool stream_count(struct event_stream *s, const char *holder, struct err *e); /* one more of theirs; too_many_streams, with how many there may be */

/* subscriber.c */
void subscriber_arrive(struct event_stream *s, const struct feed_arrival *a); /* texts are taken over (free) */
void subscriber_go_on(struct subscriber *w);                            /* writes what there is, until it blocks. It may be gone after this */
void subscriber_end(struct subscriber *w, const char *code, const char *why, int ws_code); /* says so if there is room; gone after this, or ending */
void subscriber_fail(struct subscriber *w, const struct err *e);         /* the same, for an error */
void subscriber_fail_unread(struct subscriber *w);                      /* the database is away: they come back with the cursor */
void subscriber_cut(struct subscriber *w);                              /* too slow */
void subscriber_keep_alive(struct subscriber *w);
void subscriber_admitted(struct subscriber *w, const char *bearer);     /* its pass is there: the first message, and the past */

/* bearer.c */
struct bearer *bearer_take(struct event_stream *s, const char *text, const struct feed_pass *pass); /* one more user */
void bearer_drop(struct event_stream *s, struct bearer *b);            /* one fewer; NULL is fine */
void bearers_check(struct event_stream *s);                             /* ends those whose bearer is not good any more */
static inline size_t stream_backlog_bytes(struct event_stream *s) { return (size_t)core_config(s->core)->STREAM_BACKLOG_KIB << 10; }
struct scope stream_scope(struct event_stream *s);                      /* for something to be read; reset the arena afterwards */

/* catch_up.c */
void catch_up_queue(struct subscriber *w);                              /* it is read for as soon as it is its turn */
void catch_up_forget(struct subscriber *w);
/* What the backlog lacks is read into it: events of other programs on the database, which no writer tells of here. */
bool catch_up_backlog(struct event_stream *s);
bool catch_up_hears(struct subscriber *w, struct line *l, bool *out);   /* false: the database cannot say */

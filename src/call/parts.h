/* parts.h - what the files of this folder share. Nobody else includes it. */
#pragma once
#include "base/log.h"
#include "call/chore.h"
#include "call/hub.h"
#include "core/audit.h"
#include "core/event.h"
#include "core/node.h"
#include "core/participant.h"
#include "core/presence.h"
#include "core/recording.h"
#include "core/session.h"
#include "core/stay.h"
#include "net/ws.h"

enum { CONNECTION_SIZE = 41, TRACKS = 3, CHAT_BACKLOG = 200, LARGEST_MESSAGE = 300 * 1024, PER_SECOND = 60, BURST = 300 };

struct track { bool there, muted; };

/* A connection: one person's stay. Outlives its WebSocket (for a while) and its media (always). */
struct peer {
    struct room *room;
    struct peer *next;
    char connection[CONNECTION_SIZE];
    int64_t participant_id, user_id, joined_at, token_id; /* token_id: 0: came by the seat's own link */
    char *name;
    enum participant_role role;
    bool hand, screenshare, consented;
    enum call_quality quality;
    struct track tracks[TRACKS];        /* by enum track_kind */
    bool host_muted[TRACKS];            /* not forwarded until the person switches it on; holds over new media */
    bool outside;                       /* in by the provider's own client: here they are only shown, for as long as the provider says so */
    bool sending;                       /* the upward PeerConnection is up */
    struct stay_use use;                /* until counted_at (monotonic) */
    int64_t counted_at;
    struct caller *caller;              /* NULL: the WebSocket is lost */
    int64_t away_since;                 /* wall clock; 0: here */
    int64_t away_until;                 /* monotonic: when the place is given up */
    struct media_peer *media;           /* NULL: none */
};

struct room {
    struct hub *hub;
    struct room *next;
    int64_t session_id;
    struct session session;             /* as last read; its texts are in the arena */
    struct arena arena;
    bool elsewhere;                     /* its media is with a remote provider: here are only the words */
    bool recorded;                      /* a recording runs or is paused */
    enum recording_status recording;
    struct peer *peers;
};

/* A WebSocket. */
struct caller {
    struct hub *hub;
    struct caller *next;
    struct ws *ws;                      /* NULL: closed */
    char client[46];
    struct peer *peer;                  /* once in */
    bool entering;                      /* a join is being decided */
    bool consent, media;                /* as the join said */
    char *token;                        /* of the join; kept while waiting */
    char *connection;                   /* of the join: the one to take up again, or NULL */
    bool held;                          /* the join waits until it is known which media live on */
    char waiting[CONNECTION_SIZE];      /* a name for the knock; "" when not waiting */
    int64_t waiting_session, waiting_participant, waiting_token;
    char *waiting_name;
    int64_t allowance, allowance_at;    /* thousandths of messages it may still send: BURST at once, PER_SECOND in the long run */
    int references;                     /* the socket, and tasks under way */
};

struct deed;
struct closing;
struct hub {
    struct core *core;
    struct loop *loop;
    struct media *media;
    struct pool *askers;                /* threads that ask remote providers; NULL: there are none */
    struct db_conn *db;
    struct room *rooms;
    struct caller *callers;
    struct arena arena;                 /* of the message or notice at hand */
    struct loop_timer *tick;
    struct closing *unclosed;           /* stays whose end the database could not take yet */
    bool stopping, settling;            /* settling: since the start, until the media engine has told what lives on */
    _Atomic bool media_ready;
    bool without_media;                      /* nobody's media is here: sessions are with a remote provider */
    int64_t ticks;
    int64_t alive_ms;                   /* monotonic: when the database last heard of us */
    int64_t wall_ms, monotonic_ms;      /* at the last tick: the wall clock may jump */
};

static inline struct scope hub_scope(struct hub *h, struct arena *a, int64_t now) { return (struct scope){.core = h->core, .db = h->db, .arena = a, .now = now}; }

/* hub.c: rooms and peers */
struct room *room_find(struct hub *h, int64_t session_id);
struct room *room_open(struct hub *h, const struct session *session);
void room_refresh(struct room *r);                       /* reads the session again and tells everybody */
struct peer *peer_find(struct hub *h, const char *connection);
struct peer *peer_in(struct room *r, const char *connection);
struct peer *peer_add(struct room *r, const struct span *span, const struct participant *p, const struct join_pass *pass);
void peer_start_media(struct peer *p);                   /* if it can be had now; elsewhere: it is asked for, and told when it is there */
void peer_stop_media(struct peer *p);
void peer_detach_caller(struct peer *p);
/* Ends the stay: media stops at once, others are told, the span is closed (at: 0 now). With `over` the page is told too. */
void peer_remove(struct peer *p, const char *reason, int64_t at, const char *over, const char *message);
void peer_forget(struct peer *p);                        /* without a word to anybody and to the database: the stay is somebody else's to end; may free the room */
void peer_set_away(struct peer *p);
void caller_release(struct caller *c);
void caller_end(struct caller *c, const char *reason, const char *message); /* over, and close */
void count_people(struct hub *h);

/* closing.c: on the loop. `at` 0: now; `reason` is static. */
void stay_close(struct hub *h, const char *connection, const char *reason, int64_t at, const struct stay_use *use);
void stays_close_again(struct hub *h);                   /* at every tick */
void stays_forget(struct hub *h);                        /* at the end: the next start closes them */

/* elsewhere.c: media that a remote provider carries. The provider is asked on the hub's askers, never on the loop. */
bool is_elsewhere(const struct hub *h, const struct session *session);
void elsewhere_grant(struct peer *p);                    /* the page is told `grant`, or `media_lost` */
void elsewhere_permit(struct peer *p);                   /* what the seat may send has changed */
void outside_show(struct room *r);                       /* who is in out there besides: into the roster */
void outside_came(struct room *r, const char *connection);
void outside_left(struct room *r, const char *connection, const char *reason);
void elsewhere_cut(const struct peer *p);                /* out there too, unless the same seat is in again by then */
bool deed_mute(struct scope *s, struct deed *d, struct err *e);

/* media_events.c */
extern const struct media_peer_handler peer_media_handler;
extern const struct media_handler media_handler;

/* takeover.c */
bool calls_take_up(struct hub *h, int64_t session_id, struct err *e); /* who was in when we were last here; session 0: all calls on this node */
void room_take_up(struct hub *h, int64_t session_id);    /* what another node left behind */
void look_after_others(struct hub *h);                   /* at every tick, on a shared database */
void tell_alive(struct hub *h);

/* door.c */
void door_join(struct caller *c, const struct call_join *m);
void door_open(struct hub *h);                           /* ends settling: who was held comes in now */
void door_again(struct caller *c);                       /* after being let in: the same join once more */
void knock_gone(struct caller *c);
void ask_consent(struct caller *c, const char *title);  /* to be recorded */
bool door_expects(const struct peer *p);                 /* somebody asks to have this place back, and is not answered yet */

/* message.c */
bool message_is_hosts(const char *t);                    /* only they may send it */
void message_receive(struct caller *c, const char *text, size_t size);
void message_send(struct caller *c, const char *t, const struct model *m, const void *message);
void message_broadcast(struct room *r, const struct peer *but, const char *t, const struct model *m, const void *message);
void message_error(struct caller *c, const struct err *e, const char *about);
#define SEND(c, t, message) message_send(c, #t, &call_##t##_model, message)

/* roster.c: how things are shown */
void show_person(const struct peer *p, struct arena *a, struct call_person *out);
void show_room(const struct room *r, const struct peer *to, struct call_room *out);
void tell_person(const struct peer *p);                  /* to everybody in the room, p too */
void tell_room(const struct room *r);
void send_joined(struct caller *c, const struct list *chat, bool media);
void tell_hosts_knock(struct room *r, const struct caller *waiting);

/* usage.c */
void usage_count(struct peer *p);                        /* before anything changes that is counted */
void usage_begin(struct peer *p, struct scope *s);       /* with a scope: what was noted before is gone on with */
void usage_save_all(struct hub *h);

/* notice.c: what core tells after a commit */
void notice_listen(struct hub *h);

/* clock_watch.c */
void clock_watch(struct hub *h);                         /* at every tick: follows a jump of the wall clock */

/* recorder.c */
void recorder_follow(struct room *r, const struct recording *rec);  /* makes the media engine do what the recording's row says */
void recorder_take_up(struct hub *h, int64_t session_id);            /* what runs; session 0: in all calls on this node */
bool recorder_wants(void *hub, const char *room_name);                /* a recording of that call runs, or it cannot be known */
void recorder_watch_disk(struct hub *h);

/* A change that a person asks for: `run` on the writer on their behalf; a failure is told to their page. */
struct deed {
    struct chore chore;
    struct caller *caller;
    const char *about;                  /* the message it answers */
    int64_t session_id, participant_id, user_id, number;
    bool flag;
    char *text;
    bool (*run)(struct scope *s, struct deed *d, struct err *e);
    struct audit_source source;         /* whose wish it is */
};
struct deed *deed_new(struct caller *c, const char *about, bool (*run)(struct scope *, struct deed *, struct err *));
void deed_start(struct deed *d);

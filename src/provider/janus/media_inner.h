/* media_inner.h - what the files of the media module share. media.c: life and events; room.c: rooms and recording; peer.c: the up side;
 * subscribe.c: the down side; adopt.c: taking over a running Janus; feeds.c: lists of what is published.
 *
 * State is declared and then worked towards: peer_advance() looks at where a peer is and takes the next step, and is called
 * whenever something changed. Nothing is asked twice, because each side has at most one request under way. */
#pragma once
#include "provider/janus/janus_child.h"
#include "provider/janus/media.h"
#include "provider/janus/wire.h"

enum { ID_ROOM = 65, REQUEST_MS = 5000, TRACKS = 3, HELD_CANDIDATES = 64 };

/* One stream that somebody publishes. */
struct feed { char connection[ID_ROOM], mid[17], kind[8]; bool off; }; /* off: its m-line is there but sends nothing */
struct feeds { struct feed *items; size_t count, room; };

void feeds_release(struct feeds *f);
struct feed *feeds_find(const struct feeds *f, const char *connection, const char *mid);
void feeds_add(struct feeds *f, const char *connection, const char *mid, const char *kind, bool off); /* replaces */
void feeds_remove(struct feeds *f, const char *connection);
void feeds_announce(struct feeds *f, json_t *publishers); /* "publishers" of joined and of events: each lists all its streams */
void feeds_from_streams(struct feeds *f, json_t *streams); /* what a subscriber has, as Janus says */
const char *feed_kind(json_t *stream, const char *description_key); /* mic, camera, screen */

enum side_state { SIDE_NONE, SIDE_ATTACHING, SIDE_ATTACHED, SIDE_JOINING, SIDE_JOINED, SIDE_DETACHING };

struct side {
    struct media_peer *peer;
    const char *name; /* "up", "down" */
    enum side_state state;
    uint64_t id;
    json_t *to_janus, *to_page; /* candidates that wait for their SDP */
    bool janus_ready, page_ready;
};

struct media_peer {
    struct media_peer *next;
    struct media *media;
    char room[ID_ROOM], connection[ID_ROOM];
    const struct media_peer_handler *handler;
    void *ctx;
    bool dead, destroyed, found; /* found: by adoption, not handed over yet */
    struct side up, down;
    struct loop_timer *retry;
    int64_t retry_ms;
    /* up */
    char *next_offer; /* waits for its turn */
    struct media_track next_tracks[TRACKS], tracks[TRACKS];
    size_t next_count, count;
    bool publishing, published;
    char fingerprint[160]; /* of the PeerConnection that is published */
    unsigned muted;        /* a bit per kind */
    unsigned moderated;    /* kinds that were ever muted: Janus may know them as muted still */
    unsigned unsure;       /* kinds that our forerunner may have muted: Janus does not say */
    /* down */
    struct feeds known, taken;
    bool asking, answering;
    char *offer; /* at the page, not answered */
    json_t *streams;
};

enum room_state { ROOM_NONE, ROOM_MAKING, ROOM_READY, ROOM_CLOSING };

struct record_waiter { struct record_waiter *next; void (*done)(void *, const struct err *); void *ctx; };

struct media_room {
    struct media_room *next;
    struct media *media;
    char name[ID_ROOM];
    enum room_state state;
    char *want_dir, *have_dir; /* NULL: not recording */
    bool switching, closed;
    struct record_waiter *waiters;
};

struct media {
    struct loop *loop;
    const struct media_handler *handler;
    void *ctx;
    struct janus_child *child;
    struct wire *api, *admin;
    char *api_secret, *admin_secret;
    char admin_key[65];
    int bitrate, seats;
    uint64_t session, control; /* control: the handle for requests about rooms */
    bool ready, adopted;
    int missed_pings;
    int64_t started_us;
    struct loop_timer *connect, *ping;
    struct media_peer *peers;
    struct media_room *rooms;
    struct adoption *adoption;
};

/* media.c */
void media_request(struct media *m, uint64_t handle, json_t *message, enum wire_until until, wire_done_fn *done, void *ctx);
void media_message(struct media *m, uint64_t handle, json_t *body, const char *sdp_type, const char *sdp, wire_done_fn *done, void *ctx);
void media_attach(struct media *m, const char *opaque_id, wire_done_fn *done, void *ctx);
void media_detach(struct media *m, uint64_t handle);
void media_new_session(struct media *m);
void media_now_ready(struct media *m);
void media_event(struct media *m, json_t *event);
void media_give_up(struct media *m, const char *why); /* this Janus is of no use: kill it */
void media_derive(const struct media *m, const char *what, const char *subject, char to[65]);

/* room.c */
struct media_room *room_get(struct media *m, const char *name);
void room_make(struct media_room *r); /* peers of the room are advanced when it is there */
void room_adopt(struct media *m, json_t *listed);
void rooms_hand_over(struct media *m); /* their recordings */
void rooms_lost(struct media *m);
void rooms_free(struct media *m);
void room_secret(const struct media *m, const char *name, char to[65]);

/* peer.c */
struct media_peer *peer_new(struct media *m, const char *room, const char *connection);
void peer_free(struct media_peer *p);
void peer_advance(struct media_peer *p);
void peer_retry(struct media_peer *p); /* advance again a little later, each time a little longer */
void peer_event(struct side *s, json_t *event);
void side_attach(struct side *s);
void side_failed(struct side *s, const char *what, const struct err *e);
void side_renew(struct side *s);
void side_flush_to_janus(struct side *s);
void side_flush_to_page(struct side *s);

/* subscribe.c */
void subscribe_more(struct media_peer *p);
void subscribe_event(struct media_peer *p, json_t *event);
void subscribe_reset(struct media_peer *p);

/* adopt.c */
void adopt_begin(struct media *m);
bool adopt_hold(struct media *m, json_t *event); /* true: kept until the owner of its handle is known */
void adopt_abort(struct media *m);

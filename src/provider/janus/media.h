/* media.h - Janus as roomd sees it: rooms, and peers in rooms. Everything runs on the loop's thread; nothing blocks.
 *
 * A peer is one connection of one person: a publisher handle (up) and a subscriber handle (down) in Janus, both attached with
 * opaque_id "<room>.<connection>.up" / ".down", so that a roomd which takes over a running Janus can read from the admin API who owns what.
 * Peers subscribe by themselves to everything that others in the room publish, except their own; what was asked for while an
 * offer was outstanding waits for its answer. Room names and connection ids are letters, digits and '-'.
 *
 * SDP goes to Janus only after sdp_check_offer; candidates are held, both ways, until their SDP is through. What was muted is muted
 * again when its kind is published anew; for an adopted peer the owner says once more who is muted.
 *
 * Policy is not here: whoever may not publish is simply never passed on. */
#pragma once
#include "net/loop.h"
#include "base/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct media;
struct media_peer;

struct media_track { char mid[17]; char kind[8]; };   /* kind: mic, camera, screen: goes to Janus as `description` and comes back with the others' streams */
struct media_stream { const char *mid, *connection, *kind; }; /* connection NULL: the m-line is empty */

/* What the engine tells. */
struct media_handler {
    void (*on_ready)(void *ctx, bool adopted);          /* up, first or again. adopted: peers that lived on were handed to on_adopt before */
    void (*on_lost)(void *ctx);                         /* gone; every peer object was marked dead: destroy them; on_ready follows */
    bool (*on_adopt)(void *ctx, struct media_peer *p, const char *room, const char *connection); /* false: not wanted, its handles are detached and p freed */
    bool (*on_adopt_recording)(void *ctx, const char *room); /* a room that is recorded still; false: not any more. NULL: all go on */
};

/* What a peer tells. `ctx` is the peer's. SDP and candidates are for the page as they are. */
struct media_peer_handler {
    void (*on_answer)(void *ctx, const char *sdp);
    void (*on_publish_failed)(void *ctx, const char *why);
    void (*on_sub_offer)(void *ctx, const char *sdp, const struct media_stream *streams, size_t count);
    void (*on_ice)(void *ctx, const char *pc, const char *candidate_json); /* "up"/"down"; JSON text, "null" when complete */
    void (*on_up)(void *ctx, const char *pc);           /* webrtcup */
    void (*on_hangup)(void *ctx, const char *pc, const char *reason);      /* the PeerConnection broke ("renewed": was given up here): the page closes it. up: publish again; down: a new sub_offer comes by itself */
};

struct media_options {
    struct loop *loop;
    const char *run_dir, *conf_dir;      /* 0700 folders for sockets, pidfile and generated configuration */
    const char *api_secret, *admin_secret; /* kept in the data folder: a new roomd adopts with the same */
    uint16_t rtp_min, rtp_max;
    const char *nat_1_1, *stun;          /* NULL: none. stun as host:port */
    int bitrate;                         /* bits per second per publisher */
    int seats;
    const char *log_path;                /* Janus' own log */
    const char *program;                 /* "janus" */
};

struct media *media_start(const struct media_options *o, const struct media_handler *h, void *ctx, struct err *e); /* adopts a living Janus, or starts one; goes on in the background: on_ready tells */
void media_stop(struct media *m, bool leave_running); /* leave_running: Janus outlives us (crash-like upgrade); else it is ended */
bool media_is_ready(const struct media *m);
int media_pid(const struct media *m);

struct media_peer *media_peer_create(struct media *m, const char *room, const char *connection, const struct media_peer_handler *h, void *ctx);
void media_peer_set_handler(struct media_peer *p, const struct media_peer_handler *h, void *ctx); /* for adopted ones */
bool media_peer_sends(const struct media_peer *p, const char *kind); /* as published last, here or before an adoption */
void media_peer_publish(struct media_peer *p, const char *sdp, const struct media_track *tracks, size_t count);
void media_peer_sub_answer(struct media_peer *p, const char *sdp);
void media_peer_ice(struct media_peer *p, const char *pc, const char *candidate_json);
void media_peer_mute(struct media_peer *p, const char *kind, bool muted);   /* not forwarded to anybody while muted */
void media_peer_offer_again(struct media_peer *p); /* after the page came back: sends the outstanding sub_offer again if there is one */
void media_peer_renew_down(struct media_peer *p);  /* for a page whose down PeerConnection is gone or stuck (reload, other network): subscribes from scratch, a new sub_offer comes */
void media_peer_destroy(struct media_peer *p);     /* detaches both handles at once: media stops in both directions; no callback after this. NULL is fine */

/* Recording of a room: raw tracks (mjr) into `dir`, which exists; NULL stops. May be called before anybody is in: the room is made when needed. Files:
 * videoroom-ROOM-user-CONNECTION-TIMEµs-(audio|video)-MINDEX.mjr. `done` (may be NULL) is called when Janus has followed, or with the error. */
void media_room_record(struct media *m, const char *room, const char *dir, void (*done)(void *ctx, const struct err *e), void *ctx);
void media_room_close(struct media *m, const char *room); /* destroys the room; its peers are destroyed by their owners */

/* provider.h - who carries a session's media, as core sees it.
 *
 * A LOCAL provider works inside roomd: its rooms open at the first join, its tokens are roomd's own, and src/call does the rest, so it
 * has none of the calls below. A remote one is asked by them over the network. They may block, have a deadline, keep no state of
 * their own about sessions, and are called from workers and the job thread, never on the writer or a loop. Their errors are of kind
 * ERR_DESTINATION and are for the log: what a caller is told is a row of spec/errors.def (core/errand.h). One that fails with such a row itself
 * (err_fail: there is nothing to record) has the caller told that.
 *
 * OUR_PAGE: its calls are held on roomd's own page, so links carry roomd's own tokens, and are worth what they say until somebody stands at
 * the door (core/entrance.h). There the room is opened, each time anew since it may have gone, and the provider's token is made; its
 * `join_grant` asks nobody and may be called on the writer, and people are known to it by seat names (core/seat_name.h).
 *
 * ANY_ROOM: it can record a room that roomd did not make (core/outside_call.h).
 *
 * The list of providers is put together where the server is (cli/serve.c); core finds one by a session's `provider`. */
#pragma once
#include "core/fact.h"

enum provider_capability { PROVIDER_LOCAL = 1, PROVIDER_RECORDS_ITSELF = 2, PROVIDER_DIAL_IN = 4, PROVIDER_OUR_PAGE = 8, PROVIDER_ANY_ROOM = 16 };

struct provider_room_plan { const char *name; int64_t max_participants; bool enable_recording, enable_chat; int64_t expires_at; }; /* UTC ms */
/* watches: sends nothing. identity: what the app knows them by. */
struct provider_seat_plan { const char *room, *user_id, *user_name; bool owner, screenshare; int64_t expires_at; bool watches; const char *identity; };

/* What lets callers into a room who type in its PIN. rule: the provider's name of it; NULL: not known. */
struct provider_dial_in { const char *room, *pin, *rule; };
struct provider_dial_ins { const struct provider_dial_in *items; size_t count; };
/* One recording, by both its names. */
struct provider_record { const char *room, *uuid, *external; }; /* uuid: ours; external: the provider's, NULL as long as it is not known */

/* Something a provider was told by: the raw bytes of a webhook whose signature was right. */
struct provider_letter { const char *type, *body; size_t size; int64_t received_at; }; /* type: as spec/inbox.def names it; may be NULL */

struct provider_look { const char *room; const struct fact_person *people; size_t count; }; /* room: asked for; a room that is not there has nobody in */

/* A file of a finished recording that was fetched into a folder. */
struct provider_file { const char *name; enum file_kind kind; const char *content_type; int64_t size_bytes, duration_ms; };
struct provider_fetch {
    struct provider_record record;
    const char *detail;            /* of the fact that told of it; NULL: it told nothing */
    const char *folder;            /* exists; what an earlier try has left there may be taken up */
    bool (*progress)(void *arg, int percent); /* false: stop */
    void *arg;
    struct provider_file *files;   /* out, in the arena */
    size_t count;
    int64_t duration_ms;           /* out; 0: not known */
};

struct provider_ops {
    const char *name;
    unsigned capabilities;
    bool (*room_open)(void *ctx, struct arena *a, const struct provider_room_plan *plan, const char **url, struct err *e); /* one that is there is taken */
    bool (*room_close)(void *ctx, struct arena *a, const char *room, struct err *e);       /* everybody is out; unknown there counts as closed */
    bool (*join_grant)(void *ctx, struct arena *a, const struct provider_seat_plan *plan, const char **token, struct err *e);
    bool (*record_start)(void *ctx, struct arena *a, struct provider_record *record, struct err *e); /* may set `external` */
    bool (*record_stop)(void *ctx, struct arena *a, const struct provider_record *record, struct err *e);
    bool (*remove)(void *ctx, struct arena *a, const char *room, const char *user_id, struct err *e);         /* out, and not in again; not there is fine */
    bool (*mute)(void *ctx, struct arena *a, const char *room, const char *user_id, enum track_kind kind, struct err *e); /* NULL: it cannot. Not there is fine */
    bool (*permit)(void *ctx, struct arena *a, const struct provider_seat_plan *seat, struct err *e);     /* what who is in may do, from now on; NULL: it cannot. Not there is fine */
    /* DIAL_IN: core/dial_in_rule.h */
    bool (*dial_in_open)(void *ctx, struct arena *a, struct provider_dial_in *in, bool *taken, struct err *e); /* sets `rule`; one for this room and PIN that is there is taken. taken: the PIN is somebody else's */
    bool (*dial_in_close)(void *ctx, struct arena *a, const struct provider_dial_in *in, struct err *e);  /* `rule` NULL: all of the room. Not there is fine */
    bool (*dial_in_rules)(void *ctx, struct arena *a, struct provider_dial_ins *out, struct err *e);      /* those that are there, others' too */

    /* What it tells and is asked (core/fact.h). NULL: it cannot. */
    bool (*inbound)(void *ctx, struct arena *a, const struct provider_letter *letter, struct facts *out, struct err *e); /* pure: no I/O, any thread */
    bool (*participants)(void *ctx, struct arena *a, struct provider_look *looks, size_t count, struct err *e); /* who is in these rooms: all, or an error */
    bool (*recordings)(void *ctx, struct arena *a, const struct provider_record *record, int64_t since, struct facts *out, struct err *e); /* how it, and others of its room begun since then (UTC ms), stand */
    bool (*history)(void *ctx, struct arena *a, const char *room, int64_t since, struct facts *out, struct err *e); /* stays since then that are over */
    bool (*record_fetch)(void *ctx, struct arena *a, struct provider_fetch *fetch, struct err *e); /* may be repeated after a failure */
    bool (*tend)(void *ctx, struct arena *a, bool *gap, struct err *e); /* now and then: is all well (its webhook)? gap: something may have been missed */
    int64_t lag_ms;                /* how old a listing may be */
};

/* server_url: OUR_PAGE: where browsers reach it. patient: a ctx for threads of jobs, which rather wait longer than fail; NULL: the same. */
struct provider { const struct provider_ops *ops; void *ctx; const char *server_url; void *patient; };
static inline void *provider_for_jobs(const struct provider *p) { return p->patient ? p->patient : p->ctx; }

const struct provider *provider_find(const struct core *core, const char *name); /* NULL if there is none */
/* NULL: there is nobody to ask, it is local. Of a name that is not set up every call fails. */
const struct provider *provider_remote(const struct core *core, const char *name);

/* errand.h - what has to be done at a remote provider before a change is made here.
 *
 * Core's functions run on the database's writer and must not wait for anybody. One that needs something of a provider (a room, a token,
 * a recording started) looks whether that was done for this piece of work. If not, it notes in scope->errands what is wanted and fails;
 * so nothing is changed yet. Whoever runs the work (api/dispatch.c) has the errand done on a worker by errand_do, and runs the work once more from its start:
 * now it finds the thing done, and changes the database. So permissions and rules are checked before a provider is asked for
 * anything; what a provider refuses has changed nothing here; and no handler, route or dialect knows that providers exist.
 *
 * A scope whose `errands` is NULL cannot wait (job thread, ticks, the call): what can be done later becomes a durable job, the rest fails.
 *
 * What was done at the provider in vain is undone by a durable job: a room is noted (committed) before it is asked for, and
 * a note that no session has taken is closed, at once if the work failed, else by errand_sweep, should roomd have died in between. */
#pragma once
#include "core/provider.h"

struct session;
struct participant;
struct recording;

enum errand { ERRAND_NONE, ERRAND_OPEN, ERRAND_CLOSE, ERRAND_GRANT, ERRAND_RECORD_START, ERRAND_RECORD_STOP, ERRAND_MUTE, ERRAND_PERMIT, ERRAND_DIAL_IN };

struct errands {
    const struct provider *provider;
    enum errand wanted;                   /* by the run that failed just now */
    unsigned done;                        /* 1 << enum errand */
    int count;                            /* so far: a piece of work that never ends is a fault of ours */
    const char *room_name;                /* of all but OPEN */
    struct provider_room_plan room;       /* OPEN */
    int64_t room_id;                      /* of provider_rooms; 0: a new one */
    const char *url;
    bool taken;                           /* a session has the room */
    struct provider_seat_plan seat;       /* GRANT, MUTE, PERMIT */
    const char *token;
    enum track_kind kind;                 /* MUTE */
    struct provider_record record;        /* RECORD_… */
    int64_t session_id;                   /* DIAL_IN */
    const char *pin;                      /* DIAL_IN */
    char identity[24];                    /* a guest's, the same in each run */
};

/* ---- for core: each is true where there is nothing to ask */
bool errand_room_open(struct scope *s, struct session *session, struct err *e);      /* before a session is inserted: may set its room_name */
bool errand_room_taken(struct scope *s, const struct session *session, struct err *e); /* after it */
bool errand_room_close(struct scope *s, const struct session *session, struct err *e); /* before it is deleted */
bool errand_room_over(struct scope *s, const struct session *session, struct err *e);  /* it has ended: closed soon */
bool errand_record_start(struct scope *s, const struct session *session, char uuid[37], struct err *e);
bool errand_record_begun(struct scope *s, const struct session *session, int64_t recording_id, struct err *e); /* after its row is there */
bool errand_record_stop(struct scope *s, const struct recording *r, struct err *e);
bool errand_record_stopped(const struct scope *s);   /* this call has just had it stopped: the provider may have told of the end before we come to it */
bool errand_record_over(struct scope *s, const struct recording *r, struct err *e); /* its session has ended: stopped soon, where the room may outlast that */
bool errand_is_remote(struct scope *s, int64_t session_id, bool *remote, struct err *e);
bool errand_remove(struct scope *s, const struct session *session, const struct participant *p, struct err *e);
bool errand_token(struct scope *s, const struct session *session, const struct participant *p, const char **token, struct err *e);
/* Where the provider's calls are on our page (PROVIDER_OUR_PAGE): the room is there, and this is what lets the person into it. */
struct grant { const char *server_url, *token, *identity; };
bool errand_on_our_page(struct scope *s, const struct session *session);
bool errand_grant(struct scope *s, const struct session *session, const struct participant *p, int64_t token_id, int64_t expires_at, struct grant *out, struct err *e);
bool errand_mute(struct scope *s, const struct session *session, const struct participant *p, enum track_kind kind, struct err *e);    /* provider_cannot */
bool errand_permit(struct scope *s, const struct session *session, const struct participant *p, struct err *e);                        /* as the seat is now */
bool errand_dial_in(struct scope *s, const struct session *session, const char *pin, struct err *e);   /* callers with the PIN come in */
const char *errand_room_url(struct scope *s, const struct session *session);         /* "" if it is not known */
bool errand_sweep(struct scope *s, struct err *e);

/* ---- for whoever runs the work */
void errand_begin(struct errands *errands);                                          /* before each run */
bool errand_do(struct errands *errands, struct core *core, struct arena *a, struct err *e); /* on a worker */
void errand_abandon(struct errands *errands, struct core *core);                     /* the work has failed for good */
/* The same for a thread of jobs: runs `run` on the writer, does the errand that it wants, and runs it again. */
bool errand_write(struct core *core, struct arena *a, bool (*run)(struct scope *s, void *arg, struct err *e), void *arg, struct err *e);

/* ---- for the job thread (jobs/provider_job.c) */
struct provider_room;
bool errand_close_due(struct scope *s, int64_t room_id, struct provider_room *out, bool *due, struct err *e); /* still to be closed? */
bool errand_closed(struct scope *s, int64_t room_id, struct err *e);
/* Whom the provider knows the seat's person as, at most 36 bytes: an account's number, the seat's identity, or seat-ID where that is too long or
 * looks like one of the others; where calls are on our page, the stem of its seat names (core/seat_name.h). And back, but for that. */
const char *errand_user_id(const struct provider *p, struct arena *a, const struct participant *seat);
enum db_found errand_seat(struct scope *s, int64_t session_id, const char *user_id, struct participant *out, struct err *e);

/* fact.h - what a remote provider says has happened, in words that are no provider's, and what that changes here.
 *
 * A provider turns what it was told (webhooks) or has asked into facts: `provider_ops.inbound`, `recordings`, `history`. They may come late,
 * twice, in any order, or not at all; whatever the order, the same facts leave the same state behind:
 *  - a stay goes by the provider's own id of the connection. Its span has the provider's times, is opened once and closed once;
 *  - a `left` that comes before its `joined` is kept (table absences), or makes the whole stay where it says when that began;
 *  - that a room is empty, or that somebody is not listed any more, closes stays too, but is less sure than a person's own `left`: that one, when it
 *    comes later, corrects the time;
 *  - seats and the session's emptiness are worked out from the spans, never counted up and down;
 *  - a recording only goes forward: recording, processing, failed, ready.
 * Everything that follows from somebody coming or going in a call of our own follows from a fact: the teacher opens the session, a wished
 * recording begins, events are told, the departure timeout runs. Whoever was removed and comes again is removed again.
 *
 * All functions run on the writer. A fact that is about nobody of ours changes nothing and is no error. */
#pragma once
#include "core/core.h"

enum fact_kind { FACT_JOINED, FACT_LEFT, FACT_EMPTY, FACT_RECORDING, FACT_PUBLISHED }; /* PUBLISHED: somebody sends something new; who records there is asked soon */
enum fact_recording_state { FACT_RECORDING_STARTED, FACT_RECORDING_STOPPED, FACT_RECORDING_FAILED, FACT_RECORDING_READY }; /* by rank */

/* Somebody, during one stay. Where calls are on our page (PROVIDER_OUR_PAGE) the page's own connection is the stay: what the provider tells of
 * the same seat at the same time adds none. A seat name of before a removal, or by a revoked token, opens no door: they are removed again. */
struct fact_person {
    const char *connection;        /* the provider's id of the stay, at most 40 bytes (Daily: session_id; LiveKit: participant sid) */
    const char *identity;          /* provider_seat_plan.user_id (calls on our page: its seat name); another one, or NULL: somebody who came without our token, and gets a seat of their own */
    const char *name;              /* NULL: not said */
    int64_t joined_at, left_at;    /* UTC ms by the provider's clock; 0: not said */
    const char *reason;            /* why they left, a word; NULL: "left" */
    bool rough;                    /* the times are good to the second only: they do not correct what is known better */
};

struct fact_recording {
    const char *uuid;              /* our recording's, where the provider gave it back; NULL: not said */
    const char *external;          /* the provider's id of it (recording_id, egress id); NULL: not said */
    enum fact_recording_state state;
    int64_t started_at, duration_ms; /* 0: not said */
    const char *error;             /* FAILED: the provider's words */
    const char *detail;            /* READY: what record_fetch will want to know (JSON); kept as it is; may be NULL */
};

struct fact {
    enum fact_kind kind;
    const char *room;              /* provider's name of it; NULL: not said (then a recording is found by its ids) */
    int64_t at;                    /* UTC ms: when it happened */
    struct fact_person person;     /* JOINED, LEFT */
    struct fact_recording recording;
};
struct facts { const struct fact *items; size_t count; };

bool fact_apply(struct scope *s, const char *provider, const struct fact *f, struct err *e);
bool fact_is_of_page(const char *connection);  /* a stay that our own page has opened: its end is the call's to say (src/call) */
bool fact_apply_all(struct scope *s, const char *provider, const struct facts *facts, struct err *e);

/* The same for a listing: who is in a room, as the provider said when it was asked at `asked_at`. It may be `lag_ms` old, and then somebody must
 * be missing from two in a row, fact_sure_ms apart, to have left. */
struct fact_listing { const char *room; const struct fact_person *people; size_t count; int64_t asked_at, lag_ms; };
int64_t fact_sure_ms(const struct scope *s);
bool fact_listed(struct scope *s, const char *provider, const struct fact_listing *listing, struct err *e);

/* ---- recordings: core/fact_recording.c */
bool fact_of_recording(struct scope *s, const char *provider, const struct fact *f, struct err *e);
const char *fact_external(struct scope *s, int64_t recording_id);           /* the provider's id of it; NULL: not known */
bool fact_of_published(struct scope *s, const char *provider, const struct fact *f, struct err *e);
bool fact_record_begun(struct scope *s, const char *provider, int64_t recording_id, const char *external, struct err *e); /* we asked for it */
struct provider_recording;
enum db_found fact_recording_row(struct scope *s, int64_t recording_id, struct provider_recording *out, struct err *e);

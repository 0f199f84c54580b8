/* parts.h - what the files of this folder share. The functions are provider_ops' (core/provider.h); ctx is struct livekit_provider. */
#pragma once
#include "livekit/within.h"
#include "provider/livekit/provider.h"
#include <stdatomic.h>

struct livekit_provider {
    struct provider provider;
    const struct config *config;
    struct fetcher *fetcher;         /* for the bucket */
    struct livekit *quick, *slow;    /* the same server; slow: for calls that wait for a recorder */
    struct livekit_key key;
    char *server_url;                /* ws(s)://…, for browsers */
    _Atomic int64_t tracks_again_at; /* none is begun before of a recording that runs already; UTC ms */
};

bool sfu_open(void *ctx, struct arena *a, const struct provider_room_plan *plan, const char **url, struct err *e);
bool sfu_close(void *ctx, struct arena *a, const char *room, struct err *e);
bool sfu_grant(void *ctx, struct arena *a, const struct provider_seat_plan *plan, const char **token, struct err *e);
bool sfu_remove(void *ctx, struct arena *a, const char *room, const char *user_id, struct err *e);
bool sfu_mute(void *ctx, struct arena *a, const char *room, const char *user_id, enum track_kind kind, struct err *e);
bool sfu_permit(void *ctx, struct arena *a, const struct provider_seat_plan *plan, struct err *e);

bool sfu_dial_in_open(void *ctx, struct arena *a, struct provider_dial_in *in, bool *taken, struct err *e);
bool sfu_dial_in_close(void *ctx, struct arena *a, const struct provider_dial_in *in, struct err *e);
bool sfu_dial_in_rules(void *ctx, struct arena *a, struct provider_dial_ins *out, struct err *e);

/* Everybody in the room, recorders too. Of an unknown room there is nobody. */
bool sfu_people(struct livekit_provider *l, struct arena *a, const char *room, struct livekit_list_participants_response **out, struct err *e);
bool sfu_is_person(const struct livekit_participant_info *p);   /* who counts: neither recorder nor agent nor ingress */

bool sfu_participants(void *ctx, struct arena *a, struct provider_look *looks, size_t count, struct err *e);
bool sfu_inbound(void *ctx, struct arena *a, const struct provider_letter *letter, struct facts *out, struct err *e);

bool sfu_record_start(void *ctx, struct arena *a, struct provider_record *record, struct err *e);
bool sfu_record_stop(void *ctx, struct arena *a, const struct provider_record *record, struct err *e);
bool sfu_recordings(void *ctx, struct arena *a, const struct provider_record *record, int64_t since, struct facts *out, struct err *e);
bool sfu_record_fetch(void *ctx, struct arena *a, struct provider_fetch *fetch, struct err *e);
bool sfu_egress_fact(struct arena *a, const struct livekit_egress_info *info, struct fact *f);  /* false: it is none of ours */
int64_t sfu_file_size(const struct livekit_provider *l, struct arena *a, const char *written);  /* on our disk, of what the recorder wrote there; 0: not there */
bool sfu_take_object(struct livekit_provider *l, struct arena *a, const char *key, const char *to, struct provider_fetch *fetch, struct err *e); /* from the bucket */
bool sfu_take(struct livekit_provider *l, struct arena *a, const char *written, const char *to, struct provider_fetch *fetch, struct err *e);      /* from where the recorder wrote it */

bool sfu_egresses(struct livekit_provider *l, struct arena *a, const char *room, bool active, struct livekit_list_egress_response **out, struct err *e);
bool sfu_egress_is_final(const struct livekit_egress_info *i);
const char *sfu_why_lost(struct livekit_provider *l, struct arena *a, const struct livekit_egress_info *i);  /* NULL: it goes on, or is over */
const struct livekit_s3_upload *sfu_bucket(const struct livekit_provider *l, struct arena *a);  /* NULL: none, it is a disk */

/* Tracks in files of their own; with EGRESS_TRACKS off they do nothing. there: the room's egresses, NULL: none of this recording; people NULL: ask. */
void sfu_tracks_start(struct livekit_provider *l, struct arena *a, const struct provider_record *record, const struct livekit_list_egress_response *there,
                      const struct livekit_list_participants_response *people);
void sfu_tracks_stop(struct livekit_provider *l, struct arena *a, const struct provider_record *record);
bool sfu_tracks_fetch(struct livekit_provider *l, struct arena *a, struct provider_fetch *fetch, struct err *e);  /* adds to its files; false: not all is there yet */

/* Always false: what LiveKit said, as an error for the log. */
bool livekit_said(const char *what, const struct livekit_error *said, struct err *e);
static inline const char *text_or(const char *text, const char *otherwise) { return text && *text ? text : otherwise; }

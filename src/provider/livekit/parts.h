/* parts.h - what the files of this folder share. The functions are provider_ops' (core/provider.h); ctx is struct livekit_provider. */
#pragma once
#include "livekit/within.h"
#include "provider/livekit/provider.h"

struct livekit_provider {
    struct provider provider;
    const struct config *config;
    struct livekit *quick, *slow;    /* the same server; slow: for calls that wait for a recorder */
    struct livekit_key key;
    char *server_url;                /* ws(s)://…, for browsers */
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

/* Always false: what LiveKit said, as an error for the log. */
bool livekit_said(const char *what, const struct livekit_error *said, struct err *e);
static inline const char *text_or(const char *text, const char *otherwise) { return text && *text ? text : otherwise; }

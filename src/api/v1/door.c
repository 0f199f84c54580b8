/* door.c - the call's door over HTTP, for media that is with LiveKit (core/entrance.h). */
#include "core/entrance.h"
#include "api/api.h"
#include "api/audit.h"

static void about_seat(struct request *r, const struct door_reply *out)
{
    request_seat(r, out->participant_id);
    request_subject(r, "session", out->room->session_id);
}

/* What a host does is told by the names that it has on the call's WebSocket; what everybody does is in the events. */
static void about_deed(struct request *r, const struct door_deed *in)
{
    r->untold = in->action >= door_action_say;
    r->action = arena_printf(r->scope.arena, "call.%s", door_action_words.words[in->action]);
    if (HAS(in, door_deed, participant_id)) request_subject(r, "participant", in->participant_id);
}

bool v1_door(struct request *r, struct err *e)
{
    struct door_reply *out = arena_new(r->scope.arena, struct door_reply);
    if (!entrance_open(&r->scope, r->body, out, e)) return false;
    about_seat(r, out);
    r->untold = out->outcome != door_outcome_in; /* who waits asks every few seconds */
    return reply_with(r, out);
}

bool v1_door_look(struct request *r, struct err *e)
{
    const struct door_look *in = r->body;
    struct door_reply *out = arena_new(r->scope.arena, struct door_reply);
    return entrance_see(&r->scope, in->token, out, e) && reply_with(r, out);
}

bool v1_door_act(struct request *r, struct err *e)
{
    struct door_reply *out = arena_new(r->scope.arena, struct door_reply);
    if (!entrance_act(&r->scope, r->body, out, e)) return false;
    about_seat(r, out);
    about_deed(r, r->body);
    return reply_with(r, out);
}

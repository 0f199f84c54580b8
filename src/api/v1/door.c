/* door.c - the call's door over HTTP, for media that is with LiveKit (core/entrance.h). */
#include "core/entrance.h"
#include "api/api.h"

bool v1_door(struct request *r, struct err *e)
{
    struct door_reply *out = arena_new(r->scope.arena, struct door_reply);
    return entrance_open(&r->scope, r->body, out, e) && reply_with(r, out);
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
    return entrance_act(&r->scope, r->body, out, e) && reply_with(r, out);
}

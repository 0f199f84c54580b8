/* actions.h - what each message of a page does; message.c has checked form and permission before. */
#pragma once
#include "call/parts.h"

typedef bool action(struct caller *c, const void *message, struct err *e);
#define IN(t, model, who) action act_##t;
#define OUT(t, model)
#include "spec/messages.def"
#undef IN
#undef OUT

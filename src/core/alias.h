/* alias.h - UUIDs for things of ours that have a number only, without a table: the number is in the UUID, under a key made of SECRET_KEY, so
 * that nobody can count with them, and a UUID that was not made here has none. Any thread. */
#pragma once
#include "core/core.h"

enum alias { ALIAS_DOMAIN, ALIAS_STAY, ALIAS_MEETING, ALIAS_HOOK };

void alias_uuid(struct core *core, enum alias kind, int64_t number, char to[37]);
char *alias_text(struct scope *s, enum alias kind, int64_t number);             /* the same in the scope's arena */
int64_t alias_number(struct core *core, enum alias kind, const char *uuid);     /* 0, which none has, for another text. Case does not matter */

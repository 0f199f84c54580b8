/* course.h - courses and people that other apps number themselves: ids are theirs, taken as they come; a name may follow.
 * An account has such an id too (account_uuid), made of its number, so that a session which nobody made for a course has an instructor. */
#pragma once
#include "core/core.h"

bool course_put(struct scope *s, const char *uuid, const char *title, struct course *out, struct err *e);      /* made or renamed */
/* Of an account only itself or a superuser says the name; forbidden. */
bool person_put(struct scope *s, const char *identity, const char *name, struct person *out, struct err *e);
bool person_learn(struct scope *s, const char *identity, const char *name, struct err *e);                     /* the same, without asking who says it */
bool person_name(struct scope *s, const char *identity, const char **name, struct err *e);                     /* unknown: the identity itself */

char *account_uuid(struct arena *a, int64_t user_id);
int64_t account_of_uuid(const char *uuid);                                                                     /* 0: is none */

/* template.h - room templates: what rooms of a type are like when nothing else is said. */
#pragma once
#include "core/core.h"

bool template_make(struct scope *s, const struct template_create *in, struct room_template *out, struct err *e);
bool template_change(struct scope *s, struct room_template *t, const struct template_update *change, struct err *e);
bool template_delete(struct scope *s, const struct room_template *t, struct err *e);                /* rooms made from it stay, and forget it */
bool template_find(struct scope *s, int64_t id, struct room_template *out, struct err *e);          /* template_not_found */
bool template_list(struct scope *s, const struct template_query *q, struct list *out, int64_t *total, struct err *e);
/* What a room of that type begins with: the default template, or roomd's own settings where there is none (id 0). */
bool template_for(struct scope *s, enum room_type type, struct room_template *out, struct err *e);
bool template_setup(struct scope *s, int64_t *made, struct err *e);  /* a default one for each type that has none */

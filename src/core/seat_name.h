/* seat_name.h - the name of a person at a provider whose calls are on our page: "seat-12-0-7-MAC" is seat 12 of generation 0, in with join
 * token 7 (0: the seat's own link). It says by itself whose it is, whether it was given out before somebody was removed, and by which token; nobody
 * else can make one. The stem "seat-12-" is common to all names of a seat. */
#pragma once
#include "core/core.h"

struct participant;
struct seat_name { int64_t participant_id, generation, token_id; };

const char *seat_name(struct core *core, struct arena *a, const struct participant *p, int64_t token_id);
const char *seat_name_stem(struct arena *a, int64_t participant_id);
bool seat_name_read(struct core *core, const char *text, struct seat_name *out);   /* false: it is none of ours */

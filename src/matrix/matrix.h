/* matrix.h - what the Matrix homeserver of MATRIX_HOMESERVER_URL says of its people: whose token it is, who is in a room, with what power.
 *
 * A token is sent to that one homeserver and nowhere else, is never logged, and is kept only as its SHA-256. Answers are believed for
 * MATRIX_CACHE_SECONDS (a no for five seconds at the most; "I cannot say" not at all; power is asked about each time), in a table of fixed size. After a homeserver was not
 * reached nobody asks it for a second. Everything blocks but matrix_known; any thread. Sources: Matrix client-server API v1.11,
 * "Account", "Getting events for a room", "Permissions". */
#pragma once
#include "core/core.h"

enum { MATRIX_ID = 256 };                  /* longest id, with its NUL */

struct matrix;
struct matrix *matrix_create(struct core *core);
void matrix_destroy(struct matrix *m);     /* NULL is fine */

/* Whose token it is: bad_credentials, matrix_guest, homeserver_not_set, homeserver_unavailable. */
bool matrix_whoami(struct matrix *m, const char *token, char user[MATRIX_ID], struct err *e);
bool matrix_known(struct matrix *m, const char *token, char user[MATRIX_ID], bool *good, struct err *e); /* answered from what is known; false: has to be asked */

enum matrix_need { MATRIX_JOINED, MATRIX_POWER }; /* POWER, for changes: joined, and RECORDING_POWER_LEVEL; never from what is known */
/* not_in_room (also of a room that does not exist: the homeserver does not tell them apart), power_level_too_low, homeserver_unavailable. */
bool matrix_may(struct matrix *m, const char *token, const char *user, const char *room, enum matrix_need need, struct err *e);
bool matrix_room_is_encrypted(struct matrix *m, const char *token, const char *room, bool *encrypted, struct err *e); /* not cached */

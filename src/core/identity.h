/* identity.h - what seats are known by (participants.identity): "user-7" of account 7, "guest-…" of one seat alone, else another app's id of the person.
 * Where each stay has a seat of its own, as in rooms of /v1, the app's id has "~" and letters behind it that no other seat has: "bob~x7k2p9qd"; "~x7k2p9qd" where
 * the app gave none; "=user-7~" where its id looks like ours. */
#pragma once
#include "base/arena.h"
#include <stdbool.h>

bool identity_is_ours(const char *identity);                                     /* "user-…", "guest-…": nobody else gives these out */
char *identity_of_stay(struct arena *a, const char *user_id, bool unique);       /* user_id NULL: none was given; unique: another stay of theirs has the same seat */
const char *identity_user_id(struct arena *a, const char *identity);             /* the app's id again; NULL: none was given. The same pointer where nothing was put around it */

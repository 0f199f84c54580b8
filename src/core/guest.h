/* guest.h - people without an account: seats that were taken by a code, a link, a token of another app's, a telephone or a provider's own clients. One is
 * known by what their seats say: the identity (another app's id of them, an address, "guest-…" of one seat alone) or the name. So an administrator, who
 * knows whom they mean, names them by one of these, looks at the seats that fit, and exports or erases all of these seats as one person. */
#pragma once
#include "core/core.h"

/* SQL: the seat p is of the guest whom the parameters name. One account's seats are never another person's. */
#define GUEST_SEAT(identity, name) "(p.user_id IS NULL AND p.identity = " identity ") OR (p.user_id IS NULL AND lower(p.name) = lower(" name "))"

/* SQL: the same, or the account's whose number it is (0: nobody's). */
#define PERSON_SEAT(user, identity, name) "(p.user_id = " user " OR " GUEST_SEAT(identity, name) ")"
/* SQL: the event e is about the seat p, whose number is the first thing in its data. No braces: db.h makes columns of them. */
#define EVENT_OF_SEAT "(e.event_data LIKE '_\"participant_id\":' || CAST(p.id AS TEXT) || ',%' OR e.event_data LIKE '_\"participant_id\":' || CAST(p.id AS TEXT) || '_')"

/* SQL: seats p as struct kept_seat has them. */
#define KEPT_SEATS "SELECT p.id, p.session_id, s.title, p.identity, p.name, p.role, p.created_at FROM participants p JOIN sessions s ON s.id = p.session_id WHERE "

/* `named` is NULL for who was meant by a seat; `shown`: the name of the latest seat. `seats`: of struct participant, newest first. */
struct guest { const char *identity, *named; struct list seats; const char *shown; };

/* Seats in whose identity or name the text stands, newest first: of struct kept_seat. */
bool guest_find(struct scope *s, const char *text, int64_t skip, int64_t limit, struct list *out, int64_t *total, struct err *e);
/* By an identity or a name as it is (letters' case does not matter in names), or by the number of a seat: its identity alone. guest_not_found. */
bool guest_of(struct scope *s, const char *text, struct guest *out, struct err *e);
/* Their seats become those of an account that is made for that and that nobody can sign in to. What is done to accounts can be done to them then. */
bool guest_adopt(struct scope *s, const struct guest *guest, struct user *out, struct err *e);

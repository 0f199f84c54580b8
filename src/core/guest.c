#include "core/guest.h"
#include "base/rand.h"
#include "core/session.h"
#include <stdlib.h>
#include <string.h>

#define FITS "p.user_id IS NULL AND (lower(p.identity) LIKE lower($1) ESCAPE '!' OR lower(p.name) LIKE lower($1) ESCAPE '!')"
static const char SQL_FIND[] = KEPT_SEATS FITS " ORDER BY p.id DESC LIMIT $2 OFFSET $3";
static const char SQL_FOUND[] = "SELECT count(*) FROM participants p WHERE " FITS;
static const char SQL_SEAT[] = "SELECT {} FROM participants WHERE id = $1 AND user_id IS NULL";
static const char SQL_SEATS[] = "SELECT {p} FROM participants p WHERE " GUEST_SEAT("$1", "$2") " ORDER BY p.id DESC";
static const char SQL_ADOPT[] = "UPDATE participants SET user_id = $2 WHERE id = $1";

enum { TAG = 16 };

bool guest_find(struct scope *s, const char *text, int64_t skip, int64_t limit, struct list *out, int64_t *total, struct err *e)
{
    const char *like = db_like(s->arena, text);
    return db_number(s->db, SQL_FOUND, total, e, TEXT_(like)) == DB_ROW && db_all(s->db, SQL_FIND, kept_seat, out, s->arena, e, TEXT_(like), INT_(limit), INT_(skip));
}

/* The number of a seat stands for whoever has it, not for those of that name. */
static bool who_is(struct scope *s, const char *text, struct guest *out, struct err *e)
{
    struct participant seat;
    *out = (struct guest){.identity = text, .named = text};
    if (strspn(text, "0123456789") != strlen(text) || strlen(text) > 18) return true;
    enum db_found found = db_one(s->db, SQL_SEAT, participant, &seat, s->arena, e, INT_(strtoll(text, NULL, 10)));
    if (found == DB_ROW) *out = (struct guest){.identity = seat.identity};
    return found != DB_FAILED;
}

bool guest_of(struct scope *s, const char *text, struct guest *out, struct err *e)
{
    if (!who_is(s, text, out, e) || !db_all(s->db, SQL_SEATS, participant, &out->seats, s->arena, e, TEXT_(out->identity), TEXT_(out->named))) return false;
    if (!out->seats.count) return err_fail(e, error_guest_not_found);
    out->shown = ((const struct participant *)out->seats.items)->name;
    return true;
}

static bool make_account(struct scope *s, const struct guest *guest, struct user *out, struct err *e)
{
    char tag[TAG + 1];
    rand_text(tag, TAG, RAND_ID);
    *out = (struct user){0};
    SET(out, user, email, arena_printf(s->arena, "guest-%s@erased.invalid", tag));
    SET(out, user, full_name, guest->shown);
    SET(out, user, password_hash, "!"); /* no hash: fits none */
    SET(out, user, role, user_role_student);
    SET(out, user, is_active, false);
    SET(out, user, is_superuser, false);
    SET(out, user, created_at, s->now);
    SET(out, user, updated_at, s->now);
    return db_insert(s->db, "users", user, out, e);
}

static bool adopt(struct scope *s, const struct participant *seat, int64_t user_id, struct err *e)
{
    struct session session;
    enum db_found found = session_by_id(s, seat->session_id, &session, e);
    if (found == DB_FAILED || (found == DB_ROW && !session_count_seat(s, &session, user_id, e))) return false;
    return db_run(s->db, SQL_ADOPT, e, INT_(seat->id), INT_(user_id));
}

bool guest_adopt(struct scope *s, const struct guest *guest, struct user *out, struct err *e)
{
    const struct participant *seats = guest->seats.items;
    if (!make_account(s, guest, out, e)) return false;
    for (size_t i = 0; i < guest->seats.count; i++)
        if (!adopt(s, &seats[i], out->id, e)) return false;
    return true;
}

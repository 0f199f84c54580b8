#include "api/daily/daily.h"
#include "core/user.h"
#include <string.h>

bool daily_fail(struct err *e, enum error id, const char *about)
{
    err_fail(e, id);
    return err_say(e, "%s", about);
}

bool daily_about(struct err *e, enum error id, const char *about)
{
    return err_is(e, id) && daily_fail(e, id, about);
}

bool daily_sees_all(const struct request *r)
{
    return r->scope.actor->is_superuser;
}

bool daily_room_expired(const struct request *r, const struct session_terms *terms)
{
    return terms->id && HAS(terms, session_terms, closes_at) && terms->closes_at <= r->scope.now;
}

bool daily_room_open(struct request *r, const char *name, enum access need, struct session *out, struct session_terms *terms, struct err *e)
{
    struct session_terms own;
    terms = terms ? terms : &own;
    enum db_found found = session_by_room_name(&r->scope, name, out, e);
    if (found == DB_FAILED) return false;
    if (found == DB_NONE || session_is_over(out)) return daily_fail(e, error_room_not_found, name);
    found = terms_find(&r->scope, out->id, terms, e);
    if (found == DB_FAILED) return false;
    if (found == DB_NONE) *terms = (struct session_terms){0};
    return !daily_room_expired(r, terms) ? session_allows(&r->scope, need, out, e) : daily_fail(e, error_room_not_found, name);
}

/* A room that another server holds has its address there. */
char *daily_room_url(struct scope *s, const char *room_name)
{
    return arena_printf(s->arena, "%s/%s", core_config(s->core)->PUBLIC_URL, room_name);
}

/* ---- pages of lists */

static bool bound(struct request *r, const char *id, int64_t (*number)(struct request *, const char *), int64_t *out, struct err *e)
{
    *out = number(r, id);
    return *out || daily_fail(e, error_bad_cursor, id);
}

bool daily_window(struct request *r, int64_t limit, const char *after, const char *before, int64_t (*number)(struct request *, const char *), struct id_window *out, struct err *e)
{
    *out = (struct id_window){.limit = limit < WINDOW_MOST ? limit : WINDOW_MOST, .oldest = before && !after};
    if (before && !strcmp(before, "OLDEST")) before = NULL;
    return (!after || bound(r, after, number, &out->below, e)) && (!before || bound(r, before, number, &out->above, e));
}

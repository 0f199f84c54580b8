#include "core/feed.h"
#include "core/session.h"
#include "core/user.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char SQL_NEWEST[] = "SELECT coalesce(max(id), 0) FROM events";
static const char SQL_OLDEST[] = "SELECT coalesce(min(id), 0) FROM events";
static const char SQL_TEACHER[] = "SELECT teacher_id FROM sessions WHERE id = $1";
static const char SQL_ALL[] = "SELECT {} FROM events WHERE id > $1 AND id <= $2 ORDER BY id LIMIT $3";
static const char SQL_OF_SESSION[] = "SELECT {} FROM events WHERE id > $1 AND id <= $2 AND session_id = $4 ORDER BY id LIMIT $3";
static const char SQL_OF_TEACHER[] =
    "SELECT {e} FROM events e JOIN sessions s ON s.id = e.session_id WHERE e.id > $1 AND e.id <= $2 AND s.teacher_id = $4 ORDER BY e.id LIMIT $3";

enum { STEP = 20000 }; /* events that are looked through at once for somebody who may hear of few */
_Static_assert(event_type_count <= 128, "struct event_types has two words");

/* ---- which */

int event_type_find(const char *name)
{
    for (int type = 0; type < event_type_count; type++)
        if (!strcmp(event_row((enum event_type)type)->name, name)) return type;
    return -1;
}

/* `*` stands for the rest of a word. */
static bool covers(const char *word, size_t size, const char *type)
{
    if (size && word[size - 1] == '*') return !strncmp(word, type, size - 1);
    return strlen(type) == size && !memcmp(word, type, size);
}

bool event_types_cover(const char *words, const char *type)
{
    for (const char *p = words; *(p += strspn(p, " ,")); p += strcspn(p, " ,"))
        if (covers(p, strcspn(p, " ,"), type)) return true;
    return false;
}

static bool add_covered(struct event_types *t, const char *word, size_t size)
{
    bool any = false;
    for (unsigned type = 0; type < event_type_count; type++)
        if (covers(word, size, event_row((enum event_type)type)->name)) {
            t->bits[type / 64] |= (uint64_t)1 << type % 64;
            any = true;
        }
    return any;
}

bool event_types_parse(const char *words, struct event_types *out, struct err *e)
{
    *out = (struct event_types){{0}};
    for (const char *p = words ? words : "*"; *(p += strspn(p, " ,")); p += strcspn(p, " ,")) {
        size_t size = strcspn(p, " ,");
        if (add_covered(out, p, size)) continue;
        err_fail(e, error_unknown_event_type);
        return err_say(e, "%s: %.*s", error_row(error_unknown_event_type)->message, (int)(size < 60 ? size : 60), p);
    }
    return true;
}

bool feed_hears(const struct feed_filter *f, unsigned type, int64_t session_id, int64_t teacher_id)
{
    return event_types_hold(&f->types, type) && (!f->session_id || f->session_id == session_id) && (!f->teacher_id || (session_id && f->teacher_id == teacher_id));
}

/* ---- in which words */

void event_write(struct buf *to, const struct event *event)
{
    struct webhook_event data = {0};
    struct webhook_message message = {0};
    size_t from = to->size;
    COPY(webhook_event, &data, event, event);
    SET(&message, webhook_message, type, event->event_type);
    SET(&message, webhook_message, timestamp, event->timestamp);
    SET(&message, webhook_message, data, &data);
    model_write(to, &webhook_message_model, &message);
    for (char *c = to->data + from; c < to->data + to->size; c++)
        if (*c == '\n' || *c == '\r') *c = ' '; /* between the parts of event_data: inside a JSON text there is none */
}

/* ---- from where on */

bool feed_cursor_parse(const char *text, int64_t *out, struct err *e)
{
    size_t size = strlen(text);
    if (!size || size >= FEED_CURSOR || strspn(text, "0123456789") != size) return err_fail(e, error_bad_stream_cursor);
    unsigned long long n = strtoull(text, NULL, 10);
    *out = (int64_t)n;
    return n <= INT64_MAX || err_fail(e, error_bad_stream_cursor);
}

static bool begin_at(struct scope *s, int64_t after, int64_t *position, struct err *e)
{
    int64_t oldest, newest;
    if (db_number(s->db, SQL_NEWEST, &newest, e) != DB_ROW || db_number(s->db, SQL_OLDEST, &oldest, e) != DB_ROW) return false;
    *position = after < 0 ? newest : after;
    if (after <= 0) return true;
    if (!newest || after < oldest - 1) return err_fail(e, error_stream_cursor_gone);
    return after <= newest || err_fail(e, error_bad_stream_cursor);
}

/* ---- whom */

static bool know(struct scope *s, const char *bearer, struct user *user, struct err *e)
{
    struct bearer_rights rights;
    return bearer_user(s, bearer, user, &rights, e) && api_scopes_hold(rights.scopes, (api_scopes)1 << api_scope_sessions_read, e);
}

bool feed_admit(struct scope *s, const char *bearer, const struct feed_wish *wish, struct feed_pass *out, struct err *e)
{
    struct user user;
    struct session session;
    struct scope own = *s;
    *out = (struct feed_pass){0};
    if (!know(s, bearer, &user, e) || !event_types_parse(wish->types, &out->filter.types, e)) return false;
    own.actor = &user;
    if (wish->session) {
        if (!session_access(&own, wish->session, ACCESS_TEACHER, &session, e)) return false;
        out->filter.session_id = session.id;
    }
    out->user_id = user.id;
    if (!user.is_superuser) out->filter.teacher_id = user.id;
    return begin_at(s, wish->after, &out->position, e);
}

bool feed_still(struct scope *s, const char *bearer, const struct feed_pass *pass, struct err *e)
{
    struct user user;
    if (!know(s, bearer, &user, e)) return false;
    return user.is_superuser || pass->filter.teacher_id || err_fail(e, error_forbidden);
}

bool feed_teacher(struct scope *s, int64_t session_id, int64_t *out, struct err *e)
{
    *out = 0;
    return db_number(s->db, SQL_TEACHER, out, e, INT_(session_id)) != DB_FAILED;
}

/* The end is asked for first: what is committed in between is past it. */
bool feed_page(struct scope *s, const struct feed_filter *f, int64_t after, int64_t limit, struct list *out, int64_t *upto, bool *more, struct err *e)
{
    int64_t newest;
    if (db_number(s->db, SQL_NEWEST, &newest, e) != DB_ROW) return false;
    *upto = !f->session_id && f->teacher_id && newest - after > STEP ? after + STEP : newest;
    bool ok = f->session_id   ? db_all(s->db, SQL_OF_SESSION, event, out, s->arena, e, INT_(after), INT_(*upto), INT_(limit), INT_(f->session_id))
              : f->teacher_id ? db_all(s->db, SQL_OF_TEACHER, event, out, s->arena, e, INT_(after), INT_(*upto), INT_(limit), INT_(f->teacher_id))
                              : db_all(s->db, SQL_ALL, event, out, s->arena, e, INT_(after), INT_(*upto), INT_(limit));
    if (!ok) return false;
    if ((int64_t)out->count == limit) *upto = ((const struct event *)out->items)[out->count - 1].id;
    *more = *upto < newest;
    if (*upto < after) *upto = after;
    return true;
}

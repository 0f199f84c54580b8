/* plan.c - a room's properties: which of them take effect here, and how all of them are kept and given back. */
#include "api/daily/daily.h"
#include <stdio.h>
#include <string.h>

enum { SEATS = 200, SEATS_MOST = 1000 };

#define TRUE_IN(p, f) (HAS(p, dailyco_room_properties, f) && (p)->f)

static bool in_the_future(struct request *r, const struct dailyco_room_properties *p, struct err *e)
{
    char text[40];
    if (!HAS(p, dailyco_room_properties, exp) || p->exp * 1000 > (double)r->scope.now) return true;
    snprintf(text, sizeof text, "%.17g", p->exp);
    return daily_fail(e, error_time_past, text);
}

static void door(const struct dailyco_room_properties *p, bool is_public, struct daily_plan *out)
{
    struct session_terms *t = &out->terms;
    bool knocks = !is_public && TRUE_IN(p, enable_knocking);
    SET(t, session_terms, is_public, is_public);
    SET(&out->session, session_update, waiting_room, knocks);
    SET(&out->session, session_update, allow_guests, is_public || knocks);
    CLEAR(t, session_terms, opens_at);
    CLEAR(t, session_terms, closes_at);
    CLEAR(t, session_terms, stay_seconds);
    if (HAS(p, dailyco_room_properties, nbf)) SET(t, session_terms, opens_at, (int64_t)(p->nbf * 1000));
    if (HAS(p, dailyco_room_properties, exp)) SET(t, session_terms, closes_at, (int64_t)(p->exp * 1000));
    if (HAS(p, dailyco_room_properties, eject_after_elapsed)) SET(t, session_terms, stay_seconds, p->eject_after_elapsed);
    SET(t, session_terms, eject_at_close, TRUE_IN(p, eject_at_room_exp));
    SET(t, session_terms, one_stay_each, TRUE_IN(p, enforce_unique_user_ids));
}

static int64_t seats(const struct dailyco_room_properties *p)
{
    int64_t n = HAS(p, dailyco_room_properties, max_participants) && p->max_participants ? p->max_participants : SEATS;
    return n < SEATS_MOST ? n : SEATS_MOST;
}

/* Daily's answers have no such word: it is shown as what it says, nothing. */
static bool records_nothing(const struct dailyco_room_properties *p)
{
    return HAS(p, dailyco_room_properties, enable_recording) && !strcmp(p->enable_recording, "off");
}

bool daily_plan_of(struct request *r, const struct dailyco_room_properties *p, bool is_public, struct daily_plan *out, struct err *e)
{
    struct buf text;
    struct dailyco_room_properties kept = *p;
    if (!in_the_future(r, p, e)) return false;
    if (records_nothing(p)) CLEAR(&kept, dailyco_room_properties, enable_recording);
    out->session = (struct session_update){0};
    SET(&out->session, session_update, max_participants, seats(p));
    SET(&out->session, session_update, enable_recording, false);
    SET(&out->session, session_update, enable_chat, TRUE_IN(p, enable_chat));
    SET(&out->session, session_update, enable_screenshare, !HAS(p, dailyco_room_properties, enable_screenshare) || p->enable_screenshare);
    door(p, is_public, out);
    buf_init(&text, 0);
    model_write(&text, &dailyco_room_properties_model, &kept);
    SET(&out->terms, session_terms, kept, arena_strndup(r->scope.arena, text.data, text.size));
    buf_release(&text);
    return true;
}

/* ---- as it is shown */

static void release_json(void *j)
{
    json_decref(j);
}

static bool parse(struct request *r, const char *config, struct dailyco_room_properties *out, struct err *e)
{
    struct violations v = {.count = 0};
    json_t *j = json_loads(config, 0, NULL);
    if (!j) return err_set(e, ERR_INTERNAL, "room_properties", "a room's properties cannot be read");
    arena_defer(r->scope.arena, release_json, j);
    return model_parse(&dailyco_room_properties_model, j, out, r->scope.arena, PARSE_LAX, &v) || err_set(e, ERR_INTERNAL, "room_properties", "a room's properties are not what they were");
}

bool daily_config_merge(struct request *r, const char *config, const struct dailyco_room_properties *change, struct dailyco_room_properties *out, struct err *e)
{
    if (!parse(r, config, out, e)) return false;
    if (change) COPY(dailyco_room_properties, out, dailyco_room_properties, change);
    out->bits_null = 0;
    return true;
}

/* What was set in so many words stays; else only what is not as it is by default. */
static void overlay(const struct session *session, struct dailyco_room_properties *p)
{
    if (seats(p) != session->max_participants) SET(p, dailyco_room_properties, max_participants, session->max_participants);
    if (TRUE_IN(p, enable_chat) != session->enable_chat) SET(p, dailyco_room_properties, enable_chat, session->enable_chat);
    if ((!HAS(p, dailyco_room_properties, enable_screenshare) || p->enable_screenshare) != session->enable_screenshare)
        SET(p, dailyco_room_properties, enable_screenshare, session->enable_screenshare);
    if (session->waiting_room && !TRUE_IN(p, enable_knocking)) SET(p, dailyco_room_properties, enable_knocking, true);
}

const char *daily_config(struct request *r, const struct session *session, const struct session_terms *terms)
{
    struct dailyco_room_properties p;
    struct buf text;
    struct err e;
    if (terms->id && terms->as_of == session->updated_at) return terms->kept;
    if (!daily_config_merge(r, terms->id ? terms->kept : "{}", NULL, &p, &e)) return "{}";
    overlay(session, &p);
    buf_init(&text, 0);
    model_write(&text, &dailyco_room_properties_model, &p);
    const char *out = arena_strndup(r->scope.arena, text.data, text.size);
    buf_release(&text);
    return out;
}

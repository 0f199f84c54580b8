#include "core/dial_in.h"
#include "base/rand.h"
#include "core/capability.h"
#include "core/dial_in_rule.h"
#include "core/errand.h"
#include "core/session.h"
#include <strings.h>

static const char SQL_SIDE[] = "SELECT {} FROM rooms WHERE session_id = $1";
static const char SQL_HOLDER[] =
    "SELECT CASE WHEN s.deleted_at IS NULL AND s.status IN ('scheduled', 'active') THEN 1 ELSE 0 END FROM rooms r JOIN sessions s ON s.id = r.session_id WHERE r.sip_pin = $1";
static const char SQL_RULE[] = "SELECT 1 FROM dial_in_rules WHERE pin = $1"; /* of a room that is just over */
static const char SQL_GIVE_UP[] = "UPDATE rooms SET sip_pin = NULL WHERE sip_pin = $1";

/* A room that is over keeps its PIN only until another wants it. */
bool dial_in_free_pin(struct scope *s, char pin[DIAL_IN_PIN + 1], struct err *e)
{
    int64_t alive, one;
    enum db_found found, rule;
    do {
        rand_text(pin, DIAL_IN_PIN, "0123456789");
        found = db_number(s->db, SQL_HOLDER, &alive, e, TEXT_(pin));
        rule = db_number(s->db, SQL_RULE, &one, e, TEXT_(pin));
    } while (rule == DB_ROW || (found == DB_ROW && alive));
    if (rule == DB_FAILED) return false;
    return found == DB_NONE || (found == DB_ROW && db_run(s->db, SQL_GIVE_UP, e, TEXT_(pin)));
}

bool dial_in_settle(struct scope *s, const struct session *session, struct room_side *side, struct err *e)
{
    char pin[DIAL_IN_PIN + 1];
    if (!side->sip_enabled || !provider_can(session->provider, CAPABILITY_DIAL_IN)) {
        CLEAR(side, room_side, sip_pin);
        return true;
    }
    if (HAS(side, room_side, sip_pin)) return true;
    if (!dial_in_free_pin(s, pin, e)) return false;
    SET(side, room_side, sip_pin, arena_strdup(s->arena, pin));
    return true;
}

static bool side_with_pin(struct scope *s, const struct session *session, struct room_side *side, struct err *e)
{
    enum db_found found = db_one(s->db, SQL_SIDE, room_side, side, s->arena, e, INT_(session->id));
    if (found == DB_FAILED) return false;
    if (session_is_over(session)) return err_fail(e, error_session_not_active);
    if (found == DB_NONE || !side->sip_enabled) return err_fail(e, error_sip_not_enabled);
    if (!provider_can(session->provider, CAPABILITY_DIAL_IN)) return err_fail(e, error_sip_unavailable);
    return HAS(side, room_side, sip_pin) || (dial_in_settle(s, session, side, e) && db_update(s->db, "rooms", room_side, side, e));
}

static void release_json(void *j)
{
    json_decref(j);
}

static struct list numbers(struct scope *s)
{
    const struct config *c = core_config(s->core);
    json_t *map = c->LIVEKIT_SIP_ENABLED ? json_loads(c->LIVEKIT_DIAL_IN_NUMBERS, 0, NULL) : NULL, *number;
    const char *country;
    size_t n = 0;
    if (!map) return (struct list){0};
    arena_defer(s->arena, release_json, map);
    struct dial_in_number *list = arena_array(s->arena, struct dial_in_number, json_object_size(map) + 1);
    json_object_foreach(map, country, number) {
        SET(&list[n], dial_in_number, country, country);
        SET(&list[n], dial_in_number, number, json_string_value(number));
        n++;
    }
    return (struct list){list, n};
}

static const char *number_of(const struct list *all, const char *country)
{
    const struct dial_in_number *list = all->items;
    if (!country) return all->count ? list[0].number : NULL;
    for (size_t i = 0; i < all->count; i++)
        if (!strcasecmp(list[i].country, country)) return list[i].number;
    return NULL;
}

bool dial_in_info(struct scope *s, const struct session *session, const char *country, struct dial_in_reply *out, struct err *e)
{
    struct room_side side;
    struct list all = numbers(s);
    if (!side_with_pin(s, session, &side, e)) return false;
    if (!all.count) return err_fail(e, error_sip_not_configured);
    const char *number = number_of(&all, country);
    if (!number) return err_fail(e, error_no_number_there);
    if (session->status == session_status_active && !errand_dial_in(s, session, side.sip_pin, e)) return false;
    SET(out, dial_in_reply, number, number);
    SET(out, dial_in_reply, pin, side.sip_pin);
    SET(out, dial_in_reply, instructions, arena_printf(s->arena, "Call %s and enter the PIN %s followed by #", number, side.sip_pin));
    SET(out, dial_in_reply, numbers, all);
    return true;
}

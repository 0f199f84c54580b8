#include "core/room.h"
#include "core/booking.h"
#include "core/dial_in.h"
#include "core/dial_in_rule.h"
#include "core/participant.h"
#include "core/service.h"
#include "core/template.h"
#include <string.h>

#define VIEW \
    "SELECT s.id, r.room_type, r.template_id, r.booking_id, r.service_session_id, r.empty_timeout, r.departure_timeout, r.video_codec, r.audio_codec, " \
    "r.sip_enabled, r.sip_pin, (SELECT count(*) FROM connection_spans c WHERE c.session_id = s.id AND c.left_at IS NULL), " \
    "(SELECT count(*) FROM recordings x WHERE x.session_id = s.id AND x.status IN ('recording', 'paused')) "
#define MINE "FROM participants p JOIN sessions s ON s.id = p.session_id LEFT JOIN rooms r ON r.session_id = s.id WHERE p.user_id = $1 AND "
#define ALL "FROM sessions s LEFT JOIN rooms r ON r.session_id = s.id WHERE $1 > 0 AND "
#define FITTING "s.deleted_at IS NULL AND ($2 = '' OR s.status = $2) AND ($3 = '' OR coalesce(r.room_type, 'group') = $3) "
#define PAGE_OF "ORDER BY s.id LIMIT $4 OFFSET $5"

static const char SQL_VIEW[] = VIEW "FROM sessions s LEFT JOIN rooms r ON r.session_id = s.id WHERE s.id = $1";
static const char SQL_SIDE[] = "SELECT {} FROM rooms WHERE session_id = $1";
static const struct lists { const char *sessions, *views, *count; } lists[] = {
    {"SELECT {s} " MINE FITTING PAGE_OF, VIEW MINE FITTING PAGE_OF, "SELECT count(*) " MINE FITTING},
    {"SELECT {s} " ALL FITTING PAGE_OF, VIEW ALL FITTING PAGE_OF, "SELECT count(*) " ALL FITTING},
};

bool room_access(struct scope *s, const char *name, enum access need, struct session *out, struct err *e)
{
    return session_access(s, name, need, out, e) || (err_is(e, error_session_not_found) ? err_fail(e, error_room_not_found) : false);
}

bool room_see(struct scope *s, const struct session *session, struct room_entry *out, struct err *e)
{
    out->session = *session;
    return db_one(s->db, SQL_VIEW, room_view, &out->view, s->arena, e, INT_(session->id)) == DB_ROW;
}

/* Sessions and rows beside them by the same question, so that one answer fits the other. */
bool room_list_of(struct scope *s, const struct room_query *q, struct list *out, int64_t *total, struct err *e)
{
    const struct lists *sql = &lists[s->actor->is_superuser];
    const char *status = HAS(q, room_query, status) ? session_status_words.words[q->status] : "";
    const char *type = HAS(q, room_query, room_type) ? room_type_words.words[q->room_type] : "";
    struct list sessions, views;
    if (!db_all(s->db, sql->sessions, session, &sessions, s->arena, e, INT_(s->actor->id), TEXT_(status), TEXT_(type), INT_(q->limit), INT_(q->offset)) ||
        !db_all(s->db, sql->views, room_view, &views, s->arena, e, INT_(s->actor->id), TEXT_(status), TEXT_(type), INT_(q->limit), INT_(q->offset))) return false;
    size_t n = sessions.count < views.count ? sessions.count : views.count;
    struct room_entry *rooms = arena_array(s->arena, struct room_entry, n + 1);
    for (size_t i = 0; i < n; i++) rooms[i] = (struct room_entry){((const struct session *)sessions.items)[i], ((const struct room_view *)views.items)[i]};
    *out = (struct list){rooms, n};
    return db_number(s->db, sql->count, total, e, INT_(s->actor->id), TEXT_(status), TEXT_(type)) == DB_ROW;
}

/* ---- making one */

/* The template that is named, else the default one of the type that is named, else of group rooms. */
static bool begin_with(struct scope *s, const struct room_create *in, struct room_template *t, struct err *e)
{
    bool typed = HAS(in, room_create, room_type);
    if (!HAS(in, room_create, template)) return template_for(s, typed ? (enum room_type)in->room_type : room_type_group, t, e);
    return template_find(s, in->template, t, e) && (!typed || in->room_type == t->room_type || err_fail(e, error_template_type));
}

static void as_session(const struct room_create *in, const struct room_template *t, struct session_create *out)
{
    *out = (struct session_create){0};
    COPY(session_create, out, room_template, t);
    SET(out, session_create, title, t->name);
    SET(out, session_create, duration_minutes, 60);
    SET(out, session_create, enable_recording, t->recording_enabled);
    CLEAR(out, session_create, description);
    COPY(session_create, out, room_create, in);
    if (HAS(in, room_create, name)) SET(out, session_create, title, in->name);
}

static void beside(const struct room_create *in, const struct room_template *t, int64_t session_id, struct room_side *out)
{
    *out = (struct room_side){0};
    COPY(room_side, out, room_template, t);
    CLEAR(out, room_side, id);
    SET(out, room_side, session_id, session_id);
    if (t->id) SET(out, room_side, template_id, t->id);
    if (HAS(in, room_create, booking)) SET(out, room_side, booking_id, in->booking);
    if (HAS(in, room_create, service_session)) SET(out, room_side, service_session_id, in->service_session);
}

/* Whose room it becomes, and what is known of it from what it is for. */
static bool plan_for(struct scope *s, struct room_create *plan, struct user *host, struct user *customer, struct err *e)
{
    *host = *s->actor;
    if (HAS(plan, room_create, booking) && HAS(plan, room_create, service_session)) return err_fail(e, error_one_purpose);
    if (HAS(plan, room_create, booking)) return booking_plan_room(s, plan, host, customer, e);
    return !HAS(plan, room_create, service_session) || service_session_plan_room(s, plan, host, e);
}

static bool make(struct scope *s, const struct room_create *in, struct session *out, struct err *e)
{
    struct room_template t;
    struct session_create plan;
    struct participant host;
    struct room_side side;
    if (!begin_with(s, in, &t, e)) return false;
    const char *name = t.name;
    COPY(room_template, &t, room_create, in);
    SET(&t, room_template, name, name);
    as_session(in, &t, &plan);
    if (!session_schedule(s, &plan, out, &host, e)) return false;
    beside(in, &t, out->id, &side);
    return dial_in_settle(s, out, &side, e) && db_insert(s->db, "rooms", room_side, &side, e);
}

bool room_schedule(struct scope *s, const struct room_create *in, struct session *out, struct err *e)
{
    struct room_create plan = *in;
    struct user host, customer = {0};
    struct participant seat;
    struct scope hosts = *s;
    if (!plan_for(s, &plan, &host, &customer, e)) return false;
    hosts.actor = &host;
    return make(&hosts, &plan, out, e) && (!customer.id || participant_seat(&hosts, out, &customer, participant_role_student, &seat, e));
}

/* ---- changing one */

static void as_session_update(const struct room_update *in, struct session_update *out)
{
    *out = (struct session_update){0};
    COPY(session_update, out, room_update, in);
    if (HAS(in, room_update, name)) SET(out, session_update, title, in->name);
    if (HAS(in, room_update, recording_enabled)) SET(out, session_update, enable_recording, in->recording_enabled);
    if (IS_NULL(in, room_update, description)) out->bits_null |= (uint64_t)1 << session_update_f_description;
    if (IS_NULL(in, room_update, scheduled_start)) out->bits_null |= (uint64_t)1 << session_update_f_scheduled_start;
}

/* A session that was made elsewhere gets its row when something of it is said. */
static bool side_of(struct scope *s, int64_t session_id, struct room_side *out, struct err *e)
{
    enum db_found found = db_one(s->db, SQL_SIDE, room_side, out, s->arena, e, INT_(session_id));
    if (found != DB_NONE) return found == DB_ROW;
    *out = (struct room_side){0};
    SET(out, room_side, session_id, session_id);
    SET(out, room_side, room_type, room_type_group);
    SET(out, room_side, video_codec, video_codec_vp8);
    SET(out, room_side, audio_codec, audio_codec_opus);
    SET(out, room_side, sip_enabled, false);
    return db_insert(s->db, "rooms", room_side, out, e);
}

bool room_change(struct scope *s, struct session *session, const struct room_update *change, struct err *e)
{
    struct session_update plan;
    struct room_side side;
    struct room_update plain = *change;
    plain.bits_null = 0;
    as_session_update(change, &plan);
    if (!side_of(s, session->id, &side, e)) return false;
    COPY(room_side, &side, room_update, &plain);
    return dial_in_settle(s, session, &side, e) && db_update(s->db, "rooms", room_side, &side, e) && dial_in_changed(s, session, e) && session_change(s, session, &plan, e);
}

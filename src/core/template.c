#include "core/template.h"

static const char SQL_BY_ID[] = "SELECT {} FROM room_templates WHERE id = $1";
static const char SQL_DEFAULT[] = "SELECT {} FROM room_templates WHERE room_type = $1 AND is_default = 1";
static const char SQL_LIST[] =
    "SELECT {} FROM room_templates WHERE ($1 = '' OR room_type = $1) AND ($2 < 0 OR is_default = $2) ORDER BY id LIMIT $3 OFFSET $4";
static const char SQL_COUNT[] = "SELECT count(*) FROM room_templates WHERE ($1 = '' OR room_type = $1) AND ($2 < 0 OR is_default = $2)";
static const char SQL_YIELD[] = "UPDATE room_templates SET is_default = 0, updated_at = $3 WHERE room_type = $1 AND is_default = 1 AND id <> $2";
static const char SQL_FORGET[] = "UPDATE rooms SET template_id = NULL WHERE template_id = $1";
static const char SQL_DELETE[] = "DELETE FROM room_templates WHERE id = $1";

/* What `roomd setup` writes down. */
static const struct own { const char *name, *description; int64_t seats; bool waiting_room, allow_guests; } own[] = {
    [room_type_individual] = {"Individual", "One to one: a booking", 2, false, true},
    [room_type_group] = {"Group", "Everybody sees and hears each other", 50, false, true},
    [room_type_webinar] = {"Webinar", "Hosts and invited speakers talk, the others watch", 100, false, true},
    [room_type_broadcast] = {"Broadcast", "Hosts talk, everybody else watches", 100, false, true},
};

static void own_settings(struct scope *s, enum room_type type, struct room_template *t)
{
    const struct config *c = core_config(s->core);
    *t = (struct room_template){.name = own[type].name, .description = own[type].description, .room_type = (int)type, .is_default = true,
                                .max_participants = own[type].seats, .empty_timeout = c->EMPTY_TIMEOUT_SECONDS, .departure_timeout = c->DEPARTURE_TIMEOUT_SECONDS,
                                .video_codec = video_codec_vp8, .audio_codec = audio_codec_opus, .recording_enabled = c->LIVEKIT_DEFAULT_RECORDING_ENABLED != 0,
                                .enable_chat = true, .enable_screenshare = true, .waiting_room = own[type].waiting_room, .allow_guests = own[type].allow_guests,
                                .created_at = s->now, .updated_at = s->now};
    model_all_present(&room_template_model, t);
}

/* A new default takes the place of the old one in the same transaction. */
static bool yield_default(struct scope *s, const struct room_template *t, struct err *e)
{
    return !t->is_default || db_run(s->db, SQL_YIELD, e, TEXT_(room_type_words.words[t->room_type]), INT_(t->id), INT_(s->now));
}

bool template_make(struct scope *s, const struct template_create *in, struct room_template *out, struct err *e)
{
    own_settings(s, (enum room_type)in->room_type, out);
    CLEAR(out, room_template, description);
    COPY(room_template, out, template_create, in);
    return yield_default(s, out, e) && db_insert(s->db, "room_templates", room_template, out, e);
}

bool template_change(struct scope *s, struct room_template *t, const struct template_update *change, struct err *e)
{
    COPY(room_template, t, template_update, change);
    SET(t, room_template, updated_at, s->now);
    return yield_default(s, t, e) && db_update(s->db, "room_templates", room_template, t, e);
}

bool template_delete(struct scope *s, const struct room_template *t, struct err *e)
{
    return db_run(s->db, SQL_FORGET, e, INT_(t->id)) && db_run(s->db, SQL_DELETE, e, INT_(t->id));
}

bool template_find(struct scope *s, int64_t id, struct room_template *out, struct err *e)
{
    enum db_found found = db_one(s->db, SQL_BY_ID, room_template, out, s->arena, e, INT_(id));
    return found == DB_NONE ? err_fail(e, error_template_not_found) : found == DB_ROW;
}

bool template_list(struct scope *s, const struct template_query *q, struct list *out, int64_t *total, struct err *e)
{
    const char *type = HAS(q, template_query, room_type) ? room_type_words.words[q->room_type] : "";
    int standard = HAS(q, template_query, is_default) ? q->is_default : -1;
    return db_all(s->db, SQL_LIST, room_template, out, s->arena, e, TEXT_(type), INT_(standard), INT_(q->limit), INT_(q->offset)) &&
           db_number(s->db, SQL_COUNT, total, e, TEXT_(type), INT_(standard)) == DB_ROW;
}

bool template_for(struct scope *s, enum room_type type, struct room_template *out, struct err *e)
{
    enum db_found found = db_one(s->db, SQL_DEFAULT, room_template, out, s->arena, e, TEXT_(room_type_words.words[type]));
    if (found == DB_NONE) own_settings(s, type, out);
    return found != DB_FAILED;
}

bool template_setup(struct scope *s, int64_t *made, struct err *e)
{
    *made = 0;
    for (int type = 0; type < room_type_count; type++) {
        struct room_template t;
        if (!template_for(s, (enum room_type)type, &t, e)) return false;
        if (t.id) continue;
        if (!db_insert(s->db, "room_templates", room_template, &t, e)) return false;
        ++*made;
    }
    return true;
}

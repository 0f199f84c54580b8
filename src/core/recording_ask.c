#include "core/recording_ask.h"

#define ROW "SELECT r.id, r.uuid, r.session_id, r.status, r.progress, r.error, r.started_at, r.ended_at, r.duration_ms, r.deleted_at, s.room_name, s.teacher_id "
#define OF "FROM recordings r JOIN sessions s ON s.id = r.session_id WHERE r.deleted_at IS NULL "
#define FITTING \
    "AND r.status <> 'failed' AND ($1 = 1 OR s.teacher_id = $2) AND (CAST($3 AS TEXT) IS NULL OR s.room_name = $3 OR (s.room_name > $3 || '~' AND s.room_name < $3 || '~a')) "
#define BOUNDS "AND ($4 = 0 OR r.id < $4) AND r.id > $5 "
static const char SQL_NEWEST[] = ROW OF FITTING BOUNDS "ORDER BY r.id DESC LIMIT $6";
static const char SQL_OLDEST[] = ROW OF FITTING BOUNDS "ORDER BY r.id LIMIT $6";
static const char SQL_COUNT[] = "SELECT count(*) " OF FITTING;
static const char SQL_ROW_OF[] = ROW OF "AND r.uuid = lower($1)";
static const char SQL_NUMBER[] = "SELECT id FROM recordings WHERE uuid = lower($1)";
static const char SQL_ASK[] = "SELECT {} FROM recording_asks WHERE recording_id = $1";

bool recording_ask_note(struct scope *s, struct recording_ask *ask, struct err *e)
{
    return db_insert(s->db, "recording_asks", recording_ask, ask, e);
}

enum db_found recording_ask_of(struct scope *s, int64_t recording_id, struct recording_ask *out, struct err *e)
{
    return db_one(s->db, SQL_ASK, recording_ask, out, s->arena, e, INT_(recording_id));
}

bool recording_window(struct scope *s, bool everybody, const char *room, const struct id_window *w, struct list *out, int64_t *total, struct err *e)
{
    int64_t actor = s->actor->id;
    if (!db_all(s->db, w->oldest ? SQL_OLDEST : SQL_NEWEST, recording_row, out, s->arena, e, INT_(everybody), INT_(actor), TEXT_(room), INT_(w->below), INT_(w->above), INT_(w->limit))) return false;
    if (w->oldest) list_reverse(out, sizeof(struct recording_row));
    return db_number(s->db, SQL_COUNT, total, e, INT_(everybody), INT_(actor), TEXT_(room)) == DB_ROW;
}

enum db_found recording_row_of(struct scope *s, const char *uuid, struct recording_row *out, struct err *e)
{
    return db_one(s->db, SQL_ROW_OF, recording_row, out, s->arena, e, TEXT_(uuid));
}

int64_t recording_number(struct scope *s, const char *uuid)
{
    int64_t id = 0;
    return db_number(s->db, SQL_NUMBER, &id, NULL, TEXT_(uuid)) == DB_ROW ? id : 0;
}

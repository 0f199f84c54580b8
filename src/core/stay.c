#include "core/stay.h"

static const char SQL_SAVE[] =
    "INSERT INTO stays (connection, mic_ms, camera_ms, screen_ms, good_ms, fair_ms, poor_ms) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (connection) DO UPDATE SET "
    "mic_ms = excluded.mic_ms, camera_ms = excluded.camera_ms, screen_ms = excluded.screen_ms, good_ms = excluded.good_ms, fair_ms = excluded.fair_ms, poor_ms = excluded.poor_ms";
static const char SQL_LOAD[] = "SELECT {} FROM stays WHERE connection = $1";
static const char SQL_LIST[] =
    "SELECT c.participant_id, c.connection, c.joined_at, c.left_at, y.token_id, t.role, y.mic_ms, y.camera_ms, y.screen_ms, y.good_ms, y.fair_ms, y.poor_ms "
    "FROM connection_spans c LEFT JOIN stays y ON y.connection = c.connection LEFT JOIN join_tokens t ON t.id = y.token_id "
    "WHERE c.session_id = $1 ORDER BY c.participant_id, c.joined_at, c.id";

bool stay_save(struct scope *s, const char *connection, const struct stay_use *u, struct err *e)
{
    return db_run(s->db, SQL_SAVE, e, TEXT_(connection), INT_(u->track_ms[track_kind_mic]), INT_(u->track_ms[track_kind_camera]), INT_(u->track_ms[track_kind_screen]),
                  INT_(u->quality_ms[call_quality_good]), INT_(u->quality_ms[call_quality_fair]), INT_(u->quality_ms[call_quality_poor]));
}

bool stay_load(struct scope *s, const char *connection, struct stay_use *out, struct err *e)
{
    struct stay row;
    enum db_found found = db_one(s->db, SQL_LOAD, stay, &row, s->arena, e, TEXT_(connection));
    *out = (struct stay_use){0};
    if (found != DB_ROW) return found == DB_NONE;
    *out = (struct stay_use){.track_ms = {[track_kind_mic] = row.mic_ms, [track_kind_camera] = row.camera_ms, [track_kind_screen] = row.screen_ms},
                             .quality_ms = {[call_quality_good] = row.good_ms, [call_quality_fair] = row.fair_ms, [call_quality_poor] = row.poor_ms}};
    return true;
}

bool stay_list(struct scope *s, int64_t session_id, struct list *out, struct err *e)
{
    return db_all(s->db, SQL_LIST, stay_view, out, s->arena, e, INT_(session_id));
}

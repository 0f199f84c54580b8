#include "core/kept.h"
#include "core/consent.h"
#include "core/recording.h"
#include "core/user.h"

#define THEIRS PERSON_SEAT("$1", "$2", "$3")
#define OF_RECORDINGS " FROM recordings r JOIN sessions s ON s.id = r.session_id WHERE r.deleted_at IS NULL AND " RECORDING_TOOK_PART(THEIRS)
#define NEWEST " LIMIT 50"

static const char SQL_TO_HOLD[] = "SELECT count(*) FROM sessions WHERE teacher_id = $1 AND status IN ('scheduled', 'active') AND deleted_at IS NULL";
static const char SQL_STAYS[] = "SELECT count(*) FROM connection_spans c JOIN participants p ON p.id = c.participant_id WHERE " THEIRS;
static const char SQL_CHAT[] = /* lines of who was erased are there, and empty */
    "SELECT count(*) FROM events e JOIN participants p ON p.session_id = e.session_id WHERE e.event_type = 'chat.message' AND e.event_data NOT LIKE '%\"text\":\"\"%' AND " THEIRS " AND " EVENT_OF_SEAT;
static const char SQL_SEATS_TOTAL[] = "SELECT count(*) FROM participants p WHERE " THEIRS;
static const char SQL_RECORDINGS_TOTAL[] = "SELECT count(*)" OF_RECORDINGS;
static const char SQL_RECORDINGS_ALONE[] = "SELECT count(*)" OF_RECORDINGS " AND NOT " RECORDING_HAS_OTHERS(THEIRS);
static const char SQL_RECORDINGS_HELD[] = "SELECT count(*)" OF_RECORDINGS " AND r.kept = 1";
static const char SQL_CONSENTS_TOTAL[] = "SELECT count(*) FROM consents c JOIN participants p ON p.id = c.participant_id WHERE " THEIRS;
static const char SQL_SEATS[] = KEPT_SEATS THEIRS " ORDER BY p.id DESC" NEWEST;
static const char SQL_RECORDINGS[] =
    "SELECT r.id, r.session_id, s.title, r.started_at, CASE WHEN " RECORDING_HAS_OTHERS(THEIRS) " THEN 1 ELSE 0 END, r.kept" OF_RECORDINGS " ORDER BY r.id DESC" NEWEST;
static const char SQL_CONSENTS[] = CONSENT_SHOWN "WHERE " THEIRS " ORDER BY c.id DESC" NEWEST;

struct whose { int64_t user_id; const char *identity, *named; };

#define OF(w) INT_((w)->user_id), TEXT_((w)->identity), TEXT_((w)->named)

static bool count_all(struct scope *s, const struct whose *w, struct person_kept *out, struct err *e)
{
    const struct { const char *sql; int64_t *to; } counts[] = {
        {SQL_STAYS, &out->stays}, {SQL_CHAT, &out->chat_lines}, {SQL_SEATS_TOTAL, &out->seats_total}, {SQL_RECORDINGS_TOTAL, &out->recordings_total},
        {SQL_RECORDINGS_ALONE, &out->recordings_alone}, {SQL_RECORDINGS_HELD, &out->recordings_held}, {SQL_CONSENTS_TOTAL, &out->consents_total}};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        if (db_number(s->db, counts[i].sql, counts[i].to, e, OF(w)) != DB_ROW) return false;
    return db_number(s->db, SQL_TO_HOLD, &out->to_hold, e, INT_(w->user_id)) == DB_ROW;
}

static bool gather(struct scope *s, const struct whose *w, struct person_kept *out, struct err *e)
{
    model_all_present(&person_kept_model, out);
    return count_all(s, w, out, e) && db_all(s->db, SQL_SEATS, kept_seat, &out->seats, s->arena, e, OF(w)) &&
           db_all(s->db, SQL_RECORDINGS, kept_recording, &out->recordings, s->arena, e, OF(w)) && db_all(s->db, SQL_CONSENTS, consent_reply, &out->consents, s->arena, e, OF(w));
}

bool kept_of_user(struct scope *s, int64_t user_id, struct person_kept *out, struct err *e)
{
    struct user user;
    enum db_found found = user_by_id(s, user_id, &user, e);
    if (found != DB_ROW) return found == DB_NONE && err_fail(e, error_user_not_found);
    *out = (struct person_kept){.name = HAS(&user, user, full_name) ? user.full_name : user.email, .known_by = user.email};
    return gather(s, &(struct whose){.user_id = user_id}, out, e);
}

bool kept_of_guest(struct scope *s, const struct guest *guest, struct person_kept *out, struct err *e)
{
    *out = (struct person_kept){.name = guest->shown, .known_by = guest->identity};
    return gather(s, &(struct whose){.identity = guest->identity, .named = guest->named}, out, e);
}

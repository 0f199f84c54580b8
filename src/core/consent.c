#include "core/consent.h"
#include "core/audit.h"
#include "core/recording.h"
#include <string.h>

static const char SQL_LIST[] = CONSENT_SHOWN "WHERE c.session_id = $1 ORDER BY c.id LIMIT $2 OFFSET $3";
static const char SQL_LATEST[] = CONSENT_SHOWN "WHERE c.participant_id = $1 ORDER BY c.id DESC LIMIT 1";
static const char SQL_COUNT[] = "SELECT count(*) FROM consents WHERE session_id = $1";
static const char SQL_WORDING[] = "SELECT id FROM consent_wordings WHERE version = $1";

enum { VERSION = 16, AGENT = 200 };

static bool wording_id(struct scope *s, int64_t *id, struct err *e)
{
    const char *text = core_config(s->core)->CONSENT_WORDING;
    struct consent_wording row = {0};
    char hash[65];
    sha256_hex(text, strlen(text), hash);
    hash[VERSION] = '\0';
    enum db_found found = db_number(s->db, SQL_WORDING, id, e, TEXT_(hash));
    if (found != DB_NONE) return found == DB_ROW;
    SET(&row, consent_wording, version, hash);
    SET(&row, consent_wording, wording, text);
    SET(&row, consent_wording, first_at, s->now);
    if (!db_insert(s->db, "consent_wordings", consent_wording, &row, e)) return false;
    *id = row.id;
    return true;
}

bool consent_note(struct scope *s, const struct participant *p, enum consent_decision decision, enum consent_way way, struct err *e)
{
    struct consent row = {0};
    struct recording r;
    const struct audit_source *from = s->source;
    int64_t wording;
    enum db_found runs = recording_running(s, p->session_id, &r, e);
    if (runs == DB_FAILED || !wording_id(s, &wording, e)) return false;
    SET(&row, consent, session_id, p->session_id);
    SET(&row, consent, participant_id, p->id);
    if (runs == DB_ROW) SET(&row, consent, recording_id, r.id);
    SET(&row, consent, decision, (int)decision);
    SET(&row, consent, way, (int)way);
    SET(&row, consent, wording_id, wording);
    if (from && from->ip) SET(&row, consent, ip, from->ip);
    if (from && from->user_agent) SET(&row, consent, user_agent, audit_plain(s->arena, from->user_agent, AGENT));
    SET(&row, consent, at, s->now);
    return db_insert(s->db, "consents", consent, &row, e);
}

bool consent_list(struct scope *s, int64_t session_id, int64_t skip, int64_t limit, struct list *out, int64_t *total, struct err *e)
{
    return db_all(s->db, SQL_LIST, consent_reply, out, s->arena, e, INT_(session_id), INT_(limit), INT_(skip)) && db_number(s->db, SQL_COUNT, total, e, INT_(session_id)) == DB_ROW;
}

enum db_found consent_latest(struct scope *s, int64_t participant_id, struct consent_reply *out, struct err *e)
{
    return db_one(s->db, SQL_LATEST, consent_reply, out, s->arena, e, INT_(participant_id));
}

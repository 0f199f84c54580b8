/* consent.h - the ledger of consent to be recorded: who said what, when, from where, and to which wording (CONSENT_WORDING). Rows are only
 * added; participants.consented_at is what holds now. */
#pragma once
#include "core/core.h"

bool consent_note(struct scope *s, const struct participant *p, enum consent_decision decision, enum consent_way way, struct err *e); /* from the scope's source */
bool consent_list(struct scope *s, int64_t session_id, int64_t skip, int64_t limit, struct list *out, int64_t *total, struct err *e);  /* of struct consent_reply */
enum db_found consent_latest(struct scope *s, int64_t participant_id, struct consent_reply *out, struct err *e);

/* What a struct consent_reply is read from: c is the entry, p the seat, w the wording. */
#define CONSENT_SHOWN \
    "SELECT c.id, c.session_id, c.participant_id, p.user_id, p.name, c.recording_id, c.decision, c.way, w.version, w.wording, c.ip, c.user_agent, c.at " \
    "FROM consents c JOIN participants p ON p.id = c.participant_id JOIN consent_wordings w ON w.id = c.wording_id "

/* audit.h - which requests the audit log is told of, and how (core/audit.h). dispatch.c calls this, so that no handler can forget it; a handler says
 * at the most what it acted on, where its path and its answer do not show it. */
#pragma once
#include "api/request.h"

void audit_start(void);                                       /* works out from the routes what each acts on; once, after route_start */
enum audited { AUDIT_NEVER, AUDIT_ALWAYS, AUDIT_CHANGES, AUDIT_READS };
enum audited route_audited(const struct route *r);            /* CHANGES: only where something was to change; READS: what it reads is told */

void request_source(struct request *r);                       /* before the handler: who asks, from where, into the request's scope */
bool request_audit(struct request *r, struct err *e);         /* in the transaction at hand, after the handler went well */
void request_audit_later(struct request *r);                  /* in one of its own: what was read */

/* For handlers. */
void request_subject(struct request *r, const char *kind, int64_t id);
void request_seat(struct request *r, int64_t participant_id); /* who acts is in this seat */
/* core_write for handlers of CALL and FAR routes: what the request changes and its row in the audit log are one transaction. `run` gets the request's arena. */
bool request_write(struct request *r, bool (*run)(struct scope *s, void *arg, struct err *e), void *arg, struct err *e);

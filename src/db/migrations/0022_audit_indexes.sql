-- What the audit log is asked by. Every change of somebody writes an entry, so no index is kept at that moment: entries come into these once they are
-- settled, many at a time (core/audit.c). They are listed newest first, so each index ends with the number.
ALTER TABLE audit ADD COLUMN settled INTEGER NOT NULL DEFAULT 0;
CREATE INDEX audit_by_time ON audit (at, id) WHERE settled = 1;
CREATE INDEX audit_by_actor ON audit (actor, id) WHERE settled = 1;
CREATE INDEX audit_by_user ON audit (user_id, id) WHERE settled = 1;
CREATE INDEX audit_by_key ON audit (key_id, id) WHERE settled = 1;
CREATE INDEX audit_by_action ON audit (action, id) WHERE settled = 1;
CREATE INDEX audit_by_subject ON audit (subject, subject_id, id) WHERE settled = 1;

-- What is deleted leaves its row: when, why, by whom. What is kept by an administrator is not deleted.
ALTER TABLE recordings ADD COLUMN kept INTEGER NOT NULL DEFAULT 0;
ALTER TABLE recordings ADD COLUMN kept_reason TEXT;
ALTER TABLE recordings ADD COLUMN deleted_by INTEGER;
ALTER TABLE recordings ADD COLUMN deleted_reason TEXT;
ALTER TABLE recording_files ADD COLUMN deleted_at INTEGER;
CREATE INDEX recordings_aging ON recordings (ended_at) WHERE deleted_at IS NULL;

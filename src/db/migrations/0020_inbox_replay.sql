-- What providers told can be looked at again: what its session's log was told is not told twice.
ALTER TABLE inbox ADD COLUMN told INTEGER NOT NULL DEFAULT 0;
ALTER TABLE inbox ADD COLUMN replayed_at INTEGER;
UPDATE inbox SET told = 1 WHERE state IN ('processed', 'waiting') AND error IS NULL;
CREATE INDEX inbox_set_aside ON inbox (id) WHERE state = 'failed';

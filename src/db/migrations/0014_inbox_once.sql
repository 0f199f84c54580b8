-- What comes in is appended, which touches few pages; that it came before shows when it is looked at: what was looked at is there once.
CREATE TABLE inbox_rows (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  provider TEXT NOT NULL,
  dedupe TEXT NOT NULL,
  event_type TEXT,
  room_name TEXT,
  state TEXT NOT NULL,
  proof TEXT,
  body TEXT NOT NULL,
  encoded INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  error TEXT,
  received_at INTEGER NOT NULL,
  processed_at INTEGER
);
INSERT INTO inbox_rows (provider, dedupe, event_type, room_name, state, proof, body, encoded, attempts, error, received_at, processed_at)
  SELECT provider, dedupe, event_type, room_name, state, proof, body, encoded, attempts, error, received_at, processed_at FROM inbox ORDER BY id;
DROP TABLE inbox;
ALTER TABLE inbox_rows RENAME TO inbox;
CREATE INDEX inbox_received ON inbox (id) WHERE state = 'received';
CREATE INDEX inbox_unverified ON inbox (id) WHERE state = 'unverified';
CREATE UNIQUE INDEX inbox_once ON inbox (provider, dedupe) WHERE state <> 'received';

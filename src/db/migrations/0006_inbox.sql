CREATE TABLE inbox (
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
  processed_at INTEGER,
  UNIQUE (provider, dedupe)
);
CREATE INDEX inbox_received ON inbox (id) WHERE state = 'received';
CREATE INDEX inbox_unverified ON inbox (id) WHERE state = 'unverified';

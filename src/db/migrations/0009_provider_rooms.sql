CREATE TABLE provider_rooms (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  session_id INTEGER UNIQUE REFERENCES sessions(id),
  provider TEXT NOT NULL,
  room_name TEXT NOT NULL,
  url TEXT,
  expires_at INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  closed_at INTEGER
);
CREATE INDEX provider_rooms_unused ON provider_rooms (created_at) WHERE session_id IS NULL;

CREATE TABLE provider_grants (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  participant_id INTEGER NOT NULL UNIQUE REFERENCES participants(id),
  generation INTEGER NOT NULL,
  token TEXT NOT NULL,
  expires_at INTEGER NOT NULL
);

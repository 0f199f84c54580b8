CREATE TABLE absences (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  connection TEXT NOT NULL UNIQUE,
  session_id INTEGER NOT NULL REFERENCES sessions(id),
  since INTEGER NOT NULL,
  told INTEGER NOT NULL,
  reason TEXT
);
CREATE INDEX absences_of_session ON absences (session_id);

CREATE TABLE provider_recordings (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  recording_id INTEGER NOT NULL UNIQUE REFERENCES recordings(id),
  provider TEXT NOT NULL,
  external_id TEXT,
  told INTEGER NOT NULL,
  detail TEXT,
  told_at INTEGER NOT NULL,
  UNIQUE (provider, external_id)
);

CREATE INDEX provider_rooms_open ON provider_rooms (provider, id) WHERE closed_at IS NULL;

CREATE TABLE knocks (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  participant_id INTEGER NOT NULL UNIQUE REFERENCES participants(id),
  session_id INTEGER NOT NULL REFERENCES sessions(id),
  seen_at INTEGER NOT NULL,
  denied INTEGER NOT NULL
);
CREATE INDEX knocks_of_session ON knocks (session_id, seen_at);

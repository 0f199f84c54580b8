CREATE TABLE consent_wordings (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  version TEXT NOT NULL UNIQUE,
  wording TEXT NOT NULL,
  first_at INTEGER NOT NULL
);

CREATE TABLE consents (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  session_id INTEGER NOT NULL REFERENCES sessions(id),
  participant_id INTEGER NOT NULL REFERENCES participants(id),
  recording_id INTEGER REFERENCES recordings(id),
  decision TEXT NOT NULL,
  way TEXT NOT NULL,
  wording_id INTEGER NOT NULL REFERENCES consent_wordings(id),
  ip TEXT,
  user_agent TEXT,
  at INTEGER NOT NULL
);
CREATE INDEX consents_of_session ON consents (session_id, id);
CREATE INDEX consents_of_participant ON consents (participant_id, id);

CREATE TABLE erasures (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  user_id INTEGER NOT NULL UNIQUE REFERENCES users(id),
  pseudonym TEXT NOT NULL,
  media TEXT NOT NULL,
  status TEXT NOT NULL,
  step TEXT NOT NULL,
  reached INTEGER NOT NULL,
  needles TEXT,
  requested_by INTEGER,
  error TEXT,
  rows_changed INTEGER NOT NULL,
  recordings_deleted INTEGER NOT NULL,
  recordings_kept INTEGER NOT NULL,
  requested_at INTEGER NOT NULL,
  finished_at INTEGER
);

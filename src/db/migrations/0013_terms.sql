CREATE TABLE session_terms (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  session_id INTEGER NOT NULL UNIQUE REFERENCES sessions(id),
  is_public INTEGER NOT NULL,
  opens_at INTEGER,
  closes_at INTEGER,
  eject_at_close INTEGER NOT NULL,
  stay_seconds INTEGER,
  one_stay_each INTEGER NOT NULL,
  kept TEXT NOT NULL,
  as_of INTEGER NOT NULL,
  shared TEXT
);
CREATE INDEX session_terms_close ON session_terms (closes_at) WHERE closes_at IS NOT NULL;

CREATE TABLE token_terms (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  token_id INTEGER NOT NULL UNIQUE REFERENCES join_tokens(id),
  eject_at INTEGER,
  stay_seconds INTEGER,
  starts_recording INTEGER NOT NULL
);

CREATE TABLE stay_ends (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  connection TEXT NOT NULL UNIQUE,
  session_id INTEGER NOT NULL REFERENCES sessions(id),
  ends_at INTEGER NOT NULL,
  told_at INTEGER
);
CREATE INDEX stay_ends_due ON stay_ends (ends_at) WHERE told_at IS NULL;

CREATE TABLE recording_asks (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  recording_id INTEGER NOT NULL UNIQUE REFERENCES recordings(id),
  kind TEXT NOT NULL,
  instance TEXT NOT NULL,
  layout TEXT NOT NULL
);

CREATE TABLE api_key_seals (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  api_key_id INTEGER NOT NULL UNIQUE REFERENCES api_keys(id),
  sealed TEXT NOT NULL
);

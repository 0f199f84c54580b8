CREATE TABLE audit (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at INTEGER NOT NULL,
  action TEXT NOT NULL,
  actor TEXT NOT NULL,
  user_id INTEGER,
  key_id INTEGER,
  participant_id INTEGER,
  name TEXT,
  subject TEXT,
  subject_id TEXT,
  ip TEXT,
  user_agent TEXT,
  status INTEGER,
  request_id TEXT
);

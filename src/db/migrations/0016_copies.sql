CREATE TABLE recording_copies (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  recording_id INTEGER NOT NULL REFERENCES recordings(id),
  file_id INTEGER NOT NULL,
  sink TEXT NOT NULL,
  key TEXT NOT NULL,
  status TEXT NOT NULL,
  upload TEXT,
  parts TEXT,
  done_bytes INTEGER NOT NULL,
  url TEXT,
  error TEXT,
  created_at INTEGER NOT NULL,
  stored_at INTEGER,
  UNIQUE (recording_id, sink, key)
);
CREATE INDEX copies_of_file ON recording_copies (file_id);

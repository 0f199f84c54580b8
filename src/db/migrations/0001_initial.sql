CREATE TABLE users (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  email TEXT NOT NULL UNIQUE,
  password_hash TEXT NOT NULL,
  full_name TEXT,
  role TEXT NOT NULL,
  is_active INTEGER NOT NULL,
  is_superuser INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
);

CREATE TABLE api_keys (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL,
  prefix TEXT NOT NULL,
  hash TEXT NOT NULL UNIQUE,
  user_id INTEGER NOT NULL REFERENCES users(id),
  created_at INTEGER NOT NULL,
  revoked_at INTEGER
);

CREATE TABLE sessions (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  uuid TEXT NOT NULL UNIQUE,
  teacher_id INTEGER NOT NULL REFERENCES users(id),
  title TEXT NOT NULL,
  description TEXT,
  status TEXT NOT NULL,
  provider TEXT NOT NULL,
  room_name TEXT NOT NULL UNIQUE,
  room_code TEXT NOT NULL UNIQUE,
  scheduled_start INTEGER,
  duration_minutes INTEGER NOT NULL,
  actual_start INTEGER,
  ended_at INTEGER,
  expires_at INTEGER,
  empty_since INTEGER,
  max_participants INTEGER NOT NULL,
  enable_recording INTEGER NOT NULL,
  enable_chat INTEGER NOT NULL,
  enable_screenshare INTEGER NOT NULL,
  waiting_room INTEGER NOT NULL,
  allow_guests INTEGER NOT NULL,
  locked INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  deleted_at INTEGER
);
CREATE INDEX sessions_expiry ON sessions (expires_at) WHERE expires_at IS NOT NULL AND status IN ('scheduled', 'active');
CREATE INDEX sessions_empty ON sessions (empty_since) WHERE empty_since IS NOT NULL AND status = 'active';

CREATE TABLE participants (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  session_id INTEGER NOT NULL REFERENCES sessions(id),
  user_id INTEGER REFERENCES users(id),
  identity TEXT NOT NULL,
  name TEXT NOT NULL,
  role TEXT NOT NULL,
  connection_status TEXT NOT NULL,
  screenshare INTEGER NOT NULL,
  admitted INTEGER NOT NULL,
  consented_at INTEGER,
  token_generation INTEGER NOT NULL,
  joined_at INTEGER,
  left_at INTEGER,
  created_at INTEGER NOT NULL,
  UNIQUE (session_id, identity)
);
CREATE INDEX participants_of_user ON participants (user_id, session_id);

CREATE TABLE connection_spans (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  connection TEXT NOT NULL UNIQUE,
  session_id INTEGER NOT NULL REFERENCES sessions(id),
  participant_id INTEGER NOT NULL REFERENCES participants(id),
  joined_at INTEGER NOT NULL,
  left_at INTEGER,
  reason TEXT
);
CREATE INDEX spans_of_session ON connection_spans (session_id, participant_id);
CREATE INDEX spans_open ON connection_spans (session_id) WHERE left_at IS NULL;

CREATE TABLE events (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  session_id INTEGER REFERENCES sessions(id),
  user_id INTEGER REFERENCES users(id),
  event_type TEXT NOT NULL,
  event_data TEXT,
  timestamp INTEGER NOT NULL
);
CREATE INDEX events_of_session ON events (session_id, id);

CREATE TABLE recordings (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  uuid TEXT NOT NULL UNIQUE,
  session_id INTEGER NOT NULL REFERENCES sessions(id),
  status TEXT NOT NULL,
  progress INTEGER NOT NULL,
  error TEXT,
  started_at INTEGER NOT NULL,
  ended_at INTEGER,
  duration_ms INTEGER,
  deleted_at INTEGER
);
CREATE INDEX recordings_of_session ON recordings (session_id, id);
CREATE UNIQUE INDEX recordings_running ON recordings (session_id) WHERE status IN ('recording', 'paused');

CREATE TABLE recording_spans (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  recording_id INTEGER NOT NULL REFERENCES recordings(id),
  started_at INTEGER NOT NULL,
  ended_at INTEGER
);
CREATE INDEX spans_of_recording ON recording_spans (recording_id, id);

CREATE TABLE recording_files (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  recording_id INTEGER NOT NULL REFERENCES recordings(id),
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  sink TEXT NOT NULL,
  key TEXT NOT NULL,
  content_type TEXT NOT NULL,
  size_bytes INTEGER NOT NULL,
  sha256 TEXT NOT NULL,
  duration_ms INTEGER NOT NULL,
  UNIQUE (recording_id, key)
);

CREATE TABLE jobs (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL,
  subject_id INTEGER NOT NULL,
  status TEXT NOT NULL,
  due_at INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  lease_until INTEGER,
  error TEXT,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  UNIQUE (kind, subject_id)
);
CREATE INDEX jobs_due ON jobs (due_at) WHERE status IN ('waiting', 'running');

CREATE TABLE facts (
  name TEXT PRIMARY KEY,
  number INTEGER NOT NULL
);

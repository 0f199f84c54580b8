CREATE TABLE room_templates (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL,
  description TEXT,
  room_type TEXT NOT NULL,
  is_default INTEGER NOT NULL,
  max_participants INTEGER NOT NULL,
  empty_timeout INTEGER NOT NULL,
  departure_timeout INTEGER NOT NULL,
  video_codec TEXT NOT NULL,
  audio_codec TEXT NOT NULL,
  recording_enabled INTEGER NOT NULL,
  sip_enabled INTEGER NOT NULL,
  enable_chat INTEGER NOT NULL,
  enable_screenshare INTEGER NOT NULL,
  waiting_room INTEGER NOT NULL,
  allow_guests INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
);
CREATE UNIQUE INDEX room_templates_default ON room_templates (room_type) WHERE is_default = 1;

CREATE TABLE services (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  owner_id INTEGER NOT NULL REFERENCES users(id),
  name TEXT NOT NULL,
  description TEXT,
  delivery_mode TEXT NOT NULL,
  requires_video INTEGER NOT NULL,
  duration_minutes INTEGER NOT NULL,
  max_participants INTEGER NOT NULL,
  is_active INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  deleted_at INTEGER
);

CREATE TABLE bookings (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  service_id INTEGER NOT NULL REFERENCES services(id),
  customer_id INTEGER NOT NULL REFERENCES users(id),
  status TEXT NOT NULL,
  scheduled_start INTEGER,
  duration_minutes INTEGER NOT NULL,
  notes TEXT,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  deleted_at INTEGER
);
CREATE INDEX bookings_of_customer ON bookings (customer_id, id);
CREATE INDEX bookings_of_service ON bookings (service_id, id);

CREATE TABLE service_sessions (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  service_id INTEGER NOT NULL REFERENCES services(id),
  title TEXT NOT NULL,
  delivery_mode TEXT NOT NULL,
  status TEXT NOT NULL,
  scheduled_start INTEGER,
  duration_minutes INTEGER NOT NULL,
  max_participants INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  deleted_at INTEGER
);
CREATE INDEX service_sessions_of_service ON service_sessions (service_id, id);

CREATE TABLE rooms (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  session_id INTEGER NOT NULL UNIQUE REFERENCES sessions(id),
  room_type TEXT NOT NULL,
  template_id INTEGER REFERENCES room_templates(id),
  booking_id INTEGER UNIQUE REFERENCES bookings(id),
  service_session_id INTEGER UNIQUE REFERENCES service_sessions(id),
  empty_timeout INTEGER,
  departure_timeout INTEGER,
  video_codec TEXT NOT NULL,
  audio_codec TEXT NOT NULL,
  sip_enabled INTEGER NOT NULL,
  sip_pin TEXT UNIQUE
);
CREATE INDEX rooms_of_template ON rooms (template_id) WHERE template_id IS NOT NULL;

CREATE TABLE join_tokens (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  session_id INTEGER NOT NULL REFERENCES sessions(id),
  participant_id INTEGER NOT NULL REFERENCES participants(id),
  role TEXT NOT NULL,
  issued_by INTEGER REFERENCES users(id),
  max_uses INTEGER,
  use_count INTEGER NOT NULL,
  last_used_at INTEGER,
  expires_at INTEGER NOT NULL,
  revoked_at INTEGER,
  created_at INTEGER NOT NULL
);
CREATE INDEX join_tokens_of_session ON join_tokens (session_id, id);

CREATE TABLE stays (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  connection TEXT NOT NULL UNIQUE REFERENCES connection_spans(connection),
  token_id INTEGER REFERENCES join_tokens(id),
  mic_ms INTEGER NOT NULL,
  camera_ms INTEGER NOT NULL,
  screen_ms INTEGER NOT NULL,
  good_ms INTEGER NOT NULL,
  fair_ms INTEGER NOT NULL,
  poor_ms INTEGER NOT NULL
);

CREATE TABLE dial_in_rules (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  session_id INTEGER NOT NULL UNIQUE REFERENCES sessions(id),
  provider TEXT NOT NULL,
  room_name TEXT NOT NULL,
  pin TEXT NOT NULL,
  external TEXT,
  created_at INTEGER NOT NULL,
  opened_at INTEGER
);

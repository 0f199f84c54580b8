CREATE TABLE matrix_rooms (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  session_id INTEGER NOT NULL UNIQUE REFERENCES sessions(id),
  room_id TEXT NOT NULL,
  created_at INTEGER NOT NULL
);
CREATE INDEX matrix_rooms_of_room ON matrix_rooms (room_id, session_id);

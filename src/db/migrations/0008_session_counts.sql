CREATE TABLE session_counts (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  user_id INTEGER NOT NULL REFERENCES users(id),
  status TEXT NOT NULL,
  total INTEGER NOT NULL,
  UNIQUE (user_id, status)
);
INSERT INTO session_counts (user_id, status, total)
  SELECT p.user_id, s.status, count(*) FROM participants p JOIN sessions s ON s.id = p.session_id
  WHERE p.user_id IS NOT NULL AND s.deleted_at IS NULL GROUP BY p.user_id, s.status;

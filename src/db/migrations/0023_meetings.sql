-- Meetings were made of all stays whenever somebody asked; from here on they are kept as stays begin and end (core/meeting_keep.c), and so are their totals:
-- of a host in a room, of a host (room ''), in a room (host_id 0), of all.
CREATE INDEX spans_in_order ON connection_spans (session_id, id);
CREATE TABLE meetings (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  first INTEGER NOT NULL UNIQUE REFERENCES connection_spans(id),
  session_id INTEGER NOT NULL REFERENCES sessions(id),
  host_id INTEGER NOT NULL REFERENCES users(id),
  room TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  latest_at INTEGER NOT NULL,
  left_at INTEGER,
  inside INTEGER NOT NULL,
  most INTEGER NOT NULL
);
CREATE INDEX meetings_of_session ON meetings (session_id, first);
CREATE INDEX meetings_of_host ON meetings (host_id, first);
CREATE INDEX meetings_of_room ON meetings (room, first);
CREATE INDEX meetings_by_time ON meetings (started_at);
CREATE INDEX meetings_of_host_by_time ON meetings (host_id, started_at);
CREATE INDEX meetings_of_room_by_time ON meetings (room, started_at);
CREATE INDEX meetings_under_way ON meetings (first) WHERE inside > 0;
CREATE TABLE meeting_counts (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  host_id INTEGER NOT NULL,
  room TEXT NOT NULL,
  total INTEGER NOT NULL,
  UNIQUE (host_id, room)
);
INSERT INTO meetings (first, session_id, host_id, room, started_at, latest_at, left_at, inside, most)
  WITH earlier AS (
    SELECT id, session_id, joined_at, left_at,
      max(coalesce(left_at, 9223372036854775807)) OVER (PARTITION BY session_id ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS until
    FROM connection_spans),
  stays AS (
    SELECT id, session_id, joined_at, left_at, max(CASE WHEN until IS NULL OR until < joined_at THEN id END) OVER (PARTITION BY session_id ORDER BY id) AS first
    FROM earlier)
  SELECT n.first, s.id, s.teacher_id, CASE WHEN s.room_name LIKE '%~' || CAST(s.id AS TEXT) THEN substr(s.room_name, 1, length(s.room_name) - 1 - length(CAST(s.id AS TEXT))) ELSE s.room_name END,
    max(CASE WHEN n.id = n.first THEN n.joined_at END), max(n.joined_at), max(n.left_at), count(*) - count(n.left_at),
    max(1 + (SELECT count(*) FROM connection_spans k WHERE k.session_id = n.session_id AND k.id >= n.first AND k.id < n.id AND (k.left_at IS NULL OR k.left_at > n.joined_at)))
  FROM stays n JOIN sessions s ON s.id = n.session_id GROUP BY n.first, s.id, s.teacher_id, s.room_name ORDER BY n.first;
INSERT INTO meeting_counts (host_id, room, total)
  SELECT host_id, room, count(*) FROM meetings GROUP BY host_id, room UNION ALL SELECT host_id, '', count(*) FROM meetings GROUP BY host_id
  UNION ALL SELECT 0, room, count(*) FROM meetings GROUP BY room UNION ALL SELECT 0, '', count(*) FROM meetings;

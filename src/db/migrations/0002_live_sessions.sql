CREATE TABLE courses (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  uuid TEXT NOT NULL UNIQUE,
  title TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
);

CREATE TABLE people (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  identity TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
);

CREATE TABLE course_sessions (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  session_id INTEGER NOT NULL UNIQUE REFERENCES sessions(id),
  course TEXT,
  instructor TEXT NOT NULL,
  recording_url TEXT,
  recording_seconds INTEGER
);
CREATE INDEX course_sessions_of_course ON course_sessions (course);
CREATE INDEX course_sessions_of_instructor ON course_sessions (instructor);

INSERT INTO facts (name, number) SELECT 'sessions', count(*) FROM sessions WHERE deleted_at IS NULL HAVING count(*) > 0;

CREATE TABLE nodes (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL UNIQUE,
  url TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  seen_at INTEGER NOT NULL
);

CREATE TABLE session_nodes (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  session_id INTEGER NOT NULL UNIQUE REFERENCES sessions(id),
  node_id INTEGER NOT NULL REFERENCES nodes(id),
  since INTEGER NOT NULL
);
CREATE INDEX session_nodes_of_node ON session_nodes (node_id);

ALTER TABLE jobs ADD COLUMN node_id INTEGER;

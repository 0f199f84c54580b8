CREATE TABLE webhook_endpoints (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  uuid TEXT NOT NULL UNIQUE,
  url TEXT NOT NULL,
  description TEXT,
  shape TEXT NOT NULL,
  retry TEXT NOT NULL,
  event_types TEXT,
  session_id INTEGER REFERENCES sessions(id),
  state TEXT NOT NULL,
  reason TEXT,
  secret TEXT NOT NULL,
  old_secret TEXT,
  old_secret_until INTEGER,
  authorization_value TEXT,
  position INTEGER NOT NULL,
  failed_count INTEGER NOT NULL,
  failing_since INTEGER,
  held_until INTEGER,
  last_attempt_at INTEGER,
  last_success_at INTEGER,
  node_id INTEGER,
  lease_until INTEGER,
  user_id INTEGER REFERENCES users(id),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  deleted_at INTEGER
);

CREATE TABLE webhook_deliveries (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  endpoint_id INTEGER NOT NULL REFERENCES webhook_endpoints(id),
  event_id INTEGER,
  session_id INTEGER,
  event_type TEXT NOT NULL,
  message_id TEXT,
  state TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  due_at INTEGER,
  body TEXT,
  status INTEGER,
  answer TEXT,
  error TEXT,
  duration_ms INTEGER,
  first_at INTEGER,
  last_at INTEGER,
  created_at INTEGER NOT NULL,
  UNIQUE (endpoint_id, event_id)
);
CREATE INDEX webhook_deliveries_log ON webhook_deliveries (endpoint_id, id);
CREATE INDEX webhook_deliveries_old ON webhook_deliveries (created_at) WHERE state <> 'waiting';
CREATE INDEX webhook_deliveries_waiting ON webhook_deliveries (endpoint_id, event_id) WHERE state = 'waiting';

CREATE TABLE webhook_attempts (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  delivery_id INTEGER NOT NULL REFERENCES webhook_deliveries(id),
  at INTEGER NOT NULL,
  status INTEGER,
  answer TEXT,
  error TEXT,
  duration_ms INTEGER NOT NULL
);
CREATE INDEX webhook_attempts_delivery ON webhook_attempts (delivery_id);

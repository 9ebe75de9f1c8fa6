CREATE TABLE IF NOT EXISTS ways (
  config_id TEXT PRIMARY KEY, short_id TEXT NOT NULL UNIQUE, data TEXT NOT NULL, robin INTEGER NOT NULL DEFAULT 0,
  create_time INTEGER NOT NULL, serial INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS welcomes (
  welcome_code TEXT PRIMARY KEY, relation_id INTEGER NOT NULL, userid TEXT NOT NULL, external_userid TEXT NOT NULL,
  issued_at REAL NOT NULL, expires_at REAL NOT NULL, sent_at REAL, content TEXT, attempts INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS welcomes_relation ON welcomes (relation_id);
CREATE INDEX IF NOT EXISTS ways_create_time ON ways (create_time);
CREATE TABLE IF NOT EXISTS temp_chats (
  relation_id INTEGER PRIMARY KEY, userid TEXT NOT NULL COLLATE NOCASE, external_userid TEXT NOT NULL,
  config_id TEXT NOT NULL, conclusions TEXT NOT NULL, ends_at REAL NOT NULL, closed_at REAL);
CREATE INDEX IF NOT EXISTS temp_chats_open ON temp_chats (ends_at) WHERE closed_at IS NULL;

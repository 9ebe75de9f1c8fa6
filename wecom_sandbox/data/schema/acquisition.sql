CREATE TABLE IF NOT EXISTS acquisition_links (
  serial INTEGER PRIMARY KEY AUTOINCREMENT, link_id TEXT NOT NULL UNIQUE, app TEXT NOT NULL, data TEXT NOT NULL,
  create_time INTEGER NOT NULL, robin INTEGER NOT NULL DEFAULT 0, unavailable INTEGER NOT NULL DEFAULT 0,
  deleted_at INTEGER);
CREATE TABLE IF NOT EXISTS acquisition_visits (
  id INTEGER PRIMARY KEY AUTOINCREMENT, link_id TEXT NOT NULL, person_id TEXT NOT NULL, state TEXT NOT NULL,
  at REAL NOT NULL);
CREATE INDEX IF NOT EXISTS acquisition_visits_link ON acquisition_visits (link_id, at);
CREATE TABLE IF NOT EXISTS acquisition_customers (
  id INTEGER PRIMARY KEY AUTOINCREMENT, relation_id INTEGER NOT NULL UNIQUE, link_id TEXT NOT NULL,
  userid TEXT NOT NULL COLLATE NOCASE, person_id TEXT NOT NULL, external_userid TEXT NOT NULL, state TEXT NOT NULL,
  added_at REAL, received INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS acquisition_customers_link ON acquisition_customers (link_id, id);
CREATE INDEX IF NOT EXISTS acquisition_customers_pair ON acquisition_customers (userid, external_userid);
CREATE TABLE IF NOT EXISTS acquisition_chat_keys (
  chat_key TEXT PRIMARY KEY, customer_id INTEGER NOT NULL, received INTEGER NOT NULL, expires_at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS acquisition_quotas (
  id INTEGER PRIMARY KEY AUTOINCREMENT, bought INTEGER NOT NULL, balance INTEGER NOT NULL,
  expire_date INTEGER NOT NULL, warned INTEGER NOT NULL DEFAULT 99, lapsed INTEGER NOT NULL DEFAULT 0);

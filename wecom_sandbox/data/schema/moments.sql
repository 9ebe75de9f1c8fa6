CREATE TABLE IF NOT EXISTS moments (
  serial INTEGER PRIMARY KEY AUTOINCREMENT, moment_id TEXT NOT NULL UNIQUE, app TEXT NOT NULL,
  creator TEXT NOT NULL COLLATE NOCASE, create_type INTEGER NOT NULL, visible_type INTEGER NOT NULL,
  content TEXT NOT NULL, create_time INTEGER NOT NULL, ready_at REAL NOT NULL, cancelled_at INTEGER,
  deleted_at INTEGER);
CREATE TABLE IF NOT EXISTS moment_jobs (
  jobid TEXT PRIMARY KEY, app TEXT NOT NULL, moment_id TEXT NOT NULL, created_at REAL NOT NULL, result TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS moment_tasks (
  id INTEGER PRIMARY KEY AUTOINCREMENT, moment_id TEXT NOT NULL, userid TEXT NOT NULL COLLATE NOCASE,
  publish_status INTEGER NOT NULL DEFAULT 0, published_at REAL, UNIQUE (moment_id, userid));
CREATE INDEX IF NOT EXISTS moment_tasks_user ON moment_tasks (userid);
CREATE TABLE IF NOT EXISTS moment_customers (
  id INTEGER PRIMARY KEY AUTOINCREMENT, moment_id TEXT NOT NULL, userid TEXT NOT NULL COLLATE NOCASE,
  external_userid TEXT NOT NULL, shown_at REAL);
CREATE INDEX IF NOT EXISTS moment_customers_moment ON moment_customers (moment_id, userid);
CREATE INDEX IF NOT EXISTS moment_customers_seen ON moment_customers (external_userid, shown_at)
  WHERE shown_at IS NOT NULL;
CREATE TABLE IF NOT EXISTS moment_reactions (
  id INTEGER PRIMARY KEY AUTOINCREMENT, moment_id TEXT NOT NULL, userid TEXT NOT NULL COLLATE NOCASE,
  kind TEXT NOT NULL, by_member TEXT NOT NULL, external_userid TEXT NOT NULL, text TEXT NOT NULL, at INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS moment_reactions_moment ON moment_reactions (moment_id, userid);
CREATE TABLE IF NOT EXISTS moment_strategies (
  strategy_id INTEGER PRIMARY KEY AUTOINCREMENT, app TEXT NOT NULL, parent_id INTEGER NOT NULL,
  strategy_name TEXT NOT NULL, admin_list TEXT NOT NULL, privilege TEXT NOT NULL, create_time INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS moment_strategy_nodes (
  id INTEGER PRIMARY KEY AUTOINCREMENT, strategy_id INTEGER NOT NULL, type INTEGER NOT NULL,
  userid TEXT NOT NULL COLLATE NOCASE DEFAULT '', partyid INTEGER NOT NULL DEFAULT 0,
  UNIQUE (strategy_id, type, userid, partyid));

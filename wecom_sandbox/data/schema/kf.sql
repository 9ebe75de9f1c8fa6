CREATE TABLE IF NOT EXISTS kf_accounts (
  serial INTEGER PRIMARY KEY AUTOINCREMENT, open_kfid TEXT NOT NULL UNIQUE, short_id TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL, picture TEXT NOT NULL, managed INTEGER NOT NULL, deleted_at INTEGER);
CREATE TABLE IF NOT EXISTS kf_servicers (
  id INTEGER PRIMARY KEY AUTOINCREMENT, open_kfid TEXT NOT NULL, userid TEXT NOT NULL DEFAULT '' COLLATE NOCASE,
  department_id INTEGER NOT NULL DEFAULT 0, UNIQUE (open_kfid, userid, department_id));
CREATE TABLE IF NOT EXISTS kf_resting (
  open_kfid TEXT NOT NULL, userid TEXT NOT NULL COLLATE NOCASE, PRIMARY KEY (open_kfid, userid));
CREATE TABLE IF NOT EXISTS kf_sessions (
  id INTEGER PRIMARY KEY AUTOINCREMENT, open_kfid TEXT NOT NULL, external_userid TEXT NOT NULL, person_id TEXT NOT NULL,
  state INTEGER NOT NULL, servicer TEXT NOT NULL DEFAULT '', opened_at REAL NOT NULL, ended_at REAL,
  spoke_at REAL NOT NULL, answers INTEGER NOT NULL DEFAULT 0);
CREATE UNIQUE INDEX IF NOT EXISTS kf_sessions_open ON kf_sessions (open_kfid, external_userid) WHERE ended_at IS NULL;
CREATE TABLE IF NOT EXISTS kf_visits (
  id INTEGER PRIMARY KEY AUTOINCREMENT, open_kfid TEXT NOT NULL, external_userid TEXT NOT NULL, person_id TEXT NOT NULL,
  at REAL NOT NULL, scene TEXT NOT NULL DEFAULT '', scene_param TEXT NOT NULL DEFAULT '', channel TEXT NOT NULL DEFAULT '',
  welcomed INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS kf_visits_person ON kf_visits (external_userid, id);
CREATE TABLE IF NOT EXISTS kf_messages (
  serial INTEGER PRIMARY KEY AUTOINCREMENT, msgid TEXT NOT NULL UNIQUE, open_kfid TEXT NOT NULL,
  external_userid TEXT NOT NULL, session_id INTEGER NOT NULL DEFAULT 0, origin INTEGER NOT NULL,
  servicer TEXT NOT NULL DEFAULT '', msgtype TEXT NOT NULL, content TEXT NOT NULL, at REAL NOT NULL,
  synced INTEGER NOT NULL DEFAULT 1, recalled INTEGER NOT NULL DEFAULT 0, failed INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS kf_messages_talk ON kf_messages (open_kfid, external_userid, serial);
CREATE TABLE IF NOT EXISTS kf_codes (
  code TEXT PRIMARY KEY, open_kfid TEXT NOT NULL, external_userid TEXT NOT NULL, expires_at REAL NOT NULL,
  used INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS kf_tokens (token TEXT PRIMARY KEY, open_kfid TEXT NOT NULL, expires_at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS kf_refusals (
  open_kfid TEXT NOT NULL, external_userid TEXT NOT NULL, by_customer INTEGER NOT NULL, userid TEXT NOT NULL DEFAULT '',
  at REAL NOT NULL, PRIMARY KEY (open_kfid, external_userid, by_customer));
CREATE TABLE IF NOT EXISTS kf_upgrades (
  id INTEGER PRIMARY KEY AUTOINCREMENT, open_kfid TEXT NOT NULL, external_userid TEXT NOT NULL, kind INTEGER NOT NULL,
  target TEXT NOT NULL, wording TEXT NOT NULL, at REAL NOT NULL, taken_at REAL, cancelled_at REAL, servicer TEXT NOT NULL DEFAULT '');

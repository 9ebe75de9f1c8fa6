CREATE TABLE IF NOT EXISTS mass_messages (
  serial INTEGER PRIMARY KEY AUTOINCREMENT, msgid TEXT NOT NULL UNIQUE, app TEXT NOT NULL, chat_type TEXT NOT NULL,
  creator TEXT NOT NULL COLLATE NOCASE, create_type INTEGER NOT NULL, content TEXT NOT NULL,
  allow_select INTEGER NOT NULL, create_time INTEGER NOT NULL, cancelled_at INTEGER);
CREATE TABLE IF NOT EXISTS mass_tasks (
  id INTEGER PRIMARY KEY AUTOINCREMENT, msgid TEXT NOT NULL, userid TEXT NOT NULL COLLATE NOCASE,
  status INTEGER NOT NULL DEFAULT 0, send_time INTEGER, UNIQUE (msgid, userid));
CREATE INDEX IF NOT EXISTS mass_tasks_user ON mass_tasks (userid);
CREATE TABLE IF NOT EXISTS mass_targets (
  id INTEGER PRIMARY KEY AUTOINCREMENT, msgid TEXT NOT NULL, userid TEXT NOT NULL COLLATE NOCASE,
  receiver TEXT NOT NULL, status INTEGER NOT NULL DEFAULT 0, send_time INTEGER);
CREATE INDEX IF NOT EXISTS mass_targets_message ON mass_targets (msgid, userid);
CREATE INDEX IF NOT EXISTS mass_targets_receiver ON mass_targets (receiver, send_time) WHERE status = 1;
CREATE TABLE IF NOT EXISTS mass_reminders (
  id INTEGER PRIMARY KEY AUTOINCREMENT, msgid TEXT NOT NULL, at INTEGER NOT NULL);

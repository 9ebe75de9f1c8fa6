CREATE TABLE IF NOT EXISTS people_changes (person_index INTEGER PRIMARY KEY, data TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS relations (
  id INTEGER PRIMARY KEY AUTOINCREMENT, userid TEXT NOT NULL COLLATE NOCASE, person_id TEXT NOT NULL,
  external_userid TEXT NOT NULL, status TEXT NOT NULL, createtime INTEGER NOT NULL, ended_at INTEGER,
  state TEXT NOT NULL DEFAULT '', add_way INTEGER NOT NULL DEFAULT 0, config_id TEXT NOT NULL DEFAULT '',
  remark TEXT NOT NULL DEFAULT '', description TEXT NOT NULL DEFAULT '', remark_company TEXT NOT NULL DEFAULT '',
  remark_mobiles TEXT NOT NULL DEFAULT '[]', oper_userid TEXT NOT NULL DEFAULT '',
  remark_picture TEXT NOT NULL DEFAULT '', channel TEXT NOT NULL DEFAULT '', channel_source INTEGER NOT NULL DEFAULT 0);
CREATE UNIQUE INDEX IF NOT EXISTS relations_open ON relations (userid, person_id)
  WHERE status IN ('active', 'half');
CREATE INDEX IF NOT EXISTS relations_external ON relations (external_userid);
CREATE INDEX IF NOT EXISTS relations_user ON relations (userid, id);
CREATE TABLE IF NOT EXISTS relation_tags (
  relation_id INTEGER NOT NULL, tag_id TEXT NOT NULL, PRIMARY KEY (relation_id, tag_id));
CREATE INDEX IF NOT EXISTS relation_tags_tag ON relation_tags (tag_id);
CREATE TABLE IF NOT EXISTS transfers (
  id INTEGER PRIMARY KEY AUTOINCREMENT, handover TEXT NOT NULL COLLATE NOCASE, takeover TEXT NOT NULL COLLATE NOCASE,
  person_id TEXT NOT NULL, external_userid TEXT NOT NULL, status INTEGER NOT NULL, resigned INTEGER NOT NULL DEFAULT 0,
  asked_at INTEGER NOT NULL, takeover_time INTEGER NOT NULL DEFAULT 0, message TEXT NOT NULL DEFAULT '');
CREATE INDEX IF NOT EXISTS transfers_person ON transfers (person_id);
CREATE TABLE IF NOT EXISTS tag_groups (
  id TEXT PRIMARY KEY, strategy_id INTEGER NOT NULL DEFAULT 0, name TEXT NOT NULL, ord INTEGER NOT NULL,
  create_time INTEGER NOT NULL, app TEXT NOT NULL, serial INTEGER NOT NULL, UNIQUE (strategy_id, name));
CREATE TABLE IF NOT EXISTS tags (
  id TEXT PRIMARY KEY, group_id TEXT NOT NULL, name TEXT NOT NULL, ord INTEGER NOT NULL,
  create_time INTEGER NOT NULL, app TEXT NOT NULL, serial INTEGER NOT NULL, UNIQUE (group_id, name));
CREATE TABLE IF NOT EXISTS chats (
  id INTEGER PRIMARY KEY AUTOINCREMENT, userid TEXT NOT NULL COLLATE NOCASE, person_id TEXT NOT NULL,
  external_userid TEXT NOT NULL, sender TEXT NOT NULL, at REAL NOT NULL, content TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS chats_pair ON chats (userid, person_id);
CREATE TABLE IF NOT EXISTS deleted_tags (
  id TEXT PRIMARY KEY, group_id TEXT NOT NULL, strategy_id INTEGER NOT NULL, name TEXT NOT NULL,
  ord INTEGER NOT NULL, create_time INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS deleted_tags_group ON deleted_tags (group_id);
CREATE TABLE IF NOT EXISTS customer_strategies (
  id INTEGER PRIMARY KEY AUTOINCREMENT, parent_id INTEGER NOT NULL, name TEXT NOT NULL, admins TEXT NOT NULL,
  privilege TEXT NOT NULL, app TEXT NOT NULL, create_time INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS customer_strategy_ranges (
  id INTEGER PRIMARY KEY AUTOINCREMENT, strategy_id INTEGER NOT NULL, type INTEGER NOT NULL,
  userid TEXT NOT NULL DEFAULT '' COLLATE NOCASE, partyid INTEGER NOT NULL DEFAULT 0,
  UNIQUE (strategy_id, type, userid, partyid));
CREATE TABLE IF NOT EXISTS pending_ids (
  pending_id TEXT PRIMARY KEY, app TEXT NOT NULL, person_id TEXT NOT NULL, made_at REAL NOT NULL);
CREATE INDEX IF NOT EXISTS pending_ids_person ON pending_ids (person_id);
CREATE TABLE IF NOT EXISTS temporary_ids (
  tmp_external_userid TEXT PRIMARY KEY, app TEXT NOT NULL, business_type INTEGER NOT NULL, person_id TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS friend_requests (
  id INTEGER PRIMARY KEY AUTOINCREMENT, userid TEXT NOT NULL COLLATE NOCASE, person_id TEXT NOT NULL,
  add_way INTEGER NOT NULL, words TEXT NOT NULL, at REAL NOT NULL, status TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS friend_requests_person ON friend_requests (person_id);

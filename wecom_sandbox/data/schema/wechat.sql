CREATE TABLE IF NOT EXISTS wechat_tokens (
  token TEXT PRIMARY KEY, appid TEXT NOT NULL, kind TEXT NOT NULL, issued_at REAL NOT NULL, expires_at REAL NOT NULL,
  retired_at REAL, dead INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS wechat_tokens_owner ON wechat_tokens (appid, kind);
CREATE TABLE IF NOT EXISTS wechat_grants (
  token TEXT PRIMARY KEY, refresh_token TEXT NOT NULL, appid TEXT NOT NULL, openid TEXT NOT NULL, person_id TEXT NOT NULL,
  scope TEXT NOT NULL, snapshot INTEGER NOT NULL, expires_at REAL NOT NULL, refresh_expires_at REAL NOT NULL);
CREATE INDEX IF NOT EXISTS wechat_grants_refresh ON wechat_grants (refresh_token);
CREATE TABLE IF NOT EXISTS wechat_codes (
  code TEXT PRIMARY KEY, kind TEXT NOT NULL, appid TEXT NOT NULL, person_id TEXT NOT NULL, data TEXT NOT NULL,
  expires_at REAL NOT NULL, used INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS wechat_counts (name TEXT NOT NULL, period TEXT NOT NULL, used INTEGER NOT NULL, PRIMARY KEY (name, period));
CREATE TABLE IF NOT EXISTS wechat_rids (
  rid TEXT PRIMARY KEY, appid TEXT NOT NULL, at REAL NOT NULL, ms INTEGER NOT NULL, url TEXT NOT NULL, body TEXT NOT NULL,
  response TEXT NOT NULL, ip TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS wechat_followers (
  person_id TEXT PRIMARY KEY, openid TEXT NOT NULL UNIQUE, subscribed INTEGER NOT NULL, serial INTEGER NOT NULL,
  subscribe_time INTEGER NOT NULL, subscribe_scene TEXT NOT NULL, qr_scene INTEGER NOT NULL DEFAULT 0,
  qr_scene_str TEXT NOT NULL DEFAULT '', remark TEXT NOT NULL DEFAULT '', black INTEGER NOT NULL DEFAULT 0,
  mute INTEGER NOT NULL DEFAULT 0, acted_at REAL NOT NULL DEFAULT 0, answers INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS wechat_followers_serial ON wechat_followers (serial);
CREATE TABLE IF NOT EXISTS wechat_tags (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS wechat_taggings (
  tag_id INTEGER NOT NULL, openid TEXT NOT NULL, serial INTEGER PRIMARY KEY AUTOINCREMENT, UNIQUE (tag_id, openid));
CREATE TABLE IF NOT EXISTS wechat_scene_codes (
  ticket TEXT PRIMARY KEY, short_id TEXT NOT NULL UNIQUE, action TEXT NOT NULL, scene_id INTEGER NOT NULL,
  scene_str TEXT NOT NULL, expires_at REAL, created_at REAL NOT NULL);
CREATE INDEX IF NOT EXISTS wechat_scene_codes_action ON wechat_scene_codes (action, scene_id, scene_str);
CREATE TABLE IF NOT EXISTS wechat_templates (
  template_id TEXT PRIMARY KEY, appid TEXT NOT NULL, kind TEXT NOT NULL, title TEXT NOT NULL, short_id TEXT NOT NULL,
  words TEXT NOT NULL, scene TEXT NOT NULL DEFAULT '');
CREATE TABLE IF NOT EXISTS wechat_consents (
  openid TEXT NOT NULL, template_id TEXT NOT NULL, credit INTEGER NOT NULL, PRIMARY KEY (openid, template_id));
CREATE TABLE IF NOT EXISTS wechat_messages (
  id INTEGER PRIMARY KEY AUTOINCREMENT, appid TEXT NOT NULL, openid TEXT NOT NULL, person_id TEXT NOT NULL,
  kind TEXT NOT NULL, at REAL NOT NULL, template_id TEXT NOT NULL DEFAULT '', msgid INTEGER NOT NULL DEFAULT 0,
  client_msg_id TEXT NOT NULL DEFAULT '', status TEXT NOT NULL DEFAULT '', content TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS wechat_messages_person ON wechat_messages (person_id, appid);
CREATE INDEX IF NOT EXISTS wechat_messages_client ON wechat_messages (openid, client_msg_id);
CREATE TABLE IF NOT EXISTS wechat_media (
  media_id TEXT PRIMARY KEY, appid TEXT NOT NULL, kind TEXT NOT NULL, body BLOB NOT NULL, content_type TEXT NOT NULL,
  created_at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS wechat_sessions (
  openid TEXT PRIMARY KEY, session_key TEXT NOT NULL, at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS wechat_links (
  ticket TEXT PRIMARY KEY, kind TEXT NOT NULL, path TEXT NOT NULL, query TEXT NOT NULL, env TEXT NOT NULL,
  create_time INTEGER NOT NULL, expire_time INTEGER NOT NULL, scene TEXT NOT NULL DEFAULT '', permanent INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS wechat_visits (
  id INTEGER PRIMARY KEY AUTOINCREMENT, person_id TEXT NOT NULL, openid TEXT NOT NULL, path TEXT NOT NULL,
  query TEXT NOT NULL, scene INTEGER NOT NULL, ticket TEXT NOT NULL, at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS wechat_payments (
  transaction_id TEXT PRIMARY KEY, openid TEXT NOT NULL, mch_id TEXT NOT NULL, out_trade_no TEXT NOT NULL, at REAL NOT NULL);

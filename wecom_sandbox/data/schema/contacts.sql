CREATE TABLE IF NOT EXISTS departments (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL, name_en TEXT NOT NULL DEFAULT '',
  parentid INTEGER NOT NULL, ord INTEGER NOT NULL);
CREATE UNIQUE INDEX IF NOT EXISTS departments_siblings ON departments (parentid, name);
CREATE TABLE IF NOT EXISTS members (
  userid TEXT PRIMARY KEY COLLATE NOCASE, name TEXT NOT NULL, mobile TEXT, email TEXT,
  status INTEGER NOT NULL, real_name INTEGER NOT NULL DEFAULT 0, can_follow INTEGER NOT NULL DEFAULT 0,
  creator INTEGER NOT NULL DEFAULT 0, main_department INTEGER NOT NULL, data TEXT NOT NULL,
  created_at REAL NOT NULL);
CREATE UNIQUE INDEX IF NOT EXISTS members_mobile ON members (mobile) WHERE mobile IS NOT NULL;
CREATE UNIQUE INDEX IF NOT EXISTS members_email ON members (email COLLATE NOCASE) WHERE email IS NOT NULL;
CREATE TABLE IF NOT EXISTS member_departments (
  userid TEXT NOT NULL COLLATE NOCASE, department_id INTEGER NOT NULL, position INTEGER NOT NULL,
  ord INTEGER NOT NULL, is_leader INTEGER NOT NULL, PRIMARY KEY (userid, department_id));
CREATE INDEX IF NOT EXISTS member_departments_dept ON member_departments (department_id);
CREATE TABLE IF NOT EXISTS member_tags (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, app TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS member_tag_users (
  tag_id INTEGER NOT NULL, userid TEXT NOT NULL COLLATE NOCASE, PRIMARY KEY (tag_id, userid));

"""What changed and what happened, in SQLite: survives a restart, resets in milliseconds."""

import fcntl
import json
import re
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
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
CREATE TABLE IF NOT EXISTS people_changes (person_index INTEGER PRIMARY KEY, data TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS ways (
  config_id TEXT PRIMARY KEY, short_id TEXT NOT NULL UNIQUE, data TEXT NOT NULL, robin INTEGER NOT NULL DEFAULT 0,
  create_time INTEGER NOT NULL, serial INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS relations (
  id INTEGER PRIMARY KEY AUTOINCREMENT, userid TEXT NOT NULL COLLATE NOCASE, person_id TEXT NOT NULL,
  external_userid TEXT NOT NULL, status TEXT NOT NULL, createtime INTEGER NOT NULL, ended_at INTEGER,
  state TEXT NOT NULL DEFAULT '', add_way INTEGER NOT NULL DEFAULT 0, config_id TEXT NOT NULL DEFAULT '',
  remark TEXT NOT NULL DEFAULT '', description TEXT NOT NULL DEFAULT '', remark_company TEXT NOT NULL DEFAULT '',
  remark_mobiles TEXT NOT NULL DEFAULT '[]', oper_userid TEXT NOT NULL DEFAULT '');
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
CREATE TABLE IF NOT EXISTS member_tags (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, app TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS member_tag_users (
  tag_id INTEGER NOT NULL, userid TEXT NOT NULL COLLATE NOCASE, PRIMARY KEY (tag_id, userid));
CREATE TABLE IF NOT EXISTS tag_groups (
  id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, ord INTEGER NOT NULL, create_time INTEGER NOT NULL,
  app TEXT NOT NULL, serial INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS tags (
  id TEXT PRIMARY KEY, group_id TEXT NOT NULL, name TEXT NOT NULL, ord INTEGER NOT NULL,
  create_time INTEGER NOT NULL, app TEXT NOT NULL, serial INTEGER NOT NULL, UNIQUE (group_id, name));
CREATE TABLE IF NOT EXISTS welcomes (
  welcome_code TEXT PRIMARY KEY, relation_id INTEGER NOT NULL, userid TEXT NOT NULL, external_userid TEXT NOT NULL,
  issued_at REAL NOT NULL, expires_at REAL NOT NULL, sent_at REAL, content TEXT, attempts INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS welcomes_relation ON welcomes (relation_id);
CREATE TABLE IF NOT EXISTS callbacks (
  id INTEGER PRIMARY KEY AUTOINCREMENT, app TEXT NOT NULL, event TEXT NOT NULL, change_type TEXT NOT NULL,
  xml TEXT NOT NULL, created_at REAL NOT NULL, status TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS attempts (
  id INTEGER PRIMARY KEY AUTOINCREMENT, callback_id INTEGER NOT NULL, number INTEGER NOT NULL, kind TEXT NOT NULL,
  at REAL NOT NULL, url TEXT NOT NULL, http_status INTEGER, answer TEXT NOT NULL, ms REAL NOT NULL,
  outcome TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS attempts_callback ON attempts (callback_id);
CREATE TABLE IF NOT EXISTS calls (
  id INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, method TEXT NOT NULL, api TEXT NOT NULL, app TEXT NOT NULL,
  query TEXT NOT NULL, body TEXT NOT NULL, errcode INTEGER, ms REAL NOT NULL, ip TEXT NOT NULL, fault TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS calls_api ON calls (api);
CREATE TABLE IF NOT EXISTS messages (
  id INTEGER PRIMARY KEY AUTOINCREMENT, msgid TEXT NOT NULL UNIQUE, agentid INTEGER NOT NULL, msgtype TEXT NOT NULL,
  content TEXT NOT NULL, at REAL NOT NULL, recalled INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS message_recipients (
  message_id INTEGER NOT NULL, userid TEXT NOT NULL COLLATE NOCASE, dropped TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (message_id, userid));
CREATE INDEX IF NOT EXISTS message_recipients_user ON message_recipients (userid);
CREATE TABLE IF NOT EXISTS chats (
  id INTEGER PRIMARY KEY AUTOINCREMENT, userid TEXT NOT NULL COLLATE NOCASE, person_id TEXT NOT NULL,
  external_userid TEXT NOT NULL, sender TEXT NOT NULL, at REAL NOT NULL, content TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS chats_pair ON chats (userid, person_id);
CREATE TABLE IF NOT EXISTS robots (key TEXT PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS robot_messages (
  id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL, at REAL NOT NULL, content TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS media (
  media_id TEXT PRIMARY KEY, kind TEXT NOT NULL, filename TEXT NOT NULL, content_type TEXT NOT NULL,
  size INTEGER NOT NULL, created_at REAL NOT NULL, body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS tokens (
  token TEXT PRIMARY KEY, app TEXT NOT NULL, kind TEXT NOT NULL, issued_at REAL NOT NULL, expires_at REAL NOT NULL,
  dead INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS codes (
  code TEXT PRIMARY KEY, kind TEXT NOT NULL, data TEXT NOT NULL, expires_at REAL NOT NULL,
  used INTEGER NOT NULL DEFAULT 0);
"""
TABLES = tuple(re.findall(r"CREATE TABLE IF NOT EXISTS (\w+)", SCHEMA))

Value = str | int | float | bytes | None


class FolderInUseError(OSError):
    """Another sandbox has the data folder."""


class Store:
    """One SQLite file behind one lock: every request is one transaction.

    Args:
        path: the database file; its folder is made when missing.

    Raises:
        FolderInUseError: another sandbox has it.
        OSError: the folder cannot be written.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._claim = path.with_suffix(".lock").open("w")
        try:
            fcntl.flock(self._claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._claim.close()
            raise FolderInUseError(f"another sandbox uses {path.parent}") from None
        self.lock = threading.RLock()
        self._depth = 0
        self._afterwards: list[Callable[[], None]] = []
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.row_factory = sqlite3.Row
        # WAL without fsync per commit: a killed process loses nothing, only a power cut could.
        self._db.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;" + SCHEMA)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything inside holds the lock and is stored together or not at all; nests."""
        with self.lock:
            if self._depth:
                yield
                return
            self._db.execute("BEGIN")
            self._depth = 1
            afterwards: list[Callable[[], None]] = []
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            else:
                self._db.execute("COMMIT")
                afterwards = self._afterwards
            finally:
                self._depth, self._afterwards = 0, []
            for act in afterwards:
                act()

    def after_commit(self, act: Callable[[], None]) -> None:
        """Do something once the transaction under way is stored; at once when there is none."""
        with self.lock:
            if self._depth:
                self._afterwards.append(act)
                return
        act()

    def rows(self, sql: str, *values: Value) -> list[sqlite3.Row]:
        """All rows of a query."""
        with self.lock:
            return self._db.execute(sql, values).fetchall()

    def row(self, sql: str, *values: Value) -> sqlite3.Row | None:
        """The first row of a query, or None."""
        with self.lock:
            found: sqlite3.Row | None = self._db.execute(sql, values).fetchone()
            return found

    def value(self, sql: str, *values: Value) -> Any:
        """The first column of the first row, or None."""
        row = self.row(sql, *values)
        return None if row is None else row[0]

    def run(self, sql: str, *values: Value) -> int:
        """Execute one write; the number of rows it changed."""
        with self.lock:
            return self._db.execute(sql, values).rowcount

    def insert(self, table: str, **columns: Value) -> int:
        """Insert one row; its rowid."""
        names, marks = ", ".join(columns), ", ".join("?" * len(columns))
        with self.lock:
            done = self._db.execute(
                f"INSERT INTO {table} ({names}) VALUES ({marks})",  # noqa: S608 - names are ours
                tuple(columns.values()),
            )
            return done.lastrowid or 0

    def get_meta(self, key: str, default: Any = None) -> Any:
        """A stored setting (any JSON value)."""
        text = self.value("SELECT value FROM meta WHERE key = ?", key)
        return default if text is None else json.loads(text)

    def set_meta(self, key: str, value: Any) -> None:
        """Store a setting (any JSON value)."""
        self.run("INSERT OR REPLACE INTO meta VALUES (?, ?)", key, json.dumps(value))

    def clear(self) -> None:
        """Empty every table."""
        with self.transaction():
            for table in TABLES:
                self._db.execute(f"DELETE FROM {table}")  # noqa: S608 - names are ours
            # Callback ids are never used twice: a sending under way must not meet a new event.
            self._db.execute("DELETE FROM sqlite_sequence WHERE name != 'callbacks'")

    def close(self) -> None:
        """Write the log back and close the file."""
        with self.lock:
            self._db.close()
            self._claim.close()

"""What changed and what happened, in SQLite: survives a restart, resets in milliseconds."""

import fcntl
import json
import re
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wecom_sandbox.customers.drawn import Drawn


def _schema() -> str:
    """The tables of every area: data/schema/<area>.sql, all ``IF NOT EXISTS``."""
    folder = Path(__file__).with_name("data") / "schema"
    return "".join(path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.sql")))


SCHEMA = _schema()
TABLES = tuple(re.findall(r"CREATE TABLE IF NOT EXISTS (\w+)", SCHEMA))

Value = str | int | float | bytes | None


class FolderInUseError(OSError):
    """Another sandbox has the state file."""


class Store:
    """One SQLite file behind one lock: every request is one transaction.

    Args:
        path: the database file; its folder is made when missing.

    Attributes:
        drawn: relations that need no rows (scale.py); None in a corp without.

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
            raise FolderInUseError(f"another sandbox uses {path}") from None
        self.lock = threading.RLock()
        self.drawn: Drawn | None = None
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

    def tables_with(self, column: str) -> list[str]:
        """The tables that have a column of that name."""
        sql = (
            "SELECT m.name FROM sqlite_master m, pragma_table_info(m.name) c "
            "WHERE m.type = 'table' AND c.name = ?"
        )
        return [str(row["name"]) for row in self.rows(sql, column)]

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

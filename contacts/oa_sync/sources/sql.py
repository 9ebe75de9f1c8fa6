"""Two views of the OA's database, read with the DSN that IT put into the environment."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Any
from urllib.parse import unquote, urlsplit

import psycopg2
from django.conf import settings
from django.utils.translation import gettext as _
from psycopg2 import sql

from scrm.core.exceptions import ExternalFailure, ValidationFailed
from scrm.core.feeds.records import Feed, Record

VIEW = re.compile(r"^\w{1,63}(\.\w{1,63})?$")
STATEMENT_MS = 120_000
CONNECT_SECONDS = 5
ROWS_AT_ONCE = 1_000
MYSQL_PORT = 3306


@dataclass(frozen=True)
class SqlSettings:
    """The view of each role, by role; `schema.view` or `view`."""

    views: dict[str, str]


class SqlFeed(Feed):
    """Reads a view in a read-only transaction; columns are the paths of the mapping."""

    def __init__(self, settings: SqlSettings) -> None:
        self._settings = settings

    def records(self, role: str, *, limit: int | None = None) -> Iterator[Record]:
        """Iterate the rows of a view; raises ValidationFailed and ExternalFailure (see Feed)."""
        view = self._settings.views[role]
        if not VIEW.fullmatch(view):
            raise ValidationFailed(
                _('"%(view)s" is not the name of a view.') % {"view": view[:130]}, code="view_name"
            )
        scheme = urlsplit(settings.OA_SQL_DSN).scheme
        if scheme in {"postgres", "postgresql"}:
            rows = _postgresql(view)
        elif scheme == "mysql":
            rows = _mysql(view)
        else:
            raise ValidationFailed(
                _(
                    "There is no database to read. IT sets SCRM_OA_SQL_DSN to postgres://… or mysql://…"
                ),
                code="dsn_missing",
            )
        for count, row in enumerate(rows, 1):
            yield Record(count + 1, row)
            if count == limit:
                return


def _postgresql(view: str) -> Iterator[dict[str, Any]]:
    statement = sql.SQL("SELECT * FROM {}").format(sql.Identifier(*view.split(".")))
    options = f"-c statement_timeout={STATEMENT_MS} -c default_transaction_read_only=on"
    connection = None
    try:
        connection = psycopg2.connect(
            settings.OA_SQL_DSN, connect_timeout=CONNECT_SECONDS, options=options
        )
        connection.set_session(readonly=True)
        with connection.cursor(name="oa") as cursor:
            cursor.itersize = ROWS_AT_ONCE
            cursor.execute(statement)
            for row in cursor:
                yield {
                    column.name: cell
                    for column, cell in zip(cursor.description or (), row, strict=True)
                }
    except psycopg2.Error as failure:
        raise _failed(view, failure.pgerror or str(failure)) from None
    finally:
        if connection is not None:
            connection.close()


def _mysql(view: str) -> Iterator[dict[str, Any]]:
    try:
        pymysql: Any = import_module("pymysql")
        cursors: Any = import_module("pymysql.cursors")
    except ImportError:
        raise ValidationFailed(
            _(
                "Reading MySQL needs the extra package PyMySQL. IT installs it: pip install -c constraints.txt PyMySQL"
            ),
            code="mysql_missing",
        ) from None
    parts = urlsplit(settings.OA_SQL_DSN)
    quoted = ".".join(f"`{name}`" for name in view.split("."))
    connection = None
    try:
        connection = pymysql.connect(
            host=parts.hostname, port=parts.port or MYSQL_PORT, user=unquote(parts.username or ""),
            password=unquote(parts.password or ""), database=unquote(parts.path.lstrip("/")),
            charset="utf8mb4", connect_timeout=CONNECT_SECONDS, read_timeout=STATEMENT_MS // 1000,
            cursorclass=cursors.SSDictCursor, local_infile=False,
        )  # fmt: skip
        with connection.cursor() as cursor:
            cursor.execute("SET SESSION TRANSACTION READ ONLY")
            # The name was matched against VIEW: letters, digits and underscores.
            cursor.execute(f"SELECT * FROM {quoted}")  # noqa: S608
            yield from iter(cursor.fetchone, None)
    except (pymysql.MySQLError, OSError) as failure:
        raise _failed(view, str(failure)) from None
    finally:
        if connection is not None:
            connection.close()


def _failed(view: str, said: str) -> ExternalFailure:
    """Say what the database said, without the DSN: drivers name host and user, never the password."""
    return ExternalFailure(
        _("The view %(view)s cannot be read. The database says: %(said)s")
        % {"view": view, "said": " ".join(said.split())[:200]},
        code="oa_sql",
    )

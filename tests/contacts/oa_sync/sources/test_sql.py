"""The SQL source: views of a real PostgreSQL, read and never written."""

import sys
from collections.abc import Iterator
from datetime import date
from typing import Any

import psycopg2
import pytest
from django.conf import settings as configured
from django.db import connections

from contacts.oa_sync.sources.mapping import FieldMapping, MappedSource
from contacts.oa_sync.sources.sql import SqlFeed, SqlSettings
from scrm.core.days import day_of
from scrm.core.exceptions import ExternalFailure, ValidationFailed

FEED = SqlFeed(SqlSettings({"departments": "hr.v_departments", "employees": "hr.v_employees"}))
pytestmark = pytest.mark.django_db


@pytest.fixture
def oa_database(settings: Any, db: Any) -> Iterator[Any]:
    """A schema of its own beside ours, written through a connection of its own."""
    known = connections["default"].settings_dict
    dsn = f"postgres://{known['USER']}:{known['PASSWORD']}@{known['HOST']}:{known['PORT']}/{known['NAME']}"
    assert configured.OA_SQL_DSN == ""
    settings.OA_SQL_DSN = dsn
    admin = psycopg2.connect(dsn)
    admin.autocommit = True
    with admin.cursor() as cursor:
        cursor.execute("DROP SCHEMA IF EXISTS hr CASCADE")
        cursor.execute("CREATE SCHEMA hr")
        cursor.execute("CREATE TABLE hr.people (empno text, 姓名 text, since date, active boolean)")
        cursor.execute(
            "INSERT INTO hr.people VALUES ('E1', '李雷', '2026-03-01', true), ('E2', NULL, NULL, false)"
        )
        cursor.execute("CREATE VIEW hr.v_employees AS SELECT * FROM hr.people ORDER BY empno")
        yield cursor
        cursor.execute("DROP SCHEMA hr CASCADE")
    admin.close()


def test_columns_of_a_view_are_records(oa_database: Any) -> None:
    # when
    found = [(r.number, {k: str(v) for k, v in r.data.items()}) for r in FEED.records("employees")]

    # then
    assert found == [
        (2, {"empno": "E1", "姓名": "李雷", "since": "2026-03-01", "active": "True"}),
        (3, {"empno": "E2", "姓名": "None", "since": "None", "active": "False"}),
    ]
    assert len(list(FEED.records("employees", limit=1))) == 1


def test_numbers_and_moments_of_a_view_become_cells(oa_database: Any) -> None:
    # given a job number kept as a number with places, and a day kept as a moment
    oa_database.execute(
        "CREATE VIEW hr.v_departments AS SELECT 1001.00::numeric(10,2) AS no,"
        " '2026-01-31T16:00:00Z'::timestamptz AS since"
    )
    mapping = FieldMapping({"departments": {"code": "no", "name": "since"}})

    # then
    cells = next(MappedSource(FEED, mapping).departments())
    assert cells.text("code") == "1001"
    assert day_of(cells.text("name")) == date(2026, 2, 1)


def test_a_view_that_writes_is_stopped_by_the_database(oa_database: Any) -> None:
    # given a view behind which a function writes
    oa_database.execute(
        "CREATE FUNCTION hr.wipe() RETURNS text LANGUAGE sql AS 'DELETE FROM hr.people RETURNING empno'"
    )
    oa_database.execute("CREATE VIEW hr.v_departments AS SELECT hr.wipe()")

    # then
    with pytest.raises(ExternalFailure, match="read-only transaction"):
        list(FEED.records("departments"))
    oa_database.execute("SELECT count(*) FROM hr.people")
    assert oa_database.fetchone() == (2,)


@pytest.mark.parametrize(
    "view", ["hr.x; DROP TABLE y", 'a"b', "a.b.c", "", "hr.v employees", "(select 1)"]
)
def test_only_a_name_is_a_view(oa_database: Any, view: str) -> None:
    with pytest.raises(ValidationFailed, match="not the name of a view"):
        list(SqlFeed(SqlSettings({"employees": view})).records("employees"))


def test_what_the_database_refuses_is_said(oa_database: Any) -> None:
    with pytest.raises(ExternalFailure, match="does not exist"):
        list(SqlFeed(SqlSettings({"employees": "hr.none"})).records("employees"))


def test_mysql_without_its_package_says_how_it_is_installed(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    settings.OA_SQL_DSN = "mysql://reader:x@127.0.0.1/oa"
    monkeypatch.setitem(sys.modules, "pymysql", None)

    # then
    with pytest.raises(ValidationFailed, match=r"pip install -c constraints\.txt PyMySQL$"):
        list(SqlFeed(SqlSettings({"employees": "oa_people"})).records("employees"))


@pytest.mark.parametrize("dsn", ["", "sqlite:///x", "oracle://x"])
def test_without_a_dsn_it_says_what_to_do(settings: Any, dsn: str) -> None:
    # given
    settings.OA_SQL_DSN = dsn

    # then
    with pytest.raises(ValidationFailed, match="SCRM_OA_SQL_DSN"):
        list(FEED.records("employees"))


def test_a_password_is_not_in_the_words(settings: Any) -> None:
    # given a database that is not there
    settings.OA_SQL_DSN = "postgres://reader:hush-hush@127.0.0.1:9/oa"

    # then
    with pytest.raises(ExternalFailure) as failure:
        list(FEED.records("employees"))
    assert "hush-hush" not in failure.value.message

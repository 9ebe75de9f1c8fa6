"""Bulk writes: COPY to a temporary table, then one INSERT … ON CONFLICT that touches only what changed."""

import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any
from uuid import UUID, uuid4

from django.db import connection, models, transaction

BATCH_ROWS = 5000
# A null character, which PostgreSQL's text cannot hold, goes.
ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\0": None})


@dataclass(frozen=True)
class UpsertCounts:
    """What a bulk write did to the table."""

    inserted: int
    updated: int
    unchanged: int
    # With tell=True: the keys that were written, as text, and whether each is new.
    written: Mapping[tuple[str, ...], bool] = field(default_factory=dict)


def copy_rows(
    cursor: Any, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """COPY rows into a table; values may be None, text, numbers, bytes, times, UUIDs, lists (arrays), dicts (JSON)."""
    names = ", ".join(_quoted(column) for column in columns)
    statement = f"COPY {_quoted(table)} ({names}) FROM STDIN"
    buffer = io.StringIO()
    for count, row in enumerate(rows, start=1):
        buffer.write("\t".join([_spelling(value.__class__)(value) for value in row]))
        buffer.write("\n")
        if count % BATCH_ROWS == 0:
            _send(cursor, statement, buffer)
            buffer = io.StringIO()
    _send(cursor, statement, buffer)


def upsert_by_copy(
    model: type[models.Model],
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    conflict: Sequence[str],
    update: Sequence[str],
    compare: Sequence[str] | None = None,
    newer: str | None = None,
    whole: bool = True,
    tell: bool = False,
) -> UpsertCounts:
    """Insert or update many rows in one statement; rows that would not change are not written.

    columns are database columns in the order of each row and must include every one without a database
    default; conflict is a unique key; update are the columns to overwrite. compare: which columns decide
    whether a row changed (default: update) - name the blind index instead of its ciphertext, which differs
    every time. newer: a time column; rows older than what is stored are left out, and of rows that would not
    change this column alone moves on, so that no late, older read can pass for news. whole=False: the rows
    tell only a part of what that time stands for, so unchanged ones keep it. Of rows with the same key the
    last one counts. tell=True: say which keys were written, for small batches. Ciphertext is bound to the primary key: seal with the id of the row that exists.
    """
    table = model._meta.db_table
    temporary = f"copy_{uuid4().hex}"
    names = ", ".join(_quoted(column) for column in columns)
    keys = ", ".join(_quoted(column) for column in conflict)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f"CREATE TEMP TABLE {_quoted(temporary)} ON COMMIT DROP AS SELECT {names} FROM {_quoted(table)} WITH NO DATA"  # noqa: S608
        )
        cursor.execute(f"ALTER TABLE {_quoted(temporary)} ADD COLUMN copy_order bigserial")
        copy_rows(cursor, temporary, columns, rows)
        distinct = f"SELECT DISTINCT {keys} FROM {_quoted(temporary)}"  # noqa: S608 -- our own names
        cursor.execute(f"SELECT count(*) FROM ({distinct}) AS keys")  # noqa: S608
        wanted = int(cursor.fetchone()[0])
        insert = (
            f"INSERT INTO {_quoted(table)} AS held ({names}) "  # noqa: S608
            f"SELECT DISTINCT ON ({keys}) {names} FROM {_quoted(temporary)} ORDER BY {keys}, copy_order DESC "
            f"{_on_conflict(keys, update, compare, newer)} RETURNING"
        )
        written = _written(cursor, f"{insert} (xmax = 0), {keys}") if tell else {}
        if tell:
            inserted = sum(written.values())
            updated = len(written) - inserted
        else:
            cursor.execute(
                f"WITH written AS ({insert} (xmax = 0) AS is_new) "  # noqa: S608
                "SELECT count(*) FILTER (WHERE is_new), count(*) FILTER (WHERE NOT is_new) FROM written"
            )
            inserted, updated = cursor.fetchone()
        if newer and whole:
            cursor.execute(_confirm(table, temporary, conflict, newer))
        cursor.execute(f"DROP TABLE {_quoted(temporary)}")
    return UpsertCounts(inserted, updated, wanted - inserted - updated, written)


def _written(cursor: Any, statement: str) -> dict[tuple[str, ...], bool]:
    cursor.execute(statement)
    return {tuple(str(part) for part in key): is_new for is_new, *key in cursor.fetchall()}


def _on_conflict(
    keys: str, update: Sequence[str], compare: Sequence[str] | None, newer: str | None
) -> str:
    if not update:
        return f"ON CONFLICT ({keys}) DO NOTHING"
    changes = ", ".join(f"{_quoted(column)} = EXCLUDED.{_quoted(column)}" for column in update)
    compared = compare or update
    held = ", ".join(f"held.{_quoted(column)}" for column in compared)
    given = ", ".join(f"EXCLUDED.{_quoted(column)}" for column in compared)
    condition = f"({held}) IS DISTINCT FROM ({given})"
    if newer:
        column = _quoted(newer)
        condition += f" AND (held.{column} IS NULL OR held.{column} <= EXCLUDED.{column})"
    return f"ON CONFLICT ({keys}) DO UPDATE SET {changes} WHERE {condition}"


def _confirm(table: str, temporary: str, conflict: Sequence[str], newer: str) -> str:
    keys = ", ".join(_quoted(column) for column in conflict)
    same = " AND ".join(f"held.{_quoted(key)} = given.{_quoted(key)}" for key in conflict)
    clock = _quoted(newer)
    return (
        f"UPDATE {_quoted(table)} AS held SET {clock} = given.{clock} "  # noqa: S608 -- our own names
        f"FROM (SELECT DISTINCT ON ({keys}) {keys}, {clock} FROM {_quoted(temporary)} ORDER BY {keys}, copy_order DESC) "
        f"AS given WHERE {same} AND (held.{clock} IS NULL OR held.{clock} < given.{clock})"
    )


def _quoted(name: str) -> str:
    return connection.ops.quote_name(name)


def _send(cursor: Any, statement: str, buffer: io.StringIO) -> None:
    buffer.seek(0)
    # copy_expert is psycopg2's own; Django's wrapper passes it through.
    cursor.copy_expert(statement, buffer)


@cache
def _spelling(kind: type) -> Callable[[Any], str]:
    """Return what writes values of a type in PostgreSQL's COPY text format; asked once a type, not once a value."""
    found = (spell for kinds, spell in SPELLINGS if issubclass(kind, kinds))
    return next(found, _text)


def _null(_value: None) -> str:
    return "\\N"


def _bool(value: bool) -> str:  # noqa: FBT001 -- a value to write, not a switch
    return "t" if value else "f"


def _bytes(value: bytes | memoryview) -> str:
    return "\\\\x" + value.hex()


def _time(value: date) -> str:
    return value.isoformat()


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False).translate(ESCAPES)


def _array(values: Sequence[Any]) -> str:
    return array_text(values).translate(ESCAPES)


def _text(value: Any) -> str:
    return str(value).translate(ESCAPES)


def array_text(values: Sequence[Any]) -> str:
    """Return a list as one array literal: psycopg2's ARRAY[…] is an expression that is parsed element by element."""
    return "{" + ",".join(_elements(values)) + "}"


def _elements(values: Sequence[Any]) -> Iterator[str]:
    for value in values:
        if value is None:
            yield "NULL"
        elif isinstance(value, list | tuple):
            yield "{" + ",".join(_elements(value)) + "}"
        else:
            text = str(value).replace("\\", "\\\\").replace('"', '\\"')
            yield f'"{text}"'


SPELLINGS: tuple[tuple[type | tuple[type, ...], Callable[[Any], str]], ...] = (
    (type(None), _null),
    (bool, _bool),
    ((int, float, Decimal, UUID), str),
    ((bytes, memoryview), _bytes),
    (date, _time),
    (dict, _json),
    ((list, tuple), _array),
)

"""Encrypted columns, found in the models themselves, so that a new table is never forgotten."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import connection, models, transaction

from scrm.core.crypto import DecryptionError, header_of
from scrm.core.fields import EncryptedField

UNREADABLE = "?"


@dataclass(frozen=True)
class SealedTable:
    """A table with encrypted columns."""

    model: type[models.Model]
    fields: tuple[EncryptedField[Any, Any], ...]

    @property
    def label(self) -> str:
        """Return the table's name as the data map calls it."""
        return str(self.model._meta.label)

    @property
    def name(self) -> str:
        """Return the table's quoted name."""
        return connection.ops.quote_name(self.model._meta.db_table)

    @property
    def key(self) -> str:
        """Return the quoted primary key."""
        return quoted(self._pk.column)

    @property
    def key_type(self) -> str:
        """Return the primary key's type in SQL."""
        return str(self._pk.rel_db_type(connection))

    @property
    def _pk(self) -> Any:
        return self.model._meta.pk

    def bound_column(self, field: EncryptedField[Any, Any]) -> str:
        """Return the quoted column whose value binds a field's ciphertext to its row."""
        if not field.bound_to:
            return self.key
        found: Any = self.model._meta.get_field(field.bound_to)
        return quoted(found.column)


def quoted(name: Any) -> str:
    """Return a column's quoted name."""
    return str(connection.ops.quote_name(str(name)))


def sealed_tables() -> list[SealedTable]:
    """Return every table with encrypted columns, by name."""
    found = []
    for model in apps.get_models():
        fields = tuple(f for f in model._meta.concrete_fields if isinstance(f, EncryptedField))
        if fields and model._meta.managed and not model._meta.proxy:
            found.append(SealedTable(model, fields))
    return sorted(found, key=lambda table: table.label)


# A ciphertext begins with a version byte, the length of the key's id, the id itself. One reading of the table for
# all its columns: these are the largest tables there are.
KEY_ID = """
SELECT CASE WHEN length(held.sealed) > 2 AND length(held.sealed) > 2 + get_byte(held.sealed, 1)
            THEN convert_from(substring(held.sealed FROM 3 FOR get_byte(held.sealed, 1)), 'SQL_ASCII')
            ELSE '?' END, count(*)
  FROM {table} CROSS JOIN LATERAL (VALUES {columns}) AS held(sealed) WHERE held.sealed IS NOT NULL GROUP BY 1
"""


def key_uses(table: SealedTable) -> Counter[str]:
    """Return how many ciphertexts of a table are under each key id."""
    found: Counter[str] = Counter()
    columns = ", ".join(f"({quoted(field.column)})" for field in table.fields)
    with transaction.atomic(), connection.cursor() as cursor:
        # Longer than a page may take: at millions of rows a reading takes minutes.
        cursor.execute("SET LOCAL statement_timeout = '600s'")
        cursor.execute(KEY_ID.format(columns=columns, table=table.name))
        for key_id, count in cursor.fetchall():
            found[str(key_id)] += int(count)
    return found


@dataclass(frozen=True)
class Batch:
    """What one step over a table did: rows rewritten, ciphertexts that did not open, the last key looked at."""

    rewritten: int
    unreadable: int
    last: str


def reseal_batch(table: SealedTable, after: str, key_id: str, size: int) -> Batch | None:
    """Put the next rows of a table under the writing key, in the caller's transaction; None where none is left.

    A row that somebody else writes just now is passed over: a later pass finds it.
    """
    rows = list(_stale_rows(table, after, header_of(key_id), size))
    if not rows:
        return None
    changes: list[tuple[Any, list[bytes | None]]] = []
    unreadable = 0
    for row in rows:
        values, failed = _resealed(table, row, header_of(key_id))
        unreadable += failed
        changes.append((row[0], values))
    _write(table, changes)
    return Batch(len(changes), unreadable, str(rows[-1][0]))


def _stale_rows(
    table: SealedTable, after: str, header: bytes, size: int
) -> Iterator[tuple[Any, ...]]:
    columns = [quoted(field.column) for field in table.fields]
    bounds = [table.bound_column(field) for field in table.fields]
    stale = " OR ".join(f"substring({c} FROM 1 FOR {len(header)}) <> %s" for c in columns)
    beyond = f"{table.key} > %s::{table.key_type} AND" if after else ""
    sql = (
        f"SELECT {', '.join([table.key, *columns, *bounds])} FROM {table.name} "  # noqa: S608 -- names of our own models
        f"WHERE {beyond} ({stale}) ORDER BY {table.key} LIMIT %s FOR NO KEY UPDATE SKIP LOCKED"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [*([after] if after else []), *([header] * len(columns)), size])
        yield from cursor.fetchall()


def _resealed(
    table: SealedTable, row: Sequence[Any], header: bytes
) -> tuple[list[bytes | None], int]:
    count = len(table.fields)
    values: list[bytes | None] = []
    unreadable = 0
    for field, sealed, bound in zip(
        table.fields, row[1 : 1 + count], row[1 + count :], strict=True
    ):
        if sealed is None or bytes(sealed).startswith(header):
            values.append(None)
            continue
        try:
            values.append(bytes(field.reseal(bound, bytes(sealed))))
        except DecryptionError:
            values.append(None)
            unreadable += 1
    return values, unreadable


def _write(table: SealedTable, changes: Sequence[tuple[Any, Sequence[bytes | None]]]) -> None:
    names = [quoted(field.column) for field in table.fields]
    given = [f"v{number}" for number in range(len(names))]
    sets = ", ".join(
        f"{name} = coalesce(v.{value}, t.{name})" for name, value in zip(names, given, strict=True)
    )
    sources = ", ".join([f"%s::text[]::{table.key_type}[]", *(["%s::bytea[]"] * len(names))])
    sql = (
        f"UPDATE {table.name} t SET {sets} "  # noqa: S608 -- names of our own models
        f"FROM unnest({sources}) AS v(pk, {', '.join(given)}) WHERE t.{table.key} = v.pk"
    )
    columns = [list(column) for column in zip(*(values for _pk, values in changes), strict=True)]
    with connection.cursor() as cursor:
        # Rows of the audit let nothing else change them (migration customers.0012).
        cursor.execute("SET LOCAL scrm.rekey = 'on'")
        cursor.execute(sql, [[str(pk) for pk, _values in changes], *columns])
        cursor.execute("SET LOCAL scrm.rekey = 'off'")

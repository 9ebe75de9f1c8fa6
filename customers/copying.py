"""Writes whole model rows by COPY and one upsert; encrypted fields are sealed for their own row."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection, models

from customers.results import CREATED, UNCHANGED, UPDATED
from scrm.core.copy import UpsertCounts, copy_rows, upsert_by_copy
from scrm.core.ids import uuid7


def rows_upsert(model: type[models.Model], rows: Sequence[models.Model]) -> UpsertCounts:
    """Insert or update rows by primary key, in one statement. The caller passes only rows that changed."""
    if not rows:
        return UpsertCounts(0, 0, 0)
    key = str(model._meta.pk.column)
    columns, values = _whole(model, rows)
    return upsert_by_copy(
        model,
        columns,
        values,
        conflict=(key,),
        update=[column for column in columns if column != key],
    )


def rows_copy(model: type[models.Model], rows: Sequence[models.Model]) -> None:
    """COPY whole new rows straight into the table; the caller holds the lock that keeps others from making them."""
    if rows:
        rows_insert(model, *_whole(model, rows))


def _whole(
    model: type[models.Model], rows: Sequence[models.Model]
) -> tuple[list[str], list[list[Any]]]:
    fields = model._meta.concrete_fields
    columns = [str(field.column) for field in fields]
    values = [[_plain(field.pre_save(row, row._state.adding)) for field in fields] for row in rows]
    return columns, values


def rows_insert(
    model: type[models.Model], columns: Sequence[str], rows: Sequence[Sequence[Any]]
) -> None:
    """COPY new rows straight into the table; the caller knows that none of them is there."""
    if rows:
        with connection.cursor() as cursor:
            copy_rows(cursor, model._meta.db_table, columns, rows)


def states_upsert(
    model: type[models.Model],
    rows: Sequence[Mapping[str, Any]],
    *,
    key: Sequence[str],
    newer: str,
) -> list[str]:
    """Store what things were at the time `newer`; return for each row what became of it.

    rows are columns by name, all with the same names and without `id`, one row a key (of text). A state
    older than the stored one changes nothing; a newer one that says the same moves the time alone.
    """
    if not rows:
        return []
    columns = list(rows[0])
    found = upsert_by_copy(
        model,
        ["id", *columns],
        [[uuid7(), *(row[column] for column in columns)] for row in rows],
        conflict=key,
        update=[column for column in columns if column not in key],
        compare=[column for column in columns if column not in key and column != newer],
        newer=newer,
        tell=True,
    )
    return [_outcome(found, tuple(str(row[name]) for name in key)) for row in rows]


def _outcome(found: UpsertCounts, key: tuple[str, ...]) -> str:
    if key not in found.written:
        return UNCHANGED
    return CREATED if found.written[key] else UPDATED


def lock(what: str) -> None:
    """Let one batch of a kind at a time in: two that bring the same new row would collide."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 7))", [what])


def _plain(value: Any) -> Any:
    """Return a value as COPY takes it: bytes inside an array in PostgreSQL's hex spelling."""
    if isinstance(value, list):
        return [
            f"\\x{bytes(each).hex()}" if isinstance(each, bytes | memoryview) else each
            for each in value
        ]
    return value

"""Writes whole model rows by COPY and one upsert; encrypted fields are sealed for their own row."""

from collections.abc import Sequence
from typing import Any

from django.db import models

from scrm.core.copy import UpsertCounts, upsert_by_copy


def rows_upsert(model: type[models.Model], rows: Sequence[models.Model]) -> UpsertCounts:
    """Insert or update rows by primary key, in one statement. The caller passes only rows that changed."""
    if not rows:
        return UpsertCounts(0, 0, 0)
    fields = model._meta.concrete_fields
    key = str(model._meta.pk.column)
    columns = [str(field.column) for field in fields]
    values = [[_plain(field.pre_save(row, row._state.adding)) for field in fields] for row in rows]
    return upsert_by_copy(
        model,
        columns,
        values,
        conflict=(key,),
        update=[column for column in columns if column != key],
    )


def _plain(value: Any) -> Any:
    """Return a value as COPY takes it: bytes inside an array in PostgreSQL's hex spelling."""
    if isinstance(value, list):
        return [
            f"\\x{bytes(each).hex()}" if isinstance(each, bytes | memoryview) else each
            for each in value
        ]
    return value

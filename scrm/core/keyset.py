"""Pages by key, never by OFFSET: page 5,000 costs what page 1 costs."""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import reduce
from operator import or_
from typing import Any, Generic, TypeVar

import orjson
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db import models
from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext as _

from scrm.core.exceptions import ValidationFailed

M = TypeVar("M", bound=models.Model)
MAX_SIZE = 500


@dataclass(frozen=True)
class KeysetPage(Generic[M]):
    """One page: its rows, and the token of the next page or None."""

    rows: list[M]
    next: str | None


@dataclass(frozen=True)
class _Column:
    name: str
    descending: bool
    field: Any
    nullable: bool


def paginate(
    queryset: QuerySet[M], *, order: Sequence[str], after: str | None, size: int
) -> KeysetPage[M]:
    """Return the page of at most `size` rows behind the token `after` (None: the first page).

    order names columns as in order_by (`-created_at`, `member__name`, annotations); the primary key is added
    where it is missing, so that no row is shown twice or lost. Raises ValidationFailed for a foreign token.
    """
    size = max(1, min(size, MAX_SIZE))
    columns = _columns(queryset, order)
    queryset = queryset.order_by(*(_expression(column) for column in columns))
    if after:
        queryset = queryset.filter(_behind(columns, _decode(after, columns)))
    rows = list(queryset[: size + 1])
    more = len(rows) > size
    rows = rows[:size]
    return KeysetPage(rows=rows, next=_encode(rows[-1], columns) if more else None)


def _columns(queryset: QuerySet[Any], order: Sequence[str]) -> list[_Column]:
    names = [name.lstrip("-") for name in order]
    pk = queryset.model._meta.pk.name
    whole = (
        list(order)
        if {pk, "pk"} & set(names)
        else [*order, "-pk" if order and order[-1].startswith("-") else "pk"]
    )
    columns = []
    for entry in whole:
        name = entry.lstrip("-")
        field = (
            queryset.query.annotations[name].output_field
            if name in queryset.query.annotations
            else None
        )
        nullable = True
        if field is None:
            field, nullable = _model_field(queryset.model, name)
        columns.append(
            _Column(name=name, descending=entry.startswith("-"), field=field, nullable=nullable)
        )
    return columns


def _model_field(model: type[models.Model], path: str) -> tuple[Any, bool]:
    nullable = False
    *relations, last = path.split("__")
    for relation in relations:
        step = model._meta.get_field(relation)
        nullable = nullable or bool(getattr(step, "null", False))
        model = step.related_model  # type: ignore[assignment]
    field = model._meta.pk if last == "pk" else model._meta.get_field(last)
    if field is None:
        raise FieldDoesNotExist(path)
    return field, nullable or bool(getattr(field, "null", False))


def _expression(column: _Column) -> Any:
    # PostgreSQL's own places for NULL, so that plain indexes serve: last ascending, first descending.
    return F(column.name).desc() if column.descending else F(column.name).asc()


def _step(column: _Column, value: Any) -> Q | None:
    """Return what lies strictly behind `value` in one column, None when nothing does."""
    if column.descending:
        return (
            Q(**{f"{column.name}__isnull": False})
            if value is None
            else Q(**{f"{column.name}__lt": value})
        )
    if value is None:
        return None
    behind = Q(**{f"{column.name}__gt": value})
    return behind | Q(**{f"{column.name}__isnull": True}) if column.nullable else behind


def _behind(columns: list[_Column], values: list[Any]) -> Q:
    branches: list[Q] = []
    same = Q()
    for column, value in zip(columns, values, strict=True):
        step = _step(column, value)
        if step is not None:
            branches.append(same & step)
        same &= (
            Q(**{f"{column.name}__isnull": True}) if value is None else Q(**{column.name: value})
        )
    whole = reduce(or_, branches)
    first, value = columns[0], values[0]
    if not first.nullable and len(columns) > 1:
        # Redundant, but it is what lets the planner start in the middle of the index.
        whole &= Q(**{f"{first.name}__{'lte' if first.descending else 'gte'}": value})
    return whole


def _value(row: models.Model, name: str) -> Any:
    value: Any = row
    for part in name.split("__"):
        value = None if value is None else getattr(value, part)
    return value


def _plain(value: Any) -> str | None:
    if value is None:
        return None
    return value.isoformat() if isinstance(value, datetime | date) else str(value)


def _encode(row: models.Model, columns: list[_Column]) -> str:
    raw = orjson.dumps([_plain(_value(row, column.name)) for column in columns])
    return base64.urlsafe_b64encode(raw).decode("ascii").rstrip("=")


def _decode(token: str, columns: list[_Column]) -> list[Any]:
    try:
        raw = orjson.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        if not isinstance(raw, list) or len(raw) != len(columns):
            raise ValueError("wrong number of columns")
        values = []
        for text, column in zip(raw, columns, strict=True):
            if text is not None and not isinstance(text, str):
                raise ValueError("not text")
            if text is None and not column.nullable:
                raise ValueError("no value")
            values.append(None if text is None else column.field.to_python(text))
    except (ValueError, TypeError, binascii.Error, ValidationError, OverflowError):
        raise ValidationFailed(
            _("This page address is not valid any more. Start again from the first page."),
            code="page_unknown",
        ) from None
    return values

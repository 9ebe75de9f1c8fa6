"""Takes a person out of a row and leaves the row: what it counts in stays exact."""

import os
import secrets
from collections.abc import Callable, Mapping
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import QuerySet

from customers.privacy.tracing import Traced
from scrm.core.crypto import blind_indexes
from scrm.core.erased import ERASED_PREFIX, PHONE
from scrm.core.fields import EncryptedField
from scrm.core.holdings import Subject

# Columns whose values tell rows apart: a random name takes the place of the old one, the same in every table.
IDENTIFIERS = frozenset(
    {
        "external_userid",
        "first_visitor",
        "member_no",
        "openid",
        "unionid",
        "userid",
        "value",
        "visitor",
        "visitor_id",
    }
)


class Masks:
    """Random names in place of a person's, kept nowhere: the same name always becomes the same one."""

    def __init__(self, subject: Subject) -> None:
        self._made: dict[Any, Any] = {}
        for phone in subject.phones:
            for index in blind_indexes("phone", phone):
                mask = self._made[index] = os.urandom(32)
                self._made[index.hex()] = mask.hex()
        for kind, value in subject.names:
            if kind != PHONE:
                self.name(value)

    def name(self, value: str) -> str:
        """Return what takes the place of a name."""
        if not value or value.startswith(ERASED_PREFIX):
            return value
        if value not in self._made:
            self._made[value] = ERASED_PREFIX + secrets.token_hex(10)
        return str(self._made[value])

    def index(self, value: bytes) -> bytes:
        """Return what takes the place of a keyed hash."""
        if value not in self._made:
            self._made[value] = os.urandom(len(value))
        return bytes(self._made[value])

    def texts(self) -> Mapping[str, str]:
        """Return the names that were replaced so far."""
        return {
            old: new
            for old, new in self._made.items()
            if isinstance(old, str) and new.startswith(ERASED_PREFIX)
        }


def table_empty(table: Traced, rows: QuerySet[Any], masks: Masks) -> int:
    """Empty the personal fields of a person's rows in one table, row by row; returns how many rows."""
    named = (table.model._meta.get_field(name) for name in table.personal)
    # A foreign key leads to a record, and the record is emptied itself.
    fields = [field for field in named if not field.is_relation]
    if not fields:
        return 0
    key = str(table.model._meta.pk.attname)
    count = 0
    for row in rows.order_by("pk"):
        changes = {field.name: emptied(field, row, masks) for field in fields}
        count += table.model._default_manager.filter(**{key: getattr(row, key)}).update(**changes)
    return count


def emptied(field: Any, row: models.Model, masks: Masks, *, random: bool = True) -> Any:
    """Return what a personal field holds afterwards; without `random` nothing takes the place of a name."""
    value = row.__dict__.get(field.attname)
    if value is None:
        return None
    if isinstance(field, EncryptedField):
        return _sealed(field, row)
    if isinstance(field, models.BinaryField) and (random or not field.null):
        return masks.index(bytes(value))
    if random and isinstance(field, models.CharField) and field.name in IDENTIFIERS:
        return masks.name(value)[: field.max_length]
    return _plain(field)


def _sealed(field: EncryptedField[Any, Any], row: models.Model) -> Any:
    if field.null:
        return None
    empty = field.get_default() if field.has_default() else ""
    return field.seal(row.pk, _called(empty))


def _plain(field: Any) -> Any:
    if field.null:
        return None
    if isinstance(field, ArrayField):
        return []
    if field.has_default():
        return _called(field.get_default())
    if isinstance(field, models.CharField | models.TextField):
        return ""
    raise TypeError(f"{field} cannot be emptied: give it a default, or let its rows be deleted")


def _called(value: Any | Callable[[], Any]) -> Any:
    return value() if callable(value) else value

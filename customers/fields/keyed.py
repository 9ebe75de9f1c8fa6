"""Search indexes of sealed values of custom fields."""

from typing import Any

from customers.fields.models import FieldValue
from customers.fields.values import value_index
from scrm.core.keys.keyed import Keyed


def _value(row: FieldValue) -> dict[str, Any]:
    if row.sealed is None:
        return {}
    return {"value_index": value_index(row.field, row.sealed)}


VALUE = Keyed(FieldValue, ("value_index",), _value)

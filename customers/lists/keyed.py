"""The keyed hashes among the search entries, beside the keys that are none."""

from collections.abc import Iterable
from typing import Any

from customers.lists.keys import last_four_key, remark_keys
from customers.lists.models import ContactSearch, RelationSearch
from scrm.core.keys.keyed import Keyed

HASHED = "#"


def _with(keys: Iterable[str], hashes: Iterable[str]) -> dict[str, Any]:
    plain = {key for key in keys if not key.startswith(HASHED)}
    return {"keys": sorted(plain | set(hashes))}


def _contact(row: ContactSearch) -> dict[str, Any]:
    phone = row.contact.phone
    return _with(row.keys, [last_four_key(phone[-4:])] if phone else [])


def _relation(row: RelationSearch) -> dict[str, Any]:
    return _with(row.keys, remark_keys(row.relation.remark, row.relation.remark_phones))


CONTACT = Keyed(ContactSearch, ("keys",), _contact)
RELATION = Keyed(RelationSearch, ("keys",), _relation)

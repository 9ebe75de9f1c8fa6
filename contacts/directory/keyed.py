"""Search indexes of employees and of what we wrote about accounts."""

from typing import Any

from contacts.directory.models import Employee, MemberWritten
from scrm.core.crypto import blind_index
from scrm.core.keys.keyed import Keyed


def phone_index(row: Any) -> dict[str, Any]:
    """Return the index of a row's phone."""
    return {"phone_index": blind_index("phone", row.phone) if row.phone else None}


# Compared with each other: both change in one transaction each.
EMPLOYEE = Keyed(Employee, ("phone_index",), phone_index, at_once=True)
WRITTEN = Keyed(MemberWritten, ("phone_index",), phone_index, at_once=True)

"""Search indexes and digests of CRM members."""

from collections.abc import Iterator
from typing import Any

from customers.crm.members import digest_of, phone_index, phone_last4
from customers.crm.models import CrmMember
from scrm.core.keys.keyed import Keyed


def _member(row: CrmMember) -> dict[str, Any]:
    return {
        "phone_index": phone_index(row.phone),
        "phone_last4": phone_last4(row.phone),
        "digest": digest_of(row),
    }


def _phones(row: CrmMember) -> Iterator[tuple[str, str]]:
    if row.phone:
        yield "phone", row.phone


MEMBER = Keyed(CrmMember, ("phone_index", "phone_last4", "digest"), _member, sources=_phones)

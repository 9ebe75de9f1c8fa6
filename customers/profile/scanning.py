"""What a member code that was scanned in store leads to, as far as whoever scanned it may know."""

import re
from dataclasses import dataclass
from enum import StrEnum

from django.conf import settings
from django.utils import timezone

from contacts.org.models import OrgUnit
from contacts.org.selectors import stores_visible_to
from customers.crm.models import CrmMember
from customers.oneid.models import PersonLink
from customers.relations.models import ExternalContact
from customers.relations.selectors import contacts_visible_to
from scrm.core.scope import Scope

MOST_CHARACTERS = 500


class Outcome(StrEnum):
    """How a scan ends."""

    CUSTOMER = "customer"
    """A customer the scope sees: the profile opens."""
    MEMBER = "member"
    """A member of a store in scope whom nobody in scope follows yet."""
    ELSEWHERE = "elsewhere"
    """A member of another store: that, and which one, is all that is told."""
    UNKNOWN = "unknown"
    """No member has this number."""
    EXPIRED = "expired"
    """A code that shows for minutes only was shown too long ago."""
    UNREADABLE = "unreadable"
    """Not a member code."""


@dataclass(frozen=True)
class Scanned:
    """How it ended; what is not told is empty."""

    outcome: Outcome
    contact: ExternalContact | None = None
    member_no: str = ""
    level: str = ""
    store: str = ""


def scanned(scope: Scope, text: str) -> Scanned:
    """Return what a scanned text means to this scope; a fixed number of queries.

    The format is a setting (SCRM_MEMBER_CODE): a pattern with the group `member_no`, and `until` (Unix seconds)
    for codes that change.
    """
    found = re.search(settings.MEMBER_CODE, text.strip()[:MOST_CHARACTERS])
    if found is None:
        return Scanned(Outcome.UNREADABLE)
    parts = found.groupdict()
    until = parts.get("until")
    if until and int(until) < timezone.now().timestamp():
        return Scanned(Outcome.EXPIRED)
    member = CrmMember.objects.filter(member_no=parts["member_no"]).first()
    if member is None:
        return Scanned(Outcome.UNKNOWN, member_no=parts["member_no"])
    contact = _contact_of(scope, member)
    if contact is not None:
        return Scanned(Outcome.CUSTOMER, contact=contact, member_no=member.member_no)
    stores = OrgUnit.objects.filter(kind=OrgUnit.Kind.STORE, code=member.store_code)
    name = stores.values_list("name", flat=True).first() or ""
    mine = stores_visible_to(scope).filter(code=member.store_code)
    if member.store_code and (scope.everything or mine.exists()):
        return Scanned(Outcome.MEMBER, None, member.member_no, member.level, name)
    return Scanned(Outcome.ELSEWHERE, member_no=member.member_no, store=name)


def _contact_of(scope: Scope, member: CrmMember) -> ExternalContact | None:
    """Return the newest customer in scope who is one person with a member."""
    people = PersonLink.objects.filter(record_id=member.pk).values("person")
    records = PersonLink.objects.filter(person__in=people).values("record_id")
    mine = contacts_visible_to(scope).filter(pk__in=records)
    return mine.order_by("-created_at", "-pk").first()

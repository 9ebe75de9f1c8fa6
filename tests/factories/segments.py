"""Persons with their records, for segments and rules."""

from decimal import Decimal
from typing import Any

from customers.crm.models import CrmMember, Order
from customers.oneid.models import Person, PersonLink
from customers.relations.models import ExternalContact
from customers.segments.models import Segment, TagRule
from tests.factories.customers import CrmMemberFactory, OrderFactory


def person_of(*records: ExternalContact | CrmMember) -> Person:
    """Return the person whose records these are, as OneID would have it."""
    person = Person.objects.create()
    PersonLink.objects.bulk_create(
        PersonLink(
            record_kind="member" if isinstance(record, CrmMember) else "contact",
            record_id=record.pk,
            person=person,
        )
        for record in records
    )
    return person


def buyer(amount: str = "100.00", **order: Any) -> tuple[CrmMember, Order]:
    """Return a member who bought once."""
    member = CrmMemberFactory(**order.pop("of", {}))
    bought = OrderFactory(
        member=member, member_no=member.member_no, amount=Decimal(amount), **order
    )
    return member, bought


def leaf(fact: str, op: str, value: Any, **more: Any) -> dict[str, Any]:
    """Return one question as JSON."""
    return {"fact": fact, "op": op, "value": value, **more}


def every(*items: Any) -> dict[str, Any]:
    """Return a condition all of whose items hold."""
    return {"join": "all", "items": list(items)}


def some(*items: Any) -> dict[str, Any]:
    """Return a condition one of whose items holds."""
    return {"join": "any", "items": list(items)}


def none(*items: Any) -> dict[str, Any]:
    """Return a condition none of whose items holds."""
    return {"join": "none", "items": list(items)}


def segment_of(condition: dict[str, Any], **more: Any) -> Segment:
    """Return a saved segment."""
    return Segment.objects.create(**{"name": "segment", "condition": condition, **more})


def active_rule(condition: dict[str, Any], *tag_ids: str, **more: Any) -> TagRule:
    """Return a rule that is on."""
    values = {"name": "rule", "condition": condition, "tag_ids": list(tag_ids), "state": "active"}
    return TagRule.objects.create(**{**values, **more})

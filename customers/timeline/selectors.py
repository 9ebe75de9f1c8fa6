"""Reads of the timeline: one customer's facts, newest first, as far as the scope sees them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.models import Q

from contacts.directory.selectors import members_by_userids
from customers.crm.models import Order, Refund
from customers.crm.selectors import members_visible_to
from customers.oneid.selectors import person_of_contact, records_of
from customers.relations.models import ExternalContact
from customers.relations.selectors import contacts_visible_to, relations_visible_to
from customers.relations.sources import source_names
from customers.timeline.models import TimelineEntry
from customers.timeline.words import words_of
from scrm.core.keyset import KeysetPage, paginate
from scrm.core.scope import Scope

PAGE = 30


@dataclass(frozen=True)
class Records:
    """The identity records behind one customer that a scope may see, by kind."""

    person_id: UUID | None
    contacts: tuple[ExternalContact, ...]
    member_ids: tuple[UUID, ...]

    @property
    def ids(self) -> list[UUID]:
        """Return the keys of all of them."""
        return [contact.pk for contact in self.contacts] + list(self.member_ids)


def sees_members(scope: Scope) -> bool:
    """Tell whether a scope sees what the customers it follows bought and own."""
    return scope.everything or scope.allows("crm.view") or scope.allows("h5.use")


def records_shown(scope: Scope, contact: ExternalContact) -> Records:
    """Return the records of a customer's person that a scope sees: the customers in it, and the members.

    A guide sees all members of whom they follow, whichever store made them: that is what the profile is for.
    A branch or store sees those of its own stores.
    """
    person = person_of_contact(contact)
    if person is None:
        return Records(None, (contact,), ())
    ids = records_of(person)
    contacts = tuple(contacts_visible_to(scope).filter(pk__in=ids).order_by("pk")) or (contact,)
    others = ExternalContact.objects.filter(pk__in=ids).values_list("pk", flat=True)
    members = _members_shown(scope, sorted(set(ids) - set(others)))
    return Records(person.pk, contacts, tuple(members))


def _members_shown(scope: Scope, member_ids: list[UUID]) -> list[UUID]:
    if not sees_members(scope):
        return []
    if scope.everything or scope.own_only:
        return member_ids
    return sorted(members_visible_to(scope).filter(pk__in=member_ids).values_list("pk", flat=True))


def timeline_of(
    scope: Scope, contact_id: UUID, after: str | None = None, size: int = PAGE
) -> KeysetPage[TimelineEntry]:
    """Return a page of a customer's facts, newest first; an empty one when the customer is out of scope.

    Raises ValidationFailed for a foreign `after`.
    """
    contact = contacts_visible_to(scope).filter(pk=contact_id).first()
    if contact is None:
        return KeysetPage(rows=[], next=None)
    return timeline_of_records(scope, records_shown(scope, contact), after, size)


def timeline_of_records(
    scope: Scope, records: Records, after: str | None = None, size: int = PAGE
) -> KeysetPage[TimelineEntry]:
    """Return a page of the facts of these records, without those of guides the scope does not see."""
    entries = TimelineEntry.objects.filter(record_id__in=records.ids)
    if not scope.everything:
        guides = relations_visible_to(scope).filter(contact__in=records.contacts)
        own = Q(actor_userid__in=guides.values("member__userid"))
        entries = entries.filter(Q(actor_userid="") | own)
    return paginate(entries, order=("-occurred_at", "-id"), after=after, size=size)


@dataclass(frozen=True)
class ShownEntry:
    """A fact in words."""

    entry: TimelineEntry
    text: str
    order_id: UUID | None = field(default=None)
    source: str = ""


def shown_entries(entries: Sequence[TimelineEntry]) -> list[ShownEntry]:
    """Return facts in words, with today's amounts of orders and refunds, in four queries."""
    members = members_by_userids(entry.actor_userid for entry in entries if entry.actor_userid)
    orders = {o.order_no: o for o in Order.objects.filter(order_no__in=_named(entries, "order_no"))}
    refunds = dict(
        Refund.objects.filter(refund_no__in=_named(entries, "refund_no")).values_list(
            "refund_no", "amount"
        )
    )
    sources = source_names(_named(entries, "state"))
    shown = []
    for entry in entries:
        order = orders.get(str(entry.data.get("order_no", "")))
        known: dict[str, Any] = dict(entry.data)
        member = members.get(entry.actor_userid.lower())
        known["guide"] = (member.name if member else "") or entry.actor_userid
        if "refund_no" in known:
            known["amount"] = refunds.get(known["refund_no"])
        elif order is not None:
            known["amount"] = order.amount
        order_id = order.pk if order else None
        source = sources.get(str(entry.data.get("state", "")), "")
        shown.append(ShownEntry(entry, words_of(entry.title_code, known), order_id, source))
    return shown


def _named(entries: Iterable[TimelineEntry], name: str) -> set[str]:
    return {str(entry.data[name]) for entry in entries if entry.data.get(name)}

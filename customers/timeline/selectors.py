"""Reads of the timeline: one customer's facts, newest first, as far as the scope sees them."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.db.models.fields.json import KT
from django.db.models.functions import Lower

from contacts.directory.models import Member
from customers.crm.models import Order, Refund
from customers.crm.selectors import members_visible_to
from customers.oneid.models import PersonLink
from customers.relations.models import ExternalContact
from customers.relations.selectors import contacts_visible_to, relations_visible_to
from customers.relations.sources import source_names
from customers.timeline.models import RecordKind, TimelineEntry
from customers.timeline.words import words_of
from scrm.core.keyset import KeysetPage, paginate
from scrm.core.scope import Scope

PAGE = 30
Beside = Callable[[QuerySet[Any], QuerySet[Any, Any]], QuerySet[Any]]


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


def records_shown(scope: Scope, contact: ExternalContact, beside: Beside | None = None) -> Records:
    """Return the records of a customer's person that a scope sees: the customers in it, and the members; one query.

    beside: adds what is read along with each of the customers; it is given them and the members' ids.

    A guide sees all members of whom they follow, whichever store made them: that is what the profile is for.
    A branch or store sees those of its own stores.
    """
    links = PersonLink.objects.filter(person__links__record_id=contact.pk).order_by()
    members = member_links_shown(scope, links).values("record_id")
    rows = contacts_visible_to(scope).annotate(
        of_person=Subquery(links.values("person_id")[:1]),
        members_shown=ArraySubquery(members.order_by("record_id")),
    )
    rows = rows if beside is None else beside(rows, members)
    mine = links.filter(record_kind=RecordKind.CONTACT).values("record_id")
    # Whom OneID has not looked at yet is alone.
    found = list(rows.filter(pk__in=mine).order_by("pk")) or list(rows.filter(pk=contact.pk))
    if all(one.pk != contact.pk for one in found):
        return Records(None, (contact,), ())
    return Records(found[0].of_person, tuple(found), tuple(found[0].members_shown or ()))


def member_links_shown(scope: Scope, links: QuerySet[PersonLink]) -> QuerySet[PersonLink]:
    """Return which of these links are of members that a scope sees beside the customers it sees."""
    members = links.filter(record_kind=RecordKind.MEMBER)
    if not sees_members(scope):
        members = members.none()
    elif not (scope.everything or scope.own_only):
        members = members.filter(record_id__in=members_visible_to(scope).values("pk"))
    return members


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
    return paginate(_with_names(entries), order=("-occurred_at", "-id"), after=after, size=size)


def _with_names(entries: QuerySet[TimelineEntry]) -> QuerySet[Any]:
    """Add what the words of today need: the guide's name, the order's key and amount, the refund's amount."""
    folded = Member.objects.alias(folded=Lower("userid"))
    guides = folded.filter(folded=Lower(OuterRef("actor_userid")))
    orders = Order.objects.filter(order_no=OuterRef("order_no"))
    refunds = Refund.objects.filter(refund_no=OuterRef("refund_no"))
    return entries.alias(order_no=KT("data__order_no"), refund_no=KT("data__refund_no")).annotate(
        guide_name=Subquery(guides.values("name")[:1]),
        order_id=Subquery(orders.values("pk")[:1]),
        order_amount=Subquery(orders.values("amount")[:1]),
        refund_amount=Subquery(refunds.values("amount")[:1]),
    )


@dataclass(frozen=True)
class ShownEntry:
    """A fact in words."""

    entry: TimelineEntry
    text: str
    order_id: UUID | None = field(default=None)
    source: str = ""


def shown_entries(
    entries: Iterable[Any], known: Mapping[str, str] | None = None
) -> list[ShownEntry]:
    """Return facts of `timeline_of` in words, with today's names and amounts; one query at most.

    known: names of sources that were looked up already, by state.
    """
    rows, sources = list(entries), dict(known or {})
    states = {str(entry.data["state"]) for entry in rows if entry.data.get("state")}
    sources |= source_names(states - sources.keys())
    shown = []
    for entry in rows:
        facts: dict[str, Any] = dict(entry.data)
        facts["guide"] = entry.guide_name or entry.actor_userid
        if "refund_no" in facts:
            facts["amount"] = entry.refund_amount
        elif entry.order_id is not None:
            facts["amount"] = entry.order_amount
        source = sources.get(str(entry.data.get("state", "")), "")
        words = words_of(entry.title_code, facts)
        shown.append(ShownEntry(entry, words, entry.order_id, source))
    return shown

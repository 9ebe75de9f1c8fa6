"""Reads of the merge centre. Merges cross stores: whoever sees only a part of the company sees none of them."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from django.db import connection
from django.db.models import Count, Exists, Max, Min, OuterRef, Q, QuerySet
from django.utils import timezone

from customers.crm.models import CrmMember
from customers.crm.selectors import members_visible_to
from customers.oneid.models import (
    Conflict,
    Decision,
    MergeLog,
    Person,
    PersonLink,
    RecordKey,
    SharedKey,
)
from customers.relations.models import ExternalContact, RecordChange
from customers.relations.selectors import contacts_visible_to
from scrm.core.crypto import blind_indexes
from scrm.core.exceptions import ValidationFailed
from scrm.core.jobs.models import JobRun
from scrm.core.phone import mask_phone, normalise_phone
from scrm.core.scope import Scope

HIDDEN = "***"
SHOWN_ENDS = 4
# The kind of job that audits all persons.
AUDIT = "oneid.audit"


def conflicts_visible_to(scope: Scope) -> QuerySet[Conflict]:
    """Return the conflicts: all, or none for a scope that sees a part of the company only."""
    return Conflict.objects.all() if scope.everything else Conflict.objects.none()


def log_visible_to(scope: Scope) -> QuerySet[MergeLog]:
    """Return the merge log: all, or none for a scope that sees a part of the company only."""
    return MergeLog.objects.all() if scope.everything else MergeLog.objects.none()


def persons_visible_to(scope: Scope) -> QuerySet[Person]:
    """Return the persons: all, or those with a record that the scope sees."""
    if scope.everything:
        return Person.objects.all()
    mine = PersonLink.objects.filter(person=OuterRef("pk"))
    contacts = mine.filter(record_id__in=contacts_visible_to(scope).values("pk"))
    members = mine.filter(record_id__in=members_visible_to(scope).values("pk"))
    return Person.objects.filter(Exists(contacts) | Exists(members))


def decisions_visible_to(scope: Scope) -> QuerySet[Decision]:
    """Return the decisions: all, or none for a scope that sees a part of the company only."""
    return Decision.objects.all() if scope.everything else Decision.objects.none()


def shared_visible_to(scope: Scope) -> QuerySet[SharedKey]:
    """Return the shared identifiers: all, or none for a scope that sees a part of the company only."""
    return SharedKey.objects.all() if scope.everything else SharedKey.objects.none()


def audits_visible_to(scope: Scope) -> QuerySet[JobRun]:
    """Return the audits of all persons, or none for a scope that sees a part of the company only."""
    return JobRun.objects.filter(kind=AUDIT) if scope.everything else JobRun.objects.none()


def records_holding(shared: SharedKey, limit: int) -> list[UUID]:
    """Return the first records that hold a shared identifier."""
    held = RecordKey.objects.filter(kind=shared.kind, value=shared.value).order_by("pk")
    return list(held.values_list("record_id", flat=True)[:limit])


def person_found(scope: Scope, text: str) -> Person | None:
    """Return the person of a member number, external userid, unionid or full phone, if the scope sees it."""
    text = text.strip()
    values = [text]
    with suppress(ValidationFailed):
        values += [index.hex() for index in blind_indexes("phone", normalise_phone(text))]
    keys = RecordKey.objects.filter(value__in=values).exclude(kind=RecordKey.Kind.WEAK_PHONE)
    links = PersonLink.objects.filter(record_id__in=keys.values("record_id"))
    return persons_visible_to(scope).filter(pk__in=links.values("person_id")).order_by("pk").first()


@dataclass(frozen=True)
class Proposal:
    """A phone in a guide's remark, or one nobody verified, that a member has too: perhaps the same human."""

    contact_id: UUID
    member_id: UUID


PROPOSALS = """
select distinct weak.record_id, held.record_id
  from customers_recordkey weak
  join customers_recordkey held
    on held.value = weak.value and held.kind in ('phone', 'weak_phone') and held.record_kind = 'member'
  join customers_personlink one on one.record_id = weak.record_id
  join customers_personlink two on two.record_id = held.record_id
 where weak.kind in ('weak_phone', 'phone') and weak.record_kind = 'contact'
   and (weak.kind = 'weak_phone' or held.kind = 'weak_phone')
   and one.person_id <> two.person_id
   and not exists (
       select 1 from customers_decision d
        where d.retracted_at is null
          and d.left_id = least(weak.record_id, held.record_id)
          and d.right_id = greatest(weak.record_id, held.record_id))
 order by 1, 2
 limit %s
"""


def proposals_visible_to(scope: Scope, limit: int) -> list[Proposal]:
    """Return the first proposals: all of them, or none for a scope that sees a part of the company only."""
    if not scope.everything:
        return []
    with connection.cursor() as cursor:
        cursor.execute(PROPOSALS, [limit])
        return [Proposal(contact_id, member_id) for contact_id, member_id in cursor.fetchall()]


@dataclass(frozen=True)
class Card:
    """A record as the merge centre shows it side by side with others; values are masked."""

    kind: str
    id: UUID
    label: str
    name: str
    phone: str
    unionid: str
    external_userid: str
    state: str
    since: str

    @property
    def is_contact(self) -> bool:
        """Return whether it is an external contact."""
        return self.kind == RecordChange.Kind.CONTACT


def cards(scope: Scope, record_ids: Iterable[UUID]) -> dict[UUID, Card]:
    """Return records by id as the scope may see them, in two queries; those out of scope are left out."""
    ids = list(record_ids)
    found: dict[UUID, Card] = {}
    for contact in contacts_visible_to(scope).filter(pk__in=ids):
        found[contact.pk] = _contact_card(scope, contact)
    for member in members_visible_to(scope).filter(pk__in=ids):
        found[member.pk] = _member_card(scope, member)
    return found


def _contact_card(scope: Scope, contact: ExternalContact) -> Card:
    return Card(
        kind=RecordChange.Kind.CONTACT.value,
        id=contact.pk,
        label=str(RecordChange.Kind.CONTACT.label),
        name=_name(scope, contact.name),
        phone=mask_phone(contact.phone),
        unionid=masked_id(contact.unionid),
        external_userid=contact.external_userid,
        state="",
        since=timezone.localdate(contact.created_at).isoformat(),
    )


def _member_card(scope: Scope, member: CrmMember) -> Card:
    return Card(
        kind=RecordChange.Kind.MEMBER.value,
        id=member.pk,
        label=f"{RecordChange.Kind.MEMBER.label} {member.member_no}",
        name=_name(scope, member.name),
        phone=mask_phone(member.phone),
        unionid=masked_id(member.unionid),
        external_userid=member.external_userid,
        state=member.get_state_display(),
        since=member.joined_on.isoformat() if member.joined_on else "",
    )


def masked_id(value: str) -> str:
    """Return both ends of an identifier: two can be told apart, none can be used."""
    return value if len(value) <= 2 * SHOWN_ENDS else f"{value[:SHOWN_ENDS]}…{value[-SHOWN_ENDS:]}"


def _name(scope: Scope, name: str) -> str:
    return name[:1] + HIDDEN if name and scope.masked("name") else name


def person_of_contact(contact: ExternalContact) -> Person | None:
    """Return the person of a customer, or None while OneID has not looked at them yet."""
    link = PersonLink.objects.filter(record_id=contact.pk).select_related("person").first()
    return link.person if link else None


def person_now(person: Person) -> Person:
    """Return whom this person became: the one its records are with now, or itself."""
    row = Person.objects.select_related("merged_into").get(pk=person.pk)
    return row.merged_into or row


def records_of(person: Person) -> list[UUID]:
    """Return the records of a person, oldest link first."""
    return list(
        PersonLink.objects.filter(person=person).order_by("pk").values_list("record_id", flat=True)
    )


@dataclass(frozen=True)
class Act:
    """What one human decided at once; `is_replaced`: a later act stands in its place."""

    act: UUID
    verdict: str
    reason: str
    decided_by: str
    decided_at: object
    retracted_at: object
    is_replaced: bool
    record_ids: tuple[UUID, ...]


def acts_visible_to(scope: Scope, limit: int) -> list[Act]:
    """Return the newest acts of humans, in two queries."""
    newest = (
        decisions_visible_to(scope)
        .values("act")
        .annotate(at=Max("decided_at"), first=Min("pk"))
        .order_by("-first")
    )
    wanted = [row["act"] for row in newest[:limit]]
    by_act: dict[UUID, list[Decision]] = {act: [] for act in wanted}
    for decision in (
        decisions_visible_to(scope)
        .filter(act__in=wanted)
        .select_related("decided_by")
        .order_by("pk")
    ):
        by_act[decision.act].append(decision)
    return [_act(act, rows) for act, rows in by_act.items()]


def _act(act: UUID, rows: Sequence[Decision]) -> Act:
    first = rows[0]
    is_over = all(row.retracted_at is not None for row in rows)
    ids = dict.fromkeys(each for row in rows for each in (row.left_id, row.right_id))
    return Act(
        act=act,
        verdict=first.get_verdict_display(),
        reason=first.reason,
        decided_by=str(first.decided_by),
        decided_at=first.decided_at,
        retracted_at=first.retracted_at if is_over else None,
        is_replaced=is_over and any(row.replaced_by for row in rows),
        record_ids=tuple(ids),
    )


def conflicts_waiting(scope: Scope) -> int:
    """Return how many conflicts wait for a person; groups that are too large wait for none."""
    waiting = conflicts_visible_to(scope).filter(state=Conflict.State.OPEN)
    return waiting.exclude(rule=Conflict.Rule.TOO_LARGE).count()


def open_counts(scope: Scope) -> Mapping[str, int]:
    """Return how many conflicts wait and how many changes OneID has not looked at yet."""
    waiting = conflicts_visible_to(scope).filter(state=Conflict.State.OPEN)
    large = Count("pk", filter=Q(rule=Conflict.Rule.TOO_LARGE))
    conflicts = waiting.aggregate(large=large, all=Count("pk"))
    return {
        "conflicts": conflicts["all"] - conflicts["large"],
        "large": conflicts["large"],
        "shared": shared_visible_to(scope).filter(state=SharedKey.State.OPEN).count(),
        "pending": RecordChange.objects.count() if scope.everything else 0,
    }

"""All the names one buyer is known by: what a touch or an order says, and what OneID joins with it."""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar
from uuid import UUID

from django.db.models import Q

from customers.crm.models import CrmMember
from customers.oneid.models import PersonLink
from customers.relations.models import ExternalContact

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True)
class Named:
    """What a fact says of a person; empty text and None mean unknown."""

    unionid: str = ""
    external_userid: str = ""
    crm_member_id: UUID | None = None


@dataclass
class Identity:
    """All names of a person: those of the fact itself, and those of the records OneID joined."""

    unionids: set[str] = field(default_factory=set)
    external_userids: set[str] = field(default_factory=set)
    crm_member_ids: set[UUID] = field(default_factory=set)


@dataclass(frozen=True)
class _Record:
    """A contact or a member with the keys it is known by."""

    pk: UUID
    is_member: bool
    unionid: str
    external_userid: str


def identities_of(facts: Mapping[Key, Named]) -> dict[Key, Identity]:
    """Return the identity behind each fact, in five queries however many facts there are."""
    first = _records(_matching(facts.values()))
    links = _links(each.pk for each in first)
    persons = set(links.values())
    rows = PersonLink.objects.filter(person_id__in=persons).values_list("record_id", "person_id")
    by_person: dict[UUID, list[UUID]] = {}
    for record_id, person_id in rows:
        by_person.setdefault(person_id, []).append(record_id)
    every = {pk for pks in by_person.values() for pk in pks}
    records = {each.pk: each for each in [*first, *_records(_by_pk(every))]}
    index = _index(first)
    found = {}
    for key, named in facts.items():
        matched = {pk for name in _keys(named) for pk in index.get(name, ())}
        joined = {pk for each in matched for pk in by_person.get(links.get(each), [each])}  # type: ignore[arg-type]
        found[key] = _identity(named, [records[pk] for pk in matched | joined if pk in records])
    return found


def _identity(named: Named, records: Iterable[_Record]) -> Identity:
    identity = Identity({named.unionid}, {named.external_userid})
    if named.crm_member_id is not None:
        identity.crm_member_ids.add(named.crm_member_id)
    for record in records:
        identity.unionids.add(record.unionid)
        identity.external_userids.add(record.external_userid)
        if record.is_member:
            identity.crm_member_ids.add(record.pk)
    identity.unionids.discard("")
    identity.external_userids.discard("")
    return identity


def _matching(facts: Iterable[Named]) -> tuple[Q, Q]:
    facts = list(facts)
    unionids = {each.unionid for each in facts} - {""}
    external = {each.external_userid for each in facts} - {""}
    members = {each.crm_member_id for each in facts} - {None}
    by_name = Q(unionid__in=unionids) | Q(external_userid__in=external)
    return by_name, by_name | Q(pk__in=members)


def _by_pk(pks: Iterable[UUID]) -> tuple[Q, Q]:
    condition = Q(pk__in=list(pks))
    return condition, condition


def _records(conditions: tuple[Q, Q]) -> list[_Record]:
    contacts = ExternalContact.objects.filter(conditions[0])
    members = CrmMember.objects.filter(conditions[1])
    columns = ("pk", "unionid", "external_userid")
    return [
        *(_Record(pk, False, *names) for pk, *names in contacts.values_list(*columns)),
        *(_Record(pk, True, *names) for pk, *names in members.values_list(*columns)),
    ]


def _links(record_ids: Iterable[UUID]) -> dict[UUID, UUID]:
    rows = PersonLink.objects.filter(record_id__in=list(record_ids))
    return dict(rows.values_list("record_id", "person_id"))


def _keys(named: Named) -> list[tuple[str, object]]:
    keys: list[tuple[str, object]] = [
        ("unionid", named.unionid),
        ("external_userid", named.external_userid),
        ("member", named.crm_member_id),
    ]
    return [key for key in keys if key[1]]


def _index(records: Iterable[_Record]) -> dict[tuple[str, object], list[UUID]]:
    index: dict[tuple[str, object], list[UUID]] = {}
    for record in records:
        named = Named(
            record.unionid, record.external_userid, record.pk if record.is_member else None
        )
        for key in _keys(named):
            index.setdefault(key, []).append(record.pk)
    return index

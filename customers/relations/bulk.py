"""Stores a page of relations set by set: what reads cost must not depend on how many rows came."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Q, Value
from django.db.models.functions import Greatest

from contacts.directory.models import Member
from contacts.directory.services import members_ensure
from customers.copying import rows_upsert
from customers.relations.merging import contact_merge, follow_merge, phone_indexes
from customers.relations.models import ExternalContact, FollowRelation, RecordChange
from customers.relations.selectors import deletions_of
from scrm.wecom.types import ExternalContactPage, ExternalContactRow

CLOCKS = ("observed_at", "tags_observed_at", "remark_observed_at")


@dataclass(frozen=True)
class PageCounts:
    """What a page of relations did to the mirror."""

    read: int
    created: int
    updated: int

    def __add__(self, other: "PageCounts") -> "PageCounts":
        return PageCounts(
            self.read + other.read, self.created + other.created, self.updated + other.updated
        )


def contacts_lock(external_userids: Sequence[str]) -> None:
    """Let one transaction at a time write these customers; always in one order, so that nobody deadlocks."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(id, 7)) FROM unnest(%s::text[]) AS id",
            [sorted(set(external_userids))],
        )


@transaction.atomic
def page_store(page: ExternalContactPage) -> PageCounts:
    """Upsert one page of batch/get_by_user (doc 92994). Nobody becomes lost by missing from a page.

    Of rows that did not change only the clocks are written, by one UPDATE a table: without it a read begun
    before this one and stored after it would pass for news, and put an old value back. No index has a
    clock, so none is written; ciphertext, digests and OneID's queue stay as they are.
    """
    contacts_lock([row.contact.external_userid for row in page.rows])
    contacts, dirty = _contacts_store(page.rows, page.observed_at)
    counts = _relations_store(page.rows, page.observed_at, contacts, dirty)
    RecordChange.objects.bulk_create(
        RecordChange(record_kind=RecordChange.Kind.CONTACT, record_id=contact_id)
        for contact_id in sorted(dirty)
    )
    return counts


def _contacts_store(
    rows: Sequence[ExternalContactRow], observed_at: datetime
) -> tuple[dict[str, ExternalContact], set[UUID]]:
    """Return the customers of a page by id, and the keys of those OneID has to look at."""
    reads = {row.contact.external_userid: row.contact for row in rows}
    known = {
        row.external_userid: row
        for row in ExternalContact.objects.filter(external_userid__in=reads)
    }
    changed: list[ExternalContact] = []
    confirmed: list[UUID] = []
    dirty: set[UUID] = set()
    for external_userid, read in sorted(reads.items()):
        contact = known.get(external_userid)
        is_new = contact is None
        contact = contact or ExternalContact(external_userid=external_userid)
        former = contact.unionid
        if contact_merge(contact, read, observed_at) or is_new:
            changed.append(contact)
        else:
            confirmed.append(contact.pk)
        if is_new or contact.unionid != former:
            dirty.add(contact.pk)
        known[external_userid] = contact
    rows_upsert(ExternalContact, changed)
    ExternalContact.objects.filter(_before(observed_at), pk__in=confirmed).update(
        observed_at=observed_at
    )
    return known, dirty


def _relations_store(
    rows: Sequence[ExternalContactRow],
    observed_at: datetime,
    contacts: dict[str, ExternalContact],
    dirty: set[UUID],
) -> PageCounts:
    members = members_ensure({row.follow.userid for row in rows})
    deletions = deletions_of(contacts)
    known = _relations_known(list(contacts.values()), list(members.values()))
    created = 0
    changed: list[FollowRelation] = []
    confirmed: list[UUID] = []
    for row in rows:
        contact, member = contacts[row.contact.external_userid], members[row.follow.userid.lower()]
        relation = known.get((member.pk, contact.pk))
        is_new = relation is None
        relation = relation or FollowRelation(member=member, contact=contact)
        phones = phone_indexes(relation)
        lost = deletions.get((contact.external_userid, member.userid.lower()), {})
        if follow_merge(relation, row.follow, observed_at, lost) or is_new:
            changed.append(relation)
        else:
            confirmed.append(relation.pk)
        if phones != phone_indexes(relation):
            dirty.add(contact.pk)
        created += is_new
        known[(member.pk, contact.pk)] = relation
    rows_upsert(FollowRelation, changed)
    # Of a relation's clocks `observed_at` is never the newest: only our own writes move the others alone.
    FollowRelation.objects.filter(_before(observed_at), pk__in=confirmed).update(
        **{clock: Greatest(clock, Value(observed_at)) for clock in CLOCKS}
    )
    return PageCounts(read=len(rows), created=created, updated=len(changed) - created)


def _before(observed_at: datetime) -> Q:
    return Q(observed_at=None) | Q(observed_at__lt=observed_at)


def _relations_known(
    contacts: Sequence[ExternalContact], members: Sequence[Member]
) -> dict[tuple[int, UUID], FollowRelation]:
    rows = FollowRelation.objects.filter(contact__in=contacts, member__in=members)
    return {(relation.member_id, relation.contact_id): relation for relation in rows}

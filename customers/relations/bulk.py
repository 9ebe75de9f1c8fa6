"""Stores pages of relations set by set: what reads cost must not depend on how many rows came."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Q, Value
from django.db.models.functions import Greatest

from contacts.directory.models import Member
from contacts.directory.services import members_ensure
from customers.copying import rows_copy, rows_insert, rows_upsert
from customers.relations.comparing import (
    Change,
    changes_of,
    contact_as_read,
    contact_facts,
    relation_as_read,
    relation_facts,
)
from customers.relations.forgotten import pages_known
from customers.relations.merging import clock_raise, contact_merge, follow_merge, phone_indexes
from customers.relations.models import ExternalContact, FollowRelation, RecordChange
from customers.relations.noting import record_changed, search_changed
from customers.relations.reading_models import ListedPage
from customers.relations.selectors import deletions_of, listed_since
from scrm.core.copy import array_text
from scrm.wecom.types import ExternalContactPage, ExternalContactRow

CLOCKS = ("observed_at", "tags_observed_at", "remark_observed_at")
Pair = tuple[int, UUID]
Timed = tuple[ExternalContactRow, datetime]


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


@dataclass(frozen=True)
class Walked:
    """A page, and the walk (`ListedPage.listing`) it belongs to; without one the rows' own clocks are written."""

    page: ExternalContactPage
    listing: UUID | None = None


@dataclass
class Stored:
    """What some pages did: counts, and every relation that was not as we held it."""

    counts: PageCounts = PageCounts(0, 0, 0)
    changes: list[Change] = field(default_factory=list)
    # Customers whose search entries may have to be written again.
    found: set[UUID] = field(default_factory=set)


@dataclass(frozen=True)
class Contacts:
    """The customers of some pages: keys by id; made here; for OneID to look at; nothing written of, by id."""

    keys: dict[str, UUID]
    new: set[UUID]
    dirty: set[UUID]
    seen: dict[str, UUID]

    @property
    def written(self) -> set[UUID]:
        """Return the keys of those who were made or changed."""
        return set(self.keys.values()) - set(self.seen.values())


def contacts_lock(external_userids: Sequence[str]) -> None:
    """Let one transaction at a time write these customers; always in one order, so that nobody deadlocks.

    What is read under the lock is read by index: a thousand customers at a time PostgreSQL would rather scan a table
    of up to some hundred thousand, which makes a row the dearer the more there are.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SET LOCAL enable_seqscan = off; "
            "SELECT pg_advisory_xact_lock(hashtextextended(id, 7)) FROM unnest(%s::text[]) AS id",
            [array_text(sorted(set(external_userids)))],
        )


def page_store(page: ExternalContactPage) -> PageCounts:
    """Upsert one page of batch/get_by_user (doc 92994) that belongs to no walk."""
    return pages_store([Walked(page)]).counts


@transaction.atomic
def pages_store(pages: Sequence[Walked]) -> Stored:
    """Upsert pages of batch/get_by_user (doc 92994), each customer once. Nobody becomes lost by missing from one.

    What is as we hold it costs a comparison and no write: a page of a walk leaves a `ListedPage`, which is a
    clock for all its rows; of other pages the clocks of the rows are written, by one UPDATE a table. Without
    a clock a read begun before this one and stored after it would pass for news, and put an old value back.
    """
    contacts_lock([row.contact.external_userid for each in pages for row in each.page.rows])
    known = pages_known([walked.page for walked in pages])
    pages = [replace(walked, page=page) for walked, page in zip(pages, known, strict=True)]
    rows: list[Timed] = [
        (row, walked.page.observed_at)
        for walked in sorted(pages, key=lambda each: each.page.observed_at)
        for row in walked.page.rows
    ]
    stored = Stored()
    contacts = _contacts_store(rows)
    members = members_ensure({row.follow.userid for row, _at in rows})
    relations = _relations_store(rows, contacts, members, stored)
    search_changed(stored.found | contacts.written)
    listed = {
        id(row): relations[members[row.follow.userid.lower()].pk, contacts.keys[row.contact.external_userid]]
        for row, _at in rows
    }  # fmt: skip
    named = [(walked, [listed[id(row)] for row in walked.page.rows]) for walked in pages]
    rows_insert(
        ListedPage,
        ("listing", "observed_at", "relation_ids"),
        [(each.listing, each.page.observed_at, ids) for each, ids in named if each.listing],
    )
    for walked, relation_ids in named:
        if walked.listing is None:
            _clock(walked, relation_ids, contacts.seen)
    record_changed(RecordChange.Kind.CONTACT, sorted(contacts.dirty))
    return stored


def _contacts_store(rows: Sequence[Timed]) -> Contacts:
    known = contact_facts({row.contact.external_userid for row, _at in rows})
    keys = {external_userid: facts.pk for external_userid, facts in known.items()}
    differing = [
        (row.contact, at)
        for row, at in rows
        if row.contact.external_userid not in known
        or known[row.contact.external_userid].values != contact_as_read(row.contact)
    ]
    # Of customers nobody knew there is nothing to fetch: the lock keeps others from making them meanwhile.
    names = {read.external_userid for read, _at in differing} & known.keys()
    held = {row.external_userid: row for row in ExternalContact.objects.filter(external_userid__in=names)}  # fmt: skip
    new: dict[str, ExternalContact] = {}
    changed: dict[str, ExternalContact] = {}
    dirty: set[UUID] = set()
    for read, at in differing:
        contact = held.get(read.external_userid) or new.get(read.external_userid)
        if contact is None:
            contact = new[read.external_userid] = ExternalContact(
                external_userid=read.external_userid
            )
            keys[read.external_userid] = contact.pk
            dirty.add(contact.pk)
        former = contact.unionid
        if contact_merge(contact, read, at) and read.external_userid in held:
            changed[read.external_userid] = contact
        if contact.unionid != former:
            dirty.add(contact.pk)
    rows_copy(ExternalContact, list(new.values()))
    rows_upsert(ExternalContact, list(changed.values()))
    return Contacts(
        keys=keys,
        new={contact.pk for contact in new.values()},
        dirty=dirty,
        seen={name: keys[name] for name in keys if name not in new and name not in changed},
    )


def _relations_store(
    rows: Sequence[Timed],
    contacts: Contacts,
    members: dict[str, Member],
    stored: Stored,
) -> dict[Pair, UUID]:
    """Return the relations' keys by member and customer."""
    # A customer who is new has no relation yet.
    before = set(contacts.keys.values()) - contacts.new
    known = relation_facts(before)
    keys = {pair: facts.pk for pair, facts in known.items()}
    differing: list[tuple[Pair, Timed]] = []
    for row, at in rows:
        pair = (members[row.follow.userid.lower()].pk, contacts.keys[row.contact.external_userid])
        if pair not in known or known[pair].values != relation_as_read(row.follow):
            differing.append((pair, (row, at)))
    wanted = [keys[pair] for pair, _timed in differing if pair in keys]
    held = {
        (relation.member_id, relation.contact_id): relation
        for relation in FollowRelation.objects.filter(pk__in=wanted)
    }
    if held:
        listed = listed_since(wanted, min(at for _pair, (_row, at) in differing))
        for each in held.values():
            clock_raise(each, listed.get(each.pk))
    deletions = deletions_of({row.contact.external_userid for _pair, (row, _at) in differing})
    new: dict[Pair, FollowRelation] = {}
    changed: dict[Pair, FollowRelation] = {}
    for pair, (row, at) in differing:
        relation = held.get(pair) or new.get(pair)
        if relation is None:
            relation = new[pair] = FollowRelation(member_id=pair[0], contact_id=pair[1])
            keys[pair] = relation.pk
        phones = phone_indexes(relation)
        lost = deletions.get((row.contact.external_userid, row.follow.userid.lower()), {})
        if follow_merge(relation, row.follow, at, lost) and pair in held:
            changed[pair] = relation
        if phones != phone_indexes(relation):
            contacts.dirty.add(pair[1])
    rows_copy(FollowRelation, list(new.values()))
    rows_upsert(FollowRelation, list(changed.values()))
    stored.counts += PageCounts(len(rows), len(new), len(changed))
    stored.found |= {contact_id for _member_id, contact_id in (*new, *changed)}
    stored.changes += changes_of(new.values(), changed.values(), known)
    return keys


def _clock(walked: Walked, relation_ids: list[UUID], seen: dict[str, UUID]) -> None:
    """Write on the rows of a page that belongs to no walk that they were so at that moment."""
    observed_at = walked.page.observed_at
    older = Q(observed_at=None) | Q(observed_at__lt=observed_at)
    names = {row.contact.external_userid for row in walked.page.rows}
    confirmed = [key for name, key in seen.items() if name in names]
    ExternalContact.objects.filter(older, pk__in=confirmed).update(observed_at=observed_at)
    # Of a relation's clocks `observed_at` is never the newest: only our own writes move the others alone.
    FollowRelation.objects.filter(older, pk__in=relation_ids).update(
        **{clock: Greatest(clock, Value(observed_at)) for clock in CLOCKS}
    )

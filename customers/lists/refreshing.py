"""Keeps the search entries equal to the mirror: by noted changes every few seconds, and as a whole by a job."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils.translation import gettext_noop

from customers.copying import lock
from customers.crm.members import phone_last4
from customers.crm.models import CrmMember
from customers.lists.keys import (
    follower_key,
    last_four_key,
    nickname_keys,
    pinyin_beginnings,
    remark_keys,
)
from customers.lists.models import ContactSearch, RelationSearch
from customers.relations.models import ExternalContact, FollowRelation, SearchChange
from scrm.core.copy import upsert_by_copy
from scrm.core.jobs import services as jobs
from scrm.core.jobs.models import JobRun
from scrm.core.jobs.services import Run

BATCH = 1000


@transaction.atomic
def search_rows_refresh(contact_ids: Iterable[UUID]) -> int:
    """Write what these customers are found by, set by set; entries that stay as they are are not written.

    Pass at most a few thousand. One refresh runs at a time and reads after the one before has committed, so
    a late one never brings an old name back. Return how many customers were looked at.
    """
    lock("customers.search")
    contacts = list(
        ExternalContact.objects.filter(pk__in=set(contact_ids)).only("pk", "name", "phone")
    )
    ids = [contact.pk for contact in contacts]
    relations = list(
        FollowRelation.objects.filter(contact__in=ids).only(
            "pk", "contact_id", "member_id", "remark", "remark_phones"
        )
    )
    _contacts_write(contacts, relations)
    _relations_write(contacts, relations)
    return len(contacts)


def _contacts_write(
    contacts: Sequence[ExternalContact], relations: Sequence[FollowRelation]
) -> None:
    followers: dict[UUID, set[str]] = {}
    for relation in relations:
        followers.setdefault(relation.contact_id, set()).add(follower_key(relation.member_id))
    rows = []
    for contact in contacts:
        keys = nickname_keys(contact.name) | followers.get(contact.pk, set())
        if contact.phone:
            keys.add(last_four_key(contact.phone[-4:]))
        rows.append([contact.pk, sorted(keys), *pinyin_beginnings(contact.name)])
    _upsert(ContactSearch, ["contact_id", "keys", "pinyin", "initials"], rows)


def _relations_write(
    contacts: Sequence[ExternalContact], relations: Sequence[FollowRelation]
) -> None:
    typed = {contact.pk: pinyin_beginnings(contact.name) for contact in contacts}
    rows = []
    for relation in relations:
        keys = remark_keys(relation.remark, relation.remark_phones)
        if keys:
            # Whose remark it is stands beside it, so that a guide's search reads her own entries only.
            keys.add(follower_key(relation.member_id))
        rows.append(
            [relation.pk, relation.contact_id, relation.member_id, sorted(keys), *typed[relation.contact_id]]
        )  # fmt: skip
    columns = ["relation_id", "contact_id", "member_id", "keys", "pinyin", "initials"]
    _upsert(RelationSearch, columns, rows)


def _upsert(model: Any, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    if rows:
        upsert_by_copy(model, columns, rows, conflict=columns[:1], update=columns[1:])


def search_drain(limit: int = BATCH) -> int:
    """Work on the oldest noted changes, of about so many customers; 0 when there are none, or another worker is at it.

    Changes noted meanwhile stay for the next call: exactly the rows that were read are deleted.
    """
    with transaction.atomic():
        if not _is_first():
            return 0
        done, changed = [], set[UUID]()
        noted = SearchChange.objects.order_by("pk").values_list("pk", "contact_ids")[:limit]
        for pk, contact_ids in noted.iterator():
            if len(changed) >= limit:
                break
            done.append(pk)
            changed.update(contact_ids)
        SearchChange.objects.filter(pk__in=done).delete()
        search_rows_refresh(changed)
        return len(done)


def _is_first() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_try_advisory_xact_lock(hashtextextended('customers.search_drain', 7))"
        )
        return bool(cursor.fetchone()[0])


# --- the whole -------------------------------------------------------------------------------------------------


def rebuild_start(*, actor: Any) -> JobRun:
    """Start writing the search entries of everybody; raises Conflict when that is under way already."""
    return jobs.start(
        kind="lists.search_rebuild",
        task="customers.search_rebuild",
        actor=actor,
        title=gettext_noop("Prepare the customer search"),
    )


def rebuild(run: Run) -> None:
    """Go through all customers, then all CRM members, a thousand at a time; resumes behind the last batch."""
    position = run.cursor or {"room": "contacts", "after": None}
    run.advance(total=ExternalContact.objects.count() + CrmMember.objects.count())
    while position["room"] == "contacts":
        run.check_cancelled()
        position = _contacts_batch(run, position["after"])
    while position["room"] == "members":
        run.check_cancelled()
        position = _members_batch(run, position["after"])


def _contacts_batch(run: Run, after: str | None) -> dict[str, Any]:
    rows = ExternalContact.objects.order_by("pk")
    ids = list((rows.filter(pk__gt=after) if after else rows).values_list("pk", flat=True)[:BATCH])
    with transaction.atomic():
        if not ids:
            position: dict[str, Any] = {"room": "members", "after": None}
        else:
            search_rows_refresh(ids)
            position = {"room": "contacts", "after": str(ids[-1])}
        run.advance(processed=len(ids), succeeded=len(ids), cursor=position)
    return position


def _members_batch(run: Run, after: str | None) -> dict[str, Any]:
    """Fill in the last four digits of members from before they were kept."""
    rows = CrmMember.objects.order_by("pk")
    batch = list((rows.filter(pk__gt=after) if after else rows).only("pk", "phone", "phone_last4")[:BATCH])  # fmt: skip
    stale = [member for member in batch if member.phone and member.phone_last4 is None]
    for member in stale:
        member.phone_last4 = phone_last4(member.phone)
    with transaction.atomic():
        CrmMember.objects.bulk_update(stale, ["phone_last4"])
        position = {
            "room": "members" if batch else "done",
            "after": str(batch[-1].pk) if batch else None,
        }
        run.advance(processed=len(batch), succeeded=len(batch), cursor=position)
    return position

"""Forgetting a person, and giving a person everything we hold about them."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from customers.crm.models import CrmMember
from customers.groups.models import GroupMember
from customers.privacy import journal
from customers.privacy.emptying import Masks, table_empty
from customers.privacy.models import Erasure, SubjectPackage
from customers.privacy.packing import package_of
from customers.privacy.sweeping import needles, payloads_forget, sweep
from customers.privacy.tombstones import digest_of, tombstones_set
from customers.privacy.tracing import subject_of, traced_tables
from customers.relations.bulk import contacts_lock
from customers.relations.models import ExternalContact, RecordChange
from customers.relations.noting import record_changed
from scrm.core.audit.services import record
from scrm.core.crypto import lasting_hash
from scrm.core.erased import ERASED_PREFIX
from scrm.core.exceptions import NotFound
from scrm.core.holdings import Subject, Way
from scrm.core.jobs import services as jobs
from scrm.core.jobs.models import JobRun

ERASE_KIND, PACK_KIND = "privacy.erase", "privacy.package"
PACKAGE_KEPT = timedelta(days=7)

# --- forgetting ---------------------------------------------------------------------------------------------------


def erase_start(record_id: UUID, *, actor: Any, asked_by: Any) -> JobRun:
    """Start forgetting the person of a record; raises Conflict while that is under way already."""
    return jobs.start(
        kind=ERASE_KIND,
        task="customers.privacy_erase",
        key=str(record_id),
        actor=actor,
        params={"record": str(record_id), "asked_by": asked_by.pk if asked_by else None},
        title=gettext_noop("Forget a person"),
    )


def erase_run(job_id: UUID | str) -> None:
    """Forget the person of a job: all or nothing, so a second attempt begins anew."""
    with jobs.running(job_id) as job:
        erasure = erase(
            [UUID(job.params["record"])],
            cause=Erasure.Cause.REQUEST,
            asked_by_id=job.params["asked_by"],
            erasure_id=job.job.pk,
        )
        job.result(erasure=str(erasure.pk), rows=erasure.total)
        job.advance(total=erasure.total, processed=erasure.total, succeeded=erasure.total)


@transaction.atomic
def erase(
    record_ids: Sequence[UUID],
    *,
    cause: str,
    asked_by_id: int | None = None,
    erasure_id: UUID | None = None,
    erased_at: datetime | None = None,
    digests: Iterable[tuple[str, bytes]] = (),
    journalled: bool = False,
) -> Erasure:
    """Take the person of some records out of every table, leave tombstones, write the journal.

    Rows stay where figures count them: sums, numbers of orders, adds and views do not change. The journal is on
    the disk before this commits. `digests` and `journalled`: of an erasure that is repeated after a restore.
    """
    subject = subject_of(record_ids)
    contacts_lock(subject.external_userids)
    names = {(kind, digest_of((kind, value))) for kind, value in subject.names} | set(digests)
    values = {
        "cause": cause,
        "record_ids": list(subject.records or record_ids),
        "erased_at": erased_at or timezone.now(),
        "asked_by_id": asked_by_id,
    }
    erasure = Erasure(**({"id": erasure_id} if erasure_id else {}), **values)
    erasure.save()
    if cause == Erasure.Cause.REQUEST:
        tombstones_set(erasure, names)
        if not journalled:
            journal.append(
                journal.Entry(
                    erasure.pk,
                    cause,
                    erasure.erased_at,
                    tuple(erasure.record_ids),
                    tuple(sorted(names)),
                )
            )
    erasure.counts = _empty_everywhere(subject)
    erasure.done_at = timezone.now()
    erasure.save()
    record(
        actor=erasure.asked_by,
        action="privacy.erase",
        target=f"erasure:{erasure.pk}",
        after={"kind": cause, "records": len(erasure.record_ids), "count": erasure.total},
    )
    return erasure


def _empty_everywhere(subject: Subject) -> dict[str, int]:
    masks = Masks(subject)
    tables = traced_tables()
    # What leads to a row must stay until the row is done: dependants first, the records themselves last.
    records = {ExternalContact._meta.label, CrmMember._meta.label}
    ordered = sorted(tables, key=lambda table: (table.label in records, table.label))
    # Which rows are theirs is settled before the first name is gone.
    keys = {
        table.label: list(table.rows(subject).values_list("pk", flat=True)) for table in ordered
    }
    counts: dict[str, int] = {}
    for table in ordered:
        if not keys[table.label]:
            continue
        rows = table.model._default_manager.filter(pk__in=keys[table.label])
        if table.way is Way.DELETE:
            counts[table.label] = rows.delete()[0]
        else:
            counts[table.label] = table_empty(table, rows, masks)
    wanted = needles(subject, masks.texts())
    for found in (payloads_forget(wanted), sweep(wanted)):
        for label, count in found.items():
            counts[label] = counts.get(label, 0) + count
    return {label: count for label, count in counts.items() if count}


@transaction.atomic
def stranger_record(text: str) -> ExternalContact | None:
    """Return a record for somebody whom only groups know, by WeCom's id or unionid, made when they first ask; or None.

    Most people of a group are no guide's customers. To give them what we hold, or to forget them, they need a
    record all rooms hang theirs on.
    """
    stays = GroupMember.objects.filter(
        Q(userid=text) | Q(unionid=text), kind=GroupMember.Kind.CUSTOMER
    )
    stay = stays.exclude(_erased_name("userid")).order_by("-join_time", "-pk").first()
    if stay is None or not text:
        return None
    contacts_lock([stay.userid])
    contact, made = ExternalContact.objects.get_or_create(
        external_userid=stay.userid, defaults={"name": stay.name, "unionid": stay.unionid}
    )
    if made:
        GroupMember.objects.filter(userid=stay.userid, contact=None).update(contact=contact)
        record_changed(RecordChange.Kind.CONTACT, [contact.pk])
    return contact


# --- after a restore ------------------------------------------------------------------------------------------------


def replay() -> tuple[int, int]:
    """Repeat the erasures of the journal that this database does not know; returns how many, of how many.

    Raises Conflict where the journal cannot be read.
    """
    known = set(Erasure.objects.exclude(done_at=None).values_list("pk", flat=True))
    missing = []
    total = 0
    for entry in journal.entries():
        total += 1
        if entry.id not in known:
            missing.append(entry)
    again = _records_of_names(missing)
    for entry in missing:
        here = _here([*entry.record_ids, *again.get(entry.id, ())])
        erase(
            here,
            cause=entry.cause,
            erasure_id=entry.id,
            erased_at=entry.erased_at,
            digests=entry.digests,
            journalled=True,
        )
    return len(missing), total


def missing_count() -> int:
    """Return how many erasures of the journal this database does not know."""
    known = set(Erasure.objects.exclude(done_at=None).values_list("pk", flat=True))
    return sum(entry.id not in known for entry in journal.entries())


def _here(record_ids: Iterable[UUID]) -> list[UUID]:
    ids = list(record_ids)
    named = ~_erased_name("external_userid")
    found = list(ExternalContact.objects.filter(named, pk__in=ids).values_list("pk", flat=True))
    members = CrmMember.objects.filter(~_erased_name("member_no"), pk__in=ids)
    return [*found, *members.values_list("pk", flat=True)]


def _erased_name(column: str) -> Q:
    return Q(**{f"{column}__startswith": ERASED_PREFIX})


def _records_of_names(entries: Sequence[journal.Entry]) -> dict[UUID, list[UUID]]:
    """Find people who came in again under other record keys: every id is hashed once and compared."""
    owners = {digest: entry for entry in entries for _kind, digest in entry.digests}
    found: dict[UUID, list[UUID]] = {}
    if not owners:
        return found
    columns: tuple[tuple[Any, str], ...] = (
        (ExternalContact, "external_userid"),
        (CrmMember, "member_no"),
    )
    for model, column in columns:
        for pk, value, at in model.objects.values_list("pk", column, "created_at").iterator(5000):
            entry = owners.get(lasting_hash(f"tombstone.{column}", value))
            if entry is not None and at <= entry.erased_at:
                found.setdefault(entry.id, []).append(pk)
    return found


# --- packages -------------------------------------------------------------------------------------------------------


@transaction.atomic
def package_start(record_id: UUID, *, asked_by: Any, approved_by: Any) -> SubjectPackage:
    """Start gathering everything we hold about the person of a record."""
    package = SubjectPackage.objects.create(
        record_id=record_id, asked_by=asked_by, approved_by=approved_by
    )
    jobs.start(
        kind=PACK_KIND,
        task="customers.privacy_package",
        key=str(package.pk),
        actor=asked_by,
        params={"package": str(package.pk)},
        title=gettext_noop("Gather a person's data"),
    )
    return package


def package_run(job_id: UUID | str) -> None:
    """Gather a package; a second attempt begins anew."""
    with jobs.running(job_id) as job, transaction.atomic():
        package = SubjectPackage.objects.select_for_update().get(pk=job.params["package"])
        subject = subject_of([package.record_id])
        if not subject.records:
            package.state = SubjectPackage.State.FAILED
            package.save()
            raise NotFound(_("This person is not here any more."))
        package.content, package.counts = package_of(subject)
        package.state, package.made_at = SubjectPackage.State.READY, timezone.now()
        package.save()
        job.advance(total=package.total, processed=package.total, succeeded=package.total)


@transaction.atomic
def package_taken(package: SubjectPackage, *, actor: Any) -> bytes:
    """Return the file of a package, audited; raises NotFound once it is gone."""
    if package.content is None:
        raise NotFound(_("This file was deleted; ask for it again."))
    record(actor=actor, action="privacy.package_take", target=f"package:{package.pk}")
    return bytes(package.content)


def packages_purge(now: datetime | None = None) -> int:
    """Delete the files of packages older than a week; returns how many."""
    before = (now or timezone.now()) - PACKAGE_KEPT
    old = SubjectPackage.objects.filter(created_at__lt=before).exclude(content=None)
    return old.update(content=None, state=SubjectPackage.State.GONE)

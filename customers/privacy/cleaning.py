"""The nightly cleaning: what was kept long enough goes, and what was done is counted."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import models, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_noop

from customers.crm.models import CrmMember
from customers.groups.models import GroupMember
from customers.privacy.emptying import Masks, emptied
from customers.privacy.keeping import CLEAN_KIND, LIMITS, YEAR, Kept
from customers.privacy.models import Erasure
from customers.privacy.services import erase
from customers.privacy.tracing import subject_of
from customers.relations.models import ExternalContact, FollowRelation
from scrm.core.erased import ERASED_PREFIX
from scrm.core.exceptions import Conflict
from scrm.core.holdings import Subject
from scrm.core.jobs import services as jobs
from scrm.core.jobs.models import JobRun

BATCH = 500
# A limit that is passed by more than a day is told: something did not do its work.
GRACE = timedelta(days=1)
LOST_KEPT = timedelta(days=2 * YEAR)
PEOPLE_A_NIGHT = 200


def clean_start(*, actor: Any | None = None) -> JobRun | None:
    """Start the cleaning; None while one is under way."""
    try:
        return jobs.start(
            kind=CLEAN_KIND,
            task="customers.privacy_clean",
            actor=actor,
            title=gettext_noop("Delete what was kept long enough"),
        )
    except Conflict:
        return None


def clean_run(job_id: UUID | str) -> None:
    """Go through every limit, then through the people who left two years ago."""
    with jobs.running(job_id) as job:
        done: dict[str, int] = dict(job.job.result.get("done", {}))
        start = int(job.cursor or 0)
        for number, limit in enumerate(LIMITS[start:], start=start + 1):
            job.check_cancelled()
            count = 0 if limit.by else limit_enforce(limit, timezone.now())
            if count:
                done[_name(limit)] = done.get(_name(limit), 0) + count
            job.result(done=done)
            job.advance(processed=1, succeeded=1, cursor=number, total=len(LIMITS) + 1)
        people = people_forget(timezone.now())
        if people:
            done["people"] = people
        job.result(done=done, overdue=overdue(timezone.now()))
        job.advance(processed=1, succeeded=1)


def _name(limit: Kept) -> str:
    return f"{limit.label}: {limit.words}"


def limit_enforce(limit: Kept, now: datetime) -> int:
    """Delete or empty what is older than its limit, in batches; returns how many rows."""
    total = 0
    while True:
        with transaction.atomic():
            rows = list(_old(limit, now)[:BATCH])
            if not rows:
                return total
            total += _delete(limit, rows) if not limit.clear else _clear(limit, rows)


def _old(limit: Kept, now: datetime, grace: timedelta = timedelta(0)) -> models.QuerySet[Any]:
    before: Any = now - timedelta(days=limit.days) - grace
    if isinstance(_column(limit), models.DateField) and not isinstance(
        _column(limit), models.DateTimeField
    ):
        before = timezone.localdate(before)
    rows = limit.model._default_manager.filter(limit.filled, **{f"{limit.since}__lt": before})
    return rows.order_by("pk")  # type: ignore[no-any-return]


def _column(limit: Kept) -> Any:
    model = limit.model
    *path, last = limit.since.split("__")
    for name in path:
        model = model._meta.get_field(name).related_model
    return model._meta.get_field(last)


def _delete(limit: Kept, rows: list[Any]) -> int:
    limit.model._default_manager.filter(pk__in=[row.pk for row in rows]).delete()
    return len(rows)


def _clear(limit: Kept, rows: list[Any]) -> int:
    masks = Masks(Subject((), ()))
    for row in rows:
        changes = {
            name: emptied(limit.model._meta.get_field(name), row, masks, random=False)
            for name in limit.clear
        }
        if limit.label == "customers.SubjectPackage":
            changes["state"] = "gone"
        limit.model._default_manager.filter(pk=row.pk).update(**changes)
    return len(rows)


def overdue(now: datetime) -> dict[str, int]:
    """Return how many rows passed their limit by more than a day: none, unless a task does not run."""
    counts = {_name(limit): _old(limit, now, GRACE).count() for limit in LIMITS}
    return {name: count for name, count in counts.items() if count}


# --- people -------------------------------------------------------------------------------------------------------


def people_forget(now: datetime, most: int = PEOPLE_A_NIGHT) -> int:
    """Forget people whom nobody has followed for two years and who are no members; returns how many.

    Without tombstones: nobody asked for it, and who comes back comes by a new relation.
    """
    count = 0
    for pk in contacts_past(now)[:most]:
        subject = subject_of([pk])
        if _is_past(subject, now):
            erase([pk], cause=Erasure.Cause.RETENTION)
            count += 1
    for pk in members_past(now)[: most - count]:
        subject = subject_of([pk])
        if _is_past(subject, now):
            erase([pk], cause=Erasure.Cause.RETENTION)
            count += 1
    return count


def contacts_past(now: datetime) -> models.QuerySet[ExternalContact, UUID]:
    """Return the customers nobody has followed for two years; whom nobody ever followed counts from the first day."""
    mine = FollowRelation.objects.filter(contact=OuterRef("pk"))
    recent = mine.filter(Q(lost_at=None) | Q(lost_at__gte=now - LOST_KEPT))
    here = GroupMember.objects.filter(contact=OuterRef("pk"), left_at=None)
    never = Q(created_at__lt=now - LOST_KEPT) & ~Exists(here)
    rows = ExternalContact.objects.filter(Exists(mine) | never, ~Exists(recent))
    return rows.exclude(external_userid__startswith=ERASED_PREFIX).values_list("pk", flat=True)


def members_past(now: datetime) -> models.QuerySet[CrmMember, UUID]:
    """Return the members whose membership ended two years ago."""
    closed = CrmMember.objects.filter(state=CrmMember.State.CLOSED, updated_at__lt=now - LOST_KEPT)
    return closed.exclude(member_no__startswith=ERASED_PREFIX).values_list("pk", flat=True)


def _is_past(subject: Subject, now: datetime) -> bool:
    """Tell whether all records of a person were kept long enough: one that lives keeps the others."""
    past = set(contacts_past(now).filter(pk__in=subject.contacts))
    past |= set(members_past(now).filter(pk__in=subject.members))
    return bool(subject.records) and past == set(subject.records)

"""Reads of privacy: the person behind a record, packages, erasures, what the cleaning did."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import QuerySet

from customers.crm.models import CrmMember
from customers.crm.selectors import members_search
from customers.privacy.keeping import CLEAN_KIND
from customers.privacy.models import Erasure, SubjectPackage
from customers.privacy.tracing import counts_of, subject_of, traced_tables
from customers.relations.models import ExternalContact
from customers.relations.selectors import contacts_by_phone
from scrm.core.erased import ERASED_PREFIX
from scrm.core.jobs.models import JobRun, JobState
from scrm.core.scope import Scope

MOST_FOUND = 20


@dataclass(frozen=True)
class Found:
    """One record that answers a search; the name is cut to its first character."""

    record_id: UUID
    is_member: bool
    name: str
    number: str


@dataclass(frozen=True)
class HeldTable:
    """How many rows one table holds of a person."""

    title: str
    label: str
    count: int


def find(scope: Scope, text: str) -> list[Found]:
    """Return the records with this phone, customer id or member number: whole company or nothing."""
    text = text.strip()
    if not scope.everything or not text:
        return []
    contacts = ExternalContact.objects.exclude(external_userid__startswith=ERASED_PREFIX)
    by_id = contacts.filter(external_userid=text)
    by_phone = contacts_by_phone(scope, contacts, text)
    members = members_search(CrmMember.objects.all(), text)
    found = [
        Found(row.pk, False, _cut(row.name), row.external_userid)
        for row in [*by_id[:MOST_FOUND], *by_phone[:MOST_FOUND]]
    ]
    found += [Found(row.pk, True, _cut(row.name), row.member_no) for row in members[:MOST_FOUND]]
    return found[:MOST_FOUND]


def _cut(name: str) -> str:
    return f"{name[:1]}**" if name else ""


def is_here(scope: Scope, record_id: UUID) -> bool:
    """Tell whether a record is a person's the scope may deal with: whole company, and not forgotten."""
    if not scope.everything:
        return False
    contacts = ExternalContact.objects.filter(pk=record_id)
    members = CrmMember.objects.filter(pk=record_id)
    return (
        contacts.exclude(external_userid__startswith=ERASED_PREFIX).exists()
        or members.exclude(member_no__startswith=ERASED_PREFIX).exists()
    )


def held(record_id: UUID) -> list[HeldTable]:
    """Return what we hold about the person of a record, table by table."""
    counts = counts_of(subject_of([record_id]))
    return [
        HeldTable(table.title, table.label, counts[table.label])
        for table in traced_tables()
        if table.label in counts
    ]


def packages_visible_to(scope: Scope) -> QuerySet[SubjectPackage]:
    """Return the packages a person asked for: nobody else takes one."""
    return (
        SubjectPackage.objects.defer("content")
        .filter(asked_by_id=scope.user_id)
        .order_by("-created_at", "-id")
    )


def erasures_visible_to(scope: Scope) -> QuerySet[Erasure]:
    """Return the erasures: all, or none for a scope that sees a part of the company only."""
    return Erasure.objects.all() if scope.everything else Erasure.objects.none()


def last_cleaning() -> JobRun | None:
    """Return the last cleaning that came to its end."""
    ended = JobRun.objects.filter(kind=CLEAN_KIND, state=JobState.DONE).defer("error_file")
    return ended.order_by("-created_at").first()

"""Reads WeCom's address book into the mirror."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_noop

from contacts.directory.models import Department, Member
from contacts.directory.services.mirror import (
    departments_observed,
    follow_users_observed,
    member_ids_observed,
    members_observed,
)
from contacts.directory.services.places import places_refresh
from scrm.core.gateway import wecom
from scrm.core.jobs import services as jobs
from scrm.core.jobs.models import JobRun
from scrm.core.jobs.services import Run
from scrm.wecom.client import WeComClient
from scrm.wecom.errors import WeComPermission, WeComRetryable
from scrm.wecom.types import Member as SeenMember

# Told what WeCom said of the members of one department.
Told = Callable[[Iterable[SeenMember]], object]


@dataclass(frozen=True)
class Refreshed:
    """What a refresh read; `hidden` departments the app may not look into."""

    departments: int
    members: int
    hidden: int


def ids_refresh() -> tuple[int, int]:
    """Take over all departments and userids; returns their numbers.

    The cheap part, done before every plan. Raises MirrorShrunk, WeComError.
    """
    client = wecom("contacts", lane="sync")
    tree = client.department.list()
    members, observed_at = _all_ids(client)
    departments_observed(tree)
    member_ids_observed(members, observed_at)
    places_refresh()
    return len(tree.departments), len(members)


def _all_ids(client: WeComClient) -> tuple[dict[str, list[int]], datetime]:
    members: dict[str, list[int]] = {}
    observed_at: datetime | None = None
    for page in client.user.list_all_ids():
        # The whole walk counts from its first request: later pages may not outdate newer news.
        observed_at = observed_at or page.observed_at
        for row in page.rows:
            members.setdefault(row.userid, []).append(row.department_id)
    if observed_at is None:
        raise WeComRetryable(None, "no page", "user/list_id")
    return members, observed_at


def details_refresh(run: Run | None = None, told: Told | None = None) -> int:
    """Take over names and states department by department; returns how many were hidden from the app."""
    client = wecom(lane="sync")
    hidden = 0
    for department_id in _departments_with_members():
        if run is not None:
            run.check_cancelled()
        try:
            seen = client.user.list(department_id)
        except WeComPermission:
            hidden += 1
        else:
            members_observed(seen)
            if told is not None:
                told(seen)
        if run is not None:
            run.advance(processed=1, succeeded=1)
    follow_users_observed(client.external_contact.get_follow_user_list())
    places_refresh()
    return hidden


def names_refresh() -> int:
    """Read the accounts of which only the id is known, department by department; returns how many were hidden.

    Raises WeComError.
    """
    client = wecom(lane="sync")
    hidden = 0
    for department_id in _departments_with_members(
        Member.objects.filter(name="", employee=None).exclude(status=Member.Status.LEFT)
    ):
        try:
            members_observed(client.user.list(department_id))
        except WeComPermission:
            hidden += 1
    return hidden


def _departments_with_members(members: QuerySet[Member] | None = None) -> Iterator[int]:
    used: set[int] = set()
    serving = Member.objects.exclude(status=Member.Status.LEFT) if members is None else members
    for ids in serving.values_list("department_ids", flat=True).iterator(chunk_size=5000):
        used.update(ids)
    living = Department.objects.filter(deleted_at=None, department_id__in=used)
    yield from sorted(living.values_list("department_id", flat=True))


def follow_refresh() -> int:
    """Take over who has customer contact; returns how many members changed. Raises WeComError."""
    return follow_users_observed(wecom(lane="sync").external_contact.get_follow_user_list())


def refresh_start(*, actor: Any) -> JobRun:
    """Start the job that reads the whole address book; raises Conflict while one runs."""
    return jobs.start(
        kind="directory.refresh",
        task="contacts.directory_refresh",
        actor=actor,
        title=gettext_noop("Refresh the address book from WeCom"),
    )


def mirror_refresh(run: Run | None = None, told: Told | None = None) -> Refreshed:
    """Read departments, accounts, their states and who has customer contact; `told` hears what was readable.

    Raises MirrorShrunk where WeCom lists far too little, WeComError where it does not answer; what was taken over before stays.
    """
    departments, members = ids_refresh()
    if run is not None:
        run.advance(total=sum(1 for _department in _departments_with_members()))
    hidden = details_refresh(run, told)
    return Refreshed(departments, members, hidden)

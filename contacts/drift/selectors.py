"""Reads of drift; every list starts from what the scope may see."""

from collections.abc import Iterable, Sequence

from django.db.models import Count, Q, QuerySet

from contacts.directory.models import Department, Member
from contacts.directory.selectors import path_filter
from contacts.drift.models import DriftCheck, DriftFinding
from scrm.core.jobs.models import ACTIVE_STATES, JobRun
from scrm.core.scope import Scope

CHECK_KIND = "drift.check"
RESTORE_KIND = "drift.restore"
Status = DriftFinding.Status


def findings_visible_to(scope: Scope) -> QuerySet[DriftFinding]:
    """Return the differences a scope may see: all, or those of accounts and departments in its units."""
    findings = DriftFinding.objects.select_related("member", "department", "decided_by")
    if scope.everything:
        return findings
    if scope.own_only:
        return findings.none()
    placed = path_filter("member__org_path", scope.org_paths)
    return findings.filter(placed | path_filter("department__org_path", scope.org_paths))


def live_counts(scope: Scope) -> dict[str, int]:
    """Return how many differences are open and accepted, in one query."""
    counted = findings_visible_to(scope).order_by().aggregate(
        open=Count("pk", filter=Q(status=Status.OPEN)),
        accepted=Count("pk", filter=Q(status=Status.ACCEPTED)),
    )  # fmt: skip
    return {"open": counted["open"], "accepted": counted["accepted"]}


def last_check() -> DriftCheck | None:
    """Return the last comparison that ended."""
    ended = DriftCheck.objects.exclude(outcome=DriftCheck.Outcome.RUNNING)
    return ended.order_by("-started_at").first()


def last_complete_check() -> DriftCheck | None:
    """Return the last comparison that could read everything."""
    complete = DriftCheck.objects.filter(outcome=DriftCheck.Outcome.COMPLETE)
    return complete.order_by("-started_at").first()


def active_job() -> JobRun | None:
    """Return the comparison or bringing back that is under way."""
    active = JobRun.objects.filter(kind__in=[CHECK_KIND, RESTORE_KIND], state__in=ACTIVE_STATES)
    return active.order_by("-created_at").first()


def department_names(findings: Iterable[DriftFinding]) -> dict[int, str]:
    """Return the names of all departments these differences speak of, by WeCom's id; one query."""
    wanted: set[int] = set()
    for finding in findings:
        for side in (finding.ours, finding.theirs):
            wanted.update(side.get("departments") or [])
            wanted.update([side["parent"]] if "parent" in side else [])
    named = Department.objects.filter(department_id__in=wanted)
    return dict(named.values_list("department_id", "name"))


def members_of(findings: Sequence[DriftFinding]) -> list[Member]:
    """Return the accounts of these differences, each once."""
    found = {each.member.pk: each.member for each in findings if each.member is not None}
    return list(found.values())

"""Compares with WeCom and keeps what differs; what could not be read decides nothing."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from contacts.directory.models import Member
from contacts.directory.services import MirrorShrunk, mirror_refresh
from contacts.drift.facts import Facts, facts_of
from contacts.drift.models import DriftCheck, DriftFinding
from contacts.drift.selectors import CHECK_KIND
from contacts.drift.services.keeping import Kept, findings_keep, judged
from contacts.drift.services.watching import secrets_note
from contacts.oa_sync.models import OaRun
from scrm.core.alerts.services import raise_alert
from scrm.core.jobs import services as jobs
from scrm.core.jobs.models import JobRun
from scrm.wecom.types import Member as SeenMember

TASK = "contacts.drift_check"
Outcome = DriftCheck.Outcome
Kind = DriftFinding.Kind
# While a plan is carried out, half of it is written: nothing may be compared.
PATIENCE = timedelta(minutes=2)
# Accounts that work although nobody wants them to: these are told at once.
URGENT = frozenset({Kind.UNEXPLAINED, Kind.LEAVER_ENABLED, Kind.ENABLED})
TOLD_AGAIN = timedelta(hours=12)


def check_start(*, actor: Any) -> JobRun:
    """Start comparing; raises Conflict while that is under way."""
    return jobs.start(
        kind=CHECK_KIND,
        task=TASK,
        actor=actor,
        title=gettext_noop("Compare the address book with WeCom"),
    )


def drift_check(job_id: UUID | str) -> None:
    """Read WeCom and compare; the body of the job. A second attempt reads anew."""
    with jobs.running(job_id) as run:
        if OaRun.objects.filter(status=OaRun.Status.APPLYING).exists():
            _wait_for_plan(run)
        began_at = datetime.now(UTC)
        check, _made = DriftCheck.objects.update_or_create(
            job_id=run.job.pk,
            defaults={"started_at": began_at, "finished_at": None, "outcome": Outcome.RUNNING},
        )
        secrets_note()
        shown = _Shown()
        try:
            mirror_refresh(run, shown)
        except MirrorShrunk:
            _end(check, Outcome.FAILED, "shrunk")
            raise
        run.check_cancelled()
        run.advance(message=_("WeCom was read; what differs is being kept."))
        _settle(check, shown, run)


def _wait_for_plan(run: jobs.Run) -> None:
    run.pause(_("An OA plan is being carried out."), until=timezone.now() + PATIENCE)


class _Shown:
    """Remembers which fields of which account WeCom let us read."""

    def __init__(self) -> None:
        self.fields: dict[str, frozenset[str]] = {}

    def __call__(self, members: Iterable[SeenMember]) -> None:
        for member in members:
            # Without a state the answer hides everything that matters.
            if not member.status:
                continue
            shown = [("name", member.name), ("position", member.position)]
            self.fields[member.userid.lower()] = frozenset(
                name for name, value in shown if value is not None
            )


def _settle(check: DriftCheck, shown: _Shown, run: jobs.Run) -> None:
    """Judge what was read; a plan that began meanwhile makes it worthless, and then it is read anew."""
    with transaction.atomic():
        facts = facts_of(shown=shown.fields, since=check.started_at)
        meanwhile = Q(status=OaRun.Status.APPLYING) | Q(approved_at__gte=check.started_at)
        is_stale = OaRun.objects.filter(meanwhile).exists()
        if not is_stale:
            _keep(check, facts, run)
    # Outside: what a pause notes must stand.
    if is_stale:
        _wait_for_plan(run)


def _keep(check: DriftCheck, facts: Facts, run: jobs.Run) -> None:
    """Keep the differences, the outcome and the alert together."""
    kept = findings_keep(facts, at=check.started_at)
    unread = sum(account.exists and account.shows is None for account, _wanted in facts.accounts)
    check.member_count = sum(account.exists for account, _wanted in facts.accounts)
    check.department_count = sum(unit.exists for unit in facts.units)
    check.unread_count, check.opened, check.closed = unread, len(kept.opened), kept.closed
    reason = "hidden" if unread else "" if facts.has_source else "no_source"
    _end(check, Outcome.PARTIAL if reason else Outcome.COMPLETE, reason)
    run.result(opened=len(kept.opened), closed=kept.closed, unread=unread)
    _tell(kept)


def _end(check: DriftCheck, outcome: str, reason: str) -> None:
    check.outcome, check.reason, check.finished_at = outcome, reason, timezone.now()
    check.save()


def _tell(kept: Kept) -> None:
    """Raise one alert for accounts that work although nobody wants them to."""
    count = sum(kind in URGENT for kind in kept.opened)
    if not count:
        return
    raise_alert(
        kind="contacts.drift",
        key="accounts",
        level="warning",
        title=lambda: str(_("Accounts in WeCom that nobody wants")),
        text=lambda: (
            ngettext(
                "The comparison found %(count)d account that works in WeCom although neither OA nor roster wants it. See Address-book drift.",
                "The comparison found %(count)d accounts that work in WeCom although neither OA nor roster wants them. See Address-book drift.",
                count,
            )
            % {"count": count}
        ),
        dedupe=TOLD_AGAIN,
    )


def member_is_suspicious(member: Member) -> bool:
    """Return whether an account, as the mirror has it now, no longer fits what is kept of it."""
    facts = facts_of(shown=None, since=None, members=Member.objects.filter(pk=member.pk))
    if not facts.has_source:
        return False
    found = {
        (each.kind, each.mark)
        for account, wanted in facts.accounts
        for each in judged(account, wanted, has_source=True)
    }
    live = DriftFinding.objects.filter(member=member, status__in=DriftFinding.LIVE)
    return bool(facts.accounts) and found != set(live.values_list("kind", "mark"))

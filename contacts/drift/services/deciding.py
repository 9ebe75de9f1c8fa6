"""What a person decides: the difference is accepted, or WeCom gets our value back."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from contacts.directory.services import is_about_one, repeated
from contacts.drift.models import DriftFinding
from contacts.drift.selectors import RESTORE_KIND
from contacts.drift.writing import CannotRestore, Outcome, Pen, blocked_code
from scrm.core.audit.services import record
from scrm.core.exceptions import Conflict, ValidationFailed
from scrm.core.jobs import services as jobs
from scrm.core.jobs.models import JobRun
from scrm.wecom.errors import WeComPermanent, WeComPermission

TASK = "contacts.drift_restore"
Status = DriftFinding.Status
MOST_AT_ONCE = 100


@dataclass(frozen=True)
class DryCount:
    """What bringing these back would do: how many of each kind, and how many cannot be brought back and why."""

    by_kind: dict[str, int]
    blocked: dict[str, int]

    @property
    def writes(self) -> int:
        """Return how many would be written."""
        return sum(self.by_kind.values())


def restore_counted(findings: Sequence[DriftFinding]) -> DryCount:
    """Count what bringing back would write, without writing."""
    writes: Counter[str] = Counter()
    blocked: Counter[str] = Counter()
    for finding in findings:
        code = blocked_code(finding)
        if code:
            blocked[code] += 1
        else:
            writes[finding.kind] += 1
    return DryCount(dict(writes), dict(blocked))


@transaction.atomic
def findings_accept(*, findings: Sequence[DriftFinding], reason: str, actor: Any) -> int:
    """Leave differences as they are, with a reason, until they change; audited each. Returns how many.

    Raises ValidationFailed without a reason, Conflict where one changed since the page was read; then none is accepted.
    """
    reason = reason.strip()
    if not reason:
        raise ValidationFailed(_("Say why this may stay as it is."), code="reason_missing")
    rows = _locked(findings)
    for row in rows:
        before = {"status": row.status, "reason": row.reason}
        row.status, row.reason, row.has_changed = Status.ACCEPTED, reason[:500], False
        row.decided_by, row.decided_at = actor, timezone.now()
        row.save(update_fields=["status", "reason", "has_changed", "decided_by", "decided_at"])
        record(
            actor=actor,
            action="drift.accept",
            target=f"drift_finding:{row.pk}",
            before=before,
            after={"kind": row.kind, "about": _about(row), "ours": row.ours, "theirs": row.theirs},
            reason=reason,
        )
    return len(rows)


def _locked(findings: Sequence[DriftFinding]) -> list[DriftFinding]:
    """Return the rows locked; raises Conflict where one is no longer what the person saw."""
    seen = {finding.pk: finding.mark for finding in findings}
    live = DriftFinding.objects.select_for_update(of=("self",)).filter(status__in=DriftFinding.LIVE)
    rows = list(live.select_related("member", "department").filter(pk__in=seen).order_by("pk"))
    if len(rows) < len(seen) or any(row.mark != seen[row.pk] for row in rows):
        raise Conflict(_("One of these differences changed meanwhile. Look again."), code="changed")
    return rows


def _about(finding: DriftFinding) -> str:
    if finding.member is not None:
        return finding.member.userid
    return str(finding.department.department_id) if finding.department is not None else ""


def restore_start(*, findings: Sequence[DriftFinding], actor: Any) -> JobRun:
    """Start writing our values back to WeCom; raises ValidationFailed where nothing can be, Conflict while one runs."""
    chosen = {str(each.pk): each.mark for each in findings[:MOST_AT_ONCE] if not blocked_code(each)}
    if not chosen:
        raise ValidationFailed(
            _("None of these can be brought back by a click. Accept them, or mend them where they are made."),
            code="nothing_to_restore",
        )  # fmt: skip
    return jobs.start(
        kind=RESTORE_KIND,
        task=TASK,
        actor=actor,
        params={"findings": chosen},
        total=len(chosen),
        title=gettext_noop("Bring WeCom's address book back"),
    )


def drift_restore(job_id: UUID | str) -> None:
    """Write one finding after the other; the body of the job. A second attempt goes on where the first stopped."""
    with jobs.running(job_id) as run:
        chosen: dict[str, str] = run.params["findings"]
        pen = Pen()
        after = str((run.cursor or {}).get("after", ""))
        for pk in sorted(each for each in chosen if each > after):
            run.check_cancelled()
            finding = (
                DriftFinding.objects.select_related("member__employee", "department")
                .filter(pk=pk, mark=chosen[pk], status__in=DriftFinding.LIVE)
                .first()
            )
            if finding is None:
                # Gone, changed or decided meanwhile: nobody wanted that one brought back.
                run.advance(processed=1, skipped=1, cursor={"after": pk})
                continue
            _restore(finding, pen, run)


def _restore(finding: DriftFinding, pen: Pen, run: jobs.Run) -> None:
    at = datetime.now(UTC)
    try:
        # Bringing a value back twice is harmless.
        outcome = repeated(lambda: pen.write(finding, at), run)
    except CannotRestore as refusal:
        _failed(finding, run, problem=refusal.code, errcode=None)
        return
    except (WeComPermanent, WeComPermission) as failure:
        if not is_about_one(failure):
            raise
        _failed(finding, run, problem=f"wecom-{failure.kind}", errcode=failure.errcode)
        return
    _settled(finding, outcome, at, run)


@transaction.atomic
def _settled(finding: DriftFinding, outcome: Outcome, at: datetime, run: jobs.Run) -> None:
    """Take the write over into the mirror, close the finding and audit it, with the job's progress."""
    outcome.settle()
    DriftFinding.objects.filter(pk=finding.pk, status__in=DriftFinding.LIVE).update(
        status=Status.CLOSED,
        closed_at=timezone.now(),
        seen_at=at,
        brought_back=True,
        problem="",
        errcode=None,
        decided_by=run.job.started_by,
        decided_at=at,
    )
    record(
        actor=run.job.started_by,
        action="drift.bring_back",
        target=f"drift_finding:{finding.pk}",
        before={"kind": finding.kind, "about": _about(finding), **finding.theirs},
        after=dict(outcome.written),
    )
    run.advance(processed=1, succeeded=1, cursor={"after": str(finding.pk)})


@transaction.atomic
def _failed(finding: DriftFinding, run: jobs.Run, *, problem: str, errcode: int | None) -> None:
    DriftFinding.objects.filter(pk=finding.pk).update(problem=problem, errcode=errcode)
    run.advance(processed=1, failed=1, cursor={"after": str(finding.pk)})

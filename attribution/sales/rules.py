"""Versions of the rules: made as drafts, tried on past orders, then put in force from a business day."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import connection, transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from attribution.sales.deciding import Step
from attribution.sales.models import Rule, RuleSet
from scrm.core.audit import services as audit
from scrm.core.exceptions import Conflict, ValidationFailed
from scrm.core.jobs import services as jobs
from scrm.core.jobs.models import JobRun, JobState

State = RuleSet.State
MOST_DAYS = 365
# What an installation starts with.
FIRST_RULES = (
    Step(Rule.ORDER_PARAMETER),
    Step(Rule.LAST_TOUCH, 15),
    Step(Rule.BOUND_GUIDE),
    Step(Rule.STORE_OWNER),
)
TRIAL_TITLE = gettext_noop("Trial of attribution rules")
RECOMPUTE_TITLE = gettext_noop("Sales attributed again")


def steps_of(ruleset: RuleSet) -> tuple[Step, ...]:
    """Return the rules of a version in order."""
    return tuple(Step(each["rule"], each["window_days"]) for each in ruleset.rules)


def rules_ensure() -> RuleSet:
    """Return the version in force; the first one is made when there is none."""
    active = RuleSet.objects.filter(state=State.ACTIVE).first()
    if active is not None:
        return active
    with transaction.atomic():
        _lock()
        active = RuleSet.objects.filter(state=State.ACTIVE).first()
        return active or RuleSet.objects.create(
            version=_next_version(),
            rules=_stored(FIRST_RULES),
            state=State.ACTIVE,
            activated_at=timezone.now(),
        )


@dataclass(frozen=True)
class Timetable:
    """Which version holds on which business day; `versions` oldest first."""

    versions: Sequence[RuleSet]

    def on(self, day: date) -> RuleSet:
        """Return the newest version that holds on this day; the first one holds for all days before."""
        holding = [
            each for each in self.versions if each.applies_from is None or each.applies_from <= day
        ]
        return holding[-1] if holding else self.versions[0]


def timetable(*, draft: RuleSet | None = None) -> Timetable:
    """Return the activated versions, and a draft as if it were one of them."""
    rules_ensure()
    versions = list(RuleSet.objects.exclude(state=State.DRAFT).order_by("version"))
    return Timetable([*versions, draft] if draft is not None else versions)


@transaction.atomic
def ruleset_draft(steps: Sequence[Step], *, applies_from: date, note: str, actor: Any) -> RuleSet:
    """Keep a new version as a draft; raises ValidationFailed for no rule, a rule twice or a bad window."""
    _checked(steps)
    rules_ensure()
    _lock()
    ruleset = RuleSet.objects.create(
        version=_next_version(),
        rules=_stored(steps),
        applies_from=applies_from,
        note=note.strip()[:200],
        made_by=actor,
    )
    _record(actor, "sales.rules_draft", ruleset)
    return ruleset


def _checked(steps: Sequence[Step]) -> None:
    names = [step.rule for step in steps]
    if not names:
        raise ValidationFailed(_("Choose at least one rule."), code="no_rule")
    if len(set(names)) < len(names) or not set(names) <= set(Rule.values):
        raise ValidationFailed(_("Each rule may stand in the list once."), code="rule_twice")
    if any(not 0 <= step.window_days <= MOST_DAYS for step in steps):
        raise ValidationFailed(
            _("A window is 0 (no limit) to %(days)d days.") % {"days": MOST_DAYS}, code="bad_window"
        )


@transaction.atomic
def ruleset_try(ruleset: RuleSet, *, actor: Any) -> JobRun:
    """Start the job that shows what this draft would change; raises Conflict unless it is a draft."""
    row = _locked(ruleset)
    _must_be_draft(row)
    job = jobs.start(
        kind="attribution.sales_trial",
        task="attribution.sales_trial",
        key=str(row.pk),
        params={"ruleset_id": row.pk},
        actor=actor,
        title=TRIAL_TITLE,
    )
    row.trial_job_id = job.pk
    row.save(update_fields=["trial_job_id"])
    return job


def trial_of(ruleset: RuleSet) -> JobRun | None:
    """Return the newest trial of a draft."""
    if ruleset.trial_job_id is None:
        return None
    return JobRun.objects.filter(pk=ruleset.trial_job_id).defer("error_file").first()


@transaction.atomic
def ruleset_activate(ruleset: RuleSet, *, actor: Any) -> JobRun:
    """Put a draft in force whose difference was shown, and start the job that decides its orders again.

    Raises Conflict while the trial is missing or not done, or when it is no draft.
    """
    row = _locked(ruleset)
    _must_be_draft(row)
    _must_be_tried(row)
    RuleSet.objects.filter(state=State.ACTIVE).update(state=State.FORMER)
    row.state, row.activated_at = State.ACTIVE, timezone.now()
    row.save(update_fields=["state", "activated_at"])
    _record(actor, "sales.rules_activate", row)
    return jobs.start(
        kind="attribution.sales_recompute",
        task="attribution.sales_recompute",
        key=str(row.pk),
        params={"first": row.applies_from.isoformat() if row.applies_from else None},
        actor=actor,
        title=RECOMPUTE_TITLE,
    )


@transaction.atomic
def ruleset_discard(ruleset: RuleSet, *, actor: Any) -> None:
    """Throw a draft away; raises Conflict when it is none any more."""
    row = _locked(ruleset)
    _must_be_draft(row)
    _record(actor, "sales.rules_discard", row)
    row.delete()


def _must_be_tried(row: RuleSet) -> None:
    """The trial has to be done, and to compare with what is in force now."""
    active, trial = rules_ensure(), trial_of(row)
    if active.version > row.version:
        raise Conflict(
            _("Version %(version)d is newer and in force. Make a new version of these rules.")
            % {"version": active.version},
            code="older_than_active",
        )
    if trial is None or trial.state != JobState.DONE:
        raise Conflict(
            _("Let the trial finish first: it shows what these rules would change."),
            code="trial_missing",
        )
    if active.activated_at is not None and trial.created_at < active.activated_at:
        raise Conflict(
            _("Other rules came into force since the trial. Try this draft again."),
            code="trial_stale",
        )


def _must_be_draft(row: RuleSet) -> None:
    if row.state != State.DRAFT:
        raise Conflict(
            _("Version %(version)d is in force already. Make a new version.")
            % {"version": row.version},
            code="not_a_draft",
        )


def _locked(ruleset: RuleSet) -> RuleSet:
    _lock()
    row = RuleSet.objects.filter(pk=ruleset.pk).first()
    if row is None:
        raise Conflict(_("This draft was thrown away."), code="draft_gone")
    return row


def _lock() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('attribution.rules', 7))")


def _next_version() -> int:
    return (RuleSet.objects.aggregate(last=Max("version"))["last"] or 0) + 1


def _stored(steps: Sequence[Step]) -> list[Mapping[str, Any]]:
    return [{"rule": str(step.rule), "window_days": step.window_days} for step in steps]


def _record(actor: Any, action: str, row: RuleSet) -> None:
    audit.record(
        actor=actor,
        action=action,
        target=f"ruleset:{row.pk}",
        after={
            "version": row.version,
            "rules": row.rules,
            "applies_from": row.applies_from.isoformat() if row.applies_from else None,
        },
    )

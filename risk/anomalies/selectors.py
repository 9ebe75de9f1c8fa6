"""Reads of anomalies; every list starts from what the scope may see."""

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from django.conf import settings
from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _

from contacts.directory.selectors import members_visible_to
from risk.anomalies.labels import rule_words
from risk.anomalies.models import Incident, IncidentEntry, IncidentStep, Ladder, RuleSetting
from risk.capacity.selectors import free_places
from scrm.core.outbox.models import OutboxMessage
from scrm.core.scope import Scope


@dataclass(frozen=True)
class Rule:
    """`threshold` signals of one member within `seconds` open an incident and take `steps`."""

    code: str
    signal: str
    seconds: int
    threshold: int
    level: str
    steps: tuple[str, ...]
    is_active: bool = True

    @property
    def title(self) -> str:
        """Return the rule in words."""
        return rule_words(self.code)

    @property
    def minutes(self) -> int:
        """Return the window in minutes."""
        return self.seconds // 60

    @property
    def step_names(self) -> list[str]:
        """Return the steps in words."""
        return [str(Ladder(step).label) for step in self.steps]


@cache
def preset_rules() -> tuple[Rule, ...]:
    """Return the rules of rules.toml."""
    source = Path(__file__).with_name("rules.toml").read_text(encoding="utf-8")
    return tuple(
        Rule(**{**row, "steps": tuple(row["steps"])}) for row in tomllib.loads(source)["rule"]
    )


def rules_all() -> list[Rule]:
    """Return every rule as people set it, in one query."""
    changed = {row.code: row for row in RuleSetting.objects.all()}
    return [_changed(rule, changed.get(rule.code)) for rule in preset_rules()]


def _changed(rule: Rule, setting: RuleSetting | None) -> Rule:
    if setting is None:
        return rule
    return replace(
        rule,
        threshold=setting.threshold,
        is_active=setting.is_active,
        steps=tuple(setting.steps),
    )


def rule_by_code(code: str) -> Rule | None:
    """Return one rule as people set it, or None."""
    return next((rule for rule in rules_all() if rule.code == code), None)


def restricted_members(member_ids: Iterable[int] | None = None) -> frozenset[int]:
    """Return the members that must stand on no code, all of them or among these."""
    steps = in_force().filter(kind=Ladder.CODES)
    if member_ids is not None:
        steps = steps.filter(member_id__in=list(member_ids))
    return frozenset(steps.values_list("member_id", flat=True))


def restrictions_of(scope: Scope, member_ids: Iterable[int]) -> dict[int, int | None]:
    """Return which of these members we keep from customers, with the incident if the scope may open it.

    For pages of capacity, which lies below and finds it by settings.MEMBER_RESTRICTIONS; two queries.
    """
    steps = in_force().filter(member_id__in=list(member_ids)).exclude(kind=Ladder.SESSIONS)
    held = dict(steps.order_by("id").values_list("member_id", "incident_id"))
    seen: set[int] = set()
    if held and scope.allows("anomalies.view"):
        seen = set(
            incidents_visible_to(scope).filter(pk__in=held.values()).values_list("pk", flat=True)
        )
    return {member_id: pk if pk in seen else None for member_id, pk in held.items()}


def room_of(member_ids: Iterable[int]) -> dict[int, int]:
    """Return how many more customers each member may take; 0 for a restricted one (settings.SUCCESSOR_ROOM)."""
    wanted = list(member_ids)
    return free_places(wanted) | dict.fromkeys(restricted_members(wanted), 0)


def in_force() -> QuerySet[IncidentStep]:
    """Return the steps that nobody undid."""
    return IncidentStep.objects.filter(undone_at=None)


def is_in_force(member_id: int, kind: str) -> bool:
    """Return whether any incident holds this step against a member."""
    return in_force().filter(member_id=member_id, kind=kind).exists()


def unavailable(kind: str) -> str:
    """Return why a step cannot be taken in this installation, in words; empty when it can."""
    if kind == Ladder.SCOPE and not settings.RISK_CONTACT_SCOPE_TAG:
        return _(
            "No address-book tag is set for it (SCRM_CONTACT_SCOPE_TAG); WeCom's customer-contact range must leave out the members with that tag."
        )
    return ""


def incidents_visible_to(scope: Scope) -> QuerySet[Incident]:
    """Return the incidents of the members a scope may see."""
    if scope.everything:
        return Incident.objects.all()
    return Incident.objects.filter(member__in=members_visible_to(scope))


def incident_counts(scope: Scope) -> dict[str, int]:
    """Return how many incidents are open, how many were closed, and how many of those were false alarms."""
    seen = incidents_visible_to(scope)
    counts = seen.aggregate(
        open=Count("pk", filter=Q(state=Incident.State.OPEN)),
        confirmed=Count("pk", filter=Q(state=Incident.State.CONFIRMED)),
        false=Count("pk", filter=Q(state=Incident.State.FALSE_ALARM)),
    )
    held = in_force().filter(incident__in=seen).aggregate(held=Count("member", distinct=True))
    return {**counts, **held}


def entries_of(incident: Incident) -> list[IncidentEntry]:
    """Return the timeline, oldest first."""
    return list(incident.entries.select_related("actor").order_by("id"))


def outbox_key(step_id: int, *, undo: bool) -> str:
    """Return the key of the effect of a step."""
    return f"risk.step:{step_id}:{'undo' if undo else 'do'}"


@dataclass(frozen=True)
class ShownStep:
    """A step of the ladder as the page shows it; `step` is None where it was never taken."""

    kind: str
    name: str
    step: IncidentStep | None
    words: str
    tone: str
    missing: str

    @property
    def in_force(self) -> bool:
        """Return whether the step holds now."""
        return self.step is not None and self.step.undone_at is None


def ladder_of(incident: Incident) -> list[ShownStep]:
    """Return the ladder of an incident with what became of each step, in two queries."""
    taken = list(incident.steps.select_related("taken_by", "undone_by").order_by("id"))
    latest = {step.kind: step for step in taken}
    problems = _problems(list(latest.values()))
    return [_shown(kind, latest.get(kind), problems) for kind in Ladder]


def _problems(steps: Sequence[IncidentStep]) -> dict[str, str]:
    """Return by outbox key what WeCom said against an effect that failed or whose outcome is unknown."""
    keys = [outbox_key(step.pk, undo=undo) for step in steps for undo in (False, True)]
    bad = (
        OutboxMessage.Status.FAILED,
        OutboxMessage.Status.UNCERTAIN,
        OutboxMessage.Status.PENDING,
    )
    rows = OutboxMessage.objects.filter(key__in=keys, status__in=bad).exclude(error="")
    return dict(rows.values_list("key", "error"))


def _shown(kind: Ladder, step: IncidentStep | None, problems: dict[str, str]) -> ShownStep:
    words, tone = _words(step, problems)
    return ShownStep(kind.value, str(kind.label), step, words, tone, unavailable(kind))


def _words(step: IncidentStep | None, problems: dict[str, str]) -> tuple[str, str]:
    if step is None:
        return _("not taken"), "off"
    undo = step.undone_at is not None
    problem = problems.get(outbox_key(step.pk, undo=undo))
    if (step.undo_done_at if undo else step.done_at) is None:
        return (problem, "bad") if problem else (_("under way"), "info")
    if undo:
        return _("undone"), "off"
    if step.is_confirmed is False:
        return _("sent, but WeCom does not show the effect: check its admin console"), "bad"
    return _("in effect"), "warn"

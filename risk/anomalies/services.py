"""Records signals, judges them against the rules, opens and closes incidents."""

import hashlib
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Max
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from risk.anomalies.ladder import entry_add, member_lock, steps_take_by_rule, steps_undo
from risk.anomalies.models import Incident, IncidentEntry, Ladder, RuleSetting, Signal
from risk.anomalies.selectors import Rule, in_force, rule_by_code, rules_all
from risk.anomalies.windows import Busiest, busiest
from scrm.core.alerts import services as alerts
from scrm.core.audit import services as audit
from scrm.core.exceptions import Conflict, ValidationFailed

# The clock judges again what was recorded within this time: two events at once may each have missed the other.
_SECOND_LOOK = timedelta(minutes=5)
_KEPT = timedelta(days=90)
# More moments than this around an event are not needed to say that a rule fired.
_MOST_MOMENTS = 2000
State = Incident.State

RECORD = """
INSERT INTO risk_signal (member_id, kind, occurred_at, key, recorded_at) VALUES (%s, %s, %s, %s, now())
ON CONFLICT (key) DO NOTHING
"""


@transaction.atomic
def signal(kind: str, member_id: int, occurred_at: datetime, key: str) -> bool:
    """Record one thing a member did and judge it at once; False when `key` was there already.

    `key` names the fact, whatever app or retry brings it; only its hash is kept. Cost grows with what the
    member did within the longest window, not with the table.
    """
    member_lock(member_id)
    digest = hashlib.sha256(f"{kind}\n{key}".encode()).digest()
    with connection.cursor() as cursor:
        cursor.execute(RECORD, [member_id, kind, occurred_at, digest])
        if not cursor.rowcount:
            return False
    judge(member_id, kind, [occurred_at])
    return True


def judge(member_id: int, kind: str, moments: Iterable[datetime]) -> list[Incident]:
    """Hold the rules of this kind against the windows around these moments; the member's lock is held."""
    around = sorted(moments)
    rules = [rule for rule in rules_all() if rule.signal == kind and rule.is_active]
    if not rules or not around:
        return []
    settled = Incident.objects.filter(member_id=member_id).aggregate(at=Max("closed_at"))["at"]
    fired = []
    for rule in rules:
        found = _found(member_id, rule, around[0], around[-1], settled)
        if found is not None and found.count >= rule.threshold:
            fired.append(_fire(member_id, rule, found))
    return fired


def _found(
    member_id: int, rule: Rule, first: datetime, last: datetime, settled: datetime | None
) -> Busiest | None:
    """Return the busiest window that touches these moments; what was before a closed incident is settled."""
    span = timedelta(seconds=rule.seconds)
    signals = Signal.objects.filter(
        member_id=member_id,
        kind=rule.signal,
        occurred_at__gt=first - span,
        occurred_at__lt=last + span,
    )
    if settled is not None:
        signals = signals.filter(occurred_at__gt=settled)
    times = signals.order_by("occurred_at").values_list("occurred_at", flat=True)
    if len(times[: rule.threshold]) < rule.threshold:
        return None
    return busiest(list(times[:_MOST_MOMENTS]), rule.seconds)


def _fire(member_id: int, rule: Rule, found: Busiest) -> Incident:
    incident = (
        Incident.objects.select_for_update().filter(member_id=member_id, state=State.OPEN).first()
    )
    if incident is None:
        incident = Incident(member_id=member_id, level=rule.level, first_at=found.first)
    known = rule.code in incident.rules
    incident.count = max(incident.count, found.count)
    incident.first_at = min(incident.first_at, found.first)
    incident.last_at = max(incident.last_at or found.last, found.last)
    if not known:
        incident.rules = [*incident.rules, rule.code]
        incident.level = "critical" if "critical" in (incident.level, rule.level) else rule.level
    incident.save()
    if not known:
        _open(incident, rule, found)
    return incident


def _open(incident: Incident, rule: Rule, found: Busiest) -> None:
    """Freeze the evidence, take the first steps, tell people: all in the corp's language, once a rule."""
    with override(settings.LANGUAGE_CODE):
        entry_add(
            incident,
            IncidentEntry.Kind.FIRED,
            data={
                "rule": rule.code,
                "signal": rule.signal,
                "seconds": rule.seconds,
                "threshold": rule.threshold,
                "count": found.count,
                "first": found.first.isoformat(),
                "last": found.last.isoformat(),
            },
        )
        steps_take_by_rule(incident, rule.steps)
        _tell(incident, rule, found)


def _tell(incident: Incident, rule: Rule, found: Busiest) -> None:
    member = incident.member
    kinds = list(incident.steps.filter(undone_at=None).values_list("kind", flat=True))
    alerts.raise_alert(
        kind="risk.anomaly",
        key=f"{incident.pk}:{rule.code}",
        level=incident.level,
        title=lambda: rule.title,
        text=lambda: (
            _(
                "%(name)s (account: %(userid)s): %(count)d within %(minutes)d min, %(threshold)d are too many. Steps taken: %(steps)s. %(url)s"
            )
            % {
                "name": member.name or member.userid,
                "userid": member.userid,
                "count": found.count,
                "minutes": rule.minutes,
                "threshold": rule.threshold,
                "steps": _(", ").join(str(Ladder(kind).label) for kind in kinds) or _("none"),
                "url": settings.BASE_URL + reverse("anomalies:detail", args=[incident.pk]),
            }
        ),
    )


def anomalies_look_again() -> int:
    """Judge once more what was recorded in the last minutes; returns how many incidents that touched."""
    since = timezone.now() - _SECOND_LOOK
    pairs: dict[tuple[int, str], list[datetime]] = {}
    recent = Signal.objects.filter(recorded_at__gte=since).values_list(
        "member_id", "kind", "occurred_at"
    )
    for member_id, kind, occurred_at in recent.iterator(chunk_size=5000):
        pairs.setdefault((member_id, kind), []).append(occurred_at)
    touched = 0
    for (member_id, kind), moments in pairs.items():
        with transaction.atomic():
            member_lock(member_id)
            touched += len(judge(member_id, kind, moments))
    return touched


def signals_forget() -> int:
    """Delete signals older than 90 days; incidents keep their evidence."""
    deleted, _by_model = Signal.objects.filter(recorded_at__lt=timezone.now() - _KEPT).delete()
    return deleted


@transaction.atomic
def incident_close(
    incident: Incident, *, outcome: str, undo: bool, actor: Any, reason: str
) -> Incident:
    """Close an incident as real or as a false alarm, undoing its steps if wished, audited.

    What the member did before is settled by it. Raises ValidationFailed without a reason, Conflict when closed.
    """
    if outcome not in (State.CONFIRMED, State.FALSE_ALARM):
        raise ValidationFailed(_("Say whether it was real."), code="outcome", field="outcome")
    if not reason.strip():
        raise ValidationFailed(_("Say why."), code="reason_missing", field="reason")
    member_lock(incident.member_id)
    incident = Incident.objects.select_for_update().get(pk=incident.pk)
    if incident.state != State.OPEN:
        raise Conflict(_("This incident is closed already."), code="incident_closed")
    if undo and in_force().filter(incident=incident).exists():
        steps_undo(incident, actor=actor, reason=reason)
    incident.state, incident.closed_at, incident.closed_by = outcome, timezone.now(), actor
    incident.save(update_fields=["state", "closed_at", "closed_by"])
    entry_add(
        incident, IncidentEntry.Kind.CLOSED, actor=actor, reason=reason, data={"outcome": outcome}
    )
    audit.record(
        actor=actor,
        action="incident.close",
        target=f"incident:{incident.pk}",
        before={"state": State.OPEN},
        after={"state": outcome, "steps_undone": undo},
        reason=reason,
    )
    return incident


@transaction.atomic
def rule_set(
    code: str, *, threshold: int, is_active: bool, steps: Iterable[str], actor: Any
) -> Rule:
    """Change what a rule counts as too much and what it does by itself, audited; raises ValidationFailed."""
    before = rule_by_code(code)
    if before is None:
        raise ValidationFailed(_("There is no such rule."), code="rule_unknown")
    if threshold < 1:
        raise ValidationFailed(
            _("Give a number of 1 or more."), code="threshold", field="threshold"
        )
    ordered = [step.value for step in Ladder if step in set(steps)]
    RuleSetting.objects.update_or_create(
        code=code,
        defaults={
            "threshold": threshold,
            "is_active": is_active,
            "steps": ordered,
            "updated_by": actor,
        },
    )
    audit.record(
        actor=actor,
        action="anomaly_rule.set",
        target=f"anomaly_rule:{code}",
        before=_shown(before),
        after={"threshold": threshold, "is_active": is_active, "steps": ordered},
    )
    after = rule_by_code(code)
    return after or before


def _shown(rule: Rule) -> dict[str, Any]:
    return {"threshold": rule.threshold, "is_active": rule.is_active, "steps": list(rule.steps)}

"""The steps against an account and their way back.

A step is a fact of ours first; what WeCom has to be told goes through the outbox, and the sender makes WeCom
what the ladder wants at that moment: an undo that overtakes its step cannot leave the account locked.
"""

from collections.abc import Callable, Iterable
from typing import Any

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from risk.anomalies.models import Incident, IncidentEntry, IncidentStep, Ladder
from risk.anomalies.selectors import outbox_key, unavailable
from risk.publishing import members_changed
from scrm.accounts.services import sessions_end
from scrm.core.audit import services as audit
from scrm.core.exceptions import Conflict, ValidationFailed
from scrm.core.outbox import services as outbox

SCOPE_KIND = "risk.scope"
ACCOUNT_KIND = "risk.account"
Entry = IncidentEntry.Kind


def member_lock(member_id: int) -> None:
    """Let one transaction at a time judge or act upon a member."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 11))", [f"risk:{member_id}"]
        )


def entry_add(incident: Incident, kind: str, **fields: Any) -> IncidentEntry:
    """Append a line to the timeline."""
    return IncidentEntry.objects.create(incident=incident, kind=kind, **fields)


def steps_take_by_rule(incident: Incident, kinds: Iterable[str]) -> list[IncidentStep]:
    """Take what a rule takes by itself; a step this installation cannot take is said so on the timeline."""
    taken = []
    for kind in Ladder:
        if kind not in kinds or _held(incident, kind):
            continue
        missing = unavailable(kind)
        if missing:
            entry_add(incident, Entry.MISSING, step=kind, reason=missing[:200])
        else:
            taken.append(_take(incident, kind, actor=None, reason=""))
    return taken


@transaction.atomic
def step_take(incident: Incident, kind: str, *, actor: Any, reason: str) -> IncidentStep:
    """Take one step by hand, audited; raises ValidationFailed without a reason, Conflict when it holds already."""
    _need_reason(reason)
    kind = Ladder(kind)
    member_lock(incident.member_id)
    missing = unavailable(kind)
    if missing:
        raise Conflict(missing, code="step_unavailable")
    if _held(incident, kind):
        raise Conflict(_("This step is in force already."), code="step_in_force")
    return _take(incident, kind, actor=actor, reason=reason)


@transaction.atomic
def steps_undo(
    incident: Incident, *, kinds: Iterable[str] | None = None, actor: Any, reason: str
) -> list[IncidentStep]:
    """Undo steps in force (all by default), the hardest first, audited; raises ValidationFailed without a reason."""
    _need_reason(reason)
    member_lock(incident.member_id)
    wanted = set(Ladder) if kinds is None else set(kinds)
    steps = incident.steps.select_for_update().filter(undone_at=None).order_by("-id")
    undone = [step for step in steps if step.kind in wanted]
    if not undone:
        raise Conflict(_("There is nothing to undo."), code="nothing_in_force")
    for step in undone:
        _undo(incident, step, actor=actor, reason=reason)
    return undone


def _need_reason(reason: str) -> None:
    if not reason.strip():
        raise ValidationFailed(_("Say why."), code="reason_missing", field="reason")


def _held(incident: Incident, kind: str) -> bool:
    return incident.steps.filter(kind=kind, undone_at=None).exists()


def _take(incident: Incident, kind: Ladder, *, actor: Any, reason: str) -> IncidentStep:
    step = IncidentStep.objects.create(
        incident=incident, member_id=incident.member_id, kind=kind, taken_by=actor
    )
    entry_add(incident, Entry.TAKEN, step=kind, actor=actor, reason=reason)
    _audit(step, "incident.step", actor=actor, reason=reason)
    EFFECTS[kind](step, undo=False, actor=actor, reason=reason)
    return step


def _undo(incident: Incident, step: IncidentStep, *, actor: Any, reason: str) -> None:
    step.undone_at, step.undone_by = timezone.now(), actor
    step.save(update_fields=["undone_at", "undone_by"])
    entry_add(incident, Entry.UNDONE, step=step.kind, actor=actor, reason=reason)
    _audit(step, "incident.undo", actor=actor, reason=reason)
    EFFECTS[Ladder(step.kind)](step, undo=True, actor=actor, reason=reason)


def _audit(step: IncidentStep, action: str, *, actor: Any, reason: str) -> None:
    audit.record(
        actor=actor,
        action=action,
        target=f"incident:{step.incident_id}",
        after={"step": step.kind, "member": step.member_id, "by_rule": actor is None},
        reason=reason,
    )


def step_settled(step: IncidentStep, *, undo: bool, confirmed: bool | None = None) -> None:
    """Note that a step, or its undoing, had its effect."""
    now = timezone.now()
    if undo:
        step.undo_done_at = now
    else:
        step.done_at, step.is_confirmed = now, confirmed
    step.save(update_fields=["undo_done_at", "done_at", "is_confirmed"])
    entry_add(step.incident, Entry.LIFTED if undo else Entry.DONE, step=step.kind)


Effect = Callable[..., None]


def _codes(step: IncidentStep, *, undo: bool, **_who: Any) -> None:
    """The step's row is the fact; the rooms above obey it."""
    step_settled(step, undo=undo)
    members_changed([step.member_id])


def _sessions(step: IncidentStep, *, undo: bool, actor: Any, reason: str) -> None:
    """Ended sessions do not come back: undoing only takes the step off the list."""
    user = step.member.user
    if not undo and user is not None:
        sessions_end(user, actor=actor, reason=reason or f"incident {step.incident_id}")
    step_settled(step, undo=undo)


def _by_wecom(outbox_kind: str) -> Effect:
    def effect(step: IncidentStep, *, undo: bool, **_who: Any) -> None:
        outbox.put(
            kind=outbox_kind,
            key=outbox_key(step.pk, undo=undo),
            payload={"step_id": step.pk, "undo": undo},
        )

    return effect


EFFECTS: dict[Ladder, Effect] = {
    Ladder.CODES: _codes,
    Ladder.SCOPE: _by_wecom(SCOPE_KIND),
    Ladder.SESSIONS: _sessions,
    Ladder.ACCOUNT: _by_wecom(ACCOUNT_KIND),
}


@transaction.atomic
def effect_settled(payload: dict[str, Any], result: dict[str, Any]) -> None:
    """Note what WeCom was made; a step that was undone before it was sent had no effect to note."""
    step = IncidentStep.objects.select_for_update().get(pk=payload["step_id"])
    undo = bool(payload["undo"])
    if undo or result.get("wanted", True):
        step_settled(step, undo=undo, confirmed=result.get("confirmed"))
    members_changed([step.member_id])

"""Ask a second person, decide, let it lapse; every step audited in its own transaction."""

from collections.abc import Callable
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from scrm.core.approvals.kinds import STAMP, Payload, is_stale, kind_of, kinds
from scrm.core.approvals.models import Approval
from scrm.core.approvals.selectors import kinds_decided_by
from scrm.core.audit.services import record
from scrm.core.exceptions import Conflict, NotFound, PermissionDenied, ValidationFailed
from scrm.core.scope import scope_of

State = Approval.State
BATCH = 200


@transaction.atomic
def ask(*, kind: str, key: str, payload: Payload, actor: Any, reason: str) -> Approval:
    """Put an act before a second person; `key` is its object, in which only one can wait at a time.

    Raises ValidationFailed without a reason, Conflict when one waits on the object already.
    """
    known = kinds()[kind]
    if not reason.strip():
        raise ValidationFailed(_("Say why, so that the person who decides can judge it."))
    # One that lapsed and that the clock has not ended yet stands in nobody's way.
    for pk in _due().filter(kind=kind, key=key).values_list("pk", flat=True):
        _expire(pk)
    try:
        with transaction.atomic():
            asked = Approval.objects.create(
                kind=kind,
                key=key,
                payload=payload | {STAMP: known.stamp(payload)},
                reason=reason.strip(),
                asked_by=actor,
                expires_at=timezone.now() + known.lifetime,
                decision_reason="",
            )
    except IntegrityError:
        raise Conflict(
            _("Somebody asked for a change of this already, and it waits for a decision."),
            code="approval_waits",
        ) from None
    _record(asked, "approval.ask", actor, asked.reason)
    return asked


@transaction.atomic
def approve(asked: Approval, *, actor: Any, reason: str = "") -> Approval:
    """Say yes; what was asked for is done in the same transaction, or nothing is.

    Raises PermissionDenied for the person who asked and for who does not decide on this kind, Conflict when it does not
    wait any more or its object changed meanwhile, and whatever the act itself raises.
    """
    locked = _open(asked, actor)
    if is_stale(locked):
        raise Conflict(
            _("This changed since it was asked for; refuse it, and let the person ask again."),
            code="approval_stale",
        )
    kind = kind_of(locked)
    locked.state = State.APPROVED
    if kind.used_within is not None:
        locked.expires_at = timezone.now() + kind.used_within
    _decided(locked, actor, reason)
    kind.granted(locked, actor)
    _record(locked, "approval.approve", actor, reason)
    return locked


@transaction.atomic
def refuse(asked: Approval, *, actor: Any, reason: str) -> Approval:
    """Say no, with a reason the asker reads; raises as `approve`, and ValidationFailed without a reason."""
    if not reason.strip():
        raise ValidationFailed(_("Say why you refuse; the person who asked reads it."))
    locked = _open(asked, actor)
    locked.state = State.REFUSED
    _decided(locked, actor, reason)
    kind_of(locked).turned_down(locked, actor)
    _record(locked, "approval.refuse", actor, reason)
    return locked


@transaction.atomic
def take_back(asked: Approval, *, actor: Any) -> Approval:
    """Let the asker change their mind; raises PermissionDenied for anybody else."""
    locked = _locked(asked)
    if locked.asked_by_id != actor.pk:
        raise PermissionDenied(_("Only the person who asked takes it back; you may refuse it."))
    if locked.state != State.WAITING:
        raise _too_late()
    locked.state = State.TAKEN_BACK
    _decided(locked, actor, "")
    kind_of(locked).turned_down(locked, actor)
    _record(locked, "approval.take_back", actor, "")
    return locked


@transaction.atomic
def use(
    *, kind: str, key: str, actor: Any, fits: Callable[[Payload], bool] = lambda _payload: True
) -> Approval | None:
    """Spend the approval a person has for this one act, once; None when there is none whose payload `fits`."""
    waiting = (
        Approval.objects.select_for_update(of=("self",))
        .filter(kind=kind, key=key, asked_by=actor, state=State.APPROVED)
        .filter(expires_at__gt=timezone.now())
        .order_by("asked_at")
    )
    found = next((asked for asked in waiting if fits(asked.payload)), None)
    if found is None:
        return None
    found.state, found.used_at = State.USED, timezone.now()
    found.save(update_fields=["state", "used_at"])
    _record(found, "approval.use", actor, "")
    return found


@transaction.atomic
def drop(*, kind: str, key: str, actor: Any | None) -> None:
    """End what waits on an object that is gone; nobody is asked any more."""
    found = Approval.objects.select_for_update(of=("self",)).filter(
        kind=kind, key=key, state=State.WAITING
    )
    for asked in found:
        asked.state = State.EXPIRED if actor is None else State.TAKEN_BACK
        if actor is None:
            asked.save(update_fields=["state"])
        else:
            _decided(asked, actor, "")
        _record(asked, "approval.take_back", actor, "")


def expire_due() -> int:
    """End what nobody decided on, or did not use, in time; return how many."""
    due = _due().order_by("expires_at").values_list("pk", flat=True)[:BATCH]
    return sum(_expire(pk) for pk in list(due))


@transaction.atomic
def asker_left(user: Any) -> int:
    """End what somebody who may not work any more asked for and did not use; returns how much that was."""
    asked = list(lapsing().filter(asked_by=user).values_list("pk", flat=True))
    Approval.objects.filter(pk__in=asked).update(expires_at=timezone.now())
    return sum(_expire(pk) for pk in asked)


@transaction.atomic
def _expire(pk: Any) -> bool:
    asked = _due().select_for_update(skip_locked=True, of=("self",)).filter(pk=pk).first()
    if asked is None:
        return False
    was_waiting = asked.state == State.WAITING
    asked.state = State.EXPIRED
    asked.save(update_fields=["state"])
    kind = kinds().get(asked.kind)
    if kind is not None and was_waiting:
        kind.turned_down(asked, None)
    _record(asked, "approval.expire", None, "")
    return True


def _due() -> QuerySet[Approval]:
    return lapsing().filter(expires_at__lte=timezone.now())


def lapsing() -> QuerySet[Approval]:
    """Return what ends unless somebody decides on it, or takes it, in time."""
    once = [code for code, kind in kinds().items() if kind.used_within is not None]
    lapses = Q(state=State.WAITING) | Q(state=State.APPROVED, kind__in=once)
    return Approval.objects.filter(lapses)


def _open(asked: Approval, actor: Any) -> Approval:
    locked = _locked(asked)
    if locked.asked_by_id == actor.pk:
        raise PermissionDenied(
            _("You asked for this; somebody else has to decide."), code="own_approval"
        )
    if locked.kind not in kinds_decided_by(scope_of(actor)):
        raise PermissionDenied(_("You do not decide on this."), code="not_a_checker")
    if not locked.is_waiting:
        raise _too_late()
    return locked


def _locked(asked: Approval) -> Approval:
    locked = Approval.objects.select_for_update(of=("self",)).filter(pk=asked.pk).first()
    if locked is None:
        raise NotFound(_("This does not exist."))
    return locked


def _too_late() -> Conflict:
    return Conflict(_("This does not wait for a decision any more."), code="approval_not_waiting")


def _decided(locked: Approval, actor: Any, reason: str) -> None:
    locked.decided_by, locked.decided_at = actor, timezone.now()
    locked.decision_reason = reason.strip()
    locked.save()


def _record(asked: Approval, action: str, actor: Any, reason: str) -> None:
    record(
        actor=actor,
        action=action,
        target=f"approval:{asked.pk}",
        after={"kind": asked.kind, "object": asked.key, "asked_by": asked.asked_by.get_username()},
        reason=reason.strip(),
    )

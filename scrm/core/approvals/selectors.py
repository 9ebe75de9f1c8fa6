"""Reads of approvals: one's own, those one may decide, all for who reads the audit."""

from django.db.models import Q, QuerySet
from django.utils import timezone

from scrm.core.approvals.kinds import kinds
from scrm.core.approvals.models import Approval
from scrm.core.scope import Scope


def approvals_visible_to(scope: Scope) -> QuerySet[Approval]:
    """Return what a person asked for, what they decide on, and everything for whoever reads the audit."""
    approvals = Approval.objects.select_related("asked_by", "decided_by")
    if scope.user_id == 0 or not scope.allows("approvals.view"):
        return approvals.none()
    if scope.everything and scope.allows("audit.view"):
        return approvals
    return approvals.filter(Q(asked_by_id=scope.user_id) | Q(kind__in=kinds_decided_by(scope)))


def waiting_for(scope: Scope) -> QuerySet[Approval]:
    """Return what waits for this person: never what they asked for themselves."""
    return Approval.objects.filter(
        kind__in=kinds_decided_by(scope),
        state=Approval.State.WAITING,
        expires_at__gt=timezone.now(),
    ).exclude(asked_by_id=scope.user_id)


def waiting_count(scope: Scope) -> int:
    """Return how many requests wait for this person; asks nothing of who decides on none."""
    return waiting_for(scope).count() if kinds_decided_by(scope) else 0


def kinds_decided_by(scope: Scope) -> list[str]:
    """Return the kinds a person decides on: their permission, with the whole company as reach."""
    if not scope.everything or not scope.allows("approvals.view"):
        return []
    return sorted(code for code, kind in kinds().items() if scope.allows(kind.permission))


def waiting_on(kind: str, key: str) -> Approval | None:
    """Return what waits on an object, if anything does."""
    return Approval.objects.filter(kind=kind, key=key, state=Approval.State.WAITING).first()

"""What happens by itself when somebody leaves or moves: changed by headquarters."""

from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from contacts.directory.models import Member
from customers.inheritance.models import HandoverPlan, HandoverPolicy
from customers.inheritance.selectors import deletion_date, policy
from scrm.core.audit import services as audit
from scrm.core.exceptions import PermissionDenied
from scrm.core.scope import Scope


@transaction.atomic
def policy_set(
    scope: Scope,
    *,
    on_leave: str,
    on_move: str,
    neighbours: bool,
    message: str,
    grace_days: int | None,
    actor: Any,
) -> HandoverPolicy:
    """Change what happens by itself when the OA reports a leaver, audited; accounts that wait get a new date, or none.

    Raises PermissionDenied outside headquarters.
    """
    if not scope.everything:
        raise PermissionDenied(_("The policy holds for the whole company; headquarters sets it."))
    row = policy()
    before = _policy_facts(row)
    row.on_leave, row.neighbours, row.message = on_leave, neighbours, message.strip()
    stays = on_move == HandoverPolicy.OnMove.STAY
    if stays or row.on_move == HandoverPolicy.OnMove.STAY:
        row.moves_since = None if stays else timezone.now()
    row.on_move = on_move
    row.grace_days, row.updated_by = grace_days, actor
    row.save()
    dated = HandoverPlan.objects.filter(delete_on__isnull=False)
    for plan in dated.exclude(leaver__status=Member.Status.LEFT).select_related("leaver__employee"):
        HandoverPlan.objects.filter(pk=plan.pk).update(delete_on=deletion_date(plan, row))
    audit.record(
        actor=actor,
        action="inheritance.policy_set",
        target="handover_policy:1",
        before=before,
        after=_policy_facts(row),
    )
    return row


def _policy_facts(row: HandoverPolicy) -> dict[str, Any]:
    return {
        "on_leave": row.on_leave,
        "on_move": row.on_move,
        "neighbours": row.neighbours,
        "message": row.message,
        "grace_days": row.grace_days,
    }

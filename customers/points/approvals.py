"""Points given or taken by hand wait for a second person."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from customers.points import services
from customers.points.models import PointsAccount
from customers.relations.showing import mask_name
from scrm.core.approvals.kinds import Fact, Kind, Payload
from scrm.core.approvals.models import Approval
from scrm.core.approvals.services import ask
from scrm.core.exceptions import ValidationFailed

CODE = "points_adjust"
MOST_POINTS = 1_000_000


def adjust_ask(account: PointsAccount, points: int, *, reason: str, actor: Any) -> Approval:
    """Ask a second person to give (or, negative, take) points. Raises ValidationFailed, Conflict."""
    if not 0 < abs(points) <= MOST_POINTS:
        raise ValidationFailed(
            _("Between 1 and %(most)d points, given or taken.") % {"most": MOST_POINTS},
            field="points",
        )
    payload = {"account": account.pk, "points": points, "balance": account.balance}
    return ask(kind=CODE, key=f"account:{account.pk}", payload=payload, actor=actor, reason=reason)


def _account(payload: Payload) -> PointsAccount:
    return PointsAccount.objects.get(pk=payload["account"])


def _facts(payload: Payload) -> list[Fact]:
    account, points = _account(payload), int(payload["points"])
    return [
        # Whoever decides may not see names; the page behind it shows as much as they may.
        Fact(_("Points account"), f"{mask_name(account.name)} #{account.pk}".strip()),
        Fact(_("Points"), f"{points:+d}"),
        Fact(_("Balance"), str(account.balance + points), str(account.balance)),
    ]


def _granted(approval: Approval, actor: Any) -> None:
    services.adjust(
        _account(approval.payload), int(approval.payload["points"]), key=f"adjust:{approval.pk}",
        reason=approval.reason, actor=actor,
    )  # fmt: skip


def _page(payload: Payload) -> str:
    return reverse("points:account", args=[payload["account"]])


ADJUST = Kind(
    code=CODE,
    title=gettext_lazy("Give or take points"),
    permission="points.approve",
    facts=_facts,
    granted=_granted,
    page=_page,
)

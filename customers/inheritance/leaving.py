"""Leavers the OA reported: the policy plans and offers at once. The account's end: `releasing.py`."""

from collections.abc import Sequence
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import override

from contacts.directory.models import Employee, Member
from customers.inheritance import services
from customers.inheritance.asking import plan_settle
from customers.inheritance.choosing import candidates_of, spread_ranks
from customers.inheritance.groups import groups_owned
from customers.inheritance.models import (
    HandoverGroup,
    HandoverItem,
    HandoverPlan,
    HandoverPolicy,
)
from customers.inheritance.selectors import (
    GONE,
    Successor,
    customers_of,
    is_of_this_leave,
    leavers_due,
    policy,
    successors_for,
)
from customers.inheritance.spreading import Load
from scrm.core.alerts import services as alerts
from scrm.core.exceptions import ScrmError
from scrm.core.scope import SYSTEM_SCOPE

logger = structlog.get_logger(__name__)


def leavers_plan() -> int:
    """Act by the policy for every leaver the OA reported since; return how many plans were made."""
    returners_keep()
    rule = policy()
    if rule.on_leave == HandoverPolicy.OnLeave.NOTHING:
        return 0
    offer = rule.on_leave == HandoverPolicy.OnLeave.OFFER
    made = 0
    for pk in list(leavers_due().order_by("pk").values_list("pk", flat=True)):
        try:
            made += leaver_plan(pk, rule, offer=offer) is not None
        except ScrmError as error:
            # One that cannot be planned now is due again in a minute; the others do not wait for it.
            logger.warning("inheritance.leaver_unplanned", member=pk, code=error.code)
    return made


def returners_keep() -> int:
    """Drop the dates of accounts whose owner serves again; return how many. A later leave brings its own."""
    gone = Q(leaver__employee__state=Employee.State.LEFT, leaver__status__in=GONE)
    return HandoverPlan.objects.filter(~gone, delete_on__isnull=False).update(delete_on=None)


@transaction.atomic
def leaver_plan(member_id: int, rule: HandoverPolicy, *, offer: bool) -> HandoverPlan | None:
    """Make one leaver's plan by the store plan, and ask at once if wished; None when it is not due any more."""
    Member.objects.select_for_update().get(pk=member_id)
    leaver = leavers_due().filter(pk=member_id).first()
    contact_ids = customers_of(leaver) if leaver is not None else []
    if leaver is None or not (contact_ids or groups_owned(leaver)):
        return None
    found = successors_for(SYSTEM_SCOPE, leaver)
    former = former_plan(leaver)
    if former is None:
        chosen = store_plan(contact_ids, found, neighbours=rule.neighbours)
    else:
        candidates = candidates_of(SYSTEM_SCOPE, former)
        ranks = candidates.with_all() if rule.neighbours else candidates.ranks
        chosen = spread_ranks(contact_ids, ranks)
    plan = services.plan_store(
        leaver,
        contact_ids,
        chosen,
        message=rule.message,
        actor=None,
        owners=owners_of(found, neighbours=rule.neighbours),
    )
    plan_go_on(plan, len(contact_ids) - len(chosen), offer=offer)
    return plan


def former_plan(leaver: Member) -> HandoverPlan | None:
    """Return the hand-over that ended for this leave already: whom it chose takes over who stayed behind, too."""
    plans = HandoverPlan.objects.filter(
        leaver=leaver, cause=HandoverPlan.Cause.LEAVE, state=HandoverPlan.State.DONE
    )
    newest = plans.order_by("-pk").first()
    if newest is None:
        return None
    newest.leaver = leaver
    return newest if is_of_this_leave(newest) else None


def plan_go_on(plan: HandoverPlan, unplaced: int, *, offer: bool) -> None:
    """Take the policy's plan on: told where somebody has no successor, asked at once if wished, closed if empty."""
    if unplaced:
        _tell(plan, unplaced)
    asks = (
        plan.items.filter(state=HandoverItem.State.PLANNED).exists()
        or plan.groups.filter(state=HandoverGroup.State.PLANNED).exists()
    )
    if asks and offer:
        services.plan_confirm(plan, actor=None)
    elif not asks:
        HandoverPlan.objects.filter(pk=plan.pk).update(state=HandoverPlan.State.RUNNING)
        plan_settle(plan.pk)


def owners_of(found: Sequence[Successor], *, neighbours: bool) -> list[int]:
    """Return who may own the leaver's groups: the store's own accounts, without any those beside it."""
    own = [one.member.pk for one in found if one.same_store]
    return own or ([one.member.pk for one in found] if neighbours else [])


def store_plan(
    contact_ids: Sequence[UUID], found: Sequence[Successor], *, neighbours: bool
) -> dict[UUID, int]:
    """Spread customers over the store's own accounts, and only who finds no room there over those beside it."""
    ranks = [
        [Load(one.member.pk, one.customers, one.room) for one in found if one.same_store is own]
        for own in ((True, False) if neighbours else (True,))
    ]
    return spread_ranks(contact_ids, ranks)


def _tell(plan: HandoverPlan, count: int) -> None:
    leaver = plan.leaver
    with override(settings.LANGUAGE_CODE):
        alerts.raise_alert(
            kind="inheritance.unplaced",
            key=str(plan.pk),
            level="warning",
            title=lambda: _("Nobody has room for a leaver's customers: %(name)s")
            % {"name": leaver.name or leaver.userid},
            text=lambda: _("%(count)d customers have no successor. Bind an account with room, then try again: %(url)s")
            % {
                "count": count,
                "url": settings.BASE_URL + reverse("inheritance:detail", args=[plan.pk]),
            },
        )  # fmt: skip

"""Customers WeCom protected, and groups beyond its limit of a day: asked again by themselves when that is over."""

import structlog
from django.db.models import Q
from django.utils import timezone

from customers.inheritance import services
from customers.inheritance.models import HandoverGroup, HandoverItem, HandoverPlan
from scrm.core.exceptions import ScrmError

logger = structlog.get_logger(__name__)


def later_ask() -> int:
    """Start asking again in every hand-over in which somebody is due; return how many jobs were started."""
    now = timezone.now()
    due = Q(items__state=HandoverItem.State.LATER, items__again_on__lte=now) | Q(
        groups__state=HandoverGroup.State.LATER, groups__again_on__lte=now
    )
    plans = HandoverPlan.objects.filter(due, state=HandoverPlan.State.DONE)
    started = 0
    for plan in plans.distinct().order_by("pk"):
        try:
            started += services.plan_again(plan, now) is not None
        except ScrmError as error:
            # Looked at again in an hour; the next hand-over does not wait for it.
            logger.warning("inheritance.again_waits", plan=plan.pk, code=error.code)
    return started

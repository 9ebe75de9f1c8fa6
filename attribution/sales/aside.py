"""Orders that cannot be attributed: put aside with the reason and an alert, tried again later."""

from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from attribution.sales.models import AsideOrder
from customers.crm.models import Order
from customers.crm.orders import orders_reconsider
from scrm.core.alerts import services as alerts

AGAIN_AFTER = timedelta(hours=1)
BATCH = 500
# More alerts than this tell nothing new: one says that there are many.
MOST_ALERTS = 5


def aside_put(order_id: UUID, error: Exception) -> None:
    """Put an order aside that could not be attributed, and tell once a day which and why."""
    now = timezone.now()
    problem = " ".join(f"{type(error).__name__}: {error}".split())[:500]
    AsideOrder.objects.update_or_create(
        order_id=order_id,
        defaults={"problem": problem, "tried_at": now},
        create_defaults={"problem": problem, "tried_at": now, "since": now},
    )
    number = Order.objects.values_list("order_no", flat=True).get(pk=order_id)
    count = AsideOrder.objects.count()
    few = count <= MOST_ALERTS
    alerts.raise_alert(
        kind="sales.aside",
        key=number if few else "many",
        level="warning",
        title=lambda: (
            _("Order %(number)s cannot be attributed") % {"number": number}
            if few
            else _("%(count)d orders cannot be attributed") % {"count": count}
        ),
        text=lambda: (
            _("It was put aside and is tried again every hour; all others go on. %(problem)s")
            % {"problem": problem}
        ),
        dedupe=timedelta(hours=24),
    )


def aside_clear(order_ids: Collection[UUID]) -> None:
    """Forget that these orders were put aside: they are attributed now."""
    AsideOrder.objects.filter(order__in=order_ids).delete()


@transaction.atomic
def asides_retry() -> int:
    """Let the orders put aside an hour ago be tried again; returns how many."""
    now = timezone.now()
    rows = AsideOrder.objects.select_for_update(skip_locked=True)
    due = list(rows.filter(tried_at__lt=now - AGAIN_AFTER).order_by("tried_at")[:BATCH])
    AsideOrder.objects.filter(pk__in=[row.pk for row in due]).update(tried_at=now)
    orders_reconsider(row.order_id for row in due)
    return len(due)

"""The line of the health page about attribution."""

from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from attribution.sales.models import AsideOrder
from customers.crm.models import OrderChange
from scrm.core.health.findings import Finding, Outcome

LATE_AFTER = timedelta(minutes=5)
BAD_AFTER = timedelta(hours=1)


def probe() -> Finding:
    """Look how long the oldest changed order waits, and whether orders were put aside."""
    oldest = OrderChange.objects.order_by("pk").values_list("changed_at", flat=True).first()
    waits = timezone.now() - oldest if oldest is not None else timedelta()
    aside = AsideOrder.objects.count()
    seen = _("the oldest order waits for %(seconds)d s, %(aside)d put aside") % {
        "seconds": max(waits.total_seconds(), 0),
        "aside": aside,
    }
    if waits > LATE_AFTER:
        outcome = Outcome.BAD if waits > BAD_AFTER else Outcome.WARNING
        return Finding("sales", outcome, seen, _("Start celery beat and a worker."))
    if aside:
        hint = _("Open the alerts: each names its order and the reason.")
        return Finding("sales", Outcome.WARNING, seen, hint)
    return Finding("sales", Outcome.GOOD, seen)

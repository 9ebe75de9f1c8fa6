"""Points by the clock: what was not picked up, what is too old, what does not add up."""

from celery import shared_task
from django.utils import timezone
from django.utils.translation import gettext as _

from customers.points import ledger, services
from scrm.core.alerts.services import raise_alert


@shared_task(name="customers.redemptions_lapse")
def redemptions_lapse() -> int:
    """Give back the points of what nobody picked up in time."""
    return services.lapse_due()


@shared_task(name="customers.points_nightly")
def points_nightly() -> int:
    """Take back points that are too old, where the rule says so, and prove that the ledger adds up."""
    days = services.rule_days()
    done = ledger.expire(days, timezone.now()) if days else 0
    found = ledger.faults()
    if found:
        raise_alert(
            kind="points.ledger",
            key="points.ledger",
            level="critical",
            title=_("The ledger of points does not add up"),
            text="\n".join(found),
        )
    return done

"""So many customers in an hour are opened by one person; more is a list being copied (A25)."""

from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from scrm.core.alerts.services import raise_alert
from scrm.core.exceptions import RateLimited
from scrm.core.limits import counted

WINDOW = 3600


def opening_count(user: Any) -> None:
    """Count one opened customer; beyond the most in an hour, alert and raise RateLimited."""
    most = settings.CUSTOMERS_OPENED_PER_HOUR
    if counted("profile.opened", str(user.pk), WINDOW) <= most:
        return
    name = user.get_username()
    raise_alert(
        kind="profile.opened",
        key=str(user.pk),
        level="warning",
        title=lambda: _("Somebody opens very many customers"),
        text=lambda: (
            _("%(person)s opened more than %(most)d customers within an hour and is held.")
            % {"person": name, "most": most}
        ),
    )
    raise RateLimited(
        _("You opened %(most)d customers within an hour. Go on in an hour, or ask headquarters.")
        % {"most": most},
        code="too_many_customers",
    )

"""So many customers in an hour are opened by one person; more is a list being copied (A25)."""

import hashlib
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from scrm.core.alerts.services import raise_alert
from scrm.core.exceptions import RateLimited
from scrm.core.limits import counted, uncounted

WINDOW = 3600
ONE = "profile.opened.one"


def opening_count(user: Any, what: object) -> None:
    """Count one opened customer; beyond the most in an hour, alert and raise RateLimited.

    what names who was asked for, there or not: tabs and notes of one customer are one opening.
    """
    one = hashlib.sha256(str(what).encode("utf-8", "replace")).hexdigest()[:16]
    if counted(ONE, f"{user.pk}:{one}", WINDOW) > 1:
        return
    most = settings.CUSTOMERS_OPENED_PER_HOUR
    if counted("profile.opened", str(user.pk), WINDOW) <= most:
        return
    uncounted(ONE, f"{user.pk}:{one}")
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

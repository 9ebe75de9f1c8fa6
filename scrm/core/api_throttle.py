"""How many calls a partner key may make; apart from api.py because DRF loads it while its own views are imported."""

import time
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from rest_framework.exceptions import Throttled
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from scrm.core.limits import counted

WINDOW = 60  # seconds


class PartnerRateThrottle(BaseThrottle):
    """Limits all calls of one partner key a minute: its own `calls_per_minute`, else settings.API_CALLS_PER_MINUTE."""

    def allow_request(self, request: Request, view: Any) -> bool:
        """Count the call; raises Throttled with the seconds until the next minute, for Retry-After."""
        key = getattr(request.auth, "pk", None)
        if key is None:
            return True
        most = getattr(request.auth, "calls_per_minute", None) or settings.API_CALLS_PER_MINUTE
        minute, second = divmod(time.time(), WINDOW)
        if counted("api.key", f"{key}:{int(minute)}", WINDOW) <= most:
            return True
        raise Throttled(
            wait=WINDOW - second,
            detail=_("This key makes more than %(most)d calls a minute; send larger batches.")
            % {"most": most},
        )

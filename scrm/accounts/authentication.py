"""Partner systems log in by `Authorization: Bearer scrm_<prefix>_<secret>`."""

import hmac
from datetime import timedelta

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from scrm.accounts.models import PartnerKey

# Saying "last used" to the minute is enough, and spares a write per call.
LAST_USED_STEP = timedelta(minutes=1)


class PartnerKeyAuthentication(BaseAuthentication):
    """Sets `request.auth` to the PartnerKey; there is no user behind a partner system."""

    def authenticate(self, request: Request) -> tuple[None, PartnerKey] | None:
        """Return the key of the header, None without one; raises AuthenticationFailed for a wrong one."""
        header = get_authorization_header(request).split()
        if not header or header[0].lower() != b"bearer":
            return None
        key = _find(header[1].decode("latin-1") if len(header) == 2 else "")
        if key is None:
            raise AuthenticationFailed(
                _("This API key is unknown or was revoked; ask IT for a new one.")
            )
        if key.has_expired:
            raise AuthenticationFailed(_("This API key has expired; ask IT for a new one."))
        if key.is_waiting:
            raise AuthenticationFailed(
                _(
                    "This API key reads customers and waits for approval: "
                    "HQ operations approves it in the console under Approvals."
                )
            )
        _touch(key)
        return None, key

    def authenticate_header(self, request: Request) -> str:
        """Answer 401 (not 403) to a request without a valid key."""
        return "Bearer"


def _find(token: str) -> PartnerKey | None:
    parts = token.split("_", 2)
    if len(parts) != 3 or parts[0] != "scrm":
        return None
    # The key of somebody who was switched off here ends with the next call, not with the next sweep.
    alive = PartnerKey.objects.exclude(created_by__is_active=False)
    key = alive.filter(prefix=parts[1], revoked_at=None).first()
    # Compare even without a row, so that the answer's time does not tell known prefixes.
    digest = PartnerKey.digest_of(parts[2])
    stored = bytes(key.digest) if key is not None else bytes(32)
    return key if hmac.compare_digest(stored, digest) and key is not None else None


def _touch(key: PartnerKey) -> None:
    now = timezone.now()
    stale = Q(last_used_at=None) | Q(last_used_at__lt=now - LAST_USED_STEP)
    if key.last_used_at is None or key.last_used_at < now - LAST_USED_STEP:
        PartnerKey.objects.filter(stale, pk=key.pk).update(last_used_at=now)

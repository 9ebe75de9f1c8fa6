"""Reads of partner keys; they belong to the company, so a scope sees all of them or none."""

from django.db.models import Q, QuerySet
from django.utils import timezone

from scrm.accounts.models import PartnerKey
from scrm.core.scope import Scope


def keys_visible_to(scope: Scope) -> QuerySet[PartnerKey]:
    """Return the keys, with who made and who withdrew each."""
    if not scope.allows("api_keys.view"):
        return PartnerKey.objects.none()
    return PartnerKey.objects.select_related("created_by", "revoked_by", "approved_by")


def keys_editable_by(scope: Scope) -> QuerySet[PartnerKey]:
    """Return the keys this person may withdraw: those that are not withdrawn yet."""
    if not scope.allows("api_keys.edit"):
        return PartnerKey.objects.none()
    return PartnerKey.objects.filter(revoked_at=None)


def keys_to_approve(scope: Scope) -> QuerySet[PartnerKey]:
    """Return the keys that wait for this person: those somebody else made."""
    if not scope.allows("api_keys.approve"):
        return PartnerKey.objects.none()
    others = Q(created_by=None) | ~Q(created_by_id=scope.user_id)
    return in_state(PartnerKey.objects.filter(others), "waiting")


def in_state(keys: QuerySet[PartnerKey], state: str) -> QuerySet[PartnerKey]:
    """Narrow keys to `usable`, `waiting` (for approval), `unused` (never called with), `expired` or `withdrawn`."""
    expired = Q(expires_at__isnull=False, expires_at__lte=timezone.now())
    waiting = Q(needs_approval=True, approved_at=None)
    wanted = {
        "usable": Q(revoked_at=None) & ~expired & ~waiting,
        "waiting": Q(revoked_at=None) & ~expired & waiting,
        "unused": Q(revoked_at=None, last_used_at=None) & ~expired & ~waiting,
        "expired": Q(revoked_at=None) & expired,
        "withdrawn": Q(revoked_at__isnull=False),
    }
    return keys.filter(wanted[state])

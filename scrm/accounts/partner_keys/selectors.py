"""Reads of partner keys; they belong to the company, so a scope sees all of them or none."""

from collections.abc import Iterable

from django.db.models import Q, QuerySet
from django.utils import timezone

from scrm.accounts.models import KEY_APPROVAL, PartnerKey, User
from scrm.core.approvals.models import Approval
from scrm.core.scope import Scope, scope_of


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


def keys_unanswered() -> QuerySet[PartnerKey]:
    """Return the working keys of people who may make none any more; those of the server's command line are nobody's."""
    works = Q(revoked_at=None) & (Q(expires_at=None) | Q(expires_at__gt=timezone.now()))
    keys = PartnerKey.objects.filter(works).exclude(created_by=None)
    makers = User.objects.filter(pk__in=keys.values("created_by"))
    lost = [maker.pk for maker in makers if not scope_of(maker).allows("api_keys.edit")]
    return keys.filter(created_by__in=lost).select_related("created_by")


def approvals_of(keys: Iterable[PartnerKey]) -> dict[str, Approval]:
    """Return what waits for a second person, by the public part of the key."""
    waiting = Approval.objects.filter(
        kind=KEY_APPROVAL,
        key__in=[f"partner_key:{key.prefix}" for key in keys if key.is_waiting],
        state=Approval.State.WAITING,
    )
    return {approval.key.partition(":")[2]: approval for approval in waiting}


def in_state(keys: QuerySet[PartnerKey], state: str) -> QuerySet[PartnerKey]:
    """Narrow keys to `usable`, `waiting` (for approval), `unanswered` (who made it may make none any more), `unused`
    (never called with), `expired` or `withdrawn`.
    """
    if state == "unanswered":
        return keys.filter(pk__in=keys_unanswered().values("pk"))
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

"""Reads of sessions that have not ended."""

from django.db.models import QuerySet
from django.utils import timezone

from scrm.accounts.sessions.models import UserSession
from scrm.core.scope import Scope


def open_sessions() -> QuerySet[UserSession]:
    """Return the sessions of people that have not ended."""
    return UserSession.objects.filter(user__isnull=False, expire_date__gt=timezone.now())


def sessions_of(user_id: int) -> QuerySet[UserSession]:
    """Return one person's open sessions, the last used first."""
    return open_sessions().filter(user_id=user_id).order_by("-seen_at")


def sessions_visible_to(scope: Scope) -> QuerySet[UserSession]:
    """Return everybody's open sessions for who looks after the system, else none."""
    if not (scope.allows("sessions.view") and scope.everything):
        return UserSession.objects.none()
    return open_sessions().select_related("user")

"""Refused access to a page, in the audit."""

from django.http import HttpRequest

from scrm.core.audit.refusals import record_refusal


def access_refused(request: HttpRequest, *, permission: str = "", reason: str = "") -> None:
    """Note who was refused which page, and which right they lacked; nothing for who is not logged in."""
    user, found = getattr(request, "user", None), request.resolver_match
    if user is None or not user.is_authenticated or found is None:
        return
    record_refusal(
        actor=user,
        action="access.refused",
        target=f"page:{found.view_name}",
        after={"permissions": [permission]} if permission else {},
        reason=reason,
    )

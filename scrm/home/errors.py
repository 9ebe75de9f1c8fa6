"""Error pages of the two faces: the console's, or the phone's below /h5/."""

import structlog
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from contacts.roles.labels import PERMISSIONS
from scrm.core.audit.access import access_refused
from scrm.core.scope import AccountClosed

logger = structlog.get_logger(__name__)

PHONE = "/h5/"


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Say that the roles do not include the page, or that the account was closed."""
    _denied(request, 403)
    # The exception of `requires` names the right that was missing.
    lacked = str(exception) if exception is not None else ""
    access_refused(request, permission=lacked if lacked in PERMISSIONS else "")
    if not request.path.startswith(PHONE):
        return render(request, "403.html", status=403)
    closed = isinstance(exception, AccountClosed)
    return render(request, "h5/closed.html" if closed else "h5/403.html", status=403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Say that there is no such page, or none this person may see."""
    _denied(request, 404)
    phone = request.path.startswith(PHONE)
    return render(request, "h5/404.html" if phone else "404.html", status=404)


def _denied(request: HttpRequest, status: int) -> None:
    """Leave a line where somebody logged in asked for an object that is not theirs, or for none."""
    user, found = getattr(request, "user", None), request.resolver_match
    if user is not None and user.is_authenticated and found is not None:
        logger.warning("authz.deny", status=status, view=found.view_name, user=user.pk)

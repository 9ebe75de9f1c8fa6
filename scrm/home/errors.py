"""Error pages of the two faces: the console's, or the phone's below /h5/."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from scrm.core.scope import AccountClosed

PHONE = "/h5/"


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Say that the roles do not include the page, or that the account was closed."""
    if not request.path.startswith(PHONE):
        return render(request, "403.html", status=403)
    closed = isinstance(exception, AccountClosed)
    return render(request, "h5/closed.html" if closed else "h5/403.html", status=403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Say that there is no such page, or none this person may see."""
    phone = request.path.startswith(PHONE)
    return render(request, "h5/404.html" if phone else "404.html", status=404)

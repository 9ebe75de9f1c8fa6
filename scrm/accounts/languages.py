"""The language a person chose, in the cookie of the browser they use now."""

from django.conf import settings
from django.http import HttpResponse

from scrm.accounts.models import User

COOKIE_AGE = 365 * 24 * 3600


def with_language(response: HttpResponse, user: User) -> HttpResponse:
    """Give the browser the language this person chose last time."""
    if user.language in dict(settings.LANGUAGES):
        set_cookie(response, user.language)
    return response


def set_cookie(response: HttpResponse, code: str) -> None:
    """Remember a language in this browser."""
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        code,
        max_age=COOKIE_AGE,
        samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
    )

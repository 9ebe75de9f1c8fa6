"""Puts a session's idle end off with each request a person makes; a page that asks by itself does not count."""

from collections.abc import Callable

from django.contrib.auth import SESSION_KEY
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from scrm.accounts.sessions.store import SessionStore

# What pages ask every few seconds while nobody may be sitting there: the `live` part of any page, and these.
LIVE = ":live"
POLLED = frozenset({"jobs:bar", "org:change", "setup:callback_log"})


def asks_by_itself(route: str) -> bool:
    """Tell whether a page asks this route on its own, without a person."""
    return route in POLLED or route.endswith(LIVE)


class SessionSeenMiddleware:
    """Stands behind Django's session middleware; costs one write a minute and person."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Note the use after the answer, so that a slow page is not counted as idle."""
        response = self.get_response(request)
        session = request.session
        route = request.resolver_match.view_name if request.resolver_match else ""
        # A changed session is written anyway, with its new end.
        if (
            isinstance(session, SessionStore)
            and session.accessed
            and not session.modified
            and SESSION_KEY in session
            and not asks_by_itself(route)
        ):
            session.touch()
        return response

"""The machines' questions, answered before anybody looks at the Host header."""

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import resolve

PROBES = frozenset({"/healthz", "/readyz"})


class HealthMiddleware:
    """Load balancers and container engines ask by IP address, which is none of SCRM_ALLOWED_HOSTS.

    Nothing is opened by this: both views are public and tell no more than up or down.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer a probe, pass everything else on."""
        if request.path_info not in PROBES:
            return self.get_response(request)
        answer: HttpResponseBase = resolve(request.path_info).func(request)
        return answer

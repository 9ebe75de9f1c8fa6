"""Around every request: an id for the logs, default deny, errors in words, nothing cached."""

import re
import time
from collections.abc import Callable
from typing import Any

import structlog
from django.conf import settings
from django.contrib.admin import AdminSite
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from django.shortcuts import render, resolve_url
from structlog.contextvars import bind_contextvars, clear_contextvars

from scrm.core.audit.access import access_refused
from scrm.core.exceptions import ScrmError
from scrm.core.ids import uuid7
from scrm.core.scope import mark_of, of_the_phone
from scrm.core.standing import page_for

logger = structlog.get_logger(__name__)
REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")
CONSOLE_ERRORS = ("error.html", "console/core/error_line.html")
PEOPLES = ("/console/", "/h5/", "/accounts/")
QUIET_ROUTES = frozenset({"healthz", "readyz", "metrics", "jobs:bar"})


def client_ip(request: HttpRequest) -> str:
    """Return the caller's address; X-Forwarded-For counts only as far as our own proxies wrote it."""
    proxies = settings.TRUSTED_PROXIES
    remote = request.META.get("REMOTE_ADDR", "")
    if proxies < 1:
        return str(remote)
    hops = [
        hop.strip()
        for hop in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
        if hop.strip()
    ]
    return hops[-proxies] if len(hops) >= proxies else str(remote)


class RequestContextMiddleware:
    """Gives each request an id, logs it when it is over, and turns our errors into pages."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Bind the id for all log lines of this request."""
        given = request.headers.get("X-Request-ID", "")
        request_id = given if REQUEST_ID.fullmatch(given) else uuid7().hex
        clear_contextvars()
        bind_contextvars(request_id=request_id, client_ip=client_ip(request))
        started = time.perf_counter()
        try:
            response = self.get_response(request)
            response["X-Request-ID"] = request_id
            self._log(request, response, started)
        finally:
            clear_contextvars()
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Show one of our errors as a page (or, for htmx, as a line) with its status."""
        if not isinstance(exception, ScrmError):
            return None
        logger.info("http.refused", code=exception.code, status=exception.status)
        if exception.status == 403:
            access_refused(request, reason=exception.message)
        htmx = request.headers.get("HX-Request") == "true"
        phone = request.path.startswith("/h5/")
        page, line = ("h5/error.html", "h5/error_line.html") if phone else CONSOLE_ERRORS
        template = line if htmx else page
        return render(request, template, {"error": exception}, status=exception.status)

    def _log(self, request: HttpRequest, response: HttpResponseBase, started: float) -> None:
        route = request.resolver_match.view_name if request.resolver_match else ""
        if route in QUIET_ROUTES and response.status_code < 500:
            return
        logger.info(
            "http.request",
            method=request.method,
            route=route,
            status=response.status_code,
            ms=round((time.perf_counter() - started) * 1000, 1),
            user_id=getattr(getattr(request, "user", None), "pk", None),
        )


class NulMiddleware:
    """Answers "no such page" where an address holds a NUL: no page of ours has one, and PostgreSQL takes none.

    The partner API says by itself, by field, what it does not take.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Refuse before any view puts the text into a query."""
        is_api = request.path_info.startswith("/api/")
        in_query = not is_api and "%00" in request.META.get("QUERY_STRING", "")
        if "\x00" in request.path_info or in_query:
            raise Http404
        return self.get_response(request)


class MethodMiddleware:
    """Answers who opens an address that only takes forms (a language switch, an old tab) with a page and a way on."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Put words into a bare 405 of a page for people."""
        response = self.get_response(request)
        if not isinstance(response, HttpResponseNotAllowed):
            return response
        if not request.path.startswith(PEOPLES):
            return response
        template = "h5/405.html" if request.path.startswith("/h5/") else "405.html"
        page = render(request, template, {"way_on": page_for(request.get_full_path())}, status=405)
        page["Allow"] = response["Allow"]
        return page


class DenyByDefaultMiddleware:
    """Refuses every view that carries neither `requires`, `public` nor an API scope."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Forbid caches to keep what a logged-in person saw."""
        response = self.get_response(request)
        user = getattr(request, "user", None)
        if user is not None and user.is_authenticated and not response.has_header("Cache-Control"):
            response["Cache-Control"] = "private, no-store"
        return response

    def process_view(
        self,
        request: HttpRequest,
        view: Callable[..., HttpResponseBase],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> HttpResponseBase | None:
        """Raise PermissionDenied for a view without a mark; Django's admin checks its own."""
        if isinstance(getattr(view, "__self__", None), AdminSite):
            # Its log-in page knows neither WeCom nor our rules: there is one way in.
            return redirect_to_login(request.GET.get("next", ""), resolve_url(settings.LOGIN_URL))
        if mark_of(view) is not None:
            return None
        site = getattr(getattr(view, "model_admin", view), "admin_site", None)
        if isinstance(site, AdminSite):
            if request.user.is_authenticated and of_the_phone(request):
                return redirect_to_login(request.get_full_path(), resolve_url(settings.LOGIN_URL))
            if request.user.is_authenticated and not site.has_permission(request):
                # The admin would send them to the log-in, which sends whoever is logged in back to it.
                raise PermissionDenied("staff only")
            return None
        logger.error(
            "scope.view_without_mark", view=f"{view.__module__}.{getattr(view, '__qualname__', '')}"
        )
        raise PermissionDenied("view without a mark")

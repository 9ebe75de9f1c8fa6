"""Who may see and do what: every view carries a mark, every selector takes a Scope; the default is no."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import resolve_url
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from scrm.core.standing import SAFE, own_path, page_of

SIGNED_IN = "*"

P = ParamSpec("P")
R = TypeVar("R", bound=HttpResponseBase)


@dataclass(frozen=True)
class Scope:
    """What one user may do (`permissions`) and whose data they may see.

    everything: all organisation nodes; org_paths: these nodes and what hangs below them ("/1/5/");
    own_only: only what the member `userid` follows; masks: fields shown masked ("phone").
    """

    user_id: int
    role_codes: frozenset[str]
    permissions: frozenset[str]
    everything: bool
    org_paths: tuple[str, ...]
    userid: str | None
    own_only: bool
    masks: frozenset[str]

    def allows(self, permission: str) -> bool:
        """Tell whether the permission code (`live_codes.edit`) is granted."""
        return permission == SIGNED_IN or permission in self.permissions

    def masked(self, field: str) -> bool:
        """Tell whether values of this kind (`phone`) are shown masked."""
        return field in self.masks


EMPTY_SCOPE = Scope(
    user_id=0,
    role_codes=frozenset(),
    permissions=frozenset(),
    everything=False,
    org_paths=(),
    userid=None,
    own_only=True,
    masks=frozenset({"phone", "name", "remark"}),
)
# For jobs and handlers, never for a request.
SYSTEM_SCOPE = Scope(
    user_id=0,
    role_codes=frozenset({"system"}),
    permissions=frozenset(),
    everything=True,
    org_paths=(),
    userid=None,
    own_only=False,
    masks=frozenset(),
)


class ScopedRequest(HttpRequest):
    """A request that passed `requires`: somebody is logged in and their scope is known."""

    user: Any
    scope: Scope
    htmx: Any


def scope_of(user: AbstractBaseUser | AnonymousUser | Any) -> Scope:
    """Return the user's scope, read afresh: a revoked role ends with the next request."""
    if not user.is_authenticated or not user.is_active:
        return EMPTY_SCOPE
    resolver: Callable[[Any], Scope] = import_string(settings.SCOPE_RESOLVER)
    return resolver(user)


class AccountClosed(PermissionDenied):
    """Somebody is logged in whose account may do nothing at all: disabled, gone, or without a role."""


def of_the_phone(request: HttpRequest) -> bool:
    """Tell whether somebody came in by the phone's door: its limits are the phone's, too wide for the console."""
    resolver: Callable[[HttpRequest], bool] = import_string(settings.PHONE_SESSION_RESOLVER)
    return resolver(request)


def _ask_to_log_in(request: HttpRequest) -> HttpResponseBase:
    _say_what_was_lost(request)
    if request.headers.get("HX-Request") == "true":
        # A redirect would be swapped into a corner of the page.
        response = HttpResponse(status=401)
        response["HX-Redirect"] = _login_for_page(request)
        return response
    return redirect_to_login(page_of(request), resolve_url(settings.LOGIN_URL))


def _say_what_was_lost(request: HttpRequest) -> None:
    """Tell who sends a form after the session ended that it was not saved, on the next page they see."""
    if request.method not in SAFE:
        messages.warning(
            request,
            _("Your session had ended, so this was not saved. Please do it once more."),
            fail_silently=True,
        )


def _login_for_page(request: HttpRequest) -> str:
    """Return the log-in page's address; it leads back to the page on which a part was asked for."""
    login = resolve_url(settings.LOGIN_URL)
    wanted = own_path(request, request.headers.get("HX-Current-URL", ""))
    return f"{login}?{urlencode({'next': wanted})}" if wanted else login


def _ask_wecom(request: HttpRequest) -> HttpResponseBase:
    _say_what_was_lost(request)
    if request.headers.get("HX-Request") == "true":
        # The page itself goes through the silent log-in and comes back.
        response = HttpResponse(status=401)
        response["HX-Refresh"] = "true"
        return response
    return redirect_to_login(page_of(request), resolve_url(settings.H5_LOGIN_URL))


def _refuse(request: HttpRequest, permission: str, scope: Scope) -> None:
    raise PermissionDenied(permission)


def _refuse_on_phone(request: HttpRequest, permission: str, scope: Scope) -> None:
    """Phones are shared and lost: an account that was closed is logged out at once."""
    if scope.user_id == EMPTY_SCOPE.user_id:
        logout(request)
        raise AccountClosed(permission)
    raise PermissionDenied(permission)


View = Callable[Concatenate[Any, P], HttpResponseBase]
CheckedView = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def _checked(
    view: View[P],
    permission: str,
    is_in: Callable[[HttpRequest], bool],
    ask: Callable[[HttpRequest], HttpResponseBase],
    refuse: Callable[[HttpRequest, str, Scope], None],
) -> CheckedView[P]:
    @wraps(view)
    def checked(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not is_in(request):
            return ask(request)
        scope = scope_of(request.user)
        if not scope.allows(permission):
            refuse(request, permission, scope)
        request.scope = scope  # type: ignore[attr-defined]
        return view(request, *args, **kwargs)

    checked.permission = permission  # type: ignore[attr-defined]
    return checked


def _in_console(request: HttpRequest) -> bool:
    return request.user.is_authenticated and not of_the_phone(request)


def _in_anywhere(request: HttpRequest) -> bool:
    return request.user.is_authenticated


def requires(permission: str) -> Callable[[View[P]], CheckedView[P]]:
    """Mark a console view: logs in, checks the permission (403 page) and sets `request.scope`.

    Who came in by the phone's door logs in once more: a session of the console ends sooner.
    """

    def mark(view: View[P]) -> CheckedView[P]:
        return _checked(view, permission, _in_console, _ask_to_log_in, _refuse)

    return mark


def h5_requires(permission: str) -> Callable[[View[P]], CheckedView[P]]:
    """Mark a view of the phone face: as `requires`, but it logs in by WeCom's silent page.

    A member who was disabled or left is logged out and told so with the next request.
    """

    def mark(view: View[P]) -> CheckedView[P]:
        return _checked(view, permission, _in_anywhere, _ask_wecom, _refuse_on_phone)

    return mark


def signed_in(
    view: Callable[Concatenate[Any, P], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """Mark a view that every logged-in person may use (own language, own jobs)."""
    return requires(SIGNED_IN)(view)


def public(view: Callable[P, R]) -> Callable[P, R]:
    """Mark a view that needs no login: callbacks, health, login pages."""

    @wraps(view)
    def unchecked(*args: P.args, **kwargs: P.kwargs) -> R:
        return view(*args, **kwargs)

    unchecked.is_public = True  # type: ignore[attr-defined]
    return unchecked


def mark_of(view: Any) -> str | None:
    """Return a view's permission, "" for a public one, None for one without a mark."""
    if getattr(view, "is_public", False):
        return ""
    permission = getattr(view, "permission", None)
    if isinstance(permission, str):
        return permission
    api_scope = getattr(getattr(view, "cls", None), "api_scope", None)
    return api_scope if isinstance(api_scope, str) else None

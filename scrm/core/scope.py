"""Who may see and do what: every view carries a mark, every selector takes a Scope; the default is no."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import resolve_url
from django.utils.module_loading import import_string

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


def _ask_to_log_in(request: HttpRequest) -> HttpResponseBase:
    if request.headers.get("HX-Request") == "true":
        # A redirect would be swapped into a corner of the page.
        response = HttpResponse(status=401)
        response["HX-Redirect"] = resolve_url(settings.LOGIN_URL)
        return response
    return redirect_to_login(request.get_full_path(), resolve_url(settings.LOGIN_URL))


def _ask_wecom(request: HttpRequest) -> HttpResponseBase:
    if request.headers.get("HX-Request") == "true":
        # The page itself goes through the silent log-in and comes back.
        response = HttpResponse(status=401)
        response["HX-Refresh"] = "true"
        return response
    return redirect_to_login(request.get_full_path(), resolve_url(settings.H5_LOGIN_URL))


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
    ask: Callable[[HttpRequest], HttpResponseBase],
    refuse: Callable[[HttpRequest, str, Scope], None],
) -> CheckedView[P]:
    @wraps(view)
    def checked(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return ask(request)
        scope = scope_of(request.user)
        if not scope.allows(permission):
            refuse(request, permission, scope)
        request.scope = scope  # type: ignore[attr-defined]
        return view(request, *args, **kwargs)

    checked.permission = permission  # type: ignore[attr-defined]
    return checked


def requires(permission: str) -> Callable[[View[P]], CheckedView[P]]:
    """Mark a console view: logs in, checks the permission (403 page) and sets `request.scope`."""

    def mark(view: View[P]) -> CheckedView[P]:
        return _checked(view, permission, _ask_to_log_in, _refuse)

    return mark


def h5_requires(permission: str) -> Callable[[View[P]], CheckedView[P]]:
    """Mark a view of the phone face: as `requires`, but it logs in by WeCom's silent page.

    A member who was disabled or left is logged out and told so with the next request.
    """

    def mark(view: View[P]) -> CheckedView[P]:
        return _checked(view, permission, _ask_wecom, _refuse_on_phone)

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

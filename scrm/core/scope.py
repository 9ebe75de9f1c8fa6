"""Who may see and do what: every view carries a mark, every selector takes a Scope; the default is no."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from django.conf import settings
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


def _ask_to_log_in(request: HttpRequest) -> HttpResponseBase:
    if request.headers.get("HX-Request") == "true":
        # A redirect would be swapped into a corner of the page.
        response = HttpResponse(status=401)
        response["HX-Redirect"] = resolve_url(settings.LOGIN_URL)
        return response
    return redirect_to_login(request.get_full_path(), resolve_url(settings.LOGIN_URL))


def requires(
    permission: str,
) -> Callable[
    [Callable[Concatenate[Any, P], HttpResponseBase]],
    Callable[Concatenate[HttpRequest, P], HttpResponseBase],
]:
    """Mark a console or H5 view: logs in, checks the permission (403 page) and sets `request.scope`."""

    def mark(
        view: Callable[Concatenate[Any, P], HttpResponseBase],
    ) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
        @wraps(view)
        def checked(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return _ask_to_log_in(request)
            scope = scope_of(request.user)
            if not scope.allows(permission):
                raise PermissionDenied(permission)
            request.scope = scope  # type: ignore[attr-defined]
            return view(request, *args, **kwargs)

        checked.permission = permission  # type: ignore[attr-defined]
        return checked

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

"""Where a person stands: the page they look at, which an address that only takes forms is not."""

from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlsplit

from django.http import HttpRequest
from django.urls import Resolver404, resolve

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def page_of(request: HttpRequest) -> str:
    """Return the page a person stands on, with its query: this one, the one a form was sent from, or one above."""
    here = request.get_full_path()
    if request.method in SAFE:
        return page_for(here)
    sent_from = own_path(request, request.headers.get("Referer", ""))
    # A form that was refused twice was sent from its own answer.
    return sent_from if sent_from == page_for(sent_from) != "" else page_for(here)


def page_for(address: str) -> str:
    """Return the address, or the nearest above it that can be opened where it takes forms only."""
    path = urlsplit(address).path
    view = _view_of(path)
    if view is None or "GET" in methods_of(view):
        return address
    return next((above for above in _above(path) if _opens(above)), "/")


def own_path(request: HttpRequest, address: str) -> str:
    """Return the path and query of an address of this site, "" for any other."""
    page = urlsplit(address)
    if page.netloc != request.get_host() or not page.path.startswith("/"):
        return ""
    return f"{page.path}?{page.query}" if page.query else page.path


def methods_of(view: Callable[..., Any]) -> frozenset[str]:
    """Return the methods a view takes, as its `require_POST` (or the like) says; all where nothing is said."""
    inner: Any = view
    while inner is not None:
        code = getattr(inner, "__code__", None)
        # Django keeps the list nowhere else than in the decorator's closure.
        if code is not None and "request_method_list" in code.co_freevars:
            at = code.co_freevars.index("request_method_list")
            return frozenset(inner.__closure__[at].cell_contents)
        inner = getattr(inner, "__wrapped__", None)
    return frozenset({"GET", "HEAD", "POST"})


def _opens(path: str) -> bool:
    view = _view_of(path)
    return view is not None and "GET" in methods_of(view)


def _view_of(path: str) -> Callable[..., Any] | None:
    try:
        return resolve(path).func
    except Resolver404:
        return None


def _above(path: str) -> Iterable[str]:
    while path.strip("/"):
        path = path.rstrip("/").rpartition("/")[0] + "/"
        yield path

"""Which role may open which URL: read from the URL patterns and the marks of their views."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver
from django.utils.translation import override

from contacts.roles.labels import ROLE_NAMES
from scrm.core.scope import SIGNED_IN, mark_of

# Django's admin checks its own permissions: only superusers, only tables without personal data.
OUTSIDE = frozenset({"admin"})


@dataclass(frozen=True)
class Route:
    """One URL pattern: `mark` is a permission, "*" (whoever is logged in), "" (public) or None (forgotten)."""

    path: str
    name: str
    mark: str | None
    is_api: bool

    def admits(self, permissions: frozenset[str]) -> bool:
        """Whether a logged-in person with these permissions passes."""
        return self.mark in {"", SIGNED_IN} or self.mark in permissions


def routes() -> list[Route]:
    """Return every route of the product, sorted by path."""
    return sorted(_walk(get_resolver().url_patterns, "", ()), key=lambda route: route.path)


def _walk(patterns: list[Any], prefix: str, namespaces: tuple[str, ...]) -> Iterator[Route]:
    for entry in patterns:
        path = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            inner = (*namespaces, entry.namespace) if entry.namespace else namespaces
            if not OUTSIDE & set(inner):
                yield from _walk(entry.url_patterns, path, inner)
        elif isinstance(entry, URLPattern):
            name = ":".join([*namespaces, entry.name or ""])
            view = getattr(entry.callback, "cls", None)
            yield Route(
                f"/{path}",
                name,
                mark_of(entry.callback),
                isinstance(getattr(view, "api_scope", None), str),
            )


def markdown(permissions_by_role: dict[str, frozenset[str]]) -> str:
    """Return the matrix route x role as a Markdown table, in English whatever the language."""
    with override("en"):
        names = [str(ROLE_NAMES[code]) for code in permissions_by_role]
    found = routes()
    of_objects = sum("<" in route.path for route in found)
    lines = [
        "# Who may open what",
        "",
        "Written by `manage.py access_matrix`; a test keeps it current. *public* needs no login, *key* is a partner",
        "key with that scope, *login* is anybody who is logged in. Which rows a person sees is decided by the reach",
        "of the role (`contacts/roles/presets.toml`), not by this table.",
        "",
        f"{len(found)} routes × {len(names)} roles; {of_objects} routes name an object and are tested for one's own, one of the",
        "sibling store, of the other branch, a deleted one, and for somebody who left (`tests/architecture`).",
        "",
        "| path | permission | " + " | ".join(names) + " |",
        "|---|---|" + "---|" * len(names),
    ]
    lines += [_line(route, permissions_by_role) for route in found]
    return "\n".join(lines) + "\n"


def _line(route: Route, permissions_by_role: dict[str, frozenset[str]]) -> str:
    words = {"": "*public*", SIGNED_IN: "*login*", None: "**none**"}.get(route.mark, route.mark)
    if route.is_api:
        return (
            f"| `{route.path}` | *key* {words} | "
            + " | ".join("-" for _role in permissions_by_role)
            + " |"
        )
    cells = (
        "yes" if route.admits(permissions) else "-" for permissions in permissions_by_role.values()
    )
    return f"| `{route.path}` | {words} | " + " | ".join(cells) + " |"

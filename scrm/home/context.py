"""What the frame of every console page needs; computed only when a template asks for it."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import get_language, get_language_info
from django.utils.translation import gettext_lazy as _

from contacts.roles.labels import ROLE_NAMES
from scrm.core import gateway
from scrm.core.scope import EMPTY_SCOPE, Scope, scope_of
from scrm.core.standing import page_of
from scrm.home.held import HeldWork, held_work
from scrm.home.menu import ShownSection, menu_for, page_url, url_of
from scrm.home.search import rooms_of

HTML_LANGS = {"zh-hans": "zh-CN", "en": "en"}


@dataclass(frozen=True)
class Environment:
    """Which installation this is."""

    code: str
    label: Promise
    hint: Promise


@dataclass(frozen=True)
class Language:
    """A language to switch to."""

    code: str
    html_lang: str
    name: str


ENVIRONMENTS = {
    "demo": Environment(
        "demo", _("Demo"), _("Invented data and the WeCom sandbox; nothing leaves this machine.")
    ),
    "test": Environment("test", _("Test"), _("A test installation: no real customers.")),
    "production": Environment(
        "production", _("Production"), _("Real customers: what you do here happens.")
    ),
}


class Console:
    """The frame's data for one request."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    @cached_property
    def scope(self) -> Scope:
        """The scope the view was given, or, on an error page, the user's."""
        given = getattr(self._request, "scope", None)
        if isinstance(given, Scope):
            return given
        user = getattr(self._request, "user", None)
        return EMPTY_SCOPE if user is None else scope_of(user)

    @cached_property
    def menu(self) -> tuple[ShownSection, ...]:
        """The menu of this person."""
        match = self._request.resolver_match
        return menu_for(self.scope, view_name=match.view_name if match else "")

    @cached_property
    def role_names(self) -> list[str]:
        """The roles this person holds, in words."""
        return [str(name) for code, name in ROLE_NAMES.items() if code in self.scope.role_codes]

    @property
    def jobs_url(self) -> str:
        """Where the job indicator asks; "" for a person without the console."""
        return url_of("jobs:bar") if self.scope.allows("jobs.view") else ""

    @property
    def search_url(self) -> str:
        """Where the global search asks; "" for a person without the console."""
        return url_of("home:search") if self.scope.allows("home.view") else ""

    @cached_property
    def search_rooms(self) -> list[str]:
        """What this person can find by the global search, in words."""
        return [str(room.title) for room in rooms_of(self.scope)]

    @cached_property
    def held_work(self) -> HeldWork | None:
        """What WeCom refuses now for its frequency, for people who look after the work that waits."""
        return held_work(gateway.held_apis()) if self.scope.allows("outbox.view") else None

    @property
    def home_url(self) -> str:
        """The home page; "" for a person whose roles do not open it."""
        return page_url(self.scope, "home:index")

    @property
    def environment(self) -> Environment | None:
        """The label of this installation."""
        return ENVIRONMENTS.get(settings.ENVIRONMENT)

    @property
    def page(self) -> str:
        """The page this person stands on: where the language switch leads back to."""
        return page_of(self._request)

    @property
    def html_lang(self) -> str:
        """The value of the lang attribute."""
        return HTML_LANGS.get(get_language() or "", "zh-CN")

    @property
    def other_language(self) -> Language:
        """The language the switch offers."""
        code = "en" if (get_language() or "").startswith("zh") else "zh-hans"
        # Each language in its own words, whatever language the page is in.
        return Language(code, HTML_LANGS[code], str(get_language_info(code)["name_local"]))


def console(request: HttpRequest) -> dict[str, Any]:
    """Context processor: `console` in every template."""
    return {"console": Console(request)}

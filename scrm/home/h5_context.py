"""What the frame of every phone page needs; computed only when a template asks for it."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from scrm.core import credentials
from scrm.core.scope import EMPTY_SCOPE, Scope
from scrm.home.menu import url_of


@dataclass(frozen=True)
class Tab:
    """One entry of the bar at the bottom."""

    url_name: str
    permission: str
    title: Promise
    icon: str


@dataclass(frozen=True)
class ShownTab:
    """A tab as the bar draws it."""

    title: str
    url: str
    icon: str
    active: bool


# A tab is drawn when its page exists in this version and the person may open it.
TABS = (
    Tab("h5:home", "h5.use", _("Home"), "home"),
    Tab("h5:customers", "h5.use", _("Customers"), "users"),
    Tab("h5:materials", "h5.use", _("Materials"), "photo"),
    Tab("h5:tasks", "h5.use", _("Tasks"), "list-check"),
    Tab("h5:me", "h5.use", _("Me"), "user"),
)


class Phone:
    """The frame's data for one request."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    @cached_property
    def scope(self) -> Scope:
        """The scope the view was given; nothing on error pages, which show no tabs."""
        given = getattr(self._request, "scope", None)
        return given if isinstance(given, Scope) else EMPTY_SCOPE

    @cached_property
    def tabs(self) -> list[ShownTab]:
        """The tabs of this person; the one whose page, or page below it, is shown is active."""
        home, path = url_of("h5:home"), self._request.path
        shown = []
        for tab in TABS:
            url = url_of(tab.url_name)
            if url and self.scope.allows(tab.permission):
                active = path == url or (url != home and path.startswith(url))
                shown.append(ShownTab(str(tab.title), url, tab.icon, active))
        return shown

    @property
    def corp_id(self) -> str:
        """The corp whose app this page is."""
        return credentials.corp_id()

    @property
    def agent_id(self) -> str:
        """The app this page belongs to."""
        app = credentials.app_credentials("scrm")
        return str(app.agent_id if app else 0)

    @property
    def demo(self) -> bool:
        """Whether a browser may stand in for WeCom's client."""
        return bool(settings.DEMO_MODE)

    @property
    def demo_world(self) -> str:
        """The simulator that stands in for WeCom's chats in the demo, "" elsewhere."""
        return str(settings.DEMO_WORLD_URL)


def h5(request: HttpRequest) -> dict[str, Any]:
    """Context processor: `h5` in every template."""
    return {"h5": Phone(request)}

"""A real browser against a live server; where there is no Chromium, tests/conftest.py says so loudly."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from contacts.roles import services
from contacts.roles.models import Role
from tests import chromium
from tests.factories.accounts import UserFactory

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DESKTOP = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}
PASSWORD = "a-long-password"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """End a browser test that hangs by ending its process: a signal inside Playwright's loop would hang it for ever."""
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.timeout(300, method="thread"))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Start the system's Chromium once; Playwright brings none of its own."""
    # Playwright's loop runs in this thread, which Django would take for an async context.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium.find(), args=FLAGS)
        yield started
        started.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@dataclass
class Visitor:
    """A browser window of one person, and everything its console complained about."""

    page: Page
    base: str
    complaints: list[str] = field(default_factory=list)

    def hear(self, message: ConsoleMessage) -> None:
        """Keep errors and warnings; a blocked script or style is one."""
        if message.type in {"error", "warning"}:
            self.complaints.append(f"{self.page.url}: {message.text}")

    def visit(self, path: str) -> int:
        """Open a page, wait until its parts are there, return its status."""
        answer = self.page.goto(self.base + path)
        # What htmx loads at once has arrived or failed.
        self.page.wait_for_selector(".htmx-request", state="detached")
        return answer.status if answer else 0

    def log_in(self, username: str) -> None:
        """Log in with the break-glass password."""
        self.visit("/accounts/login/")
        self.page.fill("#id_username", username)
        self.page.fill("#id_password", PASSWORD)
        self.page.press("#id_password", "Enter")
        self.page.wait_for_url(f"{self.base}/console/")


@pytest.fixture
def visitor(browser: Browser, live_server: Any, settings: Any) -> Iterator[Callable[..., Visitor]]:
    """Make visitors; each has its own cookies, size and language."""
    settings.ENVIRONMENT = "test"
    contexts = []

    def make(*, size: dict[str, int], language: str) -> Visitor:
        context = browser.new_context(viewport=size, has_touch=size is PHONE)
        contexts.append(context)
        context.add_cookies(
            [{"name": "django_language", "value": language, "url": live_server.url}]
        )
        page = context.new_page()
        made = Visitor(page, live_server.url)
        page.on("console", made.hear)
        page.on("pageerror", lambda error: made.complaints.append(f"{page.url}: {error}"))
        return made

    yield make
    for context in contexts:
        context.close()


@pytest.fixture
def people(transactional_db: None) -> None:
    """One person of HQ and one of IT: together they open every page."""
    services.presets_load()
    for username, code in (("hq", "hq_ops"), ("it", "it_admin")):
        user = UserFactory(username=username, name=username.upper())
        services.grant(user=user, role=Role.objects.get(code=code), org_unit=None, actor=None)


# Below what it builds on.
from tests.browser.guides_phone import phone, shop  # noqa: E402, F401

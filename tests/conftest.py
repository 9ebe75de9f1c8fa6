"""Fixtures of every test: the sandbox, and the people who appear in permission tests."""

import gc
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from scrm.localservices import testing
from tests import chromium
from tests.cast import (  # noqa: F401 - the fixtures of every test
    auditor,
    branch_ops,
    company,
    guide_li,
    guide_wang,
    hq_ops,
    it_admin,
    outsider,
)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out browser tests where there is no browser; `pytest_terminal_summary` says so."""
    if chromium.find():
        return
    without = [item for item in items if item.get_closest_marker("browser")]
    if without:
        config.hook.pytest_deselected(items=without)
        items[:] = [item for item in items if item not in without]


def pytest_collection_finish(session: pytest.Session) -> None:
    """Leave what was imported and collected out of every later garbage collection: it never dies before the end."""
    gc.collect()
    gc.freeze()


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say loudly, last of all, that the browser tests did not run."""
    if not chromium.find():
        terminalreporter.section("BROWSER TESTS DID NOT RUN", red=True, bold=True)
        terminalreporter.line(chromium.ABSENT)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail where CI promised a browser and has none."""
    if os.environ.get("CI") == "true" and not chromium.find():
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the private PostgreSQL and Redis, unless they are not ours or another run uses them."""
    if not hasattr(config, "workerinput"):
        testing.give_back()


@dataclass(frozen=True)
class Sandbox:
    """WeCom as the tests see it: an address, its control API and the world behind it."""

    base_url: str
    control: Any
    world: Any


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """Start one WeCom simulator per test process, over real HTTP on a free port."""
    from wecom_sandbox import testing as simulator

    folder: Path = tmp_path_factory.mktemp("wecom_sandbox")
    with simulator.run(folder, people=300) as running:
        yield Sandbox(running.base_url, running.control, running.world)


def stored_tokens_forget() -> None:
    """Delete the tokens and tickets of earlier tests: they are stored beside the test's transaction."""
    from django.db import DEFAULT_DB_ALIAS, connections

    from scrm.core.models import WeComToken

    connection = connections.create_connection(DEFAULT_DB_ALIAS)
    try:
        connection.set_autocommit(True)
        with connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM {WeComToken._meta.db_table}")
    finally:
        connection.close()


@pytest.fixture
def wecom_sandbox_world(
    sandbox: Sandbox, settings: Any, django_db_setup: None, django_db_blocker: Any
) -> Iterator[Sandbox]:
    """Give a freshly reset simulator that our settings point at, with no token remembered."""
    from django.core.cache import cache

    from scrm.core.gateway import forget_clients
    from wecom_sandbox import defaults

    sandbox.control.post("reset", {"seed": 1, "people": 300})
    settings.WECOM_API_BASE = sandbox.base_url
    settings.WECOM_OAUTH_BASE = sandbox.base_url
    settings.WECOM_LOGIN_BASE = sandbox.base_url
    settings.WECOM_CORP_ID = defaults.CORP_ID
    settings.WECOM_APPS = {
        "scrm": {
            "agent_id": defaults.AGENT_ID,
            "secret": defaults.APP_SECRET,
            "token": defaults.CALLBACK_TOKEN,
            "aes_key": defaults.CALLBACK_AES_KEY,
        },
        "contacts": {
            "agent_id": 0,
            "secret": defaults.CONTACT_SECRET,
            "token": defaults.CONTACT_CALLBACK_TOKEN,
            "aes_key": defaults.CONTACT_CALLBACK_AES_KEY,
        },
    }
    cache.clear()
    forget_clients()
    with django_db_blocker.unblock():
        stored_tokens_forget()
    yield sandbox
    cache.clear()

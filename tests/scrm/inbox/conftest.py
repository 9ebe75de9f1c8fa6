"""The sandbox's keys, and routes that a test may fill."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.factories import inbox as factory
from wecom_sandbox import defaults


@pytest.fixture(autouse=True)
def wecom_keys(settings: Any) -> None:
    """Receive events with the sandbox's known keys."""
    settings.WECOM_CORP_ID = defaults.CORP_ID
    settings.WECOM_APPS = {
        app.name: {
            "agent_id": app.agent_id,
            "secret": app.secret,
            "token": app.token,
            "aes_key": app.aes_key,
        }
        for app in defaults.APPS
    } | {"silent": {"agent_id": 1, "secret": "x", "token": "", "aes_key": ""}}


@pytest.fixture(autouse=True)
def fresh_refusals() -> None:
    """Count refusals from nought."""
    from scrm.inbox import callback
    from scrm.inbox.abuse import Refusals

    callback.refusals = Refusals()


@pytest.fixture
def routes(settings: Any) -> Iterator[dict[tuple[str, str], Any]]:
    """Give an empty map of events to handlers that the worker uses."""
    with factory.routed(settings):
        yield factory.ROUTES


@pytest.fixture
def senders(routes: Any) -> dict[str, Any]:
    """Give an empty map of kinds to senders that the worker uses."""
    return factory.SENDERS

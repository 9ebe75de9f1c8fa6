"""One sandbox per test process, reset before each test; fixtures are apart from the product's."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.wecom_sandbox.client import Api, Receiver
from wecom_sandbox import defaults, testing
from wecom_sandbox.testing import Control, Running

# Two proofs that need something from outside: recorded samples, and an SDK from npm.
_NEEDS = {
    "test_conformance.py": Path(os.environ.get("WECOM_SAMPLES", "-"), "INDEX.tsv"),
    "test_node_client.py": Path(__file__).with_name("node") / "node_modules" / "node-easywechat",
}
collect_ignore = [test for test, needed in _NEEDS.items() if not needed.exists()]


@pytest.fixture(scope="session")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The sandbox of this process."""
    with testing.run(tmp_path_factory.mktemp("sandbox"), people=300) as running:
        yield running


@pytest.fixture
def running(started: Running) -> Running:
    """A freshly reset sandbox."""
    started.control.post("reset", {"seed": 1, "people": 300})
    return started


@pytest.fixture
def control(running: Running) -> Control:
    """Its control API."""
    return running.control


@pytest.fixture
def app(running: Running) -> Api:
    """Calls with the app's secret."""
    return Api(running)


@pytest.fixture
def contacts(running: Running) -> Api:
    """Calls with the contact sync secret."""
    return Api(running, defaults.CONTACT_SECRET)


@pytest.fixture
def receiver(control: Control) -> Iterator[Receiver]:
    """A callback receiver, set as the app's address."""
    receiver = Receiver()
    answer = control.post("callback_urls", {"app": "scrm", "url": receiver.url})
    assert answer == {"ok": True, "verified": True, "message": "ok"}
    yield receiver
    control.post("callback_urls", {"app": "scrm", "url": None})
    receiver.close()

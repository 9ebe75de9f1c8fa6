"""Who names a running stack waits for its answer, and is told at once where there is none."""

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest

from scrm.demo import running, stack
from scrm.localservices.errors import ServiceError
from scrm.localservices.processes import free_port


class Busy(BaseHTTPRequestHandler):
    """A web process with its hands full: right answers, seconds late."""

    def do_GET(self) -> None:
        """Answer after longer than a look usually waits."""
        time.sleep(3.5)
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def busy() -> Iterator[str]:
    """The address of such a process."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Busy)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()


def test_a_slow_answer_is_an_answer(busy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    named = SimpleNamespace(web_url=busy)
    monkeypatch.setattr(running, "read_environment", lambda var: named)
    assert not stack.answers(f"{busy}/healthz")

    assert running.running(Path("var")) is named


def test_nobody_there_is_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    monkeypatch.setattr(running, "read_environment", lambda var: SimpleNamespace(web_url=url))
    begun = time.monotonic()

    with pytest.raises(ServiceError, match=f"Nothing answers at {url}"):
        running.running(Path("var"))

    assert time.monotonic() - begun < 20
